//! The generators of trees and of trouble: the same seed makes the same files, and what a manifest declares is there.
//!
//! Invariant: hashes and identities are computed here anew, never taken from the generator.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use migrate_manifests::code::{Class, Code};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use walkdir::{DirEntry, WalkDir};

use crate::support::demo;
use crate::support::is_root;
use crate::support::sandbox::Sandbox;
use crate::support::snapshot::{Content, Detail, Snapshot};
use crate::support::tree::{Layout, Numbers, Payload, Run, TreeSpec, generate};
use crate::support::trouble::{self, Make, Privileges};

fn spec(seed: u64, runs: usize) -> TreeSpec {
    TreeSpec {
        deferred_percent: 5,
        rerun_percent: 10,
        jobs: 3,
        ..TreeSpec::new(seed, runs)
    }
}

#[test]
fn a_seed_makes_the_same_tree_every_time() {
    let (one, two, other) = (Sandbox::new(), Sandbox::new(), Sandbox::new());
    let summary = generate(one.root(), &spec(7, 120)).unwrap();
    assert_eq!(summary, generate(two.root(), &spec(7, 120)).unwrap());
    assert_eq!(one.snapshot(), two.snapshot());
    assert_ne!(
        summary.digest,
        generate(other.root(), &spec(8, 120)).unwrap().digest
    );
}

#[test]
fn the_digest_of_a_seed_never_changes() {
    let sandbox = Sandbox::new();
    let summary = generate(sandbox.root(), &spec(7, 120)).unwrap();
    // Benchmarks of different days are compared: whoever changes the generator changes this, knowingly.
    assert_eq!(
        summary.digest,
        "0fb53bb22143876f7c4bf3e55247b9ca2658688859b5796bf2fdb9e37aef8ce7"
    );
}

#[test]
fn a_short_tree_is_the_beginning_of_a_long_one() {
    let (short, long) = (Sandbox::new(), Sandbox::new());
    generate(short.root(), &spec(7, 40)).unwrap();
    generate(long.root(), &spec(7, 120)).unwrap();
    let differences = short.snapshot().differences(&long.snapshot());
    assert_eq!(
        differences
            .iter()
            .filter(|line| !line.starts_with('+'))
            .count(),
        0,
        "{differences:?}"
    );
}

#[test]
fn the_summary_counts_what_is_there() {
    let sandbox = Sandbox::new();
    let summary = generate(sandbox.root(), &spec(7, 400)).unwrap();
    let walk = || WalkDir::new(sandbox.root()).into_iter().map(Result::unwrap);
    assert_eq!(
        walk().filter(|e| e.file_name() == "manifest.json").count(),
        summary.found
    );
    assert_eq!(
        walk().filter(DirEntry::path_is_symlink).count(),
        summary.aliases
    );
    assert_eq!(
        summary.found,
        summary.pending + summary.current + summary.deferred
    );
    assert_eq!(summary.found, summary.versions.values().sum::<usize>());
    assert!(
        summary.aliases > 0 && summary.deferred > 0 && summary.versions.len() == 3,
        "{summary:?}"
    );
    let mean = summary.bytes / summary.found as u64;
    assert!(
        (2_500..2_900).contains(&mean),
        "{mean} bytes for each manifest"
    );
    let current = summary.current * 100 / summary.found;
    assert!((5..15).contains(&current), "{current} percent are current");
}

#[test]
fn every_hash_in_a_generated_tree_is_true() {
    let sandbox = Sandbox::new();
    let summary = generate(sandbox.root(), &spec(7, 200)).unwrap();
    let mut reruns = 0;
    for index in 0..summary.found {
        let run = Run::new(&spec(7, 200), index);
        let dir = sandbox.path("artifacts").join(&run.dir);
        let manifest: Value =
            serde_json::from_slice(&fs::read(dir.join("manifest.json")).unwrap()).unwrap();
        for (path, output) in manifest["artifacts"].as_object().unwrap() {
            assert_file(&dir.join(path), output);
        }
        if run.version == "1.0.0" {
            assert!(manifest.get("job_id").is_none() && manifest.get("input_snapshots").is_none());
            assert_eq!(
                run.dir,
                format!("runs/{}", manifest["run_id"].as_str().unwrap())
            );
            continue;
        }
        reruns += usize::from(assert_identity(&dir, &run.dir, &manifest));
    }
    assert!(reruns > 0);
}

/// Whether it is a rerun.
fn assert_identity(dir: &Path, name: &str, manifest: &Value) -> bool {
    let snapshots = manifest["input_snapshots"].as_object().unwrap();
    let hashes: BTreeMap<&String, &Value> = snapshots
        .iter()
        .map(|(name, snapshot)| {
            assert_file(&dir.join(snapshot["path"].as_str().unwrap()), snapshot);
            (name, &snapshot["sha256"])
        })
        .collect();
    assert_eq!(hashes.len(), 4);
    let inputs_hash = sha256(serde_json::to_string(&hashes).unwrap().as_bytes());
    assert_eq!(manifest["inputs_hash"], inputs_hash.as_str());
    let run_id = manifest["run_id"].as_str().unwrap();
    let (stem, rerun) = run_id
        .strip_suffix("-2")
        .map_or((run_id, false), |stem| (stem, true));
    assert_eq!(
        format!("sha256:{stem}"),
        inputs_hash[.."sha256:".len() + 32]
    );
    assert_eq!(
        name,
        format!("{}/{run_id}", manifest["job_id"].as_str().unwrap())
    );

    let read = |path: &str| -> Value {
        serde_json::from_slice(&fs::read(dir.join(path)).unwrap()).unwrap()
    };
    let brief = read("inputs/brief.resolved.json");
    // `Value` prints compact and in order, which is what the pipeline hashes.
    assert_eq!(manifest["brief_hash"], sha256(brief.to_string().as_bytes()));
    let context = read("inputs/context.resolved.json");
    assert_eq!(
        manifest["context_content_hash"],
        sha256(context["content"].as_str().unwrap().as_bytes())
    );
    assert_eq!(manifest["context_content_hash"], context["content_hash"]);
    assert_eq!(
        manifest["context_spec_hash"],
        sha256(context["spec"].to_string().as_bytes())
    );
    let doctrine = read("inputs/doctrine.resolved.json");
    for member in ["doctrine_id", "sha256", "version"] {
        assert_eq!(manifest["doctrine"][member], doctrine[member]);
    }
    assert_eq!(
        doctrine["sha256"],
        sha256(doctrine["content"].as_str().unwrap().as_bytes())
    );
    rerun
}

fn assert_file(path: &Path, declared: &Value) {
    let bytes = fs::read(path).unwrap();
    assert_eq!(declared["bytes"], bytes.len());
    assert_eq!(declared["sha256"], sha256(&bytes));
}

/// Not the generator's own: a second opinion.
fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold("sha256:".to_owned(), |text, byte| {
            format!("{text}{byte:02x}")
        })
}

#[test]
fn a_payload_is_full_hollow_or_absent() {
    for (payload, files, bytes) in [
        (Payload::Full, true, true),
        (Payload::Hollow, true, false),
        (Payload::Absent, false, false),
    ] {
        let sandbox = Sandbox::new();
        generate(
            sandbox.root(),
            &TreeSpec {
                payload,
                ..spec(7, 30)
            },
        )
        .unwrap();
        let inputs: Vec<u64> = WalkDir::new(sandbox.root())
            .into_iter()
            .map(Result::unwrap)
            .filter(|entry| entry.file_type().is_file() && entry.file_name() != "manifest.json")
            .map(|entry| entry.metadata().unwrap().len())
            .collect();
        assert_eq!(!inputs.is_empty(), files, "{payload:?}");
        assert_eq!(inputs.iter().sum::<u64>() > 0, bytes, "{payload:?}");
    }
}

#[test]
fn every_layout_of_a_run_says_the_same_in_other_bytes() {
    let print = |layout| Run::of(1, "1.1.0", "succeeded", layout).manifest;
    let value = |bytes: &[u8]| -> Value {
        let mut value: Value = serde_json::from_slice(bytes).unwrap();
        // As much text as brings the manifest to its size.
        value["meta"]["note"].take();
        value
    };
    let pipeline = value(&print(Layout::PIPELINE));
    let texts: BTreeSet<Vec<u8>> = Layout::ALL
        .iter()
        .map(|(_, layout)| print(*layout))
        .collect();
    assert_eq!(texts.len(), Layout::ALL.len());
    assert!(texts.iter().all(|text| value(text) == pipeline));
}

#[test]
fn numbers_beyond_a_double_are_made_only_on_request() {
    let refused = |numbers| {
        let spec = TreeSpec {
            numbers,
            ..spec(7, 0)
        };
        let fails =
            |n: &usize| serde_json::from_slice::<Value>(&Run::new(&spec, *n).manifest).is_err();
        (0..200).filter(fails).count()
    };
    assert_eq!(refused(Numbers::Double), 0);
    assert!(refused(Numbers::Any) > 0);
}

#[test]
fn there_are_a_hundred_kinds_of_trouble_each_with_a_name_of_its_own() {
    let names: BTreeSet<_> = trouble::all().map(|trouble| trouble.name).collect();
    assert!(names.len() >= 100, "{}", names.len());
    assert_eq!(names.len(), trouble::all().count());
}

#[test]
fn what_is_expected_of_trouble_are_codes_of_the_library() {
    for trouble in trouble::all() {
        let code = Code::ALL
            .iter()
            .find(|code| code.as_str() == trouble.expect.code);
        let outcome = match code.map(|code| code.class()) {
            Some(Class::Refused) => "refused",
            Some(Class::Failed) => "failed",
            Some(Class::Warning) => "warning",
            Some(class) => panic!("{}: {class:?}", trouble.name),
            None => {
                assert_eq!(
                    trouble.expect.code, "",
                    "{} has an unknown code",
                    trouble.name
                );
                continue;
            }
        };
        assert_eq!(trouble.expect.outcome, outcome, "{}", trouble.name);
    }
}

#[test]
fn every_refusal_of_a_text_has_its_trouble() {
    let expected: BTreeSet<_> = trouble::all().map(|trouble| trouble.expect.code).collect();
    let end = Code::ALL
        .iter()
        .position(|code| *code == Code::RequiredMissing)
        .unwrap();
    let without: Vec<_> = Code::ALL[..=end]
        .iter()
        .filter(|code| !expected.contains(code.as_str()))
        .collect();
    // Every version of the built-in catalog leads to the latest, what is above it is left alone, and there is one kind.
    assert_eq!(
        without,
        [&Code::NoRoute, &Code::NoWayDown, &Code::KindUnknown]
    );
}

/// The codes of texts that are not JSON, or that no reader can be asked to read.
const NOT_JSON: [&str; 9] = [
    "not_utf8",
    "byte_order_mark",
    "empty",
    "syntax_error",
    "truncated",
    "trailing_data",
    "not_a_number",
    "lone_surrogate",
    "too_deep",
];

/// What `serde_json` cannot tell, or sees otherwise: its limit of depth is 127, and it has no numbers beyond a double.
const OTHERWISE: [&str; 3] = ["depth-128", "long-number", "number-beyond-double"];

#[test]
fn serde_json_agrees_on_which_trouble_is_json() {
    for trouble in trouble::all().filter(|trouble| !OTHERWISE.contains(&trouble.name)) {
        let Some(bytes) = trouble.make.bytes() else {
            continue;
        };
        let text = serde_json::from_slice::<Value>(&bytes);
        let expect_json = !NOT_JSON.contains(&trouble.expect.code);
        assert_eq!(text.is_ok(), expect_json, "{}: {text:?}", trouble.name);
        if let ("truncated" | "syntax_error", Err(error)) = (trouble.expect.code, &text) {
            let is_end = trouble.expect.code == "truncated";
            assert_eq!(error.is_eof(), is_end, "{}: {error}", trouble.name);
        }
        if trouble.expect.code == "not_an_object" {
            assert!(!text.unwrap().is_object(), "{}", trouble.name);
        }
    }
}

#[test]
fn no_trouble_with_bytes_is_made_twice() {
    let mut made: BTreeMap<Vec<u8>, &str> = BTreeMap::new();
    for trouble in trouble::all() {
        if let Some(bytes) = trouble.make.bytes() {
            let before = made.insert(bytes, trouble.name);
            assert_eq!(before, None, "the same as {}", trouble.name);
        }
    }
}

#[test]
fn all_trouble_can_be_made_and_stands_where_it_is_expected() {
    let privileges = if is_root() {
        Privileges::Root
    } else {
        Privileges::User
    };
    let sandbox = Sandbox::new();
    let expected = trouble::make_all(sandbox.root(), privileges).unwrap();
    assert!(
        expected
            .iter()
            .any(|expected| expected.name == "healthy-1.2.0-crlf")
    );
    for expected in &expected {
        let path = sandbox.path("artifacts").join(&expected.path);
        // What a user cannot see into is not asked for what is in it.
        if expected.outcome != "directories_failed" {
            assert!(path.symlink_metadata().is_ok(), "{}", expected.name);
        }
    }
    let paths: BTreeSet<_> = expected.iter().map(|expected| &expected.path).collect();
    assert_eq!(paths.len(), expected.len());
    // Every manifest that a walk can find is expected to be found.
    let opaque = |name: &std::ffi::OsStr| name == "inputs" || name == "outputs" || name == ".cache";
    let walk = WalkDir::new(sandbox.path("artifacts"))
        .min_depth(1)
        .into_iter();
    for entry in walk
        .filter_entry(|entry| !opaque(entry.file_name()))
        .filter_map(Result::ok)
    {
        if entry.file_name() == "manifest.json" {
            let path = entry
                .path()
                .strip_prefix(sandbox.path("artifacts"))
                .unwrap();
            assert!(
                paths.contains(&path.to_owned()),
                "{} is not expected",
                path.display()
            );
        }
    }
    trouble::unlock(sandbox.root()).unwrap();
}

#[test]
fn trouble_that_is_not_bytes_is_made_by_a_function() {
    let places = trouble::all().filter(|trouble| matches!(trouble.make, Make::Place(_)));
    assert!(places.count() > 30);
}

#[test]
fn the_trees_that_ship_are_what_the_generator_makes() {
    let sandbox = Sandbox::new();
    demo::make(sandbox.root()).unwrap();
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let contents = |root: &Path| -> BTreeMap<_, Content> {
        let Snapshot(entries) = Snapshot::of(root, Detail::default());
        entries
            .into_iter()
            .map(|(path, entry)| (path, entry.content))
            // An empty directory does not survive a clone.
            .filter(|(_, content)| *content != Content::Directory)
            .collect()
    };
    // Modes are those of whoever checked the project out.
    for tree in ["demo", "troubled"] {
        assert_eq!(
            contents(&sandbox.path(tree)),
            contents(&committed.join(tree))
        );
    }
}
