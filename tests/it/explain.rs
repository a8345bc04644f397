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
            "refused, version_unknown: `/schema_version` is `7.0.0`, which the catalog does not know: its latest version is `1.2.0`\n          hint: use the catalog that knows this version",
        ),
        (
            "1.0.0",
            ",\"run_id\":2",
            "refused, duplicate_name: line 1, column 42: expected each name once in an object, found `run_id` again\n          hint: keep one of the two members: readers disagree on which counts",
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
