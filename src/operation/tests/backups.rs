//! Backups listed and exported.
//!
//! Invariant: neither changes the tree.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::fixture::{Fixture, dry, manifest, named, on_each_storage, request, selecting};
use super::reported::Reported;
use crate::operation::backups::{export, list};
use crate::operation::frame::Request;
use crate::outside::ExportDirectory;

fn migrated(fixture: &Fixture) {
    fixture.run("job/one", "1.0.0");
    fixture.run("job/two", "1.1.0");
    fixture.migrate();
}

fn listed(fixture: &Fixture, request: &Request) -> Reported {
    fixture.operate(request, &|| None, |frame, sink| list(frame, sink))
}

fn exported(fixture: &Fixture, to: &Path) -> Reported {
    let directory = ExportDirectory::open(to, Path::new("/tree")).unwrap();
    let before = (fixture.tree.all(), fixture.tree.state());
    let reported = fixture.operate(&dry(), &|| None, |frame, sink| {
        export(frame, &directory, sink)
    });
    assert_eq!((fixture.tree.all(), fixture.tree.state()), before);
    reported
}

#[test]
fn each_backup_is_listed_with_the_operation_that_made_it() {
    on_each_storage(|fixture| {
        migrated(fixture);
        fixture.tree.put("job/one/manifest.json.backup.old", b"{}");
        fixture.tree.put("job/one/manifest.json.backups", b"{}");
        let reported = listed(fixture, &request());
        assert_eq!(
            reported.lines,
            [
                "job/one manifest.json.backup of 20260228T103000Z-1: listed",
                "job/one manifest.json.backup.old of nobody: listed",
                "job/two manifest.json.backup of 20260228T103000Z-1: listed",
            ]
        );
        assert_eq!(reported.code(), 0);
        let [first, old, _] = &reported.backups[..] else {
            panic!()
        };
        assert_eq!(
            (first.size, first.made_at),
            (
                manifest("1.0.0", "job/one").len() as u64,
                Some(request().started)
            )
        );
        assert_eq!((old.size, old.made_at, old.is_regular), (2, None, true));
        let part = listed(fixture, &selecting(named(&["job/two"])));
        assert_eq!(part.lines, [reported.lines[2].clone()]);
    });
}

#[test]
fn copies_are_made_once_and_what_is_there_is_never_overwritten() {
    on_each_storage(|fixture| {
        migrated(fixture);
        let dir = TempDir::new().unwrap();
        let copies = dir.path().join("copies");
        let line = |run: &str, fate: &str| {
            format!("job/{run} manifest.json.backup of 20260228T103000Z-1: {fate}")
        };
        let reported = exported(fixture, &copies);
        assert_eq!(
            reported.lines,
            [line("one", "copied"), line("two", "copied")]
        );
        let copy = copies.join("job/one/manifest.json.backup");
        assert_eq!(
            fs::read_to_string(&copy).unwrap(),
            manifest("1.0.0", "job/one")
        );
        // An interrupted export: whole copies stay, the others are made.
        fs::rename(&copy, copies.join("job/one/manifest.json.backup.partial")).unwrap();
        let reported = exported(fixture, &copies);
        assert_eq!(
            reported.lines,
            [line("one", "copied"), line("two", "present")]
        );
        assert_eq!(fs::read_dir(copies.join("job/one")).unwrap().count(), 1);
        fs::write(&copy, "mine").unwrap();
        let reported = exported(fixture, &copies);
        let taken = format!(
            "failed output_exists: `{}` is there with other bytes",
            copy.display()
        );
        assert_eq!(
            reported.lines,
            [line("one", &taken), line("two", "present")]
        );
        assert_eq!(
            (reported.code(), reported.summary.backups_in_trouble),
            (1, 1)
        );
        assert_eq!(fs::read(&copy).unwrap(), b"mine");
    });
}

#[test]
fn of_a_backup_that_was_changed_no_copy_is_made() {
    on_each_storage(|fixture| {
        migrated(fixture);
        fixture.tree.put("job/one/manifest.json.backup", b"{}");
        let dir = TempDir::new().unwrap();
        let reported = exported(fixture, dir.path());
        let digest = |bytes: &[u8]| crate::digest::Digest::of(bytes);
        assert_eq!(
            reported.lines[0],
            format!(
                "job/one manifest.json.backup of 20260228T103000Z-1: failed backup_changed: it has the SHA-256 {}, expected {}, that of the original",
                digest(b"{}"),
                digest(manifest("1.0.0", "job/one").as_bytes())
            )
        );
        assert!(!dir.path().join("job/one").exists());
        assert!(dir.path().join("job/two/manifest.json.backup").exists());
    });
}

#[test]
fn a_damaged_journal_and_an_unfinished_operation_are_warned_of() {
    on_each_storage(|fixture| {
        migrated(fixture);
        fixture.tree.edit_journal("20260228T103000Z-1", |text| {
            text[..text.len() - 5].to_owned()
        });
        let id = fixture.leave_unfinished();
        let reported = listed(fixture, &request());
        assert_eq!(
            reported.lines[..2],
            [
                format!("warning unfinished_operation: not finished, or still at work: operation {id}"),
                "warning journal_damaged: the journal of operation `20260228T103000Z-1` ends too early, though nothing of the operation is unfinished".to_owned(),
            ]
        );
    });
}
