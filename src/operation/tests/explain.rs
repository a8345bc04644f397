//! Tests of explanations of sound and broken manifests.
//!
//! Invariant: the explanation agrees with migration and rollback, and changes nothing.

use super::fixture::{Fixture, at, manifest, named, on_each_storage, ruled, selecting, to_latest};
use crate::journal::{Deed, OperationId};
use crate::operation::explain::{Explanation, explain};
use crate::operation::rollback::Undo;
use crate::report::{Diagnosis, Stop};
use crate::version::Version;

fn explained_at(fixture: &Fixture, run: &str, target: Option<&str>) -> Result<Explanation, Stop> {
    let before = (fixture.tree.all(), fixture.tree.state());
    let target: Option<Version> = target.map(|target| target.parse().unwrap());
    let request = selecting(named(&[run]));
    let explained = fixture.ask(&request, |frame| explain(frame, target.as_ref()));
    assert_eq!((fixture.tree.all(), fixture.tree.state()), before);
    explained
}

fn explained(fixture: &Fixture, run: &str) -> Explanation {
    explained_at(fixture, run, None).unwrap()
}

fn in_words(diagnosis: &Diagnosis) -> String {
    format!("{}: {}", diagnosis.code, diagnosis.message)
}

fn decision(one: &Explanation) -> String {
    let why = one.outcome.trouble.iter().map(in_words);
    let deferred = one
        .deferred_by
        .iter()
        .map(|(at, value)| format!("{at} is {value}"));
    let words = why.chain(deferred).collect::<String>();
    format!("{} {words}", one.outcome.status.as_str())
        .trim_end()
        .to_owned()
}

fn notices(one: &Explanation) -> Vec<String> {
    one.notices.iter().map(in_words).collect()
}

#[test]
fn a_pending_manifest_has_a_route_a_difference_and_no_past() {
    on_each_storage(|fixture| {
        fixture.run("job/one", "1.1.0");
        let one = explained(fixture, "job/one");
        assert_eq!(
            (one.kind.as_deref(), one.path.clone()),
            (Some("run"), at("job/one/manifest.json"))
        );
        assert_eq!(one.target, Some("1.2.0".parse().unwrap()));
        assert_eq!(decision(&one), "pending");
        let content = one.content.as_ref().unwrap();
        let text = manifest("1.1.0", "job/one");
        assert_eq!(
            (content.size, content.digest),
            (
                text.len() as u64,
                crate::digest::Digest::of(text.as_bytes())
            )
        );
        assert_eq!(
            (content.version.clone(), content.version_is_declared),
            (Some("1.1.0".parse().unwrap()), true)
        );
        let [leg] = &one.route[..] else {
            panic!("{:?}", one.route)
        };
        assert_eq!(
            leg.summary,
            "Chained pipelines: every manifest says whether it may be a stage"
        );
        assert_eq!(leg.changes, ["set /chain_metadata"]);
        let diff = one.outcome.diff.clone().unwrap();
        assert_eq!(diff.before, text);
        assert_eq!(
            (
                one.judged,
                one.history.len(),
                one.backups.len(),
                one.operations().len()
            ),
            (None, 0, 0, 0)
        );
        assert_eq!(
            in_words(one.rollback.trouble.as_ref().unwrap()),
            "not_replaced: no operation has replaced it"
        );
        assert_eq!(notices(&one), [""; 0]);
        assert!(!fixture.has_state());
        fixture.migrate();
        assert_eq!(fixture.text("job/one"), diff.after);
    });
}

#[test]
fn a_migrated_manifest_has_a_history_a_backup_an_operation_and_a_way_back() {
    on_each_storage(|fixture| {
        fixture.run("job/one", "1.0.0");
        let id = fixture.migrate().id().to_owned();
        fixture
            .tree
            .put("job/one/manifest.json.backup.other", b"{}");
        let one = explained(fixture, "job/one");
        assert_eq!(decision(&one), "current");
        assert_eq!((one.history.len(), one.route.len()), (1, 0));
        let [operation] = &one.operations()[..] else {
            panic!()
        };
        assert_eq!(
            (operation.operation.id.as_str(), operation.is_done),
            (&*id, Some(true))
        );
        let Deed::Replaced {
            before,
            after,
            backup,
        } = operation.deed
        else {
            panic!()
        };
        assert_eq!(
            (backup, after),
            (
                Some("manifest.json.backup"),
                one.content.as_ref().unwrap().digest
            )
        );
        let [own, other] = &one.backups[..] else {
            panic!("{:?}", one.backups)
        };
        assert_eq!(
            (
                own.record,
                own.backup.digest,
                own.backup.operation.as_ref().map(OperationId::as_str)
            ),
            (Some(0), Some(before), Some(&*id))
        );
        assert_eq!(
            (
                other.record,
                other.backup.operation.as_ref().map(OperationId::as_str)
            ),
            (None, None)
        );
        assert_eq!(one.rollback.status.as_str(), "pending");
        assert_eq!(one.rollback.to, Some("1.0.0".parse().unwrap()));
        fixture.roll_back(Undo::Last);
        let one = explained(fixture, "job/one");
        assert_eq!(one.operations().len(), 2);
        assert_eq!(one.rollback.status.as_str(), "current");
    });
}

#[test]
fn a_manifest_that_was_changed_since_has_no_way_back() {
    on_each_storage(|fixture| {
        fixture.run("job/one", "1.0.0");
        let id = fixture.migrate().id().to_owned();
        fixture.run("job/one", "1.2.0");
        let one = explained(fixture, "job/one");
        assert_eq!(
            in_words(one.rollback.trouble.as_ref().unwrap()),
            format!(
                "changed_since: it does not have the bytes that operation {id} wrote: somebody changed it since"
            )
        );
        fixture
            .tree
            .edit_journal(&id, |text| text[..text.len() - 40].to_owned());
        let one = explained(fixture, "job/one");
        assert_eq!(
            one.rollback.trouble.as_ref().unwrap().code.as_str(),
            "journal_damaged"
        );
        assert_eq!(
            notices(&one),
            [format!(
                "journal_damaged: the journal of operation `{id}` ends too early, though nothing of the operation is unfinished"
            )]
        );
    });
}

#[test]
fn what_would_be_skipped_or_refused_says_why() {
    on_each_storage(|fixture| {
        for (text, expected) in [
            (
                r#"{"schema_version":"1.1.0","run_id":"r","status":"running"}"#,
                "deferred /status is running",
            ),
            (r#"{"schema_version":"1.3.0","run_id":"r"}"#, "ahead"),
            (
                r#"{"schema_version":"7.0.0","run_id":"r"}"#,
                "refused version_unknown: `/schema_version` is `7.0.0`, which the catalog does not know: its latest version is `1.2.0`",
            ),
            (
                r#"{"run_id":"r","run_id":2}"#,
                "refused duplicate_name: line 1, column 15: expected each name once in an object, found `run_id` again",
            ),
        ] {
            fixture.manifest("job/one", text);
            assert_eq!(decision(&explained(fixture, "job/one")), expected);
        }
        fixture.tree.remove("job/one/manifest.json");
        fixture.tree.put("job/one/manifest.json/x", b"");
        let one = explained(fixture, "job/one");
        assert_eq!(
            decision(&one),
            "refused not_regular: expected a regular file, found a directory"
        );
        assert_eq!(one.content, None);
    });
}

#[test]
fn a_history_that_cannot_be_read_does_not_hide_the_rest() {
    on_each_storage(|fixture| {
        fixture.manifest(
            "job/one",
            r#"{"schema_version":"1.2.0","run_id":"r","migration_history":[{}]}"#,
        );
        let one = explained(fixture, "job/one");
        assert_eq!(
            one.history_trouble.as_deref(),
            Some(
                "`/migration_history/0/from_version` is missing, expected a version, as in `1.2.0`"
            )
        );
        assert_eq!(decision(&one), "current");
    });
}

#[test]
fn where_there_is_no_manifest_there_is_nothing_to_explain() {
    on_each_storage(|fixture| {
        fixture.run("job/one", "1.0.0");
        let stop = |run: &str, target| {
            let stop = explained_at(fixture, run, target).unwrap_err();
            format!("{}: {}", stop.code, stop.message)
        };
        assert_eq!(
            stop("job/none", None),
            "not_found: `job/none/manifest.json`: cannot open: No such file or directory (os error 2)"
        );
        assert_eq!(
            stop("job/inputs/x", None),
            "not_found: `job/inputs/x/manifest.json`: no manifest: what lies below `inputs` is data"
        );
        assert_eq!(
            stop("job/one", Some("9.9.9")),
            "target_unknown: target version `9.9.9` does not exist, expected one of `1.0.0, 1.1.0, 1.2.0`"
        );
        let two = selecting(named(&["job/one", "job/two"]));
        let stop = fixture.ask(&two, |frame| explain(frame, None)).unwrap_err();
        assert_eq!(stop.message, "expected the path of one manifest");
    });
}

const UNIQUE: &str = r#"{"rule":"unique","at":["/id"],"name":"it"}"#;

#[test]
fn rules_over_the_tree_say_what_a_migration_of_the_whole_tree_would_say() {
    on_each_storage(|fixture| {
        fixture.catalog = ruled(UNIQUE);
        for (run, text) in [
            ("a", r#"{"id":1}"#),
            ("b", r#"{"id":2}"#),
            ("c", r#"{"id":2}"#),
            ("d", r#"{"id":3,"v":"1.1.0"}"#),
            ("e", r#"{"id":3,"v":"1.1.0"}"#),
        ] {
            fixture.manifest(run, text);
        }
        let dry = fixture.dry_run(&to_latest());
        for (would, run) in dry.outcomes.iter().zip(["a", "b", "c", "d", "e"]) {
            let one = explained(fixture, run);
            assert_eq!(
                (one.outcome.status, &one.outcome.trouble),
                (would.status, &would.trouble)
            );
            assert_eq!(one.judged, Some(5));
        }
        // A violation by a manifest that is not migrated is a warning.
        assert_eq!(
            notices(&explained(fixture, "d")),
            ["rule_failed: rule `it` does not hold: `/id` is the same in `e/manifest.json`"]
        );
        assert_eq!(notices(&explained(fixture, "b")), [""; 0]);
    });
}

#[test]
fn what_would_halt_a_migration_is_told_of_each_manifest() {
    let count = r#"{"rule":"count_equals","items":"/list","expected":1,"name":"it"}"#;
    on_each_storage(|fixture| {
        for rule in [UNIQUE, count] {
            fixture.catalog = ruled(&rule.replace('}', r#","on_failure":"halt"}"#));
            fixture.manifest("a", r#"{"id":1}"#);
            fixture.manifest("b", r#"{"id":2,"list":[]}"#);
            fixture.manifest("c", r#"{"id":2,"list":[]}"#);
            let one = explained(fixture, "a");
            assert_eq!(decision(&one), "pending");
            let halts = "rule_halted: a migration would write nothing: 2 manifests violate a rule that halts: rule `it` does not hold: ";
            assert!(notices(&one)[0].starts_with(halts), "{:?}", notices(&one));
            let one = explained(fixture, "b");
            assert_eq!(
                one.outcome.trouble.as_ref().unwrap().code.as_str(),
                "rule_failed"
            );
            assert!(notices(&one)[0].starts_with(halts));
        }
    });
}

#[test]
fn a_rule_that_only_warns_warns() {
    on_each_storage(|fixture| {
        fixture.catalog = ruled(&UNIQUE.replace('}', r#","on_failure":"warn"}"#));
        fixture.manifest("a", r#"{"id":1}"#);
        fixture.manifest("b", r#"{"id":1}"#);
        let one = explained(fixture, "a");
        assert_eq!(decision(&one), "pending");
        assert_eq!(
            notices(&one),
            ["rule_warned: rule `it` does not hold: `/id` is the same in `b/manifest.json`"]
        );
    });
}
