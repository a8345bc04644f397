//! Plans: made, looked at, kept, executed; and everything that can have happened to a plan, or to its tree, in between.
//!
//! Invariant: whatever is wrong, there is an error with a hint, and the tree is as it was.

use std::fs;

use crate::support::sandbox::{Output, Sandbox};

/// Four manifests: two pending, one ahead, one current.
fn small() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox
        .manifest("job-a/one", manifest("1.0.0", "one"))
        .manifest("job-a/two", manifest("1.1.0", "two"))
        .manifest("job-b/ahead", manifest("1.3.0", "ahead"))
        .manifest("job-b/current", manifest("1.2.0", "current"));
    sandbox
}

fn manifest(version: &str, run: &str) -> String {
    format!("{{\"schema_version\":\"{version}\",\"run_id\":\"{run}\"}}\n")
}

fn planned() -> Sandbox {
    let sandbox = small();
    sandbox.run(["plan", "-o", "plan.jsonl"]).code(0);
    sandbox
}

fn outcomes(output: &Output) -> Vec<(String, String)> {
    let report = output.json();
    let manifests = report["manifests"].as_array().unwrap().clone();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    manifests
        .iter()
        .map(|one| (text(&one["outcome"]), text(&one["code"])))
        .collect()
}

/// Runs with arguments that must be refused with this code: nothing changes, and the error is this.
#[track_caller]
fn refused(sandbox: &Sandbox, args: &[&str], code: &str, stderr: &str) {
    let before = sandbox.snapshot();
    sandbox.run(args).code(2).stderr(stderr);
    let differences = before.differences(&sandbox.snapshot());
    assert!(differences.is_empty(), "{differences:#?}");
    let report = sandbox.run([args, &["--format", "json"]].concat()).json();
    assert_eq!(report["error"]["code"], code, "{report:#}");
}

#[test]
fn a_plan_says_where_it_is_and_how_it_is_executed() {
    let sandbox = small();
    let output = sandbox.run(["plan", "-o", "plan.jsonl", "artifacts"]);
    output.code(0).stderr("");
    assert!(
        output.stdout.ends_with(
            "\nThe plan for 2 manifests is in plan.jsonl. To execute it: migrate-manifests --plan plan.jsonl artifacts\n"
        ),
        "{output}"
    );
    let lines = fs::read_to_string(sandbox.path("plan.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 4);
    assert!(!sandbox.path("artifacts/.migrate-manifests").exists());
    let names = fs::read_dir(sandbox.root()).unwrap().count();
    assert_eq!(names, 2, "nothing else is left behind");
}

#[test]
fn a_plan_that_is_executed_is_the_migration_that_it_was_made_of() {
    let sandbox = planned();
    let other = small();
    sandbox.run(["--plan", "plan.jsonl"]).code(0);
    other.run(["--quiet"]).code(0);
    for run in ["job-a/one", "job-a/two", "job-b/ahead", "job-b/current"] {
        let path = format!("artifacts/{run}/manifest.json");
        assert_eq!(sandbox.read(&path), other.read(&path));
    }
    let again = sandbox.run(["--plan", "plan.jsonl"]);
    again.code(0);
    assert!(
        again.stdout.contains("all 2 manifests are at 1.2.0"),
        "{again}"
    );
}

#[test]
fn without_a_file_a_plan_is_shown() {
    let sandbox = small();
    let before = sandbox.snapshot();
    let output = sandbox.run(["plan"]);
    output.code(0);
    assert!(
        output
            .stdout
            .ends_with("\nNothing was written. To keep this as a plan, give -o FILE.\n"),
        "{output}"
    );
    let report = sandbox.run(["plan", "--format", "json"]).json();
    assert_eq!(report["command"], "plan");
    assert_eq!(report["dry_run"], true);
    assert_eq!(report["counts"]["pending"], 2);
    assert!(before.differences(&sandbox.snapshot()).is_empty());
}

#[test]
fn a_plan_on_standard_output_is_only_the_plan_and_can_be_piped() {
    let sandbox = planned();
    let output = sandbox.run(["plan", "-o", "-"]);
    output.code(0);
    let root = sandbox.root().to_str().unwrap();
    let plan = output.stdout.replace("[SANDBOX]", root);
    assert!(plan.as_bytes() == sandbox.read("plan.jsonl"), "{output}");
    assert!(output.stderr.contains("pending  2"), "{output}");
    let piped = sandbox.invoke(["--plan", "-", "--format", "json"]);
    let piped = piped.stdin(plan).run();
    assert_eq!(piped.json()["counts"]["migrated"], 2);
    refused(
        &sandbox,
        &["plan", "-o", "-", "--format", "json"],
        "usage",
        "error: -o - and --format exclude each other: standard output has the plan, or the report\nhint: leave one of them out\n",
    );
}

#[test]
fn what_may_not_be_migrated_is_not_in_the_plan_and_is_told() {
    let sandbox = small();
    sandbox.manifest("job-c/broken", "{");
    sandbox.manifest(
        "job-c/running",
        "{\"schema_version\":\"1.0.0\",\"run_id\":\"r\",\"status\":\"running\"}",
    );
    let output = sandbox.run(["plan", "-o", "plan.jsonl", "--format", "json"]);
    output.code(1);
    let counts = &output.json()["counts"];
    assert_eq!(
        (&counts["refused"], &counts["deferred"]),
        (&1.into(), &1.into())
    );
    let lines = fs::read_to_string(sandbox.path("plan.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 4);
}

#[test]
fn a_dry_run_of_a_plan_says_what_the_run_does() {
    let sandbox = planned();
    sandbox.manifest("job-a/two", manifest("1.1.0", "changed"));
    sandbox.manifest("job-c/new", manifest("1.0.0", "new"));
    let outcome = |first: &str| {
        let drifted = ("refused".to_owned(), "plan_drifted".to_owned());
        vec![(first.to_owned(), String::new()), drifted]
    };
    let dry = sandbox.run(["--plan", "plan.jsonl", "--dry-run", "--format", "json"]);
    assert_eq!(outcomes(dry.code(1)), outcome("pending"));
    let run = sandbox.run(["--plan", "plan.jsonl", "--format", "json"]);
    assert_eq!(outcomes(run.code(1)), outcome("migrated"));
    for (run, version) in [("job-a/two", "1.1.0"), ("job-c/new", "1.0.0")] {
        let text = String::from_utf8(sandbox.read(format!("artifacts/{run}/manifest.json")));
        assert!(text.unwrap().contains(version));
    }
}

#[test]
fn a_plan_is_executed_on_a_copy_of_its_tree_and_in_parts() {
    let sandbox = planned();
    let copy = small();
    copy.file("plan.jsonl", sandbox.read("plan.jsonl"));
    let words = ["--plan", "plan.jsonl", "--limit", "1", "--format", "json"];
    let first = copy.run(words).json();
    assert_eq!(first["counts"]["migrated"], 1);
    let rest = copy
        .run(["--plan", "plan.jsonl", "--format", "json"])
        .json();
    assert_eq!(rest["counts"]["migrated"], 1);
    assert_eq!(rest["counts"]["current"], 1);
}

#[test]
fn a_file_that_is_there_is_never_overwritten() {
    let sandbox = small();
    sandbox
        .file("kept", "kept")
        .dir("dir")
        .link("link", "nowhere");
    for name in ["kept", "dir", "link"] {
        refused(
            &sandbox,
            &["plan", "-o", name],
            "output_exists",
            &format!(
                "error: `{name}` is there already\nhint: give another name, or move the file away: nothing is ever overwritten\n"
            ),
        );
    }
}

#[test]
fn a_plan_that_cannot_be_written_leaves_nothing_behind() {
    let sandbox = small();
    let before = sandbox.snapshot();
    let output = sandbox.run(["plan", "-o", "nowhere/plan.jsonl"]);
    output.code(2);
    assert!(
        output
            .stderr
            .starts_with("error: cannot write the plan to `nowhere/plan.jsonl`: No such file"),
        "{output}"
    );
    assert!(before.differences(&sandbox.snapshot()).is_empty());
}

#[test]
fn a_plan_that_is_torn_or_edited_is_refused() {
    let sandbox = planned();
    let plan = String::from_utf8(sandbox.read("plan.jsonl")).unwrap();
    let hint = "hint: make a new plan: one that is cut off or was edited is never executed\n";
    let last = plan.lines().last().unwrap().to_owned() + "\n";
    sandbox.file("torn", plan.replace(&last, ""));
    refused(
        &sandbox,
        &["--plan", "torn"],
        "plan_invalid",
        &format!(
            "error: `torn`: line 4 of the plan: expected the last line, with the number of manifests and the digest, found the end of the file\n{hint}"
        ),
    );
    sandbox.file("none", "{}\n");
    refused(
        &sandbox,
        &["--plan", "none"],
        "plan_invalid",
        &format!(
            "error: `none`: line 1 of the plan: expected an object with the format `migrate-manifests/plan/1`\n{hint}"
        ),
    );
    sandbox.file("edited", plan.replace("job-a/two", "job-b/ahead"));
    let edited = sandbox.run(["--plan", "edited"]);
    edited.code(2);
    assert!(
        edited
            .stderr
            .starts_with("error: `edited`: line 4 of the plan: expected lines with the digest `"),
        "{edited}"
    );
    assert!(!sandbox.path("artifacts/.migrate-manifests").exists());
}

#[test]
fn a_plan_that_cannot_be_read_is_refused() {
    let sandbox = planned();
    let hint = "hint: give a file that `plan -o` has written\n";
    for (name, reason) in [
        ("nowhere", "No such file or directory (os error 2)"),
        ("artifacts", "Is a directory (os error 21)"),
    ] {
        refused(
            &sandbox,
            &["--plan", name],
            "plan_invalid",
            &format!("error: `{name}`: cannot read the plan: {reason}\n{hint}"),
        );
    }
}

#[test]
fn a_plan_of_another_tree_or_catalog_is_foreign() {
    let sandbox = planned();
    let other = Sandbox::new();
    other
        .manifest("job-a/one", manifest("1.0.0", "other"))
        .file("plan.jsonl", sandbox.read("plan.jsonl"));
    let before = other.snapshot();
    for words in [
        &["--plan", "plan.jsonl"][..],
        &["--plan", "plan.jsonl", "--dry-run"],
    ] {
        let output = other.run(words);
        output.code(2);
        assert!(
            output.stderr.starts_with(
                "error: none of the manifests of the plan is as planned here: it was made of `"
            ),
            "{output}"
        );
    }
    assert!(before.differences(&other.snapshot()).is_empty());
    let plan = String::from_utf8(sandbox.read("plan.jsonl")).unwrap();
    sandbox.file(
        "catalog/catalog.json",
        r#"{"name":"mine","kinds":{"run":{"file":"manifest.json","version":"/schema_version","history":"/h","unversioned":"1.0.0"}}}"#,
    );
    sandbox.file(
        "catalog/migrations/a.json",
        r#"{"from":"1.0.0","to":"1.2.0","kind":"run","summary":"s","steps":[]}"#,
    );
    let output = sandbox.run([
        "--plan",
        "plan.jsonl",
        "--catalog",
        "catalog",
        "--format",
        "json",
    ]);
    let report = output.code(2).json();
    assert_eq!(report["error"]["code"], "plan_foreign");
    assert_eq!(report["counts"]["found"], 0);
    assert_eq!(sandbox.read("plan.jsonl"), plan.as_bytes());
}

#[test]
fn a_plan_says_where_to_so_nothing_else_may() {
    let sandbox = planned();
    for more in [&["--target-version", "1.1.0"][..], &["--include-running"]] {
        refused(
            &sandbox,
            &[&["--plan", "plan.jsonl"], more].concat(),
            "usage",
            "error: --plan excludes --target-version and --include-running: the plan says which manifests, and where to\nhint: leave one of them out\n",
        );
    }
}
