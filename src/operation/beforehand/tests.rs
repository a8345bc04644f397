//! A tree that changes between the first look at it and the lock.
//!
//! Invariant: what is told is what others had left by then.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use crate::catalog::{Catalog, Source};
use crate::clock::Timestamp;
use crate::code::Code;
use crate::digest::Digest;
use crate::operation::{Depth, Options, Survey, migrate};
use crate::path::TreePath;
use crate::report::{Notice, Outcome, Stop, Summary, Trouble};
use crate::rule::Enforcement;
use crate::selection::Selection;
use crate::storage::kernel::Kernel;
use crate::storage::{
    Backup, FileSystem, Listing, OpenOptions, Recovery, STATE_DIRECTORY, Scope, Storage,
};

type Inner = FileSystem<Kernel>;

/// A storage that counts how often it is listed and locked, and in which somebody is quicker to the lock.
struct Raced<'t> {
    inner: Inner,
    /// What is done just before the lock is given.
    before_lock: &'t (dyn Fn() + Sync),
    listed: AtomicUsize,
    locked: AtomicUsize,
}

impl Storage for Raced<'_> {
    type Version = <Inner as Storage>::Version;
    type Guard = <Inner as Storage>::Guard;

    fn list(
        &self,
        scope: &Scope<'_>,
        interrupt: &(dyn Fn() -> bool + Sync),
    ) -> Result<Listing, Stop> {
        self.listed.fetch_add(1, Ordering::Relaxed);
        self.inner.list(scope, interrupt)
    }

    fn read(&self, path: &TreePath, bytes: &mut Vec<u8>) -> Result<Self::Version, Trouble> {
        self.inner.read(path, bytes)
    }

    fn read_small(
        &self,
        path: &TreePath,
        bytes: &mut Vec<u8>,
        most: usize,
    ) -> Result<Option<Self::Version>, Trouble> {
        self.inner.read_small(path, bytes, most)
    }

    fn modified(&self, version: &Self::Version) -> i64 {
        self.inner.modified(version)
    }

    fn replaceable(&self, version: &Self::Version) -> Result<(), Trouble> {
        self.inner.replaceable(version)
    }

    fn has_place(
        &self,
        path: &TreePath,
        version: &Self::Version,
        bytes: &[u8],
    ) -> Result<(), Trouble> {
        self.inner.has_place(path, version, bytes)
    }

    fn may_put_back(
        &self,
        path: &TreePath,
        version: &Self::Version,
        original: &Self::Version,
    ) -> Result<(), Trouble> {
        self.inner.may_put_back(path, version, original)
    }

    fn most_jobs(&self) -> usize {
        self.inner.most_jobs()
    }

    fn unfinished(&self) -> Result<Vec<String>, Notice> {
        self.inner.unfinished()
    }

    fn operations(&self) -> Result<Vec<String>, Notice> {
        self.inner.operations()
    }

    fn journal(&self, id: &str, feed: &mut dyn FnMut(&[u8])) -> Result<(), Trouble> {
        self.inner.journal(id, feed)
    }

    fn kept_catalog(&self, digest: Digest) -> Result<Option<String>, Trouble> {
        self.inner.kept_catalog(digest)
    }

    fn backups(&self, path: &TreePath) -> Result<Vec<Backup>, Trouble> {
        self.inner.backups(path)
    }

    fn read_backup(
        &self,
        path: &TreePath,
        name: &str,
        bytes: &mut Vec<u8>,
    ) -> Result<Self::Version, Trouble> {
        self.inner.read_backup(path, name, bytes)
    }

    fn read_below(
        &self,
        manifest: &TreePath,
        name: &str,
        feed: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<(), Trouble> {
        self.inner.read_below(manifest, name, feed)
    }

    fn guard(&self, wait: &mut dyn FnMut() -> bool) -> Result<(Self::Guard, Recovery), Stop> {
        self.locked.fetch_add(1, Ordering::Relaxed);
        // With `--wait`, somebody else has it at the first try.
        wait();
        (self.before_lock)();
        self.inner.guard(wait)
    }
}

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
