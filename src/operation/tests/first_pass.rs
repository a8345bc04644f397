//! The first pass: rules over the tree, rules that halt, and `--max-failures`, before the first write.
//!
//! Invariant: whatever holds an operation, nothing was written.

use super::fixture::{
    Fixture, catalog, dry, on_each_storage, request, ruled, selecting, to_latest,
};
use super::reported::Reported;
use crate::catalog::Catalog;
use crate::operation::frame::Request;
use crate::operation::migrate::Migrate;
use crate::report::Enforcement;
use crate::selection::{Selection, Tolerance};

fn ledger(event_rules: &str, allocation_rules: &str) -> Catalog {
    let rest = r#""version":"/v","history":"/h","unversioned":"1.0.0""#;
    let kinds = format!(
        r#"{{"name":"ledger","kinds":{{"event":{{"file":"event.json",{rest},"rules":[{event_rules}]}},"allocation":{{"file":"allocation.json",{rest},"rules":[{allocation_rules}]}}}}}}"#
    );
    let edge = |kind: &str| {
        format!(
            r#"{{"from":"1.0.0","to":"1.1.0","kind":"{kind}","summary":"s","steps":[{{"step":"set_default","at":"/s","value":"a"}}]}}"#
        )
    };
    catalog(&[
        ("catalog.json", &kinds),
        ("migrations/e.json", &edge("event")),
        ("migrations/a.json", &edge("allocation")),
    ])
}

fn event(fixture: &Fixture, run: &str, text: &str) {
    fixture
        .tree
        .put(&format!("{run}/event.json"), text.as_bytes());
}

fn allocation(fixture: &Fixture, run: &str, text: &str) {
    fixture
        .tree
        .put(&format!("{run}/allocation.json"), text.as_bytes());
}

fn warned() -> Migrate {
    Migrate {
        rules: Enforcement::Warn,
        ..to_latest()
    }
}

fn tolerating(most: Tolerance) -> Migrate {
    Migrate {
        max_failures: Some(most),
        ..to_latest()
    }
}

fn both(fixture: &Fixture, options: &Migrate) -> Reported {
    let before = fixture.tree.all();
    let dry = fixture.dry_run(options);
    assert_eq!(fixture.tree.all(), before);
    assert!(!fixture.has_state());
    let wet = fixture.migrate_as(&request(), options);
    let in_trouble = |reported: &Reported| -> Vec<String> {
        let lines = reported.lines.iter();
        lines
            .filter(|line| line.contains("refused") || line.contains("warning"))
            .cloned()
            .collect()
    };
    assert_eq!(in_trouble(&dry), in_trouble(&wet));
    assert_eq!(dry.counts().replace("pending", "migrated"), wet.counts());
    assert_eq!((dry.code(), dry.stop()), (wet.code(), wet.stop()));
    wet
}

#[test]
fn the_allocations_of_an_event_sum_to_its_revenue() {
    on_each_storage(|fixture| {
        fixture.catalog = ledger(
            "",
            r#"{"rule":"sum_equals","value":"/amount","group_by":["/event","/model"],"match":{"kind":"event","on":{"/event":"/id"},"expected":"/revenue"},"tolerance":0.01}"#,
        );
        event(fixture, "e1", r#"{"id":"e1","revenue":100}"#);
        event(fixture, "e2", r#"{"id":"e2","revenue":"10.00"}"#);
        for (run, text) in [
            ("a1", r#"{"event":"e1","model":1,"amount":33.33}"#),
            ("a2", r#"{"event":"e1","model":1,"amount":66.66}"#),
            ("a4", r#"{"event":"e2","model":1,"amount":9.98}"#),
        ] {
            allocation(fixture, run, text);
        }
        let reported = both(fixture, &to_latest());
        let message = "refused 1.0.0 rule_failed: rule `sum_equals` does not hold: `/amount` of 1 documents adds up to 9.98, expected 10 as `/revenue` of `e2/event.json` says";
        assert_eq!(
            reported.lines[1..],
            [
                "a1/allocation.json migrated 1.0.0 -> 1.1.0 as allocation.json.backup".to_owned(),
                "a2/allocation.json migrated 1.0.0 -> 1.1.0 as allocation.json.backup".to_owned(),
                format!("a4/allocation.json {message}"),
                "e1/event.json migrated 1.0.0 -> 1.1.0 as event.json.backup".to_owned(),
                format!("e2/event.json {message}"),
            ]
        );
        assert_eq!((reported.summary.judged, reported.code()), (Some(5), 1));
    });
}

#[test]
fn what_is_migrated_counts_as_it_will_be_and_what_is_not_as_it_is() {
    on_each_storage(|fixture| {
        let rule = r#"{"rule":"references","at":["/event"],"kind":"event","to":["/s"]}"#;
        fixture.catalog = ledger("", rule);
        event(fixture, "e", "{}");
        event(fixture, "old", r#"{"v":"7.0.0","s":"c"}"#);
        event(fixture, "there", r#"{"v":"1.1.0","s":"b"}"#);
        event(fixture, "torn", r#"{"v":"1.1.0","s":"d""#);
        for name in ["a", "b", "c", "d"] {
            allocation(fixture, name, &format!(r#"{{"event":"{name}"}}"#));
        }
        let reported = both(fixture, &to_latest());
        assert_eq!(
            reported.lines[1..],
            [
                "a/allocation.json migrated 1.0.0 -> 1.1.0 as allocation.json.backup",
                "b/allocation.json migrated 1.0.0 -> 1.1.0 as allocation.json.backup",
                "c/allocation.json migrated 1.0.0 -> 1.1.0 as allocation.json.backup",
                "d/allocation.json refused 1.0.0 rule_failed: rule `references` does not hold: what `/event` says, no `event` says as `/s`",
                "e/event.json migrated 1.0.0 -> 1.1.0 as event.json.backup",
                "old/event.json refused 7.0.0 version_unknown: `/v` is `7.0.0`, which the catalog does not know: its latest version is `1.1.0`",
                "there/event.json current 1.1.0",
                "torn/event.json refused truncated: line 1, column 21: expected `,` or `}`, found the end of the text",
            ]
        );
    });
}

const UNIQUE: &str = r#"{"rule":"unique","at":["/id"],"name":"one id"}"#;

#[test]
fn all_that_collide_are_refused_and_nulls_do_not() {
    on_each_storage(|fixture| {
        fixture.catalog = ruled(UNIQUE);
        for (run, text) in [
            ("a", r#"{"id":1}"#),
            ("b", r#"{"id":1}"#),
            ("c", r#"{"id":2}"#),
            ("d", r#"{"id":2,"v":"1.1.0"}"#),
            ("e", r#"{"id":null}"#),
            ("f", r#"{"id":null}"#),
        ] {
            fixture.manifest(run, text);
        }
        let reported = both(fixture, &to_latest());
        let same = "refused 1.0.0 rule_failed: rule `one id` does not hold: `/id` is the same in";
        assert_eq!(
            reported.lines[1..],
            [
                format!("a {same} `b/manifest.json`"),
                format!("b {same} `a/manifest.json`"),
                format!("c {same} `d/manifest.json`"),
                "d current 1.1.0".to_owned(),
                "e migrated 1.0.0 -> 1.1.0 as manifest.json.backup".to_owned(),
                "f migrated 1.0.0 -> 1.1.0 as manifest.json.backup".to_owned(),
            ]
        );
    });
}

#[test]
fn a_rule_that_halts_stops_before_the_first_write_and_names_those_in_the_way() {
    let unique = r#"{"rule":"unique","at":["/id"],"name":"it","on_failure":"halt"}"#;
    let count = r#"{"rule":"count_equals","items":"/list","expected":1,"check":"require","name":"it","on_failure":"halt"}"#;
    on_each_storage(|fixture| {
        for (rule, reasons) in [
            (
                unique,
                [
                    "`/id` is the same in `c/manifest.json`",
                    "`/id` is the same in `b/manifest.json`",
                ],
            ),
            (count, ["`/list` has so many elements: 2, expected 1"; 2]),
        ] {
            fixture.catalog = ruled(rule);
            fixture.manifest("a", r#"{"id":1}"#);
            fixture.manifest("b", r#"{"id":2,"list":[1,2]}"#);
            fixture.manifest("c", r#"{"id":2,"list":[1,2]}"#);
            let reported = both(fixture, &to_latest());
            let reasons = reasons.map(|reason| format!("rule `it` does not hold: {reason}"));
            assert_eq!(
                reported.lines,
                [
                    "a not_attempted".to_owned(),
                    format!("b refused rule_failed: {}", reasons[0]),
                    format!("c refused rule_failed: {}", reasons[1]),
                ]
            );
            assert_eq!(
                reported.stop(),
                format!(
                    "rule_halted: 2 manifests violate a rule that halts: {}",
                    reasons[0]
                )
            );
            assert_eq!(
                reported.counts(),
                "found 3, selected 3, refused 2, not_attempted 1"
            );
            assert_eq!((reported.code(), reported.summary.operation), (4, None));
            assert!(!fixture.has_state());
        }
    });
}

#[test]
fn a_manifest_that_two_rules_halt_because_of_is_one_manifest() {
    on_each_storage(|fixture| {
        fixture.catalog = ruled(
            r#"{"rule":"unique","at":["/id"],"name":"id","on_failure":"halt"},{"rule":"count_equals","items":"/list","expected":1,"name":"one","on_failure":"halt"}"#,
        );
        fixture.manifest("a", r#"{"id":1,"list":[]}"#);
        fixture.manifest("b", r#"{"id":1,"list":[1],"v":"1.1.0"}"#);
        let reported = both(fixture, &to_latest());
        assert_eq!(
            reported.stop(),
            "rule_halted: 2 manifests violate a rule that halts: rule `one` does not hold: `/list` has so many elements: 0, expected 1"
        );
    });
}

#[test]
fn with_rules_that_only_warn_everything_is_migrated_and_told() {
    on_each_storage(|fixture| {
        fixture.catalog = ruled(&UNIQUE.replace('}', r#","on_failure":"halt"}"#));
        fixture.manifest("a", r#"{"id":1}"#);
        fixture.manifest("b", r#"{"id":1}"#);
        let reported = both(fixture, &warned());
        let warning = "rule_warned: rule `one id` does not hold: `/id` is the same in";
        assert_eq!(
            reported.lines[1..],
            [
                format!("warning a {warning} `b/manifest.json`"),
                "a migrated 1.0.0 -> 1.1.0 as manifest.json.backup".to_owned(),
                format!("warning b {warning} `a/manifest.json`"),
                "b migrated 1.0.0 -> 1.1.0 as manifest.json.backup".to_owned(),
            ]
        );
        assert_eq!(
            (reported.summary.rules, reported.code()),
            (Enforcement::Warn, 0)
        );
    });
}

#[test]
fn a_part_of_the_tree_is_refused_where_rules_look_at_all_of_it() {
    on_each_storage(|fixture| {
        fixture.catalog = ruled(UNIQUE);
        fixture.manifest("a", r#"{"id":1}"#);
        fixture.manifest("b", r#"{"id":2}"#);
        let parts = [
            Selection {
                sample: Some("5%".parse().unwrap()),
                ..Selection::default()
            },
            Selection {
                limit: Some(1),
                ..Selection::default()
            },
            Selection {
                jobs: vec!["j".parse().unwrap()],
                ..Selection::default()
            },
            super::fixture::named(&["a"]),
        ];
        for selection in parts {
            for request in [selecting(selection.clone()), Request { selection, ..dry() }] {
                let reported = fixture.migrate_as(&request, &to_latest());
                assert_eq!(
                    reported.stop(),
                    "partial_with_tree_rules: the catalog `c` has rules that compare all manifests of the tree, and only some of them are selected"
                );
                assert_eq!((reported.lines.len(), reported.code()), (0, 2));
            }
        }
        assert!(!fixture.has_state());
    });
}

fn some_broken(fixture: &Fixture) {
    fixture.run("a", "1.0.0");
    fixture.manifest("b", "{");
    fixture.run("c", "1.2.0");
    fixture.manifest("d", "{");
    fixture.run("e", "1.0.0");
}

#[test]
fn too_many_failures_before_the_first_write_hold_it() {
    on_each_storage(|fixture| {
        some_broken(fixture);
        let broken = "refused truncated: line 1, column 2: expected a name or `}`, found the end of the text";
        for most in [Tolerance::Number(1), Tolerance::Share(39.0)] {
            let reported = both(fixture, &tolerating(most));
            assert_eq!(
                reported.lines,
                [
                    "a not_attempted".to_owned(),
                    format!("b {broken}"),
                    "c not_attempted".to_owned(),
                    format!("d {broken}"),
                    "e not_attempted".to_owned(),
                ]
            );
            assert_eq!(
                reported.stop(),
                "too_many_failures: 2 of 5 manifests were refused, failed or in conflict"
            );
            assert_eq!((reported.code(), reported.summary.operation), (4, None));
            assert!(!fixture.has_state());
        }
        let reported = both(fixture, &tolerating(Tolerance::Share(40.0)));
        assert_eq!(
            reported.counts(),
            "found 5, selected 5, migrated 2, current 1, refused 2"
        );
        assert_eq!((reported.stop().as_str(), reported.code()), ("", 1));
    });
}

#[test]
fn with_a_limit_only_what_it_takes_is_counted_and_told() {
    on_each_storage(|fixture| {
        some_broken(fixture);
        let limited = |limit| {
            selecting(Selection {
                limit: Some(limit),
                ..Selection::default()
            })
        };
        let none = tolerating(Tolerance::Number(0));
        let reported = fixture.migrate_as(&limited(1), &none);
        assert_eq!(
            reported.lines[1..],
            ["a migrated 1.0.0 -> 1.2.0 as manifest.json.backup"]
        );
        assert_eq!(reported.code(), 0);
        let reported = fixture.migrate_as(&limited(1), &none);
        assert_eq!(reported.code(), 4);
        assert_eq!(
            reported.stop(),
            "too_many_failures: 2 of 5 manifests were refused, failed or in conflict"
        );
        // After the limit nothing is selected.
        fixture.run("f", "1.0.0");
        fixture.manifest("g", "{");
        let reported = fixture.migrate_as(&limited(1), &none);
        assert_eq!(
            reported.counts(),
            "found 7, selected 5, refused 2, not_attempted 3"
        );
        assert_eq!(
            reported.stop(),
            "too_many_failures: 2 of 5 manifests were refused, failed or in conflict"
        );
    });
}
