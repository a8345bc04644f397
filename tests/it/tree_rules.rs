//! Rules over the tree: what documents say together, before anything is written.
//!
//! Invariant: a document that breaks a rule together with others is refused, and each of the others is named.

use crate::rules::{catalog, migrate, refused, verify};
use crate::support::sandbox::Sandbox;

/// A catalog of events and allocations, in which 1.1.0 of both adds `/s`.
fn ledger(sandbox: &Sandbox, event_rules: &str, allocation_rules: &str) {
    let rest = r#""version":"/v","history":"/h","unversioned":"1.0.0""#;
    sandbox.file(
        "cat/catalog.json",
        format!(
            "{{\"name\":\"ledger\",\"kinds\":{{\"event\":{{\"file\":\"event.json\",{rest},\"rules\":[{event_rules}]}},\"allocation\":{{\"file\":\"allocation.json\",{rest},\"rules\":[{allocation_rules}]}}}}}}"
        ),
    );
    for kind in ["event", "allocation"] {
        sandbox.file(
            format!("cat/migrations/{kind}.json"),
            format!(
                r#"{{"from":"1.0.0","to":"1.1.0","kind":"{kind}","summary":"s","steps":[{{"step":"set_default","at":"/s","value":"a"}}]}}"#
            ),
        );
    }
}

fn event(sandbox: &Sandbox, run: &str, text: &str) {
    sandbox.file(format!("artifacts/j/{run}/event.json"), text);
}

fn allocation(sandbox: &Sandbox, run: &str, text: &str) {
    sandbox.file(format!("artifacts/j/{run}/allocation.json"), text);
}

#[test]
fn a_manifest_that_is_refused_for_another_reason_is_no_conflict_where_the_tree_is_judged() {
    let sandbox = Sandbox::new();
    catalog(
        &sandbox,
        r#""schemas":{"1.1.0":"schemas/doc.json"},"rules":[{"rule":"unique","at":["/n"]}]"#,
    );
    sandbox
        .manifest("j/good", r#"{"n":1}"#)
        .manifest("j/text", r#"{"n":2,"s":"c"}"#);
    for more in [
        &["--dry-run", "--format", "json"][..],
        &["--format", "json"],
    ] {
        assert_eq!(
            refused(migrate(&sandbox, more).code(1)),
            [
                "j/text/manifest.json schema_failed: `/s` violates the schema of version `1.1.0`: the value is not one of \"a\" or \"b\""
            ]
        );
    }
}

const SUM: &str = r#"{"rule":"sum_equals","value":"/amount","group_by":["/event","/model"],"match":{"kind":"event","on":{"/event":"/id"},"expected":"/revenue"},"tolerance":0.01}"#;

#[test]
fn the_allocations_of_an_event_sum_to_its_revenue() {
    let sandbox = Sandbox::new();
    ledger(&sandbox, "", SUM);
    event(&sandbox, "e1", r#"{"id":"e1","revenue":100}"#);
    event(&sandbox, "e2", r#"{"id":"e2","revenue":"10.00"}"#);
    event(&sandbox, "e3", r#"{"id":"e3","revenue":5}"#);
    for (run, text) in [
        ("a1", r#"{"event":"e1","model":1,"amount":33.33}"#),
        ("a2", r#"{"event":"e1","model":1,"amount":66.66}"#),
        ("a3", r#"{"event":"e1","model":2,"amount":100.00}"#),
        ("a4", r#"{"event":"e2","model":1,"amount":9.98}"#),
        ("a5", r#"{"event":"e9","model":1,"amount":1}"#),
    ] {
        allocation(&sandbox, run, text);
    }
    let message = "rule `sum_equals` does not hold: `/amount` of 1 documents adds up to 9.98, expected 10 as `/revenue` of `j/e2/event.json` says";
    let expected = [
        format!("j/a4/allocation.json rule_failed: {message}"),
        format!("j/e2/event.json rule_failed: {message}"),
    ];
    let before = sandbox.snapshot();
    let dry = migrate(&sandbox, &["--dry-run", "--format", "json", "--jobs", "1"]);
    assert_eq!(refused(dry.code(1)), expected);
    assert!(before.differences(&sandbox.snapshot()).is_empty());
    let done = migrate(&sandbox, &["--format", "json"]);
    assert_eq!(refused(done.code(1)), expected);
    assert_eq!(done.json()["counts"]["migrated"], 6);
}

#[test]
fn all_that_collide_are_refused_and_what_is_not_migrated_is_seen() {
    let sandbox = Sandbox::new();
    ledger(
        &sandbox,
        r#"{"rule":"unique","at":["/id"],"name":"one id"}"#,
        "",
    );
    event(&sandbox, "e1", r#"{"id":1}"#);
    event(&sandbox, "e2", r#"{"id":1}"#);
    event(&sandbox, "e3", r#"{"id":2}"#);
    event(&sandbox, "e4", r#"{"id":2,"v":"1.1.0"}"#);
    event(&sandbox, "e5", r#"{"id":null}"#);
    event(&sandbox, "e6", r#"{"id":null}"#);
    let output = migrate(&sandbox, &["--format", "json"]);
    let wrong = "rule_failed: rule `one id` does not hold: `/id` is the same in";
    assert_eq!(
        refused(output.code(1)),
        [
            format!("j/e1/event.json {wrong} `j/e2/event.json`"),
            format!("j/e2/event.json {wrong} `j/e1/event.json`"),
            format!("j/e3/event.json {wrong} `j/e4/event.json`"),
        ]
    );
    assert_eq!(output.json()["counts"]["migrated"], 2);
    let report = verify(&sandbox).code(1).json();
    assert_eq!(report["findings"]["rule_failed"], 4);
}

#[test]
fn a_reference_is_seen_as_the_tree_will_be() {
    let sandbox = Sandbox::new();
    let rule = r#"{"rule":"references","at":["/event"],"kind":"event","to":["/s"]}"#;
    ledger(&sandbox, "", rule);
    event(&sandbox, "e", "{}");
    allocation(&sandbox, "a", r#"{"event":"a"}"#);
    allocation(&sandbox, "b", r#"{"event":"b"}"#);
    let output = migrate(&sandbox, &["--format", "json"]);
    assert_eq!(
        refused(output.code(1)),
        [
            "j/b/allocation.json rule_failed: rule `references` does not hold: what `/event` says, no `event` says as `/s`"
        ]
    );
}

#[test]
fn a_rule_that_halts_stops_before_the_first_write() {
    for rule in [
        r#"{"rule":"unique","at":["/id"],"on_failure":"halt"}"#,
        r#"{"rule":"count_equals","items":"/list","expected":1,"check":"require","on_failure":"halt"}"#,
    ] {
        let sandbox = Sandbox::new();
        ledger(&sandbox, rule, "");
        event(&sandbox, "e1", r#"{"id":1}"#);
        event(&sandbox, "e2", r#"{"id":2,"list":[1,2]}"#);
        event(&sandbox, "e3", r#"{"id":2,"list":[1,2]}"#);
        let before = sandbox.snapshot();
        let output = migrate(&sandbox, &["--format", "json"]);
        let report = output.code(4).json();
        assert_eq!(report["error"]["code"], "rule_halted");
        let counts = &report["counts"];
        assert_eq!(
            (&counts["refused"], &counts["not_attempted"]),
            (&2.into(), &1.into())
        );
        assert!(before.differences(&sandbox.snapshot()).is_empty());
        migrate(&sandbox, &["--dry-run"]).code(4);
        let warned = migrate(&sandbox, &["--rules", "warn", "--format", "json"]);
        let report = warned.code(0).json();
        assert_eq!(report["counts"]["migrated"], 3);
        assert_eq!(report["rules"], "warn");
        let id = report["operation"].as_str().unwrap();
        let journal = format!("artifacts/.migrate-manifests/operations/{id}.jsonl");
        let journal = String::from_utf8(sandbox.read(journal)).unwrap();
        assert!(
            journal
                .lines()
                .next()
                .unwrap()
                .contains("\"rules\":\"warn\"")
        );
    }
}

#[test]
fn a_part_of_the_tree_is_refused_where_rules_look_at_all_of_it() {
    let sandbox = Sandbox::new();
    ledger(&sandbox, r#"{"rule":"unique","at":["/id"]}"#, "");
    event(&sandbox, "e1", r#"{"id":1}"#);
    event(&sandbox, "e2", r#"{"id":2}"#);
    for part in [["--sample", "5%"], ["--limit", "1"], ["--job", "j"]] {
        migrate(&sandbox, &part).code(2).stderr(
            "error: the catalog `ledger` has rules that compare all manifests of the tree, and only some of them are selected\nhint: migrate the whole tree, or make a plan of it with `plan -o FILE`, and then migrate parts with `--plan FILE` and the flags that select\n",
        );
    }
    sandbox
        .run(["explain", "artifacts/j/e1/event.json", "--catalog", "cat"])
        .code(0);
    sandbox
        .run(["plan", "artifacts", "--catalog", "cat", "-o", "plan"])
        .code(0);
    event(&sandbox, "e3", r#"{"id":2}"#);
    let output = migrate(&sandbox, &["--plan", "plan", "--format", "json"]);
    assert_eq!(
        refused(output.code(1)),
        [
            "j/e2/event.json rule_failed: rule `unique` does not hold: `/id` is the same in `j/e3/event.json`"
        ]
    );
}

#[test]
fn rules_over_the_tree_know_the_kinds_of_documents_with_the_same_file_name() {
    let sandbox = Sandbox::new();
    let kind = r#""file":"record.json","version":"/v","history":"/h","unversioned":"1.0.0""#;
    let references = r#"{"rule":"references","at":["/event"],"kind":"event","to":["/id"]}"#;
    let edge = |kind: &str| {
        format!(
            r#"{{"from":"1.0.0","to":"1.1.0","kind":"{kind}","summary":"s","steps":[{{"step":"set_default","at":"/{kind}","value":1}}]}}"#
        )
    };
    sandbox
        .file(
            "cat/catalog.json",
            format!(
                r#"{{"name":"books","kinds":{{"event":{{{kind},"where":{{"/is":"event"}}}},"ledger":{{{kind},"where":{{"/is":"ledger"}},"rules":[{references}]}}}}}}"#
            ),
        )
        .file("cat/migrations/event.json", edge("event"))
        .file("cat/migrations/ledger.json", edge("ledger"))
        .file("artifacts/a/record.json", r#"{"is":"ledger","event":2}"#)
        .file("artifacts/b/record.json", r#"{"is":"event","id":1}"#)
        .file("artifacts/c/record.json", r#"{"is":"ledger","event":1}"#)
        .file("artifacts/d/record.json", r#"{"is":"letter"}"#);
    let output = migrate(&sandbox, &["--format", "json"]);
    let broken = "rule_failed: rule `references` does not hold: what `/event` says, no `event` says as `/id`";
    let letter = "kind_unknown: it is of no kind that its file name can have: expected `event`, where `/is` is `\"event\"`, or `ledger`, where `/is` is `\"ledger\"`";
    assert_eq!(
        refused(output.code(1)),
        [
            format!("a/record.json {broken}"),
            format!("d/record.json {letter}"),
        ]
    );
    assert_eq!(
        sandbox.read("artifacts/a/record.json"),
        br#"{"is":"ledger","event":2}"#
    );
    sandbox
        .run(["verify", "artifacts", "--catalog", "cat", "--quiet"])
        .code(1)
        .stdout(&format!(
            "finding   a/record.json\n          {broken}\nfinding   d/record.json\n          {letter}\n"
        ));
}
