//! Mounts in the tree: other file systems, the same one once more, and those that cannot be written to.
//!
//! Invariant: no other file system is entered unless that was asked for.

use std::fs;

use crate::file_systems::{MANIFEST, TMPFS, command};
use crate::support::aftermath::Family;
use crate::support::mounts::{FsType, mount, or_skip};
use crate::support::sandbox::{Output, Sandbox};

fn counts(output: &Output) -> (u64, u64) {
    let counts = &output.json()["counts"];
    let of = |name: &str| counts[name].as_u64().unwrap();
    (of("found"), of("migrated"))
}

#[test]
fn another_file_system_in_the_tree_is_entered_only_when_asked() {
    let Some(inner) = mount(TMPFS) else {
        return;
    };
    let sandbox = Sandbox::new();
    sandbox
        .manifest("job/here", MANIFEST)
        .dir("artifacts/job/there");
    let point = sandbox.path("artifacts/job/there");
    fs::write(inner.path().join("manifest.json"), MANIFEST).unwrap();
    command(&["mount", "--bind", inner.path().to_str().unwrap()], &point);
    let stay = sandbox.run(["--format", "json"]);
    let cross = sandbox.run(["--format", "json", "--cross-file-systems"]);
    let migrated = fs::read(point.join("manifest.json"));
    let backup = fs::read(point.join("manifest.json.backup"));
    let left = fs::read_dir(&point).unwrap().count();
    command(&["umount"], &point);
    stay.code(0);
    assert_eq!(counts(&stay), (1, 1));
    assert_eq!(
        stay.json()["warnings"][0]["code"],
        "other_file_system",
        "{stay}"
    );
    assert_eq!(stay.json()["warnings"][0]["path"], "job/there", "{stay}");
    cross.code(0);
    assert_eq!(counts(&cross), (2, 1));
    assert_ne!(migrated.unwrap(), MANIFEST.as_bytes());
    assert_eq!(backup.unwrap(), MANIFEST.as_bytes());
    assert_eq!(left, 2, "something is left over");
}

#[test]
fn a_bind_mount_of_the_same_file_system_is_another_one() {
    let Some(mount) = mount(FsType::Ext4) else {
        return;
    };
    let sandbox = Sandbox::on(mount.path());
    sandbox
        .manifest("job/here", MANIFEST)
        .dir("artifacts/job/there")
        .file("elsewhere/manifest.json", MANIFEST);
    let point = sandbox.path("artifacts/job/there");
    command(
        &[
            "mount",
            "--bind",
            sandbox.path("elsewhere").to_str().unwrap(),
        ],
        &point,
    );
    let stay = sandbox.run(["--format", "json"]);
    let cross = sandbox.run(["--format", "json", "--cross-file-systems"]);
    let left = fs::read_dir(&point).unwrap().count();
    command(&["umount"], &point);
    stay.code(0);
    assert_eq!(counts(&stay), (1, 1), "{stay}");
    cross.code(0);
    assert_eq!(counts(&cross), (2, 1), "{cross}");
    assert_eq!(
        sandbox.read("elsewhere/manifest.json.backup"),
        MANIFEST.as_bytes()
    );
    assert_eq!(left, 2, "something is left over");
}

#[test]
fn a_read_only_mount_in_the_tree_is_the_trouble_of_its_manifests() {
    let Some(inner) = mount(TMPFS) else {
        return;
    };
    let sandbox = Sandbox::new();
    let point = sandbox.dir("artifacts/job/ro").path("artifacts/job/ro");
    sandbox
        .manifest("job/a", MANIFEST)
        .manifest("job/z", MANIFEST);
    fs::write(inner.path().join("manifest.json"), MANIFEST).unwrap();
    command(&["mount", "--bind", inner.path().to_str().unwrap()], &point);
    command(&["mount", "-o", "remount,bind,ro"], &point);
    let words = ["--format", "json", "--cross-file-systems"];
    let dry = sandbox.run([&words[..], &["--dry-run"]].concat());
    let output = sandbox.run(words);
    let again = sandbox.run(words);
    command(&["umount"], &point);
    for (output, done, count) in [
        (&dry, "pending", 2),
        (&output, "migrated", 2),
        (&again, "current", 2),
    ] {
        output.code(1);
        let report = output.json();
        assert_eq!(report["counts"][done], count, "{output}");
        assert_eq!(report["counts"]["failed"], 1, "{output}");
        assert!(output.out().contains(r#""code":"read_only""#), "{output}");
    }
    let inner = fs::read(inner.path().join("manifest.json")).unwrap();
    assert_eq!(inner, MANIFEST.as_bytes());
}

#[test]
fn a_manifest_that_is_a_mount_point_is_refused_with_its_reason() {
    let Some(mount) = mount(FsType::Ext4) else {
        return;
    };
    let sandbox = Sandbox::on(mount.path());
    sandbox
        .manifest("job/a", MANIFEST)
        .manifest("job/mounted", MANIFEST)
        .file("elsewhere.json", MANIFEST);
    let point = sandbox.path("artifacts/job/mounted/manifest.json");
    let elsewhere = sandbox.path("elsewhere.json");
    command(&["mount", "--bind", elsewhere.to_str().unwrap()], &point);
    let stay = sandbox.run(["--format", "json"]);
    let cross = sandbox.run(["--format", "json", "--cross-file-systems"]);
    command(&["umount"], &point);
    for output in [stay, cross] {
        output.code(1);
        let report = output.json();
        assert!(output.out().contains(r#""code":"other_mount""#), "{output}");
        assert_eq!(report["counts"]["refused"], 1, "{output}");
    }
    assert_eq!(sandbox.read("elsewhere.json"), MANIFEST.as_bytes());
}

#[test]
fn a_subvolume_in_the_tree_is_another_file_system() {
    let Some(mount) = mount(FsType::Btrfs) else {
        return;
    };
    let sandbox = Sandbox::on(mount.path());
    sandbox.manifest("job/here", MANIFEST);
    let inner = sandbox.path("artifacts/job/there");
    command(&["btrfs", "-q", "subvolume", "create"], &inner);
    fs::write(inner.join("manifest.json"), MANIFEST).unwrap();
    let stay = sandbox.run(["--format", "json"]);
    stay.code(0);
    assert_eq!(counts(&stay), (1, 1), "{stay}");
    assert_eq!(
        stay.json()["warnings"][0]["code"],
        "other_file_system",
        "{stay}"
    );
    let cross = sandbox.run(["--format", "json", "--cross-file-systems"]);
    cross.code(0);
    assert_eq!(counts(&cross), (2, 1), "{cross}");
    assert_eq!(
        fs::read(inner.join("manifest.json.backup")).unwrap(),
        MANIFEST.as_bytes()
    );
    assert_eq!(fs::read_dir(&inner).unwrap().count(), 2);
}

#[test]
fn a_read_only_file_system_is_read_and_left() {
    let Some(mount) = mount(FsType::Xfs) else {
        return;
    };
    let family = Family::of_three();
    let sandbox = Sandbox::on(mount.path());
    family.write(sandbox.root());
    or_skip(mount.remount("ro")).unwrap();
    let output = sandbox.run(["--format", "json"]);
    let check = sandbox.run(["--check", "--quiet"]);
    or_skip(mount.remount("rw")).unwrap();
    output.code(2);
    assert_eq!(output.json()["error"]["code"], "state_unusable", "{output}");
    check.code(3).stdout("").stderr("");
    family.assert_untouched(sandbox.root(), "read-only");
}
