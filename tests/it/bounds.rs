//! Bounds of what is read and of the work on one document: a file that was made to take all of it costs only itself.
//!
//! Invariant: what is too large or too costly has an answer, and everything beside it is done.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::support::sandbox::Sandbox;

const CATALOG: &str = r#"{"name":"c","kinds":{"run":{"file":"manifest.json","version":"/schema_version","history":"/migration_history","unversioned":"1.0.0","schemas":{"1.1.0":"schemas/run.json"}}}}"#;
const MIGRATION: &str = r#"{"from":"1.0.0","to":"1.1.0","kind":"run","summary":"s","steps":[{"step":"set_default","at":"/n","value":1}]}"#;

fn with_schema(schema: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("catalog/catalog.json", CATALOG);
    sandbox.file("catalog/migrations/1.json", MIGRATION);
    sandbox.file("catalog/schemas/run.json", schema);
    sandbox
}

/// A schema whose work doubles with each of its lines, for documents that have the member `costly`.
fn doubling(member: &str) -> String {
    let line = |number: usize| {
        let next = json!({"$ref": format!("#/$defs/x{}", number + 1)});
        (format!("x{number}"), json!({"anyOf": [next, next]}))
    };
    let mut lines: serde_json::Map<_, _> = (0..39).map(line).collect();
    lines.insert("x39".to_owned(), json!({"required": ["never"]}));
    json!({"properties": {member: {"$ref": "#/$defs/x0"}}, "$defs": lines}).to_string()
}

#[test]
fn a_document_that_is_too_costly_for_the_schema_is_refused_and_the_others_are_migrated() {
    let sandbox = with_schema(&doubling("costly"));
    sandbox.manifest("job/costly", r#"{"schema_version":"1.0.0","costly":{}}"#);
    sandbox.manifest("job/other", r#"{"schema_version":"1.0.0"}"#);
    for options in [&["--dry-run"][..], &["--rules", "warn"], &[]] {
        let catalog = ["--catalog", "catalog", "--format", "json"];
        let output = sandbox.run(catalog.iter().chain(options));
        output.code(1);
        let report = output.json();
        let mut manifests = report["manifests"].as_array().unwrap().iter();
        let refused = manifests.find(|one| one["path"] == "job/costly/manifest.json");
        let refused = refused.unwrap();
        assert_eq!(
            (&refused["code"], &refused["message"]),
            (
                &json!("too_costly"),
                &json!("the schema of version `1.1.0` takes more work than a document may")
            ),
            "{output}"
        );
    }
    let migrated = sandbox.read("artifacts/job/other/manifest.json");
    assert!(String::from_utf8(migrated).unwrap().contains("1.1.0"));
}

#[test]
fn a_signal_ends_the_work_in_the_middle_of_a_costly_schema() {
    let sandbox = with_schema(&doubling("costly"));
    // The larger a document, the more work it may be: this one would take minutes.
    let long = "x".repeat(8 * 1024 * 1024);
    let text = format!(r#"{{"schema_version":"1.0.0","costly":{{}},"long":"{long}"}}"#);
    sandbox.manifest("job/costly", text);
    let running = sandbox
        .invoke(["--catalog", "catalog", "--jobs", "2"])
        .spawn();
    let id = Pid::from_raw(i32::try_from(running.id()).unwrap()).unwrap();
    std::thread::sleep(Duration::from_secs(3));
    let sent = Instant::now();
    kill_process(id, Signal::TERM).unwrap();
    let output = running.wait();
    output.code(143);
    assert!(output.stdout.contains("Stopped early: "), "{output}");
    assert!(sent.elapsed() < Duration::from_secs(5), "{output}");
}

#[test]
fn a_pattern_without_a_linear_engine_is_an_error_of_the_catalog_with_its_place() {
    let sandbox = with_schema(r#"{"properties":{"v":{"pattern":"(?=a*b)a"}}}"#);
    let output = sandbox.run(["catalog", "check", "--catalog", "catalog"]);
    output.code(1);
    let place = "schemas/run.json:1:31: not a JSON Schema: it is no pattern whose time is bounded";
    assert!(output.out().contains(place), "{output}");
}

const ID: &str = "20260101T000000Z-1";

/// A tree with one manifest, and state in which nothing was done.
fn with_state() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.manifest("job/run", r#"{"schema_version":"1.0.0","run_id":"r"}"#);
    let state = "artifacts/.migrate-manifests";
    for part in ["operations", "staging", "catalogs"] {
        sandbox.dir(format!("{state}/{part}"));
        sandbox.mode(format!("{state}/{part}"), 0o700);
    }
    sandbox.mode(state, 0o700);
    sandbox
}

/// A file of nothing, larger than memory.
fn plant(sandbox: &Sandbox, path: &str) {
    sandbox.file(path, "");
    let path = sandbox.path(path);
    let file = std::fs::OpenOptions::new().write(true).open(path);
    file.unwrap().set_len(100 << 30).unwrap();
}

/// Runs the program with two gigabytes of addresses.
fn run_small(sandbox: &Sandbox, words: &[&str]) -> crate::support::sandbox::Output {
    let limit = ["sh", "-c", "ulimit -v 2000000 && exec \"$@\"", "sh"];
    let invocation = sandbox.invoke(words).under(limit);
    invocation.limit(Duration::from_secs(20)).run()
}

#[test]
fn an_endless_journal_is_unknown_and_is_not_read_to_its_end() {
    let sandbox = with_state();
    let state = "artifacts/.migrate-manifests";
    plant(&sandbox, &format!("{state}/operations/{ID}.jsonl"));
    run_small(&sandbox, &["status"]).code(0);
    for words in [&["verify"][..], &["operations"], &["rollback", "--last"]] {
        let output = run_small(&sandbox, words);
        let told = format!("{}{}", output.stdout, output.stderr);
        assert!(told.contains(ID), "{words:?} {output}");
    }
    sandbox.dir(format!("{state}/staging/{ID}"));
    let output = run_small(&sandbox, &[]);
    output.code(1);
    let told = format!("{}{}", output.stdout, output.stderr);
    assert!(told.contains("journal_unknown"), "{output}");
    let migrated = sandbox.read("artifacts/job/run/manifest.json");
    assert!(String::from_utf8(migrated).unwrap().contains("1.2.0"));
}

#[test]
fn endless_files_beside_manifests_and_in_the_state_are_not_read() {
    let sandbox = with_state();
    let state = "artifacts/.migrate-manifests";
    let run = "artifacts/job/run";
    sandbox.dir(format!("{state}/staging/{ID}"));
    for path in [
        format!("{run}/.migrate-manifests.{ID}.aaaa"),
        format!("{run}/manifest.json.backup"),
        format!("{state}/staging/{ID}/x-y-z"),
    ] {
        plant(&sandbox, &path);
    }
    run_small(&sandbox, &["--quiet"]).code(1);
    let migrated = sandbox.read("artifacts/job/run/manifest.json");
    assert!(String::from_utf8(migrated).unwrap().contains("1.2.0"));
    for words in [
        &["verify", "--replay"][..],
        &["backups"],
        &["backups", "prune", "--older-than", "0m", "--dry-run"],
        &["backups", "export", "out"],
        &["explain", "artifacts/job/run/manifest.json"],
    ] {
        let output = run_small(&sandbox, words);
        assert!(
            output.status.code().is_some_and(|code| code < 2),
            "{words:?} {output}"
        );
    }
    run_small(&sandbox, &["rollback", "--last"]).code(0);
}

#[test]
fn a_list_of_manifests_without_an_end_is_refused_at_once() {
    let sandbox = with_state();
    let output = run_small(&sandbox, &["--files-from", "/dev/zero"]);
    output.code(2);
    assert!(output.stderr.contains("entry 1: `"), "{output}");
    assert!(output.stderr.len() < 1000, "{output}");
}
