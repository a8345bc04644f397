//! What recovery finds of a rollback or a pruning that was cut off, built by hand.
//!
//! Invariant: each row says what stands there, and what recovery makes of it.

use serde_json::{Value, json};

use super::setting::{Setting, original};
use super::table::{
    ID, JOURNAL, NAME, STAGING, THEIRS, UNDONE, leave, migrated, path, recorded, run, settings,
    staged_name,
};
use crate::code::Code;
use crate::crash::simulated::Simulated;
use crate::digest::Digest;
use crate::journal::{BackupId, Command, Opaque, Record, Removing, Restoring};

/// Every disk with the migration done, and with what it made of the manifest.
fn migrated_disks() -> impl Iterator<Item = (&'static Setting, Simulated, String)> {
    settings().map(|setting| {
        let disk = setting.disk();
        assert_eq!(run(setting, &disk).exit_code(), 0, "{}", setting.name);
        (setting, disk.kill(), format!("{NAME}.backup"))
    })
}

fn restoring(part: &Value) -> Record {
    Record::Restoring(Box::new(Restoring {
        path: path(),
        undoes: UNDONE.parse().unwrap(),
        before: Digest::of(&migrated()),
        after: Digest::of(&original(NAME)),
        backup: BackupId::new("manifest.json.backup").unwrap(),
        storage: Opaque::of(part),
    }))
}

fn beside_name() -> String {
    let name = staged_name(&original(NAME), &migrated());
    format!(".migrate-manifests.{ID}.{name}")
}

/// Announces that the original is put back, with the inode that is the displaced file's; lets a migration settle it, and gives what it recorded.
fn settled(setting: &Setting, disk: &Simulated, way: &str, displaced: u64) -> String {
    let mut part = json!({"inode": displaced, "backup_inode": 1, "way": way});
    if way != "exchange" {
        part["staged"] = beside_name().into();
    }
    // The operation comes after the migration.
    leave(disk, Command::Rollback, Some(&restoring(&part)));
    let told = run(setting, disk);
    let what = format!("{}, {way}: {told:?}", setting.name);
    assert!(told.warns_of(Code::Recovered), "{what}");
    recorded(disk)
}

#[test]
fn a_rollback_that_had_not_begun_is_undone() {
    for way in ["exchange", "link", "copy"] {
        for (setting, disk, backup) in migrated_disks() {
            let inode = disk.node(NAME).unwrap().inode;
            assert_eq!(settled(setting, &disk, way, inode), "undone");
            assert_eq!(disk.read_path(NAME), Some(migrated()), "{}", setting.name);
            assert_eq!(disk.read_path(&backup), Some(original(NAME)));
        }
    }
}

#[test]
fn a_rollback_that_had_exchanged_is_finished() {
    for (setting, disk, backup) in migrated_disks() {
        let new = migrated();
        disk.add_file(NAME, original(NAME));
        disk.add_file(&backup, &new);
        let displaced = disk.node(&backup).unwrap().inode;
        let outcome = settled(setting, &disk, "exchange", displaced);
        assert_eq!(outcome, "finished", "{}", setting.name);
    }
}

#[test]
fn what_somebody_put_under_the_backup_name_is_left_by_the_recovery_of_a_rollback() {
    // The same bytes in another file are not the file that was displaced.
    for theirs in [THEIRS.to_vec(), migrated()] {
        for (setting, disk, backup) in migrated_disks() {
            disk.add_file(NAME, original(NAME));
            disk.add_file(&backup, &theirs);
            let outcome = settled(setting, &disk, "exchange", 1 << 40);
            assert_eq!(outcome, "left", "{}", setting.name);
            assert_eq!(disk.read_path(&backup), Some(theirs.clone()));
        }
    }
}

#[test]
fn an_original_beside_the_manifest_is_kept_where_it_is_the_last_one() {
    for (setting, disk, backup) in migrated_disks() {
        disk.add_file(format!("a/r1/{}", beside_name()), original(NAME));
        assert!(disk.foreign_remove(&backup));
        let inode = disk.node(NAME).unwrap().inode;
        let outcome = settled(setting, &disk, "link", inode);
        assert_eq!(outcome, "left", "{}", setting.name);
        let rescued = format!("{NAME}.rescued.{}", Digest::of(&original(NAME)).short());
        assert_eq!(disk.read_path(rescued), Some(original(NAME)));
    }
}

#[test]
fn a_backup_that_was_to_be_removed_is_gone_or_it_is_not() {
    for is_gone in [false, true] {
        for (setting, disk, backup) in migrated_disks() {
            let inode = disk.node(&backup).unwrap().inode;
            if is_gone {
                assert!(disk.foreign_remove(&backup));
            }
            let removing = Record::Removing(Box::new(Removing {
                path: path(),
                of: UNDONE.parse().unwrap(),
                backup: BackupId::new("manifest.json.backup").unwrap(),
                digest: Digest::of(&original(NAME)),
                storage: Opaque::of(&json!({ "inode": inode })),
            }));
            leave(&disk, Command::Prune, Some(&removing));
            run(setting, &disk);
            let expected = if is_gone { "pruned" } else { "undone" };
            assert_eq!(recorded(&disk), expected, "{}", setting.name);
            assert_eq!(disk.node(&backup).is_none(), is_gone, "{}", setting.name);
        }
    }
}

/// Programs make no such names: a journal that has one is somebody else's, and nothing of it is touched.
#[test]
fn a_name_that_the_operation_could_not_have_made_makes_the_journal_unknown() {
    for (setting, disk, backup) in migrated_disks() {
        let inode = disk.node(NAME).unwrap().inode;
        disk.add_file("a/r1/precious", original(NAME));
        let part = json!({"inode": inode, "backup_inode": 1, "way": "link", "staged": "precious"});
        leave(&disk, Command::Rollback, Some(&restoring(&part)));
        let before = disk.read_path(JOURNAL);
        let told = run(setting, &disk);
        let what = format!("{}: {told:?}", setting.name);
        assert!(told.warns_of(Code::JournalUnknown), "{what}");
        assert_eq!(told.exit_code(), 1, "{what}");
        assert_eq!(disk.read_path("a/r1/precious"), Some(original(NAME)));
        assert_eq!(disk.read_path(&backup), Some(original(NAME)));
        assert_eq!(disk.read_path(JOURNAL), before, "{what}");
        assert!(disk.node(STAGING).is_some(), "{what}");
    }
}
