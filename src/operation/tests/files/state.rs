//! The state directory, and file systems that lack something.

use std::fs::{self, Permissions};
use std::num::NonZeroUsize;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use crate::operation::backups::{Prune, prune};
use crate::operation::rollback::Undo;
use crate::operation::tests::fixture::{Fixture, Tree, request, to_latest};
use crate::operation::tests::reported::Reported;
use crate::storage::{Lacking, OpenOptions};

fn dir(fixture: &Fixture) -> PathBuf {
    match &fixture.tree {
        Tree::Files(dir) => dir.clone(),
        Tree::Memory(_) => unreachable!("these tests run over files"),
    }
}

fn state(fixture: &Fixture) -> PathBuf {
    dir(fixture).join(".migrate-manifests")
}

fn set_mode(fixture: &Fixture, mode: u32) {
    fs::set_permissions(state(fixture), Permissions::from_mode(mode)).unwrap();
}

fn pruned(fixture: &Fixture) -> Reported {
    let all = Prune {
        older_than_seconds: 0,
        include_destructive: false,
    };
    fixture.operate(&request(), &|| None, |frame, sink| prune(frame, all, sink))
}

#[test]
fn the_state_is_for_its_owner_only() {
    let fixture = Fixture::files();
    fixture.run("job/run", "1.0.0");
    fixture.migrate();
    let mode = fs::metadata(state(&fixture)).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o700);
}

#[test]
fn state_that_is_something_else_is_not_written_to() {
    for kind in ["link", "file", "mode"] {
        let fixture = Fixture::files();
        fixture.run("job/run", "1.0.0");
        let message = match kind {
            "link" => {
                fs::create_dir(dir(&fixture).join("elsewhere")).unwrap();
                symlink("elsewhere", state(&fixture)).unwrap();
                "`.migrate-manifests` in the tree is a symbolic link, not a directory"
            }
            "file" => {
                fs::write(state(&fixture), "x").unwrap();
                "`.migrate-manifests` in the tree is a regular file, not a directory"
            }
            _ => {
                fs::create_dir(state(&fixture)).unwrap();
                set_mode(&fixture, 0o777);
                "`.migrate-manifests` in the tree has mode 0777: others can write to it"
            }
        };
        let before = fixture.tree.all();
        let reported = fixture.migrate();
        assert_eq!(reported.stop(), format!("state_untrusted: {message}"));
        assert_eq!((reported.code(), fixture.tree.all()), (2, before));
        // Reading goes on, and so does an operation with nothing to write.
        let dry = fixture.dry_run(&to_latest());
        assert_eq!(
            (dry.counts().as_str(), dry.code()),
            ("found 1, selected 1, pending 1", 0),
            "{kind}"
        );
        fixture.run("job/run", "1.2.0");
        assert_eq!(fixture.migrate().counts(), "found 1, selected 1, current 1");
    }
}

#[test]
fn nothing_is_undone_or_pruned_where_others_could_have_written_the_state() {
    let fixture = Fixture::files();
    fixture.run("job/run", "1.0.0");
    fixture.migrate();
    set_mode(&fixture, 0o777);
    let before = fixture.tree.all();
    let message =
        "state_untrusted: `.migrate-manifests` in the tree has mode 0777: others can write to it";
    for reported in [fixture.roll_back(Undo::Last), pruned(&fixture)] {
        assert_eq!((reported.stop().as_str(), reported.code()), (message, 2));
        assert_eq!(
            (reported.lines.len(), reported.counts()),
            (0, String::new())
        );
    }
    assert_eq!(fixture.tree.all(), before);
    set_mode(&fixture, 0o700);
    assert_eq!(
        fixture.roll_back(Undo::Last).counts(),
        "found 1, selected 1, restored 1"
    );
    set_mode(&fixture, 0o777);
    assert_eq!(
        (
            fixture.roll_back(Undo::Last).code(),
            pruned(&fixture).code()
        ),
        (0, 0)
    );
}

#[test]
fn what_is_unfinished_is_named_also_where_the_state_cannot_be_written() {
    let fixture = Fixture::files();
    fixture.run("job/run", "1.2.0");
    let id = fixture.leave_unfinished();
    set_mode(&fixture, 0o777);
    assert_eq!(
        fixture.migrate().lines,
        [
            format!("warning unfinished_operation: not finished, or still at work: operation {id}"),
            "job/run current 1.2.0".to_owned(),
        ]
    );
}

#[test]
fn a_journal_that_is_gone_leaves_an_operation_without_a_name() {
    let fixture = Fixture::files();
    fixture.run("job/run", "1.2.0");
    let id = fixture.leave_unfinished();
    fixture.tree.remove_state(&format!("operations/{id}.jsonl"));
    let reported = fixture.migrate();
    assert_eq!(
        reported.lines[0],
        format!(
            "warning recovered: operation {id} had not ended: 0 manifests are migrated, 0 as they were"
        )
    );
    assert_eq!(fixture.migrate().lines, ["job/run current 1.2.0"]);
}

#[test]
fn whatever_the_file_system_lacks_the_outcomes_are_the_same() {
    let lacking: [&[Lacking]; 6] = [
        &[],
        &[Lacking::Exchange],
        &[Lacking::Exchange, Lacking::Links],
        &[Lacking::Syncfs],
        &[Lacking::SameDevice],
        &[Lacking::FineTimes],
    ];
    let mut seen = Vec::new();
    for lacking in lacking {
        let fixture = Fixture::files_with(OpenOptions {
            lacking: lacking.to_vec(),
            batch: NonZeroUsize::new(2),
            ..OpenOptions::default()
        });
        fixture.in_groups();
        fixture.manifest("z", "{");
        let before = fixture.tree.all();
        let reported = fixture.migrate();
        let (lines, warnings): (Vec<_>, Vec<_>) = reported
            .lines
            .into_iter()
            .partition(|line| !line.starts_with("warning"));
        // Only by renaming can another program's version go unseen.
        assert_eq!(
            warnings.len(),
            usize::from(lacking.contains(&Lacking::Exchange)),
            "{warnings:?}"
        );
        seen.push((lines, fixture.tree.all()));
        let back = fixture.roll_back(Undo::Last);
        assert_eq!(
            back.counts(),
            "found 5, selected 5, restored 5",
            "{lacking:?}"
        );
        assert_eq!(fixture.tree.all(), before);
    }
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
}

#[test]
fn a_serial_number_that_cannot_grow_ends_the_operation_before_it_begins() {
    let fixture = Fixture::files();
    fixture.run("job/run", "1.0.0");
    fixture.migrate();
    fixture.run("job/second", "1.0.0");
    let head = fs::read_to_string(state(&fixture).join("head")).unwrap();
    let last = head.replace("\"serial\":1", "\"serial\":18446744073709551615");
    assert_ne!(head, last);
    fixture.tree.put_state("head", last.as_bytes());
    let stop = fixture.migrate().summary.stop.unwrap();
    assert_eq!(
        stop.message,
        "cannot begin an operation in `.migrate-manifests`: the serial numbers of the tree are used up, or `head` was changed"
    );
    assert!(
        !dir(&fixture)
            .join("job/second/manifest.json.backup")
            .exists()
    );
}
