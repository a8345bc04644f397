//! Texts before and after: each directory of `fixtures/cases` is a test.
//!
//! `before.json` is migrated by the built program with the arguments in `args`, if there are any, and must become `after.json` byte for byte. `UPDATE=1 cargo test --test it cases` writes `after.json` anew, and the difference is then to be read.
//!
//! Invariant: where the two are equal, nothing at all was written.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::value::RawValue;

use crate::support::sandbox::Sandbox;

const MANIFEST: &str = "artifacts/job/run/manifest.json";

fn cases() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases");
    let mut cases: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    cases
}

fn arguments(case: &Path) -> Vec<String> {
    let text = fs::read_to_string(case.join("args")).unwrap_or_default();
    text.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn every_text_becomes_exactly_what_its_case_says() {
    let cases = cases();
    assert!(cases.len() > 30);
    let update = std::env::var_os("UPDATE").is_some_and(|value| value == "1");
    for case in cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let before = fs::read(case.join("before.json")).unwrap();
        let sandbox = Sandbox::new();
        sandbox.file(MANIFEST, &before);
        let output = sandbox.run(arguments(&case));
        assert_eq!(output.status.code(), Some(0), "{name}: {output}");
        let found = sandbox.read(MANIFEST);
        if update {
            fs::write(case.join("after.json"), &found).unwrap();
        }
        let after = fs::read(case.join("after.json"))
            .unwrap_or_else(|error| panic!("{name}: after.json: {error} (UPDATE=1 makes it)"));
        assert!(
            found == after,
            "{name} became\n{}\nand not\n{}",
            String::from_utf8_lossy(&found),
            String::from_utf8_lossy(&after)
        );
        let backup = sandbox.path("artifacts/job/run/manifest.json.backup");
        let state = sandbox.path("artifacts/.migrate-manifests");
        assert_eq!(backup.exists(), before != after, "{name}");
        assert_eq!(state.exists(), before != after, "{name}");
        if before != after {
            assert_eq!(fs::read(&backup).unwrap(), before, "{name}");
            assert_untouched_members(&name, &before, &after);
            let again = sandbox.run(arguments(&case));
            assert_eq!(again.status.code(), Some(0), "{name}: {again}");
            assert_eq!(sandbox.read(MANIFEST), after, "{name} changed again");
        }
    }
}

/// By another reader: every member that was there keeps its bytes, but version and history.
fn assert_untouched_members(name: &str, before: &[u8], after: &[u8]) {
    type Members = BTreeMap<String, Box<RawValue>>;
    let before: Members = serde_json::from_slice(before).unwrap();
    let after: Members = serde_json::from_slice(after).unwrap();
    for (member, value) in &before {
        if member != "schema_version" && member != "migration_history" {
            assert_eq!(after[member].get(), value.get(), "{name}: {member}");
        }
    }
    for member in ["schema_version", "migration_history"] {
        assert!(after.contains_key(member), "{name} has no {member}");
    }
}
