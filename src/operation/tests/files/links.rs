//! Links and other things that are no regular files: counted or refused, never followed.
//!
//! Invariant: whatever a link leads to stays as it is.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

use crate::operation::backups::{export, list};
use crate::operation::explain::explain;
use crate::operation::rollback::Undo;
use crate::operation::tests::fixture::{
    Fixture, Tree, dry, manifest, named, request, selecting, to_latest,
};
use crate::operation::verify::{Verify, verify};
use crate::outside::ExportDirectory;

fn dir(fixture: &Fixture) -> PathBuf {
    match &fixture.tree {
        Tree::Files(dir) => dir.clone(),
        Tree::Memory(_) => unreachable!("these tests run over files"),
    }
}

fn link(fixture: &Fixture, from: &str, to: impl AsRef<Path>) {
    let from = dir(fixture).join(from);
    fs::create_dir_all(from.parent().unwrap()).unwrap();
    symlink(to, from).unwrap();
}

#[test]
fn links_to_directories_are_counted_by_where_they_lead() {
    let fixture = Fixture::files();
    let outside = TempDir::new().unwrap();
    fs::write(
        outside.path().join("manifest.json"),
        manifest("1.0.0", "out"),
    )
    .unwrap();
    fixture.run("job/run", "1.0.0");
    fixture.tree.put("job/notes/x", b"");
    link(&fixture, "runs/relative", "../job/run");
    link(&fixture, "runs/absolute", dir(&fixture).join("job/run"));
    link(&fixture, "runs/twice", "relative");
    link(&fixture, "runs/dangling", "../job/none");
    link(&fixture, "runs/outside", outside.path());
    link(&fixture, "runs/up", "../../..");
    link(&fixture, "runs/inside", "../job/notes");
    link(&fixture, "runs/file", "../job/run/manifest.json");
    link(&fixture, "runs/loop", "loop");
    link(&fixture, "runs/long", "x".repeat(300));
    let reported = fixture.migrate();
    assert_eq!(
        reported.lines[1..],
        ["job/run migrated 1.0.0 -> 1.2.0 as manifest.json.backup"]
    );
    assert_eq!(
        reported.counts(),
        "found 1, selected 1, migrated 1, aliases 3, dangling 3, outside 2"
    );
    assert_eq!(reported.code(), 0);
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[test]
fn what_has_a_manifests_name_and_is_no_regular_file_is_refused() {
    let fixture = Fixture::files();
    fixture
        .tree
        .put("elsewhere.json", manifest("1.0.0", "x").as_bytes());
    link(&fixture, "a/manifest.json", "../elsewhere.json");
    fs::create_dir_all(dir(&fixture).join("b")).unwrap();
    let fifo = dir(&fixture).join("b/manifest.json");
    mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let reported = fixture.migrate();
    assert_eq!(
        reported.lines,
        [
            "a refused not_regular: expected a regular file, found a symbolic link",
            "b refused not_regular: expected a regular file, found a named pipe",
        ]
    );
    let reported = fixture.migrate_as(&selecting(named(&["a", "b"])), &to_latest());
    assert_eq!(
        reported.lines,
        [
            "a refused not_regular: expected a regular file, found a symbolic link there or on the way",
            "b refused not_regular: expected a regular file, found a named pipe",
        ]
    );
    let explained = fixture.ask(&selecting(named(&["a"])), |frame| explain(frame, None));
    let explained = explained.unwrap();
    assert_eq!(
        explained.outcome.trouble.unwrap().code.as_str(),
        "not_regular"
    );
    assert_eq!(explained.content, None);
}

#[test]
fn a_run_behind_a_link_is_not_reached_by_name_either() {
    let fixture = Fixture::files();
    fixture.run("job/run", "1.0.0");
    link(&fixture, "runs/run", "../job/run");
    let reported = fixture.migrate_as(&selecting(named(&["runs/run"])), &to_latest());
    assert_eq!(
        reported.lines,
        [
            "runs/run refused not_regular: expected a regular file, found a symbolic link there or on the way"
        ]
    );
    assert_eq!(fixture.text("job/run"), manifest("1.0.0", "job/run"));
}

#[test]
fn a_backup_that_is_a_link_is_not_put_back_not_copied_and_not_sound() {
    let fixture = Fixture::files();
    fixture.run("job/run", "1.0.0");
    fixture.migrate();
    let backup = dir(&fixture).join("job/run/manifest.json.backup");
    fs::rename(&backup, dir(&fixture).join("original")).unwrap();
    symlink("../../original", &backup).unwrap();
    let after = fixture.text("job/run");
    let reported = fixture.roll_back(Undo::Last);
    let not_regular = "expected a regular file, found a symbolic link there or on the way";
    assert_eq!(
        reported.lines,
        [format!(
            "job/run refused 1.2.0 as manifest.json.backup not_regular: the backup `manifest.json.backup`: {not_regular}"
        )]
    );
    assert_eq!(fixture.text("job/run"), after);
    let reported = fixture.operate(&request(), &|| None, list);
    assert!(!reported.backups[0].is_regular);
    let copies = TempDir::new().unwrap();
    let directory = ExportDirectory::open(copies.path(), &dir(&fixture)).unwrap();
    let reported = fixture.operate(&dry(), &|| None, |frame, sink| {
        export(frame, &directory, sink)
    });
    assert_eq!(
        reported.lines,
        [format!(
            "job/run manifest.json.backup of 20260228T103000Z-1: failed not_regular: {not_regular}"
        )]
    );
    let options = Verify {
        snapshots: false,
        replay: false,
    };
    let reported = fixture.operate(&dry(), &|| None, |frame, sink| verify(frame, options, sink));
    assert_eq!(reported.lines, ["job/run current backup_changed"]);
}

#[test]
fn no_copy_is_made_behind_a_link() {
    let fixture = Fixture::files();
    fixture.run("job/run", "1.0.0");
    fixture.migrate();
    let before = fixture.tree.all();
    let copies = TempDir::new().unwrap();
    symlink(dir(&fixture).join("job"), copies.path().join("job")).unwrap();
    let directory = ExportDirectory::open(copies.path(), &dir(&fixture)).unwrap();
    let reported = fixture.operate(&dry(), &|| None, |frame, sink| {
        export(frame, &directory, sink)
    });
    let place = copies.path().join("job");
    assert_eq!(
        reported.lines,
        [format!(
            "job/run manifest.json.backup of 20260228T103000Z-1: failed output_exists: `{}` is there, and is no directory",
            place.display()
        )]
    );
    assert_eq!(fixture.tree.all(), before);
}

#[test]
fn snapshots_and_journals_behind_links_are_not_read() {
    let fixture = Fixture::files();
    let sha = crate::digest::Digest::of(b"{}").prefixed();
    fixture.manifest(
        "job/run",
        &format!(r#"{{"run_id":"run","input_snapshots":{{"c":{{"path":"inputs/c","bytes":2,"sha256":"{sha}"}}}}}}"#),
    );
    fixture.tree.put("elsewhere/c", b"{}");
    link(&fixture, "job/run/inputs", "../../elsewhere");
    let options = Verify {
        snapshots: true,
        replay: false,
    };
    let verified = || fixture.operate(&dry(), &|| None, |frame, sink| verify(frame, options, sink));
    let reported = verified();
    assert!(
        reported.lines[0].contains(" snapshot_not_regular"),
        "{:?}",
        reported.lines
    );
    let id = fixture.migrate().id().to_owned();
    let journal = dir(&fixture).join(format!(".migrate-manifests/operations/{id}.jsonl"));
    fs::rename(&journal, dir(&fixture).join("journal")).unwrap();
    symlink("../../journal", &journal).unwrap();
    let reported = verified();
    assert_eq!(
        reported.lines[0],
        format!(
            "finding journal_damaged: the journal `{id}.jsonl`: expected a regular file, found a symbolic link there or on the way"
        )
    );
    assert_eq!(
        fixture.roll_back(Undo::Last).stop(),
        format!("state_unusable: the journal of operation {id} cannot be read")
    );
}
