//! Backups listed, pruned and exported: what goes, what stays and why, and what it costs.
//!
//! Invariant: nothing is pruned whose values are not in the manifest, too, and a rollback says what was pruned.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::docs::assert_fits;
use crate::support::pair::verify;
use crate::support::sandbox::{Output, Sandbox};

const RUN: &str = "artifacts/job/one";

fn manifest(version: &str, run: &str) -> String {
    format!("{{\"schema_version\":\"{version}\",\"run_id\":\"{run}\",\"cost\":1.50}}\n")
}

/// Two manifests, migrated.
fn migrated() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox
        .manifest("job/one", manifest("1.0.0", "one"))
        .manifest("job/two", manifest("1.1.0", "two"));
    sandbox.run(["--quiet"]).code(0);
    sandbox
}

fn backups(sandbox: &Sandbox, words: &[&str]) -> Value {
    let words = [&["backups"], words, &["--format", "json"]].concat();
    let report = sandbox.run(&words).json();
    assert_fits("report", &report, &words.join(" "));
    report["backups"].clone()
}

/// Codes, or verdicts where there is none.
fn verdicts(told: &Value) -> Vec<String> {
    let one = |backup: &Value| {
        let said = backup.get("code").unwrap_or(&backup["verdict"]);
        said.as_str().unwrap().to_owned()
    };
    told.as_array().unwrap().iter().map(one).collect()
}

fn prune(sandbox: &Sandbox, more: &[&str]) -> Output {
    sandbox.run([&["backups", "prune", "--older-than", "0s"], more].concat())
}

fn backup(sandbox: &Sandbox) -> PathBuf {
    sandbox.path(RUN).join("manifest.json.backup")
}

#[test]
fn each_backup_is_listed_with_the_operation_that_made_it() {
    let sandbox = migrated();
    sandbox.file(format!("{RUN}/manifest.json.backup.old"), "{}");
    let told = backups(&sandbox, &[]);
    let list = told.as_array().unwrap();
    assert_eq!(list.len(), 3);
    assert_eq!(list[0]["path"], "job/one/manifest.json");
    assert_eq!(list[0]["size"], 54);
    assert!(list[0]["operation"].is_string() && list[0]["made_at"].is_string());
    assert_eq!(list[1]["backup"], "manifest.json.backup.old");
    assert_eq!(list[1]["operation"], json!(null));
    let text = sandbox.run(["backups", "--all"]);
    text.code(0).stderr("");
    assert!(
        text.out().ends_with("\n3 backups, 110 B in all.\n"),
        "{text}"
    );
    assert!(text.out().contains("no journal names them"), "{text}");
}

#[test]
fn a_dry_run_says_what_would_go_and_what_it_costs_and_writes_nothing() {
    let sandbox = migrated();
    let before = sandbox.snapshot();
    let told = prune(&sandbox, &["--dry-run"]);
    told.code(0).stderr("").stdout(
        "\
prunable  job/one/manifest.json.backup
prunable  job/two/manifest.json.backup

prunable    2  108 B

Nothing was written. Without --dry-run 2 backups of 108 B would go. The price: a manifest without its backup cannot be rolled back (backup_pruned).
",
    );
    assert_eq!(before, sandbox.snapshot());
}

#[test]
fn what_is_pruned_is_gone_and_a_rollback_says_so() {
    let sandbox = migrated();
    let told = prune(&sandbox, &["--manifest", RUN]);
    told.code(0);
    assert!(
        told.stderr
            .starts_with("note: a manifest without its backup"),
        "{told}"
    );
    assert!(!backup(&sandbox).exists());
    assert_eq!(backups(&sandbox, &[]).as_array().unwrap().len(), 1);
    verify(&sandbox, &[]).code(0);
    let undone = sandbox.run(["rollback", "--last", "--format", "json"]);
    undone.code(1);
    let report = undone.json();
    assert_eq!(report["counts"]["restored"], 1);
    assert_eq!(report["manifests"][0]["code"], "backup_pruned");
    // Once more there is nothing, and nothing is written.
    let before = sandbox.snapshot();
    prune(&sandbox, &[]).code(0);
    assert_eq!(before, sandbox.snapshot());
}

#[test]
fn young_unknown_changed_and_superseded_backups_stay_each_with_its_reason() {
    let sandbox = migrated();
    let older = |age: &str| {
        let words = ["prune", "--older-than", age, "--dry-run"];
        verdicts(&backups(&sandbox, &words))
    };
    assert_eq!(older("1d"), ["backup_too_young", "backup_too_young"]);
    sandbox.file(format!("{RUN}/manifest.json.backup.old"), "{}");
    assert_eq!(older("0s"), ["prunable", "backup_unrelated", "prunable"]);
    // The manifest was changed since: its bytes prove nothing about the original.
    sandbox.manifest("job/two", manifest("1.2.0", "two"));
    assert_eq!(
        older("0s"),
        ["prunable", "backup_unrelated", "changed_since"]
    );
    fs::write(backup(&sandbox), manifest("1.0.0", "One")).unwrap();
    let told = prune(&sandbox, &[]);
    told.code(1);
    assert!(backup(&sandbox).exists(), "{told}");
}

#[test]
fn the_only_copy_of_a_value_stays_unless_that_is_asked_for() {
    let sandbox = Sandbox::new();
    sandbox.file(
        "catalog/catalog.json",
        r#"{"name":"own","kinds":{"run":{"file":"manifest.json","version":"/schema_version","history":"/migration_history","unversioned":"1.0.0"}}}"#,
    );
    sandbox.file(
        "catalog/migrations/one.json",
        r#"{"from":"1.0.0","to":"1.1.0","kind":"run","summary":"s","steps":[{"step":"set_default","at":"/owner","value":"nobody","when":"missing_or_null"}]}"#,
    );
    sandbox.manifest(
        "job/one",
        "{\"schema_version\":\"1.0.0\",\"run_id\":\"r\",\"owner\":null}\n",
    );
    sandbox.run(["--catalog", "catalog", "--quiet"]).code(0);
    let told = prune(&sandbox, &["--catalog", "catalog", "--all"]);
    told.code(0);
    assert!(
        told.out()
            .contains("only_copy: it has the only copy of the value at `/owner`"),
        "{told}"
    );
    assert!(backup(&sandbox).exists());
    prune(&sandbox, &["--catalog", "catalog", "--include-destructive"]).code(0);
    assert!(!backup(&sandbox).exists());
}

#[test]
fn backups_of_several_operations_go_together_and_each_is_known_to_be_pruned() {
    let sandbox = Sandbox::new();
    sandbox.manifest("job/one", manifest("1.0.0", "one"));
    sandbox
        .run(["--target-version", "1.1.0", "--quiet"])
        .code(0);
    sandbox.run(["--quiet"]).code(0);
    assert_eq!(backups(&sandbox, &[]).as_array().unwrap().len(), 2);
    prune(&sandbox, &[]).code(0);
    assert_eq!(backups(&sandbox, &[]), json!([]));
    let report = verify(&sandbox, &[]).json();
    assert_eq!(report["findings"], json!({}));
}

#[test]
fn exported_copies_are_the_originals_and_are_made_once() {
    let sandbox = migrated();
    let before = sandbox.snapshot();
    let told = backups(&sandbox, &["export", "copies"]);
    let outcomes = |told: &Value| -> Vec<String> {
        let list = told.as_array().unwrap().iter();
        list.map(|one| one["outcome"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(outcomes(&told), ["copied", "copied"]);
    let copy = sandbox.path("copies/job/one/manifest.json.backup");
    assert_eq!(
        fs::read(&copy).unwrap(),
        fs::read(backup(&sandbox)).unwrap()
    );
    let modified = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    assert_eq!(modified(&copy), modified(&backup(&sandbox)));
    // Cut off in the middle: what is whole is not made again, what is not is.
    fs::rename(&copy, copy.with_extension("backup.partial")).unwrap();
    let told = backups(&sandbox, &["export", "copies"]);
    assert_eq!(outcomes(&told), ["copied", "present"]);
    assert!(!copy.with_extension("backup.partial").exists());
    // Something else has the name: it stays.
    fs::write(&copy, "mine").unwrap();
    let told = sandbox.run(["backups", "export", "copies", "--format", "json"]);
    told.code(1);
    assert_eq!(told.json()["backups"][0]["code"], "output_exists");
    assert_eq!(fs::read(&copy).unwrap(), b"mine");
    fs::remove_dir_all(sandbox.path("copies")).unwrap();
    assert_eq!(before, sandbox.snapshot());
}

#[test]
fn a_copy_of_a_changed_backup_is_none_and_nothing_is_made_in_the_tree() {
    let sandbox = migrated();
    fs::write(backup(&sandbox), "{}").unwrap();
    let told = sandbox.run(["backups", "export", "copies", "--format", "json"]);
    told.code(1);
    assert_eq!(told.json()["backups"][0]["code"], "backup_changed");
    assert!(!sandbox.path("copies/job/one").exists());
    let before = sandbox.snapshot();
    let inside = sandbox.run(["backups", "export", "artifacts/job/copies"]);
    inside.code(2).stdout("");
    assert_eq!(
        inside.stderr,
        "error: `artifacts/job/copies` lies in the tree `[SANDBOX]/artifacts`\nhint: give a directory outside the tree\n"
    );
    assert_eq!(before, sandbox.snapshot());
}

#[test]
fn a_directory_for_copies_that_cannot_be_made_is_told() {
    let sandbox = migrated();
    sandbox.file("notes", "mine");
    let before = sandbox.snapshot();
    let told = sandbox.run(["backups", "export", "notes/copies"]);
    told.code(2).stdout("").stderr(
        "error: cannot make the directory `notes/copies`: Not a directory (os error 20)\nhint: check the file or program that receives the output; every manifest is whole, old or new\n",
    );
    assert_eq!(before, sandbox.snapshot());
}

#[test]
fn a_wrong_age_is_told_with_what_was_expected() {
    let told = migrated().run(["backups", "prune", "--older-than", "7"]);
    told.code(2).stderr("error: invalid value '7' for '--older-than <AGE>': expected a number and a unit, as in 7d, 12h, 30m, 45s or 2w\nhint: see --help\n");
}

#[test]
fn no_copy_is_made_behind_a_link() {
    let sandbox = migrated();
    let before = sandbox.snapshot();
    sandbox.dir("copies");
    sandbox.link("copies/job", sandbox.path("artifacts/job"));
    let told = sandbox.run(["backups", "export", "copies", "--format", "json"]);
    told.code(1);
    assert_eq!(told.json()["backups"][0]["code"], "output_exists");
    fs::remove_dir_all(sandbox.path("copies")).unwrap();
    assert_eq!(before, sandbox.snapshot());
}

#[test]
fn how_many_backups_are_not_shown_is_said() {
    let sandbox = Sandbox::new();
    for run in 0..25 {
        sandbox.manifest(format!("job/{run:02}"), manifest("1.0.0", "one"));
    }
    sandbox.run(["--quiet"]).code(0);
    let words = ["backups", "prune", "--older-than", "0s", "--dry-run"];
    let output = sandbox.run(words);
    output.code(0);
    let shown = output.out().matches("manifest.json.backup").count();
    assert!(
        output.out().contains("... and 5 more (--all lists them)"),
        "{output}"
    );
    assert_eq!(shown, 20, "{output}");
    let all = sandbox.run([&words[..], &["--all"]].concat());
    assert_eq!(
        all.out().matches("manifest.json.backup").count(),
        25,
        "{all}"
    );
    assert!(!all.out().contains("more (--all"), "{all}");
}

#[test]
fn each_listed_manifest_is_answered_once_or_with_its_backups() {
    let sandbox = migrated();
    sandbox.manifest("job/new", manifest("1.2.0", "new"));
    let list = "job/one/manifest.json\njob/new/manifest.json\n";
    let words = ["backups", "--files-from", "-", "--format", "jsonl"];
    let output = sandbox.invoke(words).stdin(list).run();
    output.code(0);
    let lines = output.json_lines();
    let told: Vec<_> = lines[..lines.len() - 1]
        .iter()
        .map(|line| (&line["path"], &line["backup"], &line["outcome"]))
        .collect();
    let (one, new) = (
        json!("job/one/manifest.json"),
        json!("job/new/manifest.json"),
    );
    let (backup, outcome) = (json!("manifest.json.backup"), json!("no_backup"));
    assert_eq!(
        told,
        [
            (&one, &backup, &Value::Null),
            (&new, &Value::Null, &outcome)
        ],
        "{output}"
    );
}

/// What nobody could look at is not pruned, and that is said by the exit code, too.
#[test]
fn journals_that_cannot_be_read_are_trouble() {
    let sandbox = migrated();
    let operations = sandbox.path("artifacts/.migrate-manifests/operations");
    let journal = fs::read_dir(&operations).unwrap().next().unwrap().unwrap();
    if !crate::killed::has_tools() {
        return;
    }
    for words in [
        &["backups", "prune", "--older-than", "0s", "--dry-run"][..],
        &["backups"],
    ] {
        let trace = format!("--trace-path={}", journal.path().display());
        let strace = [
            "strace",
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            &*trace,
            "-e",
            "inject=pread64:error=EIO",
        ];
        let output = sandbox.invoke(words).under(strace).run();
        output.code(1);
        assert!(output.stderr.contains("(state_unreadable)"), "{output}");
    }
}
