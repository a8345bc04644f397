//! Rollbacks on every disk: the files that they leave, obstacles, and foreign writers.

use super::foreign::{assert_second_rescued, replace_around_the_exchange};
use super::process::Run;
use super::setting::{MANIFESTS, SETTINGS, Setting, original};
use crate::code::Code;
use crate::crash::simulated::{Call, Often, Simulated};
use crate::digest::Digest;
use crate::report::Status;
use crate::storage::EntryKind;
use crate::storage::disk::{Disk as _, FileTime};

const NAME: &str = MANIFESTS[0];
const THEIRS: &[u8] = b"{\"schema_version\":\"1.2.0\",\"run_id\":\"theirs\"}";
const EIO: i32 = 5;

fn exchange() -> &'static Setting {
    &SETTINGS[0]
}

fn backup() -> String {
    format!("{NAME}.backup")
}

/// A disk on which the migration is done, as the next process finds it.
fn migrated(setting: &Setting) -> Simulated {
    let disk = setting.disk();
    let told = Run::migrate(&setting.storage(&disk, 2));
    assert_eq!(told.exit_code(), 0, "{}: {told:?}", setting.name);
    disk.kill()
}

fn roll_back(setting: &Setting, disk: &Simulated) -> Run {
    Run::roll_back(&setting.storage(disk, 4096))
}

fn inode_and_time(disk: &Simulated, name: &str) -> (u64, FileTime) {
    let stat = disk.stat_below(&disk.root(), name.as_bytes(), false);
    stat.map(|stat| (stat.inode, stat.modified)).unwrap()
}

/// Every file that is not in the state directory.
fn files(disk: &Simulated) -> Vec<String> {
    let files = disk.tree().into_iter().filter(|(path, node)| {
        node.kind != EntryKind::Directory && !path.starts_with(".migrate-manifests/")
    });
    files.map(|(path, _)| path).collect()
}

#[test]
fn originals_come_back_and_a_second_rollback_writes_nothing() {
    for setting in SETTINGS {
        let disk = setting.disk();
        assert!(disk.give_modified(NAME, (1_600_000_000, 7)));
        let before = MANIFESTS.map(|name| inode_and_time(&disk, name));
        assert_eq!(Run::migrate(&setting.storage(&disk, 2)).exit_code(), 0);
        let disk = disk.kill();
        let told = roll_back(setting, &disk);
        let what = format!("{}: {told:?}", setting.name);
        assert_eq!(
            (told.exit_code(), told.summary.counts.restored),
            (0, 3),
            "{what}"
        );
        for (name, before) in MANIFESTS.iter().zip(before) {
            let after = inode_and_time(&disk, name);
            assert_eq!(disk.read_path(name), Some(original(name)), "{what}");
            assert_eq!(before.1, after.1, "{what}");
            assert!(before.0 == after.0 || setting.copies(), "{what}");
        }
        assert_eq!(files(&disk), MANIFESTS, "{what}");
        let calls = disk.calls();
        let again = roll_back(setting, &disk);
        assert_eq!((again.exit_code(), again.outcomes.len()), (0, 0), "{what}");
        assert_eq!(again.summary.operation, None, "{what}");
        assert_eq!(disk.calls(), calls, "{what}");
    }
}

#[test]
fn a_migration_after_a_rollback_is_undone_by_the_next_rollback() {
    for setting in SETTINGS {
        let mut disk = setting.disk();
        for _ in 0..2 {
            let told = Run::migrate(&setting.storage(&disk, 2));
            assert_eq!(told.summary.counts.migrated, 3);
            let told = roll_back(setting, &disk);
            let what = format!("{}: {told:?}", setting.name);
            assert_eq!(told.summary.counts.restored, 3, "{what}");
            disk = disk.kill();
        }
        assert_eq!(disk.read_path(NAME), Some(original(NAME)));
        assert_eq!(files(&disk), MANIFESTS);
    }
}

#[test]
fn what_was_changed_since_is_a_conflict_and_left_alone() {
    for setting in SETTINGS {
        let disk = migrated(setting);
        disk.foreign_replace(NAME, THEIRS);
        let told = roll_back(setting, &disk);
        let what = format!("{}: {told:?}", setting.name);
        assert_eq!(told.code(), Some(Code::ChangedSince), "{what}");
        assert_eq!(
            (told.exit_code(), told.summary.counts.restored),
            (1, 2),
            "{what}"
        );
        assert_eq!(disk.read_path(NAME).unwrap(), THEIRS, "{what}");
        assert_eq!(disk.read_path(backup()), Some(original(NAME)), "{what}");
    }
}

#[test]
fn a_backup_that_is_missing_changed_or_a_link_is_refused_and_nothing_changes() {
    type Spoil = fn(&Simulated);
    let spoils: [(Spoil, Code); 3] = [
        (
            |disk| assert!(disk.foreign_remove(backup())),
            Code::BackupMissing,
        ),
        (
            |disk| disk.foreign_replace(backup(), THEIRS),
            Code::BackupChanged,
        ),
        (
            |disk| {
                assert!(disk.foreign_remove(backup()));
                disk.add_file("a/elsewhere", original(NAME));
                disk.add_link(backup(), "../elsewhere");
            },
            Code::NotRegular,
        ),
    ];
    for (spoil, code) in spoils {
        for setting in SETTINGS {
            let disk = migrated(setting);
            let bytes = disk.read_path(NAME);
            spoil(&disk);
            let told = roll_back(setting, &disk);
            let what = format!("{}: {told:?}", setting.name);
            assert_eq!(told.code(), Some(code), "{what}");
            assert_eq!(told.status_of(NAME), Some(Status::Refused), "{what}");
            assert_eq!(disk.read_path(NAME), bytes, "{what}");
        }
    }
}

#[test]
fn a_manifest_or_backup_with_two_names_is_refused() {
    for name in [NAME.to_owned(), backup()] {
        for setting in SETTINGS {
            let disk = migrated(setting);
            assert!(disk.add_name(&name, "a/r1/second"));
            let told = roll_back(setting, &disk);
            let what = format!("{}: {told:?}", setting.name);
            assert_eq!(told.code(), Some(Code::HardLinked), "{what}");
            assert_eq!(told.summary.counts.restored, 2, "{what}");
        }
    }
}

/// Rolls back with a hook just before the n-th call of a kind.
fn with_hook(call: Call, n: usize, hook: fn(&Simulated)) -> (Simulated, Run) {
    let disk = migrated(exchange());
    disk.hook_kind(call, n, hook);
    let told = roll_back(exchange(), &disk);
    (disk, told)
}

#[test]
fn a_foreign_version_renamed_into_place_before_the_exchange_wins() {
    let (disk, told) = with_hook(Call::Exchange, 1, |disk| disk.foreign_replace(NAME, THEIRS));
    assert_eq!(told.code(), Some(Code::ChangedMeanwhile), "{told:?}");
    assert_eq!(disk.read_path(NAME).unwrap(), THEIRS);
    let backup = disk.read_path(backup());
    assert_eq!((backup, told.exit_code()), (Some(original(NAME)), 1));
}

#[test]
fn a_foreign_write_in_place_before_the_exchange_wins() {
    let write = |disk: &Simulated| assert!(disk.foreign_write(NAME, THEIRS));
    let (disk, told) = with_hook(Call::Exchange, 1, write);
    assert_eq!(told.code(), Some(Code::ChangedMeanwhile), "{told:?}");
    assert_eq!(disk.read_path(NAME).unwrap(), THEIRS);
    assert_eq!(disk.read_path(backup()), Some(original(NAME)));
}

#[test]
fn a_backup_that_is_replaced_before_the_exchange_never_becomes_the_manifest() {
    let replace = |disk: &Simulated| disk.foreign_replace(backup(), THEIRS);
    let (disk, told) = with_hook(Call::Exchange, 1, replace);
    assert_eq!(told.code(), Some(Code::Rescued), "{told:?}");
    assert_ne!(disk.read_path(NAME).unwrap(), THEIRS);
    let rescued = format!("{NAME}.rescued.{}", Digest::of(THEIRS).short());
    assert_eq!(disk.read_path(rescued).unwrap(), THEIRS);
}

#[test]
fn of_two_foreign_versions_around_the_exchange_one_is_rescued() {
    let disk = migrated(exchange());
    replace_around_the_exchange(&disk, NAME);
    let told = roll_back(exchange(), &disk);
    assert_second_rescued(&disk, NAME, &told, "changed");
}

#[test]
fn what_was_written_to_the_displaced_file_is_rescued() {
    // The third flush is the one between the exchange and the last look at what it displaced.
    let (disk, told) = with_hook(Call::SyncFs, 3, |disk| {
        assert!(disk.foreign_write(backup(), THEIRS));
    });
    assert_eq!(told.code(), Some(Code::Rescued), "{told:?}");
    assert_eq!(disk.read_path(NAME), Some(original(NAME)));
    let rescued = format!("{NAME}.rescued.{}", Digest::of(THEIRS).short());
    assert_eq!(disk.read_path(rescued).unwrap(), THEIRS);
}

/// By link the original has two names at that moment, and both have what was written.
#[test]
fn what_was_written_to_the_original_in_its_place_has_one_name_in_the_end() {
    let by_link = |one: &&Setting| !one.notices_at_once() && !one.copies();
    for setting in SETTINGS.iter().filter(by_link) {
        let disk = migrated(setting);
        // The first renames the head into place, the second this manifest.
        disk.hook_kind(Call::RenameOver, 3, |disk| {
            assert!(disk.foreign_write(NAME, THEIRS));
        });
        let told = roll_back(setting, &disk);
        let what = format!("{}: {told:?}", setting.name);
        assert_eq!(told.code(), Some(Code::ChangedMeanwhile), "{what}");
        assert_eq!(told.summary.counts.restored, 2, "{what}");
        let node = disk.node(NAME).unwrap();
        assert_eq!((&*node.bytes, node.links), (THEIRS, 1), "{what}");
        assert_eq!(files(&disk), MANIFESTS, "{what}");
        let migrated = Run::migrate(&setting.storage(&disk.kill(), 2));
        assert_eq!(migrated.exit_code(), 0, "{what}, then: {migrated:?}");
    }
}

/// Where a flush fails while an original has two names, the journal gives no result that recovery would believe.
#[test]
fn whichever_flush_of_a_rollback_fails_no_second_name_stays() {
    for setting in SETTINGS {
        for call in [Call::SyncFs, Call::SyncFile, Call::SyncDir] {
            for n in 1..20 {
                let disk = migrated(setting);
                disk.fail_kind(call, n, EIO, Often::Once);
                let told = roll_back(setting, &disk);
                let what = format!("{}, {call:?} {n}: {told:?}", setting.name);
                let disk = disk.kill();
                let again = roll_back(setting, &disk);
                assert_eq!(again.exit_code(), 0, "{what}, then: {again:?}");
                assert_eq!(files(&disk), MANIFESTS, "{what}, then: {again:?}");
                for name in MANIFESTS {
                    assert_eq!(disk.read_path(name), Some(original(name)), "{what}");
                    assert_eq!(disk.node(name).unwrap().links, 1, "{what}");
                }
            }
        }
    }
}
