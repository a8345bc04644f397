//! Whole systems as catalogs: each directory of `fixtures/catalogs` has a tree before and after, and documents that are right and wrong.
//!
//! `tree` must become `expected`. Each directory in `invalid` and `broken` has in `told` what is said of it: a document that `validate` refuses, and documents that are refused when they are added to `tree`; so have catalogs in `refused` and documents in `lossy`. `UPDATE=1 cargo test --test it seeds` writes `expected` and `told` anew, and the difference is then to be read.
//!
//! Invariant: what a catalog refuses leaves every file as it was.

mod columns;
mod page;
mod records;
mod refused;
mod ways_down;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::support::sandbox::{Output, Sandbox};

const CATALOGS: [&str; 3] = ["attribution", "domain-identity", "revenue"];

fn fixture(name: &str) -> PathBuf {
    let catalogs = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/catalogs");
    catalogs.join(name)
}

/// The tree of a catalog, before.
fn tree(name: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.copy(fixture(name).join("tree"), "artifacts");
    sandbox
}

fn run(sandbox: &Sandbox, name: &str, words: &[&str]) -> Output {
    let catalog = fixture(name);
    let with = ["--catalog", catalog.to_str().unwrap()];
    sandbox.run([words, &with].concat())
}

fn update() -> bool {
    std::env::var_os("UPDATE").is_some_and(|value| value == "1")
}

/// Path to bytes of the manifests below a directory: no backups, no state.
fn manifests(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in WalkDir::new(dir) {
        let entry = entry.unwrap();
        let path = entry.path().strip_prefix(dir).unwrap();
        let is_ours = path.extension().is_some_and(|end| end == "json")
            && !path.starts_with(".migrate-manifests");
        if entry.file_type().is_file() && is_ours {
            found.insert(path.to_owned(), fs::read(entry.path()).unwrap());
        }
    }
    found
}

fn assert_as_expected(name: &str, sandbox: &Sandbox) {
    let expected = fixture(name).join("expected");
    let found = manifests(&sandbox.path("artifacts"));
    if update() {
        for (path, bytes) in &found {
            let path = expected.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }
    let expected = manifests(&expected);
    let paths: Vec<_> = expected.keys().collect();
    assert_eq!(paths, found.keys().collect::<Vec<_>>(), "{name}");
    for (path, bytes) in &expected {
        let (expected, found) = (
            String::from_utf8_lossy(bytes),
            String::from_utf8_lossy(&found[path]),
        );
        assert!(
            expected == found,
            "{name}: {} is\n{found}\nand not\n{expected}",
            path.display()
        );
    }
}

#[test]
fn every_tree_is_migrated_as_expected_proved_and_brought_back() {
    for name in CATALOGS {
        let sandbox = tree(name);
        let before = sandbox.snapshot();
        run(&sandbox, name, &["--dry-run", "--quiet"]).code(0);
        assert!(before.differences(&sandbox.snapshot()).is_empty(), "{name}");
        run(&sandbox, name, &["--quiet"]).code(0).stderr("");
        assert_as_expected(name, &sandbox);
        for proof in [&["verify"][..], &["verify", "--replay"]] {
            let report = run(&sandbox, name, &[proof, &["--format", "json"]].concat());
            let report = report.code(0).json();
            assert_eq!(report["findings"], serde_json::json!({}), "{name}");
        }
        let after = sandbox.snapshot();
        run(&sandbox, name, &["--check"]).code(0);
        run(&sandbox, name, &["--quiet"]).code(0).stderr("");
        assert!(after.differences(&sandbox.snapshot()).is_empty(), "{name}");
        run(&sandbox, name, &["rollback", "--last", "--quiet"]).code(0);
        let back = sandbox.snapshot_without_state();
        assert!(before.differences(&back).is_empty(), "{name}");
    }
}

/// The directories in a directory of a catalog's fixture, by name.
fn cases(name: &str, which: &str) -> Vec<(String, PathBuf)> {
    let dir = fixture(name).join(which);
    if which == "lossy" && !dir.is_dir() {
        return Vec::new();
    }
    let entries = fs::read_dir(dir).unwrap();
    let mut cases: Vec<_> = entries
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
        .collect();
    cases.sort();
    cases
}

fn assert_told(case: &Path, told: &str) {
    assert!(!told.is_empty(), "{}: nothing is told", case.display());
    let golden = case.join("told");
    if update() {
        fs::write(&golden, told).unwrap();
    }
    let expected = fs::read_to_string(&golden).unwrap_or_default();
    assert_eq!(told, expected, "{}", case.display());
}

fn validated(name: &str, case: &Path) -> Output {
    let sandbox = Sandbox::new();
    let documents = manifests(case);
    let (file, bytes) = documents.first_key_value().unwrap();
    sandbox.file(file, bytes);
    let file = file.to_str().unwrap();
    run(&sandbox, name, &["validate", file, "--quiet"])
}

#[test]
fn a_document_is_valid_or_is_told_why_not() {
    for name in CATALOGS {
        for (_, case) in cases(name, "valid") {
            validated(name, &case).code(0).stdout("").stderr("");
        }
        for (path, bytes) in manifests(&fixture(name).join("expected")) {
            let file = path.file_name().unwrap().to_str().unwrap();
            let sandbox = Sandbox::new();
            sandbox.file(file, bytes);
            let output = run(&sandbox, name, &["validate", file, "--quiet"]);
            output.code(0).stdout("").stderr("");
        }
        for (_, case) in cases(name, "invalid") {
            let output = validated(name, &case);
            assert_told(&case, &output.code(1).stdout);
        }
    }
}

/// Path, code and message of each manifest that an operation refused.
fn refused(output: &Output) -> Vec<[String; 3]> {
    let report = output.code(1).json();
    let manifests = report["manifests"].as_array().unwrap().iter();
    manifests
        .filter(|one| one["outcome"] == "refused")
        .map(|one| ["path", "code", "message"].map(|name| one[name].as_str().unwrap().to_owned()))
        .collect()
}

/// The same, as `told` has it.
fn told_of(output: &Output) -> String {
    let told: Vec<_> = refused(output)
        .iter()
        .map(|[path, code, message]| format!("{path}\n  {code}: {message}\n"))
        .collect();
    told.concat()
}

#[test]
fn documents_that_break_a_tree_are_refused_by_name_and_stay_as_they_were() {
    for name in CATALOGS {
        for (_, case) in cases(name, "broken") {
            let sandbox = tree(name);
            let added = manifests(&case);
            for (path, bytes) in &added {
                sandbox.file(Path::new("artifacts").join(path), bytes);
            }
            let output = run(&sandbox, name, &["--format", "json"]);
            assert_told(&case, &told_of(&output));
            for (path, bytes) in &added {
                let found = sandbox.read(Path::new("artifacts").join(path));
                assert_eq!(&found, bytes, "{}", case.display());
            }
        }
    }
}

#[test]
fn what_was_backfilled_is_counted_by_member() {
    let sandbox = tree("attribution");
    run(&sandbox, "attribution", &["--quiet"]).code(0);
    let words = ["status", "--backfilled", "--format", "json"];
    let report = run(&sandbox, "attribution", &words).code(0).json();
    assert_eq!(
        report["backfilled"],
        serde_json::json!({"/actor_id": 1, "/actor_type": 2, "/agent_id": 3, "/source": 3})
    );
    let words = [
        "status",
        "--fields",
        "agent_id,actor_type",
        "--format",
        "json",
    ];
    let report = run(&sandbox, "attribution", &words).code(0).json();
    for field in report["fields"].as_array().unwrap() {
        assert_eq!(
            (&field["null"], &field["missing"]),
            (&0.into(), &0.into()),
            "{field}"
        );
    }
}

#[test]
fn with_rules_warn_what_is_known_too_little_of_is_migrated_and_told() {
    let sandbox = tree("attribution");
    sandbox.copy(
        fixture("attribution").join("broken/actor-of-no-agent/acme"),
        "artifacts/acme",
    );
    let words = ["--rules", "warn", "--format", "json"];
    let report = run(&sandbox, "attribution", &words).code(0).json();
    assert_eq!(report["counts"]["migrated"], 6);
    assert_eq!(report["warnings"][0]["code"], "rule_warned");
}
