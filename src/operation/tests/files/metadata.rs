//! Tests of modes, times and inodes after migrations and rollbacks.

use std::ffi::OsStr;
use std::fs::{self, File, FileTimes, Metadata, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use walkdir::WalkDir;

use crate::operation::backups::export;
use crate::operation::rollback::Undo;
use crate::operation::tests::fixture::{Fixture, Tree, dry, manifest, to_latest};
use crate::outside::ExportDirectory;
use crate::path::TreePath;
use crate::report::Status;

fn dir(fixture: &Fixture) -> PathBuf {
    match &fixture.tree {
        Tree::Files(dir) => dir.clone(),
        Tree::Memory(_) => unreachable!("these tests run over files"),
    }
}

fn stat(fixture: &Fixture, path: &str) -> Metadata {
    fs::symlink_metadata(dir(fixture).join(path)).unwrap()
}

fn set_modified(fixture: &Fixture, path: &str, seconds: u64) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let file = File::options()
        .write(true)
        .open(dir(fixture).join(path))
        .unwrap();
    file.set_times(FileTimes::new().set_modified(time)).unwrap();
}

fn identity(stat: &Metadata) -> (u64, u32, i64, i64) {
    (stat.ino(), stat.mode(), stat.mtime(), stat.mtime_nsec())
}

#[test]
fn the_original_itself_becomes_the_backup_and_comes_back() {
    let fixture = Fixture::files();
    fixture.run("job/run", "1.0.0");
    let path = "job/run/manifest.json";
    fs::set_permissions(dir(&fixture).join(path), Permissions::from_mode(0o640)).unwrap();
    set_modified(&fixture, path, 1_000_000_000);
    let before = identity(&stat(&fixture, path));
    fixture.migrate();
    let after = stat(&fixture, path);
    assert_eq!(
        identity(&stat(&fixture, "job/run/manifest.json.backup")),
        before
    );
    assert_eq!(after.mode(), before.1);
    assert!(after.ino() != before.0 && after.mtime() > before.2);
    assert_eq!(fixture.roll_back(Undo::Last).code(), 0);
    assert_eq!(identity(&stat(&fixture, path)), before);
}

#[test]
fn a_second_run_touches_nothing() {
    let fixture = Fixture::files();
    fixture.run("job/run", "1.0.0");
    fixture.migrate();
    let all = || -> Vec<_> {
        let walk = WalkDir::new(dir(&fixture)).sort_by_file_name().into_iter();
        walk.map(|entry| {
            let entry = entry.unwrap();
            let stat = entry.metadata().unwrap();
            (
                entry.path().to_owned(),
                identity(&stat),
                (stat.ctime(), stat.ctime_nsec()),
            )
        })
        .collect()
    };
    let before = all();
    assert_eq!(fixture.migrate().lines, ["job/run current 1.2.0"]);
    fixture.dry_run(&to_latest());
    assert_eq!(all(), before);
}

#[test]
fn a_manifest_with_two_names_is_refused_and_a_backup_with_two_is_not_put_back() {
    let fixture = Fixture::files();
    fixture.run("job/linked", "1.0.0");
    fixture.run("job/other", "1.0.0");
    let at = |path: &str| dir(&fixture).join(path);
    fs::hard_link(at("job/linked/manifest.json"), at("second")).unwrap();
    let refused = "job/linked refused 1.0.0 hard_linked: the file has 2 names (hard links)";
    assert_eq!(fixture.dry_run(&to_latest()).lines[0], refused);
    let reported = fixture.migrate();
    assert_eq!(reported.lines[1], refused);
    assert_eq!(reported.only(Status::Migrated), ["job/other"]);
    fs::hard_link(at("job/other/manifest.json.backup"), at("third")).unwrap();
    assert_eq!(
        fixture.roll_back(Undo::Last).lines,
        [
            "job/other refused 1.2.0 as manifest.json.backup hard_linked: its backup: the file has 2 names (hard links)"
        ]
    );
}

#[test]
fn of_the_deferred_manifests_the_one_that_was_modified_first_is_named() {
    let fixture = Fixture::files();
    for (run, seconds) in [("a", 3_000_000), ("b", 1_000_000), ("c", 2_000_000)] {
        fixture.manifest(
            run,
            r#"{"schema_version":"1.0.0","run_id":"r","status":"running"}"#,
        );
        set_modified(&fixture, &format!("{run}/manifest.json"), seconds);
    }
    let reported = fixture.migrate();
    let (path, modified) = reported.summary.oldest_deferred.unwrap();
    assert_eq!(
        (path.as_str(), modified),
        (Some("b/manifest.json"), 1_000_000)
    );
}

#[test]
fn a_copy_has_the_mode_and_the_time_of_the_original() {
    let fixture = Fixture::files();
    fixture.run("job/run", "1.0.0");
    let path = "job/run/manifest.json";
    fs::set_permissions(dir(&fixture).join(path), Permissions::from_mode(0o640)).unwrap();
    set_modified(&fixture, path, 1_000_000_000);
    let before = stat(&fixture, path);
    fixture.migrate();
    let copies = TempDir::new().unwrap();
    let directory = ExportDirectory::open(copies.path(), &dir(&fixture)).unwrap();
    fixture.operate(&dry(), &|| None, |frame, sink| {
        export(frame, &directory, sink)
    });
    let copy = fs::metadata(copies.path().join("job/run/manifest.json.backup")).unwrap();
    assert_eq!((copy.mode(), copy.mtime()), (before.mode(), before.mtime()));
}

#[test]
fn a_name_that_is_not_utf8_is_migrated_and_rolled_back_like_any_other() {
    let fixture = Fixture::files();
    let run = dir(&fixture).join(OsStr::from_bytes(b"job-\xff"));
    fs::create_dir(&run).unwrap();
    let text = manifest("1.0.0", "run");
    fs::write(run.join("manifest.json"), &text).unwrap();
    let reported = fixture.migrate();
    let path = TreePath::new(b"job-\xff/manifest.json").unwrap();
    assert_eq!((&reported.outcomes[0].path, reported.code()), (&path, 0));
    assert_eq!(
        fs::read_to_string(run.join("manifest.json.backup")).unwrap(),
        text
    );
    assert_eq!(fixture.roll_back(Undo::Last).outcomes[0].path, path);
    assert_eq!(fs::read_to_string(run.join("manifest.json")).unwrap(), text);
}
