//! What can be asked of a tree without changing it: versions, members, operations; and what shells and manuals ask of the program.

use serde_json::json;

use crate::docs::assert_fits;
use crate::support::sandbox::Sandbox;

fn run(version: &str, id: &str, more: &str) -> String {
    format!("{{\"schema_version\":\"{version}\",\"run_id\":\"{id}\"{more}}}\n")
}

fn three() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox
        .manifest("a/1", run("1.0.0", "1", ",\"agent_id\":\"x\""))
        .manifest("a/2", run("1.2.0", "2", ",\"agent_id\":null,\"deep\":{\"n\":1.0}"))
        .manifest("b/3", run("1.2.0", "3", ",\"agent_id\":\"x\",\"deep\":{\"n\":1.00},\"migration_history\":[{\"backfilled\":[\"/agent_id\"]}]"));
    sandbox
}

#[test]
fn members_are_counted_with_their_values() {
    let sandbox = three();
    let before = sandbox.snapshot();
    let output = sandbox.run(["status", "--fields", "agent_id,/deep/n", "--backfilled"]);
    output.code(0).stderr("");
    let told = output.out();
    assert!(
        told.ends_with(
            "\
routes
  1.0.0 -> 1.2.0  1

member     present  null  missing  distinct
/agent_id        2     1        0         1
/deep/n          2     0        1         1

most frequent in /agent_id
  2  \"x\"

most frequent in /deep/n
  2  1.0

backfilled, so not authoritative
  /agent_id  1

1 of 3 manifests needs migration to 1.2.0.
"
        ),
        "{told}"
    );
    let report = sandbox
        .run(["status", "--fields", "agent_id", "--format", "json"])
        .json();
    assert_fits("report", &report, "status --fields");
    assert_eq!(report["command"], "status");
    assert_eq!(report["backfilled"], json!(null));
    assert_eq!(
        report["fields"],
        json!([{"at": "/agent_id", "present": 2, "null": 1, "missing": 0, "distinct": 1, "most_frequent": [{"value": "\"x\"", "count": 2}]}])
    );
    assert_eq!(before, sandbox.snapshot());
}

#[test]
fn a_survey_follows_the_selection() {
    let report = three()
        .run([
            "status", "--job", "b", "--fields", "agent_id", "--format", "json",
        ])
        .json();
    assert_eq!(report["fields"][0]["present"], 1);
}

#[test]
fn operations_are_listed_with_what_they_did() {
    let sandbox = three();
    sandbox
        .run(["operations"])
        .code(0)
        .stderr("")
        .stdout("No operation has written to this tree.\n");
    sandbox.run(["--quiet"]).code(0);
    let before = sandbox.snapshot();
    let report = sandbox.run(["operations", "--format", "json"]).json();
    assert_fits("report", &report, "operations");
    let operation = &report["operations"][0];
    assert_eq!(operation["state"], "finished");
    assert_eq!(
        (&operation["migrated"], &operation["rolled_back"]),
        (&json!(1), &json!(0))
    );
    let id = operation["id"].as_str().unwrap();
    let told = sandbox.run(["operations"]);
    assert!(
        told.out().contains("  1 manifest to 1.2.0\n"),
        "{}",
        told.out()
    );
    assert!(
        told.out()
            .ends_with(&format!("migrate-manifests rollback {id}\n")),
        "{}",
        told.out()
    );
    let lines = sandbox
        .run(["operations", "--format", "jsonl"])
        .json_lines();
    assert_eq!((lines.len(), &lines[0]["id"]), (2, &json!(id)));
    assert_eq!(before, sandbox.snapshot());
    sandbox.run(["rollback", "--last", "--quiet"]).code(0);
    let told = sandbox.run(["operations"]);
    assert!(!told.out().contains("To undo"), "{}", told.out());
}

#[test]
fn a_journal_that_was_edited_is_listed_as_damaged() {
    let sandbox = three();
    sandbox.run(["--quiet"]).code(0);
    let report = sandbox.run(["operations", "--format", "json"]).json();
    let id = report["operations"][0]["id"].as_str().unwrap();
    let path = format!("artifacts/.migrate-manifests/operations/{id}.jsonl");
    let text = String::from_utf8(sandbox.read(&path)).unwrap();
    sandbox.file(&path, text.replacen("\"migrate\"", "\"Migrate\"", 1));
    let report = sandbox.run(["operations", "--format", "json"]).json();
    assert_eq!(report["operations"][0]["state"], "damaged");
}

#[test]
fn shells_and_manuals_get_every_command() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish"] {
        let output = sandbox.invoke(["completions", shell]).real_clock().run();
        output.code(0).stderr("");
        assert!(output.out().contains("operations"), "{shell}");
    }
    let page = sandbox.invoke(["man"]).real_clock().run();
    page.code(0).stderr("");
    assert!(page.out().contains(".SH \"COMMAND STATUS\""));
    assert_eq!(page.out().matches(".TH ").count(), 1);
}
