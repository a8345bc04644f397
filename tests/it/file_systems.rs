//! On real file systems: each by the way that it can do, with everything that hangs on a file, and what a power cut leaves.
//!
//! Invariant: the way is read from the journal, so that a fallback that is never taken, or taken where it need not be, fails a test.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::aftermath::{Family, STATE, journal, ways};
use crate::support::mounts::{FsType, mount, or_skip};
use crate::support::sandbox::Sandbox;
use crate::support::wait;

pub(crate) const TMPFS: FsType = FsType::Tmpfs {
    bytes: 8 << 20,
    inodes: 1_000,
};

/// Migrates three manifests on a file system and looks at everything; then cuts the power, where there is an image.
fn migrates(fs_type: FsType, way: &str) {
    let Some(mount) = mount(fs_type) else {
        return;
    };
    let family = Family::of_three();
    let sandbox = Sandbox::on(mount.path());
    family.write(sandbox.root());
    let output = sandbox.run(["--format", "json"]);
    output.code(0);
    assert_eq!(output.json()["counts"]["migrated"], 3, "{output}");
    let found: BTreeSet<_> = ways(sandbox.root());
    assert_eq!(found, [way.to_owned()].into(), "{fs_type:?}: {output}");
    let warned = output.stderr.matches("(foreign_writer_window)").count();
    let wanted = usize::from(way != "exchange");
    assert_eq!(warned, wanted, "{fs_type:?}: {output}");
    // It said that it is done, so a power cut now takes nothing.
    let has_image = !matches!(
        fs_type,
        FsType::Tmpfs { .. } | FsType::Ramfs | FsType::Overlay | FsType::Bindfs | FsType::Fuse2fs
    );
    if has_image {
        let Some(after) = or_skip(mount.after_power_cut()) else {
            return;
        };
        let root = after.path().join(sandbox.root().file_name().unwrap());
        let why = format!("{fs_type:?} after a power cut");
        let new = family.assert_whole(&root, &why);
        assert_eq!(new, family.len(), "{why}: not durable");
        // That the staging directory is gone again was not promised; the next operation sees to it.
        let next = sandbox.run([root.to_str().unwrap(), "--format", "json"]);
        next.code(0);
        assert_eq!(next.json()["counts"]["current"], 3, "{why}: {next}");
        family.assert_done(&root, &why);
    }
    family.assert_done(sandbox.root(), &format!("{fs_type:?}"));
    let again = sandbox.run(["--format", "json"]);
    again.code(0).stderr("");
    assert_eq!(again.json()["operation"], serde_json::Value::Null);
    rolls_back(&sandbox, &family, fs_type, way);
}

/// Rolls the migration back, and looks at everything once more, also after a power cut would have come.
fn rolls_back(sandbox: &Sandbox, family: &Family, fs_type: FsType, way: &str) {
    let backup = |path: &Path| sandbox.path(path).with_file_name("manifest.json.backup");
    let stat = |path: PathBuf| {
        let stat = fs::metadata(path).unwrap();
        let inode = if way == "copy" { 0 } else { stat.ino() };
        (
            inode,
            stat.mode(),
            stat.uid(),
            stat.mtime(),
            stat.mtime_nsec(),
        )
    };
    if fs_type == FsType::Fuse2fs {
        family
            .paths()
            .for_each(|path| remove_hidden_names(&backup(path)));
    }
    let kept: Vec<_> = family.paths().map(|path| stat(backup(path))).collect();
    let output = sandbox.run(["rollback", "--last", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{fs_type:?}: {output}");
    assert_eq!(output.json()["counts"]["restored"], 3, "{output}");
    let back: Vec<_> = family
        .paths()
        .map(|path| stat(sandbox.path(path)))
        .collect();
    assert_eq!(back, kept, "{fs_type:?}: {output}");
    family.assert_rolled_back(sandbox, &format!("{fs_type:?}"));
    // Of each manifest the last counts: a way that does not work is given up.
    let last: BTreeMap<_, _> = journal(sandbox.root())
        .into_iter()
        .filter(|record| record["type"] == "restoring")
        .map(|record| (record["path"].to_string(), record["storage"]["way"].clone()))
        .collect();
    let taken: BTreeSet<_> = last.values().filter_map(|way| way.as_str()).collect();
    assert_eq!(taken, [way].into(), "{fs_type:?}");
}

/// libfuse gives a file that is replaced while it is open a hidden name and takes it away at the last close, or, in a race of its own, never. Until then a backup is refused as `hard_linked`, and the operator removes the name.
fn remove_hidden_names(backup: &Path) {
    let is_alone = || fs::metadata(backup).unwrap().nlink() == 1;
    if wait::within(Duration::from_secs(1), is_alone) {
        return;
    }
    for entry in fs::read_dir(backup.parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if name.to_string_lossy().starts_with(".fuse_hidden") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    // The kernel keeps the count for a second.
    wait::until("the backup has another name", is_alone);
}

macro_rules! migrates {
    ($($name:ident: $fs_type:expr, $way:literal;)+) => {
        $(#[test]
        fn $name() {
            migrates($fs_type, $way);
        })+
    };
}

migrates! {
    ext4_exchanges: FsType::Ext4, "exchange";
    ext4_without_journal_links: FsType::Ext4WithoutJournal, "link";
    ext2_links: FsType::Ext2, "link";
    xfs_exchanges: FsType::Xfs, "exchange";
    btrfs_exchanges: FsType::Btrfs, "exchange";
    tmpfs_exchanges: TMPFS, "exchange";
    ramfs_links: FsType::Ramfs, "link";
    overlay_links: FsType::Overlay, "link";
    fuse2fs_links: FsType::Fuse2fs, "link";
    bindfs_links: FsType::Bindfs, "link";
    exfat_copies: FsType::Exfat, "copy";
}

/// Kills an operation at some moment, cuts the power at another, and recovers on what is left.
fn survives(fs_type: FsType) {
    let Some(mount) = mount(fs_type) else {
        return;
    };
    let family = Family::of_many(600);
    for migrated in [0, 1, 100, 250, 400, 550] {
        let sandbox = Sandbox::on(mount.path());
        family.write(sandbox.root());
        rustix::fs::syncfs(fs::File::open(sandbox.root()).unwrap()).unwrap();
        let last = family.paths().nth(migrated).unwrap();
        let is_replaced = wait::is_replaced(sandbox.path(last));
        let mut running = sandbox.invoke(["--quiet", "--jobs", "2"]).spawn();
        running.wait_until(|| sandbox.path(STATE).join("staging").exists());
        if migrated > 0 {
            running.wait_until(&is_replaced);
        }
        let why = format!("{fs_type:?} after about {migrated} manifests");
        // The power fails while it is at work.
        let cut = or_skip(mount.after_power_cut());
        let id = Pid::from_raw(i32::try_from(running.id()).unwrap()).unwrap();
        // It may have ended meanwhile.
        let _ = kill_process(id, Signal::KILL);
        running.wait();
        family.assert_whole(sandbox.root(), &why);
        sandbox.run(["--quiet"]).code(0).stdout("");
        family.assert_done(sandbox.root(), &why);
        let Some(cut) = cut else {
            return;
        };
        let root = cut.path().join(sandbox.root().file_name().unwrap());
        let why = format!("{why}, with a power cut");
        family.assert_whole(&root, &why);
        let output = sandbox.run([root.to_str().unwrap(), "--quiet"]);
        assert_eq!(output.status.code(), Some(0), "{why}: {output}");
        family.assert_done(&root, &why);
    }
}

#[test]
fn ext4_survives_kills_and_power_cuts() {
    survives(FsType::Ext4);
}

#[test]
fn xfs_survives_kills_and_power_cuts() {
    survives(FsType::Xfs);
}

#[test]
fn btrfs_survives_kills_and_power_cuts() {
    survives(FsType::Btrfs);
}

/// The harness must be able to see a loss, or it proves nothing.
#[test]
fn without_flushes_a_power_cut_takes_what_was_said_to_be_done() {
    let Some(mount) = mount(FsType::Ext4) else {
        return;
    };
    let family = Family::of_many(200);
    let sandbox = Sandbox::on(mount.path());
    family.write(sandbox.root());
    rustix::fs::syncfs(fs::File::open(sandbox.root()).unwrap()).unwrap();
    sandbox.run(["--quiet", "--sync", "none"]).code(0);
    let Some(after) = or_skip(mount.after_power_cut()) else {
        return;
    };
    let root = after.path().join(sandbox.root().file_name().unwrap());
    let new = family.paths().filter(|path| {
        let found = fs::read(root.join(path)).unwrap_or_default();
        String::from_utf8_lossy(&found).contains("\"1.2.0\"")
    });
    assert!(
        new.count() < family.len(),
        "nothing was lost without flushes"
    );
    family.assert_done(sandbox.root(), "without a power cut");
}

pub(crate) fn command(words: &[&str], path: &Path) -> String {
    let output = Command::new(words[0])
        .args(&words[1..])
        .arg(path)
        .output()
        .unwrap_or_else(|error| panic!("{words:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {text}");
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) const MANIFEST: &str = "{\"schema_version\":\"1.0.0\",\"run_id\":\"a\"}\n";

/// Owner, mode, ACL and attributes, as other programs show them.
fn metadata(path: &Path) -> String {
    let metadata = fs::metadata(path).unwrap();
    let shown = [
        format!(
            "{}:{} {:o}",
            metadata.uid(),
            metadata.gid(),
            metadata.mode()
        ),
        command(&["getfacl", "-cpn"], path),
        command(&["getfattr", "-d", "--absolute-names", "-m", "user"], path)
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect(),
    ];
    shown.join("\n")
}

#[test]
fn whatever_hangs_on_a_manifest_hangs_on_the_new_one() {
    for fs_type in [FsType::Ext4, FsType::Xfs, FsType::Btrfs, FsType::Ext2] {
        let Some(mount) = mount(fs_type) else {
            continue;
        };
        let sandbox = Sandbox::on(mount.path());
        for run in [
            "plain",
            "mode",
            "owner",
            "attribute",
            "acl",
            "default-acl",
            "setgid",
            "root-sticky",
        ] {
            if run == "default-acl" {
                sandbox.dir("artifacts/job/default-acl");
                command(
                    &["setfacl", "-d", "-m", "u:65533:rwx"],
                    &sandbox.path("artifacts/job/default-acl"),
                );
            }
            sandbox.manifest(format!("job/{run}"), MANIFEST);
        }
        let at = |run: &str| sandbox.path(format!("artifacts/job/{run}/manifest.json"));
        let dir = |run: &str| sandbox.path(format!("artifacts/job/{run}"));
        fs::set_permissions(at("mode"), fs::Permissions::from_mode(0o604)).unwrap();
        chown(at("owner"), Some(65_533), Some(65_532)).unwrap();
        command(
            &["setfattr", "-n", "user.note", "-v", "kept"],
            &at("attribute"),
        );
        command(&["setfacl", "-m", "u:65533:r,g:65532:rw"], &at("acl"));
        // The default ACL of the directory is not the manifest's: it was taken off again.
        command(&["setfacl", "-b"], &at("default-acl"));
        chown(dir("setgid"), None, Some(65_532)).unwrap();
        fs::set_permissions(dir("setgid"), fs::Permissions::from_mode(0o2775)).unwrap();
        fs::set_permissions(dir("root-sticky"), fs::Permissions::from_mode(0o1777)).unwrap();
        let runs = [
            "plain",
            "mode",
            "owner",
            "attribute",
            "acl",
            "default-acl",
            "setgid",
            "root-sticky",
        ];
        let before: Vec<_> = runs.iter().map(|run| metadata(&at(run))).collect();
        // A default ACL on the tree must not reach what is staged in it.
        command(
            &["setfacl", "-d", "-m", "u:65531:rwx"],
            &sandbox.path("artifacts"),
        );
        let output = sandbox.run(["--format", "json"]);
        output.code(0);
        assert_eq!(output.json()["counts"]["migrated"], 8, "{output}");
        for (run, before) in runs.iter().zip(before) {
            assert_eq!(metadata(&at(run)), before, "{fs_type:?}: {run}");
            let backup = at(run).with_file_name("manifest.json.backup");
            assert_eq!(metadata(&backup), before, "{fs_type:?}: backup of {run}");
        }
        let state = metadata(&sandbox.path(STATE));
        assert!(state.starts_with("0:0 40700"), "{state}");
        assert!(!state.contains("65531"), "{state}");
    }
}

#[test]
fn an_immutable_manifest_is_named_and_kept() {
    let Some(mount) = mount(FsType::Ext4) else {
        return;
    };
    let sandbox = Sandbox::on(mount.path());
    sandbox
        .manifest("job/a", MANIFEST)
        .manifest("job/b", MANIFEST);
    let fixed = sandbox.path("artifacts/job/a/manifest.json");
    command(&["chattr", "+i"], &fixed);
    let output = sandbox.run(["--format", "json"]);
    command(&["chattr", "-i"], &fixed);
    output.code(1);
    let report = output.json();
    assert_eq!(
        report["manifests"][0]["code"], "permission_denied",
        "{output}"
    );
    assert_eq!(report["manifests"][1]["outcome"], "migrated", "{output}");
    assert_eq!(fs::read(&fixed).unwrap(), MANIFEST.as_bytes());
    let left = fs::read_dir(sandbox.path("artifacts/job/a"))
        .unwrap()
        .count();
    assert_eq!(left, 1, "something is left over");
}

/// Runs out of room for bytes or names, at every size in between.
fn runs_out(sizes: impl Iterator<Item = (u64, u64)>) {
    let family = Family::of_three();
    let (mut stopped, mut storage_failed, mut done) = (0, 0, 0);
    for (bytes, inodes) in sizes {
        let Some(mount) = mount(FsType::Tmpfs { bytes, inodes }) else {
            return;
        };
        let why = format!("with {bytes} bytes and {inodes} inodes");
        let sandbox = Sandbox::on(mount.path());
        family.write(sandbox.root());
        let output = sandbox.run(["--format", "json"]);
        let new = family.assert_whole(sandbox.root(), &why);
        let code = output.status.code().unwrap();
        if code == 0 {
            done += 1;
            // Without room for a new head the next operation ends this one, and a warning says so.
            if output.stderr.contains("(journal_incomplete)") {
                or_skip(mount.remount("size=8m,nr_inodes=1000")).unwrap();
                sandbox.run(["--quiet"]).code(0);
            }
            family.assert_done(sandbox.root(), &why);
            continue;
        }
        stopped += 1;
        assert!([1, 2, 6].contains(&code), "{why}: {output}");
        let report = output.json();
        assert_eq!(report["counts"]["migrated"], new, "{why}: {output}");
        if code == 6 {
            storage_failed += 1;
            assert_eq!(report["error"]["code"], "storage_failed", "{why}: {output}");
        }
        let names_it = output.stdout.contains("no_space")
            || output.stderr.contains("No space left on device")
            || output.stdout.contains("No space left on device");
        assert!(names_it, "{why}: {output}");
        // With room again it goes on.
        or_skip(mount.remount("size=8m,nr_inodes=1000")).unwrap();
        sandbox.run(["--quiet"]).code(0);
        family.assert_done(sandbox.root(), &why);
    }
    assert!(
        stopped > 2 && storage_failed > 0 && done > 0,
        "{stopped} stopped, {storage_failed} of them with exit 6, and {done} did not"
    );
}

#[test]
fn a_full_file_system_stops_it_and_loses_nothing() {
    runs_out((6..22).map(|pages| (pages * 4096, 1_000)));
}

#[test]
fn a_file_system_without_room_for_names_stops_it_and_loses_nothing() {
    runs_out((13..32).map(|inodes| (8 << 20, inodes)));
}
