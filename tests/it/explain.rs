//! `explain`: one manifest, whatever is the matter with it.

use std::fs;

use crate::support::sandbox::{Output, Sandbox};

const RUN: &str = "artifacts/job/one";

fn manifest(version: &str, more: &str) -> String {
    format!("{{\"schema_version\":\"{version}\",\"run_id\":\"one\"{more}}}\n")
}

fn one(version: &str, more: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.manifest("job/one", manifest(version, more));
    sandbox
}

/// Explains the run, which must change nothing.
#[track_caller]
fn explained(sandbox: &Sandbox) -> (Output, serde_json::Value) {
    let before = sandbox.snapshot();
    let output = sandbox.run(["explain", RUN]);
    let report = sandbox.run(["explain", RUN, "--format", "json"]);
    let differences = before.differences(&sandbox.snapshot());
    assert!(differences.is_empty(), "{differences:#?}");
    output.code(0).stderr("");
    (output, report.code(0).json()["manifest"].clone())
}

fn has(output: &Output, text: &str) {
    assert!(output.stdout.contains(text), "no {text:?} in\n{output}");
}

#[test]
fn a_pending_manifest_has_a_route_and_a_difference_and_no_past() {
    let sandbox = one("1.1.0", "");
    let (output, told) = explained(&sandbox);
    has(
        &output,
        "manifest  job/one/manifest.json\ntree      [SANDBOX]/artifacts\n",
    );
    has(&output, "\nversion   1.1.0\n");
    has(
        &output,
        "\ndecision  pending: it would be migrated to 1.2.0\n",
    );
    has(
        &output,
        "\nroute\n  1.1.0 -> 1.2.0  Chained pipelines: every manifest says whether it may be a stage\n    set /chain_metadata\n",
    );
    has(
        &output,
        "\n--- a/job/one/manifest.json\n+++ b/job/one/manifest.json\n",
    );
    has(
        &output,
        "\nway back\n  none, not_replaced: no operation has replaced it\n",
    );
    assert!(!output.stdout.contains("\nhistory\n"), "{output}");
    assert_eq!(told["migration"]["outcome"], "pending");
    assert_eq!(told["route"][0]["changes"][0], "set /chain_metadata");
    assert!(!sandbox.path("artifacts/.migrate-manifests").exists());
}

#[test]
fn a_migrated_manifest_has_a_history_a_backup_an_operation_and_a_way_back() {
    let sandbox = one("1.0.0", "");
    sandbox.run(["--quiet"]).code(0);
    sandbox.file(format!("{RUN}/manifest.json.backup.other"), "{}");
    let (output, told) = explained(&sandbox);
    has(
        &output,
        "\ndecision  current: it is at 1.2.0, there is nothing to do\n",
    );
    has(
        &output,
        "\nhistory\n  1.0.0 -> 1.2.0  2026-02-28T10:30:00Z  3 changes  before sha256:",
    );
    has(&output, "the original of record 1, of operation ");
    has(&output, "no record and no journal speaks of it");
    has(
        &output,
        "replaced it; the original is manifest.json.backup\n",
    );
    has(
        &output,
        "\n  migrate-manifests rollback --manifest job/one/manifest.json [SANDBOX]/artifacts puts manifest.json.backup back\n",
    );
    let operation = &told["operations"][0];
    assert_eq!(
        (&operation["deed"], &operation["done"]),
        (&"replaced".into(), &true.into())
    );
    assert_eq!(told["backups"][0]["operation"], operation["id"]);
    assert_eq!(told["backups"][0]["digest"], operation["before"]);
    assert_eq!(told["digest"], operation["after"]);
    assert_eq!(told["rollback"]["outcome"], "pending");
}

#[test]
fn a_manifest_that_was_changed_since_has_no_way_back() {
    let sandbox = one("1.0.0", "");
    sandbox.run(["--quiet"]).code(0);
    let path = sandbox.path(RUN).join("manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"one\"", "\"two\"")).unwrap();
    let (_, told) = explained(&sandbox);
    assert_eq!(told["rollback"]["outcome"], "conflict", "{told:#}");
    assert_eq!(told["rollback"]["code"], "changed_since");
}

#[test]
fn what_would_be_skipped_says_why() {
    for (version, more, decision) in [
        (
            "1.1.0",
            ",\"status\":\"running\"",
            "deferred: /status is running, so a writer still has it (--include-running takes it)",
        ),
        ("1.3.0", "", "ahead: it is above 1.2.0, and left alone"),
        (
            "7.0.0",
            "",
            "refused, version_unknown: `/schema_version` is `7.0.0`, which the catalog does not know: its latest version is `1.2.0`\n          hint: use a catalog that has this version",
        ),
        (
            "1.0.0",
            ",\"run_id\":2",
            "refused, duplicate_name: line 1, column 42: expected each name once in an object, found `run_id` again\n          hint: remove one of the two members: readers disagree on which one counts",
        ),
    ] {
        let (output, _) = explained(&one(version, more));
        has(&output, &format!("\ndecision  {decision}\n"));
    }
}

#[test]
fn a_link_in_the_place_of_a_manifest_is_explained() {
    let sandbox = Sandbox::new();
    sandbox
        .file("elsewhere.json", manifest("1.0.0", ""))
        .link(format!("{RUN}/manifest.json"), "../../../elsewhere.json");
    let (output, told) = explained(&sandbox);
    has(&output, "\ndecision  refused, not_regular: ");
    assert_eq!(told["size"], serde_json::Value::Null);
}

#[test]
fn a_history_that_cannot_be_read_does_not_hide_the_rest() {
    let sandbox = one("1.2.0", ",\"migration_history\":[{}]");
    let (output, told) = explained(&sandbox);
    has(
        &output,
        "\nhistory\n  `/migration_history/0/from_version` is missing, expected a version, as in `1.2.0`\n",
    );
    assert_eq!(told["migration"]["outcome"], "current");
}

#[test]
fn where_there_is_no_manifest_there_is_nothing_to_explain() {
    let sandbox = one("1.0.0", "");
    sandbox.dir("artifacts/job/empty");
    for (path, stderr) in [
        (
            "artifacts/job/none",
            "error: nothing is at `artifacts/job/none`\nhint: check the selection\n",
        ),
        (
            "artifacts/job/empty",
            "error: `job/empty/manifest.json`: cannot open: No such file or directory (os error 2)\nhint: check the path: it is relative to the tree\n",
        ),
    ] {
        sandbox
            .run(["explain", path])
            .code(2)
            .stdout("")
            .stderr(stderr);
    }
    let target = ["explain", RUN, "--target-version", "9.9.9"];
    let report = sandbox.run([&target[..], &["--format", "json"]].concat());
    assert_eq!(report.code(2).json()["error"]["code"], "target_unknown");
}

/// A tree whose manifests have these members, and a catalog with this rule.
fn ruled(rule: &str, manifests: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::new();
    let kind = r#""file":"manifest.json","version":"/v","history":"/h","unversioned":"1.0.0""#;
    sandbox
        .file(
            "cat/catalog.json",
            format!(r#"{{"name":"c","kinds":{{"doc":{{{kind},"rules":[{rule}]}}}}}}"#),
        )
        .file(
            "cat/migrations/a.json",
            r#"{"from":"1.0.0","to":"1.1.0","kind":"doc","summary":"s","steps":[{"step":"set_default","at":"/s","value":"a"}]}"#,
        );
    for (run, members) in manifests {
        sandbox.manifest(format!("j/{run}"), format!("{{{members}}}"));
    }
    sandbox
}

/// What `explain` says of a manifest: the facts about decision and rules, the warnings, and the same for programs.
#[track_caller]
fn rules_of(sandbox: &Sandbox, run: &str) -> (String, serde_json::Value) {
    let before = sandbox.snapshot();
    let path = format!("artifacts/j/{run}");
    let args = ["explain", &path, "--catalog", "cat"];
    let output = sandbox.run(args);
    let told = sandbox.run([&args[..], &["--format", "json"]].concat());
    assert!(before.differences(&sandbox.snapshot()).is_empty());
    let text = output.code(0).stderr("").out().to_owned();
    let from = text.find("decision").unwrap();
    let facts = text[from..].split("\n\n").next().unwrap();
    let warnings = text.split("\nwarnings\n").nth(1).unwrap_or_default();
    (
        format!("{facts}\n{warnings}"),
        told.code(0).json()["manifest"].clone(),
    )
}

#[test]
fn rules_over_the_tree_say_what_a_migration_of_the_whole_tree_would_say() {
    let sandbox = ruled(
        r#"{"rule":"unique","at":["/id"],"name":"one id"}"#,
        &[("a", r#""id":1"#), ("b", r#""id":2"#), ("c", r#""id":2"#)],
    );
    let dry = sandbox.run([
        "artifacts",
        "--catalog",
        "cat",
        "--dry-run",
        "--format",
        "json",
        "--all",
    ]);
    let dry = dry.code(1).json();
    for (index, run) in ["a", "b", "c"].into_iter().enumerate() {
        let (_, told) = rules_of(&sandbox, run);
        let would = &dry["manifests"][index];
        assert_eq!(told["path"], would["path"]);
        assert_eq!(told["migration"]["outcome"], would["outcome"]);
        for member in ["code", "message"] {
            let would = would.get(member).unwrap_or(&serde_json::Value::Null);
            assert_eq!(&told["migration"][member], would);
        }
        assert_eq!(told["judged"], 3);
    }
    assert_eq!(
        rules_of(&sandbox, "b").0,
        "decision  refused, rule_failed: rule `one id` does not hold: `/id` is the same in `j/c/manifest.json`\n          hint: fix the documents in the message, or fix the rule; `--rules warn` migrates them anyway\nrules     judged with 3 manifests, as a migration of the whole tree would\n"
    );
    assert_eq!(
        rules_of(&sandbox, "a").0,
        "decision  pending: it would be migrated to 1.1.0\nrules     judged with 3 manifests, as a migration of the whole tree would\n"
    );
}

#[test]
fn what_rules_say_of_a_manifest_that_is_not_to_be_migrated_is_a_warning() {
    let sandbox = ruled(
        r#"{"rule":"unique","at":["/id"],"name":"one id"}"#,
        &[
            ("a", r#""id":1,"v":"1.1.0""#),
            ("b", r#""id":1,"v":"1.1.0""#),
        ],
    );
    let (shown, told) = rules_of(&sandbox, "a");
    assert_eq!(
        shown,
        "decision  current: it is at 1.1.0, there is nothing to do\nrules     judged with 2 manifests, as a migration of the whole tree would\n  rule_failed: rule `one id` does not hold: `/id` is the same in `j/b/manifest.json`\n"
    );
    assert_eq!(told["warnings"][0]["code"], "rule_failed");
}

#[test]
fn a_rule_that_only_warns_over_the_tree_warns() {
    let sandbox = ruled(
        r#"{"rule":"unique","at":["/id"],"name":"one id","on_failure":"warn"}"#,
        &[("a", r#""id":1"#), ("b", r#""id":1"#)],
    );
    let (_, told) = rules_of(&sandbox, "a");
    assert_eq!(told["migration"]["outcome"], "pending");
    assert_eq!(told["warnings"][0]["code"], "rule_warned");
    assert_eq!(
        told["warnings"][0]["message"],
        "rule `one id` does not hold: `/id` is the same in `j/b/manifest.json`"
    );
}

#[test]
fn what_would_halt_a_migration_is_told_of_each_manifest() {
    for rule in [
        r#"{"rule":"unique","at":["/id"],"name":"it","on_failure":"halt"}"#,
        r#"{"rule":"count_equals","items":"/list","expected":1,"name":"it","on_failure":"halt"}"#,
    ] {
        let sandbox = ruled(
            rule,
            &[
                ("a", r#""id":1"#),
                ("b", r#""id":2,"list":[]"#),
                ("c", r#""id":2,"list":[]"#),
            ],
        );
        let (_, told) = rules_of(&sandbox, "a");
        assert_eq!(told["migration"]["outcome"], "pending");
        assert_eq!(told["warnings"][0]["code"], "rule_halted");
        let message = told["warnings"][0]["message"].as_str().unwrap();
        let expected = "a migration would write nothing: 2 manifests violate a rule that halts: rule `it` does not hold: ";
        assert!(message.starts_with(expected), "{message}");
        let (_, told) = rules_of(&sandbox, "b");
        assert_eq!(told["migration"]["code"], "rule_failed");
        assert_eq!(told["warnings"][0]["code"], "rule_halted");
    }
}

#[test]
fn where_no_rule_looks_further_only_the_manifest_itself_is_looked_at() {
    let sandbox = ruled(
        r#"{"rule":"count_equals","items":"/list","expected":1}"#,
        &[("a", "")],
    );
    let (shown, told) = rules_of(&sandbox, "a");
    assert_eq!(shown, "decision  pending: it would be migrated to 1.1.0\n");
    assert_eq!(told["judged"], serde_json::Value::Null);
}
