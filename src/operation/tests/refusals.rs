//! Tests of what storages and scopes refuse without an operation that fails: names, versions of another storage, a directory that is gone.
//!
//! Invariant: each message is asserted in full.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::fixture::{
    Fixture, Tree, at, catalog, dry, named, on_each_storage, request, ruled, selecting, to_latest,
};
use super::interposed::{Interposed, Script};
use crate::catalog::{Catalog, Source};
use crate::journal::BackupId;
use crate::operation::backups::{Prune, prune};
use crate::operation::explain::explain;
use crate::operation::migrate::migrate;
use crate::operation::show::show;
use crate::path::{Name, TreePath};
use crate::report::{Diagnosis, Stop};
use crate::storage::{Answer, Directory, Failed};

const MANIFEST: Name<'_> = Name::constant("manifest.json");

fn directory<'f>(fixture: &'f Fixture, path: &str) -> Directory<'f> {
    let opened = fixture.storage().open(Some(&at(path)));
    opened
        .and_then(Directory::list)
        .unwrap_or_else(|_| panic!("{path} is there"))
}

fn in_words(diagnosis: &Diagnosis) -> String {
    format!("{}: {}", diagnosis.code, diagnosis.message)
}

fn stop_in_words(stop: &Stop) -> String {
    format!("{}: {}", stop.code, stop.message)
}

#[test]
fn only_names_of_backups_and_paths_below_the_run_are_read() {
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.0.0");
        let run = directory(fixture, "job/run");
        let other = BackupId::new("other.json").unwrap();
        let read = run.read_backup(MANIFEST, &other, usize::MAX, &mut Vec::new());
        assert_eq!(
            in_words(&read.unwrap().map(drop).unwrap_err()),
            "not_found: `other.json` is no name of a backup of `manifest.json`"
        );
        for name in ["../two/manifest.json", "/etc/passwd", "", "."] {
            let read = run.read_below(name, &mut |_| panic!("it is not opened"));
            assert_eq!(
                in_words(&read.unwrap_err()),
                format!("leads_out: `{name}` does not name a file below the run directory")
            );
        }
    });
}

#[test]
fn a_version_that_another_storage_read_is_not_judged() {
    let (memory, files) = (Fixture::memory(), Fixture::files());
    for fixture in [&memory, &files] {
        fixture.run("job/run", "1.0.0");
    }
    let read = directory(&memory, "job/run").read(MANIFEST, usize::MAX, &mut Vec::new());
    let version = read.unwrap().unwrap();
    let run = directory(&files, "job/run");
    let refused = run.may_replace(MANIFEST, &version, &|| unreachable!("no name is taken"));
    assert_eq!(
        in_words(&refused.unwrap_err()),
        "io_error: it was read from another storage"
    );
}

#[test]
fn after_the_last_serial_number_no_operation_begins() {
    on_each_storage(|fixture| {
        fixture.run("job/one", "1.0.0");
        fixture.migrate();
        fixture.run("job/two", "1.0.0");
        let head = String::from_utf8(fixture.tree.state()["head"].clone()).unwrap();
        let last = head.replace("\"serial\":1,", &format!("\"serial\":{},", u64::MAX));
        assert_ne!(head, last);
        fixture.tree.put_state("head", last.as_bytes());
        let reported = fixture.migrate();
        let expected = match fixture.tree {
            Tree::Memory(_) => "no serial number is left",
            Tree::Files(_) => {
                "cannot begin an operation in `.migrate-manifests`: the serial numbers of the tree are used up, or `head` was changed"
            }
        };
        assert_eq!(reported.stop(), format!("state_unusable: {expected}"));
        assert_eq!(
            reported.lines,
            ["job/one current 1.2.0", "job/two not_attempted 1.0.0"]
        );
    });
}

/// Takes a file away before the change of a manifest.
struct Removing {
    tree: Tree,
    path: &'static str,
}

impl Script for Removing {
    fn change(&self, _: &TreePath) -> Option<Answer> {
        self.tree.remove(self.path);
        None
    }
}

#[test]
fn a_backup_that_is_gone_when_it_is_to_be_removed_is_told() {
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.0.0");
        fixture.migrate();
        let script = Removing {
            tree: fixture.tree.clone(),
            path: "job/run/manifest.json.backup",
        };
        let storage = Interposed::new(fixture.storage(), script);
        let all = Prune {
            older_than_seconds: 0,
            include_destructive: false,
        };
        let reported =
            fixture.operate_over(&storage, &request(), |frame, sink| prune(frame, all, sink));
        assert_eq!(
            reported.lines[1..],
            [
                "job/run manifest.json.backup of 20260228T103000Z-1: failed not_found: cannot remove the backup: No such file or directory (os error 2)"
            ]
        );
    });
}

/// Says of every directory that it is gone.
struct Gone;

impl Script for Gone {
    fn list(&self, _: Option<&TreePath>) -> Option<Failed> {
        Some(Failed::Gone)
    }
}

#[test]
fn a_manifest_that_can_be_read_in_a_directory_that_is_gone_is_told() {
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.0.0");
        let storage = Interposed::new(fixture.storage(), Gone);
        let reported =
            fixture.operate_over(&storage, &selecting(named(&["job/run"])), |frame, sink| {
                migrate(frame, &to_latest(), sink)
            });
        assert_eq!(
            reported.lines,
            ["job/run failed not_found: its directory cannot be listed"]
        );
    });
}

/// Writes another manifest between the first pass and the second.
struct Between {
    tree: Tree,
    listed: AtomicUsize,
    is_done: AtomicBool,
}

impl Script for Between {
    fn list(&self, path: Option<&TreePath>) -> Option<Failed> {
        let is_run = path.is_some_and(|path| path.to_text() == "job/run");
        if is_run
            && self.listed.fetch_add(1, Ordering::SeqCst) == 1
            && !self.is_done.swap(true, Ordering::SeqCst)
        {
            self.tree.put("job/run/manifest.json", b"{\"id\":2}");
        }
        None
    }
}

#[test]
fn a_manifest_that_changes_after_the_first_pass_is_a_conflict() {
    on_each_storage(|fixture| {
        fixture.catalog = ruled(r#"{"rule":"unique","at":["/id"]}"#);
        fixture.manifest("job/run", r#"{"id":1}"#);
        let script = Between {
            tree: fixture.tree.clone(),
            listed: AtomicUsize::new(0),
            is_done: AtomicBool::new(false),
        };
        let storage = Interposed::new(fixture.storage(), script);
        let reported = fixture.operate_over(&storage, &dry(), |frame, sink| {
            migrate(frame, &to_latest(), sink)
        });
        assert_eq!(
            reported.lines,
            [
                "job/run conflict 1.0.0 changed_meanwhile: it is not what it was when the rules over the tree were checked"
            ]
        );
    });
}

/// The built-in catalog with these patterns of excluded paths.
fn excluding(patterns: &str) -> Catalog {
    let mut files = Catalog::built_in_files();
    let text =
        files["catalog.json"].replace("\"exclude\": []", &format!("\"exclude\": {patterns}"));
    files.insert("catalog.json".to_owned(), text);
    Catalog::from_files(Source::BuiltIn, &files).unwrap()
}

#[test]
fn a_manifest_that_the_catalog_excludes_is_neither_explained_nor_shown() {
    on_each_storage(|fixture| {
        fixture.catalog = excluding(r#"["web"]"#);
        fixture.run("job/web", "1.0.0");
        let request = selecting(named(&["job/web"]));
        let expected =
            "selection_invalid: `job/web/manifest.json` is excluded by the catalog `run-manifest`";
        let explained = fixture.ask(&request, |frame| explain(frame, None));
        assert_eq!(stop_in_words(&explained.unwrap_err()), expected);
        let mut buffer = Vec::new();
        let shown = fixture.ask(&request, |frame| show(frame, None, &mut buffer).map(drop));
        assert_eq!(stop_in_words(&shown.unwrap_err()), expected);
    });
}

#[test]
fn a_pattern_of_the_catalog_that_is_no_glob_stops() {
    on_each_storage(|fixture| {
        fixture.catalog = excluding(r#"["a["]"#);
        fixture.run("job/run", "1.0.0");
        let reported = fixture.migrate();
        assert_eq!(
            reported.stop(),
            "catalog_invalid: `exclude` of the catalog `run-manifest`: `a[` is not a glob: unclosed character class; missing ']'"
        );
    });
}

#[test]
fn a_document_that_a_migration_refuses_is_not_shown() {
    on_each_storage(|fixture| {
        let kind = r#"{"name":"c","kinds":{"doc":{"file":"manifest.json","version":"/v","history":"/h","unversioned":"1.0.0"}}}"#;
        let edge = r#"{"from":"1.0.0","to":"1.1.0","kind":"doc","summary":"s","steps":[{"step":"set_default","at":"/a/b","value":1}]}"#;
        fixture.catalog = catalog(&[("catalog.json", kind), ("migrations/a.json", edge)]);
        fixture.manifest("job/run", r#"{"a":1}"#);
        let mut buffer = Vec::new();
        let request = selecting(named(&["job/run"]));
        let shown = fixture.ask(&request, |frame| show(frame, None, &mut buffer).map(drop));
        assert_eq!(
            stop_in_words(&shown.unwrap_err()),
            "step_refused: `job/run/manifest.json`: `set_default /a/b` of migration `1.0.0 to 1.1.0` cannot be applied: `/a` is a number, expected an object"
        );
    });
}
