//! Down and up again: every revision where each step has an inverse, and what is said where one has none.
//!
//! Invariant: what is compared is what the documents say, without version and history.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{CATALOGS, assert_told, cases, fixture, manifests, refused, run, told_of, tree};
use crate::support::sandbox::Sandbox;

/// What the manifests say, but for version and history.
fn said(sandbox: &Sandbox) -> BTreeMap<PathBuf, Value> {
    let mut said = BTreeMap::new();
    for (path, bytes) in manifests(&sandbox.path("artifacts")) {
        let mut document: Value = serde_json::from_slice(&bytes).unwrap();
        let members = document.as_object_mut().unwrap();
        members.remove("schema_version");
        members.remove("migration_history");
        said.insert(path, document);
    }
    said
}

/// The versions of each kind of `revenue`: one revision leads from each to the next.
const REVISIONS: [(&str, &[&str]); 5] = [
    ("tenant", &["1.0.0", "1.1.0"]),
    ("event", &["1.0.0", "1.1.0"]),
    ("allocation", &["1.0.0", "1.1.0", "1.2.0"]),
    ("ledger", &["1.0.0", "1.1.0", "1.2.0", "1.3.0"]),
    ("dead_event", &["1.0.0", "1.1.0"]),
];

const POSTED: &str = "t-1/l-3/ledger.json";

/// A catalog of one kind of `revenue`, without the rules that ask documents of other kinds.
fn kind_alone(kind: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let catalog = fixture("revenue");
    for part in ["migrations", "schemas"] {
        for (file, bytes) in manifests(&catalog.join(part)) {
            if file.to_str().unwrap().starts_with(&format!("{kind}-")) {
                sandbox.file(Path::new("catalog").join(part).join(file), bytes);
            }
        }
    }
    let head = fs::read(catalog.join("catalog.json")).unwrap();
    let mut head: Value = serde_json::from_slice(&head).unwrap();
    head["kinds"]
        .as_object_mut()
        .unwrap()
        .retain(|name, _| name == kind);
    head["kinds"][kind]["rules"]
        .as_array_mut()
        .unwrap()
        .retain(|rule| rule.get("kind").is_none() && rule.get("match").is_none());
    sandbox.file("catalog/catalog.json", head.to_string());
    for (path, bytes) in manifests(&catalog.join("tree")) {
        if path.ends_with(format!("{kind}.json")) && path != Path::new(POSTED) {
            sandbox.file(Path::new("artifacts").join(path), bytes);
        }
    }
    sandbox
}

#[test]
fn every_revision_of_revenue_goes_up_down_and_up_again() {
    for (kind, versions) in REVISIONS {
        let sandbox = kind_alone(kind);
        let to = |version: &str| {
            let words = ["--catalog", "catalog", "--quiet", "--allow-downgrade"];
            let words = [&words[..], &["--target-version", version]].concat();
            sandbox.run(words).code(0).stdout("").stderr("");
            said(&sandbox)
        };
        for pair in versions.windows(2) {
            let (below, above) = (to(pair[0]), to(pair[1]));
            assert_eq!(to(pair[0]), below, "{kind} {pair:?}");
            assert_eq!(to(pair[1]), above, "{kind} {pair:?}");
        }
        let check = ["verify", "--replay", "--catalog", "catalog"];
        sandbox.run(check).code(0);
    }
}

#[test]
fn the_whole_tree_goes_up_and_down_and_kinds_without_the_version_stay_and_are_told() {
    let sandbox = tree("revenue");
    fs::remove_file(sandbox.path(Path::new("artifacts").join(POSTED))).unwrap();
    let mut seen: BTreeMap<&str, BTreeMap<PathBuf, Value>> = BTreeMap::new();
    for (target, stay) in [
        ("1.0.0", 0),
        ("1.1.0", 0),
        ("1.2.0", 6),
        ("1.3.0", 11),
        ("1.2.0", 6),
        ("1.1.0", 0),
        ("1.0.0", 0),
        ("1.1.0", 0),
        ("1.2.0", 6),
        ("1.3.0", 11),
    ] {
        let words = ["--allow-downgrade", "--target-version", target];
        let words = [&words[..], &["--format", "json"]].concat();
        let output = run(&sandbox, "revenue", &words);
        let told = match stay {
            0 => {
                output.code(0);
                Vec::new()
            }
            _ => refused(&output),
        };
        let codes: Vec<_> = told.iter().map(|[_, code, _]| code.as_str()).collect();
        assert_eq!(codes, vec!["no_route"; stay], "{target}");
        let here = said(&sandbox);
        let before = seen.entry(target).or_insert_with(|| here.clone());
        assert_eq!(*before, here, "{target}");
    }
    run(&sandbox, "revenue", &["verify", "--replay"]).code(0);
}

fn refused_on_the_way_down(name: &str, target: &str) -> Vec<String> {
    let sandbox = tree(name);
    run(&sandbox, name, &["--quiet"]).code(0);
    let words = ["--allow-downgrade", "--target-version", target];
    let words = [&words[..], &["--format", "json"]].concat();
    refused(&run(&sandbox, name, &words))
        .iter()
        .map(|[path, _, message]| format!("{path}: {message}"))
        .collect()
}

#[test]
fn a_posting_that_names_its_allocation_is_not_taken_down_to_where_it_could_not() {
    assert_eq!(
        refused_on_the_way_down("revenue", "1.0.0"),
        [
            "t-1/l-3/ledger.json: `coalesce /posted_at` of migration `1.0.0 to 1.1.0` cannot be undone: `/posted_at` is `\"2025-11-12T11:00:00Z\"`, expected `\"2025-11-12T10:00:00Z\"`"
        ]
    );
}

#[test]
fn a_document_that_says_more_than_a_step_would_have_is_not_taken_down() {
    for name in CATALOGS {
        for (_, case) in cases(name, "lossy") {
            let sandbox = tree(name);
            fs::remove_file(sandbox.path(Path::new("artifacts").join(POSTED))).unwrap();
            let born = manifests(&case);
            for (path, bytes) in &born {
                sandbox.file(Path::new("artifacts").join(path), bytes);
            }
            let before = sandbox.snapshot_without_state();
            let words = ["--allow-downgrade", "--target-version", "1.0.0"];
            let words = [&words[..], &["--format", "json"]].concat();
            assert_told(&case, &told_of(&run(&sandbox, name, &words)));
            let after = sandbox.snapshot_without_state();
            assert!(before.differences(&after).is_empty(), "{}", case.display());
        }
    }
}

#[test]
fn every_migration_has_fixtures_that_are_tried_with_the_tree() {
    for name in CATALOGS {
        let sandbox = tree(name);
        let tested = run(&sandbox, name, &["catalog", "test", "--on", "."]);
        assert!(
            tested.code(0).out().ends_with(" Nothing to remark.\n"),
            "{tested}"
        );
        let lint = run(&sandbox, name, &["catalog", "lint", "--on", "."]);
        assert!(!lint.code(0).out().contains("no_fixture"), "{lint}");
    }
}

#[test]
fn what_was_destroyed_or_guessed_has_no_way_down() {
    let told = refused_on_the_way_down("attribution", "1.0.0");
    assert_eq!(
        told[0],
        "acme/run-0001/run.json: no way leads down: `set_default /agent_id` of migration `1.0.0 to 1.1.0` has no inverse: whether the member was missing or null cannot be told afterwards"
    );
    assert_eq!(told.len(), 6);
    let told = refused_on_the_way_down("domain-identity", "1.0.0");
    assert_eq!(
        told[0],
        "org-1/finance/domain.json: no way leads down: `remove /domain_id` of migration `1.0.0 to 2.0.0` has no inverse: what it removed is gone"
    );
    assert_eq!(told.len(), 8);
}
