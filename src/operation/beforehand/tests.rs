//! A tree that changes between the first look at it and the lock.
//!
//! Invariant: what is told is what others had left by then.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicUsize;

use tempfile::TempDir;

use super::raced::Raced;
use crate::catalog::{Catalog, Source};
use crate::clock::Timestamp;
use crate::code::Code;
use crate::operation::{Depth, Options, Survey, migrate};
use crate::path::TreePath;
use crate::report::{Diagnosis, Enforcement, Outcome, Summary};
use crate::selection::Selection;
use crate::storage::kernel::Kernel;
use crate::storage::{FileSystem, OpenOptions, STATE_DIRECTORY, Storage};

/// A kind in which 1.1.0 adds `/s`, with these rules.
fn catalog(rules: &str) -> Catalog {
    let kind = format!(
        r#"{{"name":"c","kinds":{{"doc":{{"file":"manifest.json","version":"/v","history":"/h","unversioned":"1.0.0","rules":[{rules}]}}}}}}"#
    );
    let edge = r#"{"from":"1.0.0","to":"1.1.0","kind":"doc","summary":"s","steps":[{"step":"set_default","at":"/s","value":"a"}]}"#;
    let files = BTreeMap::from([
        ("catalog.json".to_owned(), kind),
        ("migrations/a.json".to_owned(), edge.to_owned()),
    ]);
    Catalog::from_files(Source::BuiltIn, &files).unwrap()
}

const UNIQUE: &str = r#"{"rule":"unique","at":["/id"],"name":"one id"}"#;
const HALTS: &str = r#"{"rule":"unique","at":["/id"],"name":"one id","on_failure":"halt"}"#;

fn put(tree: &Path, run: &str, text: &str) {
    std::fs::create_dir_all(tree.join(run)).unwrap();
    std::fs::write(tree.join(run).join("manifest.json"), text).unwrap();
}

fn options(depth: Depth) -> Options {
    let now = Timestamp::from_unix_seconds(1_772_274_600).unwrap();
    Options {
        depth,
        command: "migrate",
        tree: "/tree".to_owned(),
        now,
        started: now,
        target: None,
        include_running: false,
        allow_downgrade: false,
        survey: Survey::default(),
        selection: Selection::default(),
        plan: None,
        jobs: NonZeroUsize::MIN,
        batch: NonZeroUsize::MAX,
        rules: Enforcement::AsWritten,
        max_failures: None,
        wait: false,
    }
}

/// What came of a migration.
struct Came {
    summary: Summary,
    /// Each manifest with its outcome, and the message where it is in trouble.
    told: Vec<String>,
    listed: usize,
    locked: usize,
    /// How many journals there are; `None` where there is no state.
    journals: Option<usize>,
}

fn run(tree: &TempDir, rules: &str, depth: Depth, before_lock: &(dyn Fn() + Sync)) -> Came {
    let (kernel, root) = Kernel::open(tree.path()).unwrap();
    let storage = Raced {
        inner: FileSystem::new(kernel, root, b"/tree".to_vec(), OpenOptions::default()),
        before_lock,
        unlisted: None,
        listed: AtomicUsize::new(0),
        locked: AtomicUsize::new(0),
    };
    let mut told: Vec<Outcome> = Vec::new();
    let options = Options {
        wait: depth == Depth::Write && rules.is_empty(),
        ..options(depth)
    };
    let summary = migrate(&storage, &catalog(rules), &options, &|| None, &mut told);
    let journals = std::fs::read_dir(tree.path().join(STATE_DIRECTORY).join("operations"));
    Came {
        summary,
        told: told.iter().map(in_words).collect(),
        listed: storage.listed.into_inner(),
        locked: storage.locked.into_inner(),
        journals: journals.ok().map(Iterator::count),
    }
}

fn in_words(outcome: &Outcome) -> String {
    let (path, status) = (&outcome.path, outcome.status.as_str());
    match &outcome.trouble {
        Some(trouble) => format!("{path} {status}: {}", trouble.message),
        None => format!("{path} {status}"),
    }
}

#[test]
fn what_came_before_the_lock_is_judged_under_it() {
    let tree = TempDir::new().unwrap();
    put(tree.path(), "a", r#"{"id":1}"#);
    put(tree.path(), "b", r#"{"id":2}"#);
    let came = run(&tree, UNIQUE, Depth::Write, &|| {
        put(tree.path(), "c", r#"{"id":2}"#);
    });
    assert_eq!(
        came.told,
        [
            "a/manifest.json migrated",
            "b/manifest.json refused: rule `one id` does not hold: `/id` is the same in `c/manifest.json`",
            "c/manifest.json refused: rule `one id` does not hold: `/id` is the same in `b/manifest.json`",
        ]
    );
    assert_eq!((came.listed, came.locked), (2, 1));
    assert_eq!(came.summary.counts.found, 3);
}

#[test]
fn what_was_mended_before_the_lock_is_migrated() {
    let tree = TempDir::new().unwrap();
    for (run, id) in [("a", 1), ("b", 1), ("c", 3)] {
        put(tree.path(), run, &format!(r#"{{"id":{id}}}"#));
    }
    let came = run(&tree, UNIQUE, Depth::Write, &|| {
        put(tree.path(), "b", r#"{"id":2}"#);
    });
    assert_eq!(came.summary.counts.migrated, 3, "{:?}", came.told);
}

#[test]
fn a_rule_that_halts_by_then_halts_without_a_journal() {
    let tree = TempDir::new().unwrap();
    put(tree.path(), "a", r#"{"id":1}"#);
    let came = run(&tree, HALTS, Depth::Write, &|| {
        put(tree.path(), "b", r#"{"id":1}"#);
    });
    assert_eq!(came.summary.stop.unwrap().code, Code::RuleHalted);
    assert_eq!(
        came.told,
        [
            "a/manifest.json refused: rule `one id` does not hold: `/id` is the same in `b/manifest.json`",
            "b/manifest.json refused: rule `one id` does not hold: `/id` is the same in `a/manifest.json`",
        ]
    );
    assert_eq!(came.journals, Some(0));
    assert_eq!(
        std::fs::read(tree.path().join("a/manifest.json")).unwrap(),
        br#"{"id":1}"#
    );
}

#[test]
fn what_others_have_done_by_then_is_not_done_again() {
    let tree = TempDir::new().unwrap();
    put(tree.path(), "a", r#"{"id":1}"#);
    let came = run(&tree, UNIQUE, Depth::Write, &|| {
        put(tree.path(), "a", r#"{"id":1,"v":"1.1.0"}"#);
    });
    assert_eq!(came.told, ["a/manifest.json current"]);
    assert_eq!(came.journals, Some(0));
}

#[test]
fn where_nothing_is_to_be_written_there_is_one_look_and_no_lock() {
    let never = || panic!("nobody asks for the lock");
    for (text, depth) in [
        (r#"{"id":1,"v":"1.1.0"}"#, Depth::Write),
        (r#"{"id":1,"v":"9.0.0"}"#, Depth::Write),
        (r#"{"id":1}"#, Depth::Rehearse),
        (r#"{"id":1}"#, Depth::Difference),
    ] {
        let tree = TempDir::new().unwrap();
        put(tree.path(), "a", text);
        let came = run(&tree, UNIQUE, depth, &never);
        assert_eq!((came.listed, came.locked, came.journals), (1, 0, None));
    }
    for (rules, linked) in [(UNIQUE, false), (HALTS, false), (UNIQUE, true)] {
        let tree = TempDir::new().unwrap();
        put(tree.path(), "a", r#"{"id":1}"#);
        if linked {
            let original = tree.path().join("a/manifest.json");
            std::fs::hard_link(original, tree.path().join("a/second")).unwrap();
        } else {
            put(tree.path(), "b", r#"{"id":1}"#);
        }
        let came = run(&tree, rules, Depth::Write, &never);
        assert_eq!((came.listed, came.locked, came.journals), (1, 0, None));
        assert!(came.told[0].starts_with("a/manifest.json refused: "));
    }
}

#[test]
fn a_first_look_under_the_lock_is_the_only_one() {
    let tree = TempDir::new().unwrap();
    put(tree.path(), "a", r#"{"id":1}"#);
    // What an operation left that was killed as soon as it had begun.
    let state = tree.path().join(STATE_DIRECTORY);
    std::fs::create_dir_all(state.join("staging/20260228T103000Z-1")).unwrap();
    std::fs::set_permissions(&state, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let came = run(&tree, UNIQUE, Depth::Write, &|| ());
    assert_eq!(came.told, ["a/manifest.json migrated"]);
    assert_eq!((came.listed, came.locked), (1, 1));
}

#[test]
fn where_no_rule_needs_a_first_pass_there_is_one_look() {
    let tree = TempDir::new().unwrap();
    put(tree.path(), "a", r#"{"id":1}"#);
    let came = run(&tree, "", Depth::Write, &|| {
        put(tree.path(), "a", r#"{"id":1,"v":"1.1.0"}"#);
    });
    assert_eq!(came.told, ["a/manifest.json current"]);
    assert_eq!((came.listed, came.locked), (1, 1));
}

#[test]
fn after_waiting_all_is_decided_again() {
    let tree = TempDir::new().unwrap();
    put(tree.path(), "a", r#"{"id":1,"v":"1.1.0"}"#);
    put(tree.path(), "b", r#"{"id":2}"#);
    put(tree.path(), "c", "{");
    put(tree.path(), "d", r#"{"id":4}"#);
    let came = run(&tree, "", Depth::Write, &|| {
        put(tree.path(), "a", r#"{"id":1}"#);
        put(tree.path(), "b", r#"{"id":2,"v":"1.1.0"}"#);
        put(tree.path(), "c", r#"{"id":3}"#);
    });
    assert_eq!(
        came.told,
        [
            "a/manifest.json migrated",
            "b/manifest.json current",
            "c/manifest.json migrated",
            "d/manifest.json migrated",
        ]
    );
}

#[test]
fn an_operation_that_is_locked_out_tells_what_it_found() {
    let tree = TempDir::new().unwrap();
    put(tree.path(), "a", r#"{"id":1}"#);
    let (kernel, root) = Kernel::open(tree.path()).unwrap();
    let other = FileSystem::new(kernel, root, b"/tree".to_vec(), OpenOptions::default());
    let (guard, _) = other.guard(&mut || false).unwrap();
    let came = run(&tree, UNIQUE, Depth::Write, &|| ());
    assert_eq!(came.summary.stop.unwrap().code, Code::Locked);
    assert_eq!(came.told, ["a/manifest.json not_attempted"]);
    assert_eq!(came.summary.counts.not_attempted, 1);
    drop(guard);
    let came = run(&tree, UNIQUE, Depth::Write, &|| ());
    assert_eq!(came.summary.counts.migrated, 1);
}

#[test]
fn what_came_beside_a_part_before_the_lock_counts_too() {
    let tree = TempDir::new().unwrap();
    put(tree.path(), "a", r#"{"id":1}"#);
    let (kernel, root) = Kernel::open(tree.path()).unwrap();
    let storage = Raced {
        inner: FileSystem::new(kernel, root, b"/tree".to_vec(), OpenOptions::default()),
        before_lock: &|| put(tree.path(), "b", r#"{"id":1}"#),
        unlisted: None,
        listed: AtomicUsize::new(0),
        locked: AtomicUsize::new(0),
    };
    let options = Options {
        rules: Enforcement::AsOfWhole,
        selection: part(),
        ..options(Depth::Write)
    };
    let mut told: Vec<Outcome> = Vec::new();
    let summary = migrate(&storage, &catalog(UNIQUE), &options, &|| None, &mut told);
    assert_eq!(
        told.iter().map(in_words).collect::<Vec<_>>(),
        [
            "a/manifest.json refused: rule `one id` does not hold: `/id` is the same in `b/manifest.json`"
        ]
    );
    assert_eq!(summary.judged, Some(2));
}

/// The manifest in `a` alone.
fn part() -> Selection {
    Selection {
        manifests: TreePath::new(b"a/manifest.json").map(|path| vec![path]),
        ..Selection::default()
    }
}

#[test]
fn what_a_first_pass_cannot_list_is_told_and_counted_where_a_part_is_selected() {
    let tree = TempDir::new().unwrap();
    put(tree.path(), "a", r#"{"id":1}"#);
    let (kernel, root) = Kernel::open(tree.path()).unwrap();
    let storage = Raced {
        inner: FileSystem::new(kernel, root, b"/tree".to_vec(), OpenOptions::default()),
        before_lock: &|| (),
        unlisted: Some(Diagnosis {
            code: Code::PermissionDenied,
            path: TreePath::new(b"shut"),
            message: "cannot be listed".to_owned(),
        }),
        listed: AtomicUsize::new(0),
        locked: AtomicUsize::new(0),
    };
    let options = Options {
        rules: Enforcement::AsOfWhole,
        selection: part(),
        ..options(Depth::Rehearse)
    };
    let summary = migrate(&storage, &catalog(UNIQUE), &options, &|| None, &mut ());
    let counts = &summary.counts;
    assert_eq!((counts.pending, counts.directories_failed), (1, 1));
    assert_eq!(summary.judged, Some(1));
}
