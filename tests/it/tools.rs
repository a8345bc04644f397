//! The tools of the tests: the sandbox, its snapshots, file systems, and what may not be skipped.
//!
//! Invariant: a tool that does not do what it says fails here, not in the tests that use it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::support::mounts::{FsType, Mount, mount, or_skip};
use crate::support::sandbox::Sandbox;
use crate::support::skip::is_required;

#[test]
fn a_sandbox_runs_the_program_with_nothing_but_a_path() {
    let sandbox = Sandbox::new();
    let script =
        "env | cut -d= -f1 | grep -vE '^(PWD|OLDPWD|SHLVL|_)$'; pwd; echo \"$@\"; cat; exit 3";
    let output = sandbox
        .invoke(["--dry-run"])
        .under(["sh", "-c", script])
        .env("LANG", "C")
        .stdin("input\n")
        .run();
    let args = format!("--dry-run --now {}", crate::support::sandbox::NOW);
    let mut lines: Vec<_> = output.stdout.lines().collect();
    lines[..2].sort_unstable();
    assert_eq!(lines, ["LANG", "PATH", "[SANDBOX]", &args, "input"]);
    output.stderr("").code(3);
}

#[test]
fn a_snapshot_sees_every_difference() {
    let sandbox = Sandbox::new();
    sandbox
        .manifest("job/run", "{}")
        .file("gone", "x")
        .file("mode", "x")
        .link("link", "a")
        .dir("empty");
    let before = sandbox.snapshot();
    assert_eq!(
        before.differences(&sandbox.snapshot()),
        Vec::<String>::new()
    );
    sandbox
        .manifest("job/run", "{ }")
        .mode("mode", 0o600)
        .file("artifacts/.migrate-manifests/lock", "");
    fs::remove_file(sandbox.path("gone")).unwrap();
    fs::remove_file(sandbox.path("link")).unwrap();
    sandbox.link("link", "b");
    let expected = [
        "~ artifacts/job/run/manifest.json",
        "- gone",
        "~ link",
        "~ mode",
    ];
    assert_eq!(
        before.differences(&sandbox.snapshot_without_state()),
        expected
    );
    assert_eq!(
        before.differences(&sandbox.snapshot()).len(),
        expected.len() + 2
    );
}

const ALL: &[&str] = &["link", "exchange", "rename without replacing", "chmod"];

const LINKS_ONLY: &[&str] = &["link", "chmod"];

const NONE: &[&str] = &[];

/// What can be done in a directory.
fn abilities(dir: &Path) -> Vec<&'static str> {
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| dir.join(name));
    fs::write(&a, "a").unwrap();
    fs::write(&b, "b").unwrap();
    let rename = |from, to, flags| renameat_with(CWD, from, CWD, to, flags).is_ok();
    assert!(
        !rename(&a, &b, RenameFlags::NOREPLACE),
        "a taken name was given"
    );
    let mut abilities = Vec::new();
    if fs::hard_link(&a, &c).is_ok() {
        abilities.push("link");
    }
    if rename(&a, &b, RenameFlags::EXCHANGE) && fs::read(&a).unwrap() == b"b" {
        abilities.push("exchange");
    }
    if rename(&b, &d, RenameFlags::NOREPLACE) {
        abilities.push("rename without replacing");
    }
    // exfat says yes, and does nothing.
    let set = fs::set_permissions(&a, Permissions::from_mode(0o640));
    if set.is_ok() && fs::metadata(&a).unwrap().mode() & 0o777 == 0o640 {
        abilities.push("chmod");
    }
    abilities
}

fn assert_abilities(fs_type: FsType, expected: &[&str]) {
    if let Some(mount) = mount(fs_type) {
        assert_eq!(abilities(mount.path()), expected, "{fs_type:?}");
        let point = mount.path().to_owned();
        drop(mount);
        assert!(!point.exists(), "{} was left over", point.display());
    }
}

macro_rules! abilities {
    ($($name:ident: $fs_type:expr => $abilities:ident;)+) => {
        $(#[test]
        fn $name() {
            assert_abilities($fs_type, $abilities);
        })+
    };
}

abilities! {
    ext4_can_do_everything: FsType::Ext4 => ALL;
    ext4_without_journal_can_do_everything_but_order: FsType::Ext4WithoutJournal => ALL;
    ext2_can_do_everything_but_order: FsType::Ext2 => ALL;
    xfs_can_do_everything: FsType::Xfs => ALL;
    btrfs_can_do_everything: FsType::Btrfs => ALL;
    tmpfs_can_do_everything: FsType::Tmpfs { bytes: 1 << 20, inodes: 100 } => ALL;
    ramfs_can_do_everything: FsType::Ramfs => ALL;
    overlay_can_do_everything: FsType::Overlay => ALL;
    fuse2fs_has_links_but_no_exchange: FsType::Fuse2fs => LINKS_ONLY;
    bindfs_has_links_but_no_exchange: FsType::Bindfs => LINKS_ONLY;
    exfat_has_neither_links_nor_exchange: FsType::Exfat => NONE;
}

#[test]
fn a_read_only_mount_can_be_read_only() {
    let sandbox = Sandbox::new();
    sandbox.file("a", "x");
    let Some(mount) = or_skip(Mount::read_only(sandbox.root())) else {
        return;
    };
    assert_eq!(fs::read(mount.path().join("a")).unwrap(), b"x");
    let error = fs::write(mount.path().join("b"), "x").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ReadOnlyFilesystem);
}

#[test]
fn a_small_tmpfs_runs_out_of_room() {
    let Some(mount) = mount(FsType::Tmpfs {
        bytes: 64 << 10,
        inodes: 10,
    }) else {
        return;
    };
    let error = fs::write(mount.path().join("a"), vec![0; 128 << 10]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
}

#[test]
fn a_power_cut_leaves_what_was_flushed_only() {
    for fs_type in [FsType::Ext4, FsType::Xfs, FsType::Btrfs] {
        let Some(mount) = mount(fs_type) else {
            continue;
        };
        let flushed = mount.path().join("flushed");
        fs::write(&flushed, "x").unwrap();
        let dir = fs::File::open(mount.path()).unwrap();
        rustix::fs::syncfs(&dir).unwrap();
        fs::write(mount.path().join("not-flushed"), "x").unwrap();
        let Some(after) = or_skip(mount.after_power_cut()) else {
            continue;
        };
        assert_eq!(
            fs::read(after.path().join("flushed")).unwrap(),
            b"x",
            "{fs_type:?}"
        );
        assert!(
            !after.path().join("not-flushed").exists(),
            "{fs_type:?} shows no loss, so it proves nothing"
        );
    }
}

#[test]
fn what_is_required_is_a_whole_name_of_the_list() {
    assert!(is_required("root, xfs", "xfs"));
    assert!(!is_required("root,xfs", "x"));
    assert!(!is_required("", "root"));
}
