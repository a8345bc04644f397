//! Fuses, hooks, and syncs that fail.

use std::io;

use super::super::disk::{Node, Simulated};
use super::super::fuses::{Call, Often, Stop};
use super::probes::{EIO, ENOSPC, bytes, errno, names, open, plain};
use crate::storage::disk::{Crossing, Disk as _};

/// Makes a file durable by five mutating calls.
fn write_file(disk: &Simulated) -> io::Result<()> {
    let root = disk.root();
    let file = disk.create(&root, plain("file"))?;
    disk.write(&file, b"abcdef")?;
    disk.set_mode(&file, 0o644)?;
    disk.sync_file(&file)?;
    disk.sync_dir(&root)
}

#[test]
fn calls_that_mutate_are_counted_and_named() {
    let disk = Simulated::ordered();
    disk.add_file("fixture", "is no call");
    write_file(&disk).unwrap();
    disk.stat_at(&disk.root(), plain("file")).unwrap();
    assert_eq!(disk.calls(), 5);
    let expected = [
        "1 Create file",
        "2 Write file",
        "3 SetMode file",
        "4 SyncFile file",
        "5 SyncDir",
    ];
    assert_eq!(disk.log(), expected);
}

#[test]
fn a_stop_is_before_within_or_after_a_call() {
    let left = |n, stop| {
        let disk = Simulated::ordered();
        disk.stop_at(n, stop);
        assert_eq!(errno(write_file(&disk)), EIO);
        assert!(disk.stopped());
        assert_eq!(errno(disk.stat_at(&disk.root(), plain("file"))), EIO);
        let node = disk.kill().node("file");
        node.map(|node| (node.bytes, node.mode))
    };
    assert_eq!(left(1, Stop::Before), None);
    assert_eq!(left(1, Stop::Halfway), None);
    assert_eq!(left(1, Stop::After), Some((vec![], 0o600)));
    assert_eq!(left(2, Stop::Before), Some((vec![], 0o600)));
    assert_eq!(left(2, Stop::Halfway), Some((b"abc".to_vec(), 0o600)));
    assert_eq!(left(2, Stop::After), Some((b"abcdef".to_vec(), 0o600)));
    assert_eq!(left(3, Stop::After), Some((b"abcdef".to_vec(), 0o644)));
}

#[test]
fn a_run_of_faults_ends_where_the_calls_end() {
    let mut failures = 0;
    for n in 1.. {
        let disk = Simulated::ordered();
        disk.fail_at(n, ENOSPC, Often::Once);
        match write_file(&disk) {
            Ok(()) => break,
            error => assert_eq!(errno(error), ENOSPC),
        }
        failures += 1;
    }
    assert_eq!(failures, 5);
}

#[test]
fn a_failure_is_of_one_call_or_of_its_kind_for_ever() {
    let disk = Simulated::ordered();
    let root = disk.root();
    disk.fail_at(2, ENOSPC, Often::ForEver);
    disk.fail_kind(Call::Unlink, 2, EIO, Often::Once);
    disk.fail_kind(Call::Open, 1, EIO, Often::Once);
    disk.create(&root, plain("a")).unwrap();
    assert_eq!(errno(disk.create(&root, plain("b"))), ENOSPC);
    disk.make_dir(&root, plain("dir")).unwrap();
    assert_eq!(errno(disk.create(&root, plain("c"))), ENOSPC);
    disk.unlink(&root, plain("a")).unwrap();
    assert_eq!(errno(disk.unlink(&root, plain("a"))), EIO);
    assert_eq!(errno(disk.unlink(&root, plain("a"))), 2);
    assert_eq!(errno(disk.open(&root, b"dir", Crossing::Stay)), EIO);
    disk.open(&root, b"dir", Crossing::Stay).unwrap();
    assert_eq!(names(&disk), ["dir"]);
}

#[test]
fn a_full_disk_may_take_half_of_a_write() {
    let disk = Simulated::ordered();
    disk.add_file("journal", "first\n");
    disk.fail_halfway(Call::Write, 2, ENOSPC, Often::Once);
    let file = disk.open_append(&disk.root(), plain("journal")).unwrap();
    disk.write(&file, b"second\n").unwrap();
    assert_eq!(errno(disk.write(&file, b"torn\n!")), ENOSPC);
    disk.write(&file, b"third\n").unwrap();
    let left = disk.read_path("journal").unwrap();
    assert_eq!(left, b"first\nsecond\ntorthird\n");
}

#[test]
fn threads_may_share_the_disk() {
    let disk = Simulated::ordered();
    let root = disk.root();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (disk, root) = (&disk, &root);
            scope.spawn(move || {
                for n in 0..50 {
                    let name = format!("{thread}-{n}");
                    let file = disk.create(root, plain(&name)).unwrap();
                    disk.write(&file, name.as_bytes()).unwrap();
                }
            });
        }
    });
    disk.sync_fs(&root).unwrap();
    let after = disk.crash(1);
    assert_eq!(after.tree().len(), 200);
    assert_eq!(disk.calls(), 401);
    let whole = |(name, node): (&String, &Node)| node.bytes == name.as_bytes();
    assert!(after.tree().iter().all(whole));
}

#[test]
fn a_hook_runs_before_its_call_and_may_use_the_disk() {
    let disk = Simulated::ordered();
    disk.add_file("manifest", "original");
    let root = disk.root();
    disk.hook_at(2, |disk| disk.foreign_replace("manifest", "foreign"));
    disk.hook_kind(Call::Exchange, 1, |disk| {
        assert_eq!(bytes(disk, &open(disk, "manifest")), b"foreign");
    });
    let read = open(&disk, "manifest");
    drop(disk.create(&root, plain("staged")).unwrap());
    disk.exchange((&root, plain("staged")), (&root, plain("manifest")))
        .unwrap();
    assert_eq!(disk.read_path("staged").unwrap(), b"foreign");
    let displaced = disk.node("staged").unwrap().inode;
    assert_ne!(displaced, disk.stat(&read).unwrap().inode);
    disk.foreign_write_to(&read, "to an unlinked file");
    assert_eq!(bytes(&disk, &read), b"to an unlinked file");
    assert!(disk.foreign_remove("staged"));
    assert!(!disk.foreign_remove("staged"));
}

#[test]
fn a_failed_sync_is_reported_once_for_each_handle_and_loses_the_data() {
    let disk = Simulated::ordered();
    let (first, second) = (disk.root(), disk.root());
    let file = disk.create(&first, plain("file")).unwrap();
    disk.write(&file, b"abc").unwrap();
    disk.fail_kind(Call::SyncFs, 1, EIO, Often::Once);
    assert_eq!(errno(disk.sync_fs(&first)), EIO);
    let later = disk.root();
    assert_eq!(errno(disk.sync_fs(&first)), 0, "it has been told");
    assert_eq!(errno(disk.sync_fs(&second)), EIO);
    assert_eq!(errno(disk.sync_fs(&second)), 0);
    assert_eq!(errno(disk.sync_fs(&later)), 0, "it came after the failure");
    assert_eq!(errno(disk.sync_file(&file)), EIO, "the file's own handle");
    assert_eq!(errno(disk.sync_file(&file)), 0);

    assert_eq!(bytes(&disk, &file), b"abc", "readers see no difference");
    for seed in 0..50 {
        let left = disk.crash(seed).read_path("file").unwrap();
        assert_eq!(left, b"\0\0\0", "every sync since has succeeded");
    }
}

#[test]
fn what_a_failed_sync_lost_is_durable_only_if_it_is_written_again() {
    for again in [false, true] {
        let disk = Simulated::ordered();
        let root = disk.root();
        let file = disk.create(&root, plain("file")).unwrap();
        disk.write(&file, b"abc").unwrap();
        disk.fail_kind(Call::SyncFile, 1, EIO, Often::Once);
        assert_eq!(errno(disk.sync_file(&file)), EIO);
        disk.sync_fs(&disk.root()).unwrap();
        let more = disk.open_append(&root, plain("file")).unwrap();
        if again {
            disk.truncate(&more, 0).unwrap();
            disk.write(&more, b"abc").unwrap();
        }
        disk.write(&more, b"def").unwrap();
        disk.sync_file(&more).unwrap();
        let left = disk.crash(1).read_path("file").unwrap();
        assert_eq!(left, if again { b"abcdef" } else { b"\0\0\0def" });
    }
}

#[test]
fn a_second_failed_sync_does_not_bring_back_what_the_first_lost() {
    let disk = Simulated::ordered();
    let root = disk.root();
    let file = disk.create(&root, plain("file")).unwrap();
    disk.write(&file, b"abc").unwrap();
    disk.fail_device("file", EIO);
    assert_eq!(errno(disk.sync_fs(&root)), EIO);
    disk.write(&file, b"def").unwrap();
    disk.fail_device("file", EIO);
    for seed in 0..50 {
        let left = disk.crash(seed).read_path("file").unwrap();
        assert!(left.starts_with(b"\0\0\0"), "{left:?}");
    }
}

#[test]
fn a_stopped_sync_has_done_all_or_nothing() {
    for (stop, expected) in [(Stop::Before, 2), (Stop::After, 1)] {
        let disk = Simulated::ordered();
        let root = disk.root();
        disk.create(&root, plain("file")).unwrap();
        disk.stop_at(2, stop);
        assert_eq!(errno(disk.sync_fs(&root)), EIO);
        let mut seen: Vec<_> = (0..50).map(|seed| names(&disk.crash(seed))).collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), expected);
    }
}
