//! Migrations on every disk: the files that they leave, foreign writers, and failures of one call.

use std::sync::Arc;

use super::foreign::{assert_second_rescued, replace_around_the_exchange};
use super::process::Run;
use super::setting::{MANIFESTS, SETTINGS, Setting, original};
use crate::code::Code;
use crate::crash::simulated::{Call, Often, Simulated};
use crate::digest::Digest;
use crate::report::Status;
use crate::storage::EntryKind;
use crate::storage::disk::{Crossing, Disk as _};

const NAME: &str = MANIFESTS[0];
const THEIRS: &[u8] = b"{\"schema_version\":\"1.2.0\",\"run_id\":\"theirs\"}";
const ENOSPC: i32 = 28;
const EIO: i32 = 5;

fn exchange() -> &'static Setting {
    &SETTINGS[0]
}

fn migrate(setting: &Setting, disk: &Simulated, batch: usize) -> Run {
    Run::migrate(&setting.storage(disk, batch))
}

/// Every file that is not in the state directory.
fn files(disk: &Simulated) -> Vec<String> {
    let files = disk.tree().into_iter().filter(|(path, node)| {
        node.kind != EntryKind::Directory && !path.starts_with(".migrate-manifests/")
    });
    files.map(|(path, _)| path).collect()
}

fn staged(disk: &Simulated) -> Vec<String> {
    let is_staged = |(path, node): &(String, _)| {
        let node: &crate::crash::simulated::Node = node;
        node.kind != EntryKind::Directory
            && (path.starts_with(".migrate-manifests/staging/")
                || path.contains("/.migrate-manifests."))
    };
    let tree = disk.tree().into_iter().filter(is_staged);
    tree.map(|(path, _)| path).collect()
}

#[test]
fn originals_become_backups_and_a_second_run_writes_nothing() {
    for setting in SETTINGS {
        let disk = setting.disk();
        let told = migrate(setting, &disk, 2);
        let what = format!("{}: {told:?}", setting.name);
        assert_eq!(told.exit_code(), 0, "{what}");
        for name in MANIFESTS {
            let backup = disk.read_path(format!("{name}.backup"));
            assert_eq!(backup, Some(original(name)), "{what}");
            assert_ne!(disk.read_path(name), Some(original(name)), "{what}");
        }
        assert_eq!(files(&disk).len(), 6, "{what}");
        let calls = disk.calls();
        let again = migrate(setting, &disk, 2);
        assert_eq!(
            (again.exit_code(), again.summary.counts.current),
            (0, 3),
            "{what}"
        );
        assert_eq!(again.summary.operation, None, "{what}");
        assert_eq!(disk.calls(), calls, "{what}");
    }
}

#[test]
fn a_backup_name_that_is_taken_by_whatever_is_left_alone() {
    for setting in SETTINGS {
        let disk = setting.disk();
        let taken = MANIFESTS.map(|name| format!("{name}.backup"));
        disk.add_file(&taken[0], THEIRS);
        disk.add_dir(&taken[1]);
        disk.add_link(&taken[2], "/nowhere");
        let told = migrate(setting, &disk, 2);
        let what = format!("{}: {told:?}", setting.name);
        assert_eq!(told.exit_code(), 0, "{what}");
        assert_eq!(disk.read_path(&taken[0]).unwrap(), THEIRS, "{what}");
        for name in MANIFESTS {
            let hashed = format!("{name}.backup.{}", Digest::of(&original(name)).short());
            assert_eq!(disk.read_path(hashed), Some(original(name)), "{what}");
        }
    }
}

#[test]
fn a_manifest_without_a_free_backup_name_is_refused_before_anything_changes() {
    for setting in SETTINGS {
        let disk = setting.disk();
        let hashed = format!("{NAME}.backup.{}", Digest::of(&original(NAME)).short());
        let mut taken = vec![format!("{NAME}.backup"), hashed.clone()];
        taken.extend((2..=9).map(|serial| format!("{hashed}-{serial}")));
        for name in &taken {
            disk.add_file(name, THEIRS);
        }
        let told = migrate(setting, &disk, 2);
        let what = format!("{}: {told:?}", setting.name);
        assert_eq!(
            (told.exit_code(), told.code()),
            (1, Some(Code::BackupNameTaken)),
            "{what}"
        );
        assert_eq!(disk.read_path(NAME), Some(original(NAME)), "{what}");
        for name in &taken {
            assert_eq!(disk.read_path(name).unwrap(), THEIRS, "{what}");
        }
        assert_eq!(files(&disk).len(), 15, "{what}");
    }
}

#[test]
fn a_manifest_with_two_names_is_refused() {
    for setting in SETTINGS {
        let disk = setting.disk();
        assert!(disk.add_name(NAME, "a/r1/second"));
        let told = migrate(setting, &disk, 2);
        let what = format!("{}: {told:?}", setting.name);
        assert_eq!(told.status_of(NAME), Some(Status::Refused), "{what}");
        assert_eq!(disk.read_path(NAME), Some(original(NAME)), "{what}");
        assert_eq!(told.summary.counts.migrated, 2, "{what}");
    }
}

#[test]
fn mode_owner_and_attributes_are_kept_on_both() {
    for setting in SETTINGS {
        let disk = setting.disk();
        let told = migrate(setting, &disk, 2);
        assert_eq!(told.exit_code(), 0, "{}: {told:?}", setting.name);
        for name in [MANIFESTS[1].to_owned(), format!("{}.backup", MANIFESTS[1])] {
            let node = disk.node(&name).unwrap();
            assert_eq!((node.owner, node.mode), (7, 0o644), "{}", setting.name);
            let kept = disk.attribute(&name, "user.kept").unwrap();
            assert_eq!(kept, b"yes", "{}: {name}", setting.name);
        }
    }
}

#[test]
fn what_cannot_be_given_to_the_new_file_refuses_the_manifest() {
    for setting in SETTINGS {
        let disk = setting.disk();
        disk.refuse_attribute("user.kept");
        let told = migrate(setting, &disk, 2);
        let what = format!("{}: {told:?}", setting.name);
        let refused = told.outcomes.iter().find_map(|one| one.trouble.as_ref());
        let refused = refused.map(|trouble| (trouble.code.as_str(), &*trouble.message));
        let expected = (
            "metadata_not_reproducible",
            "attribute user.kept cannot be given to the new file: Operation not supported (os error 95)",
        );
        assert_eq!(refused, Some(expected), "{what}");
        let status = told.status_of(MANIFESTS[1]);
        assert_eq!(status, Some(Status::Refused), "{what}");
        let left = disk.read_path(MANIFESTS[1]);
        assert_eq!(left, Some(original(MANIFESTS[1])), "{what}");
        assert_eq!(told.summary.counts.migrated, 2, "{what}");
        assert_eq!(staged(&disk), [""; 0], "{what}");
    }
}

#[test]
fn an_original_that_its_writer_never_flushed_is_a_durable_backup_all_the_same() {
    const UNFLUSHED: &[u8] = b"{\"schema_version\":\"1.0.0\",\"run_id\":\"new\"}";
    for setting in SETTINGS {
        for seed in 0..20 {
            let disk = setting.disk();
            assert!(disk.foreign_write(NAME, UNFLUSHED));
            let told = migrate(setting, &disk, 2);
            assert_eq!(told.exit_code(), 0, "{}: {told:?}", setting.name);
            let disk = disk.crash(seed);
            let backup = disk.read_path(format!("{NAME}.backup")).unwrap();
            assert_eq!(backup, UNFLUSHED, "{}, seed {seed}", setting.name);
        }
    }
}

/// Migrates with a hook just before the n-th call of a kind.
fn with_hook(call: Call, n: usize, hook: fn(&Simulated)) -> (Simulated, Run) {
    let disk = exchange().disk();
    disk.hook_kind(call, n, hook);
    let told = migrate(exchange(), &disk, 4096);
    (disk, told)
}

#[test]
fn a_foreign_version_renamed_into_place_before_the_exchange_wins() {
    let (disk, told) = with_hook(Call::Exchange, 1, |disk| disk.foreign_replace(NAME, THEIRS));
    assert_eq!(told.code(), Some(Code::ChangedMeanwhile), "{told:?}");
    assert_eq!(disk.read_path(NAME).unwrap(), THEIRS);
    assert_eq!(disk.node(format!("{NAME}.backup")), None);
    assert_eq!((staged(&disk), told.exit_code()), (vec![], 1));
}

#[test]
fn a_foreign_write_in_place_before_the_exchange_wins() {
    let write = |disk: &Simulated| assert!(disk.foreign_write(NAME, THEIRS));
    let (disk, told) = with_hook(Call::Exchange, 1, write);
    assert_eq!(told.code(), Some(Code::ChangedMeanwhile), "{told:?}");
    assert_eq!(disk.read_path(NAME).unwrap(), THEIRS);
    assert_eq!(disk.node(format!("{NAME}.backup")), None);
    assert_eq!(staged(&disk), [""; 0]);
}

#[test]
fn a_manifest_that_somebody_removes_before_the_exchange_stays_away() {
    let remove = |disk: &Simulated| assert!(disk.foreign_remove(NAME));
    let (disk, told) = with_hook(Call::Exchange, 1, remove);
    assert_eq!(told.code(), Some(Code::ChangedMeanwhile), "{told:?}");
    assert_eq!(disk.node(NAME), None);
    assert_eq!(staged(&disk), [""; 0]);
}

#[test]
fn of_two_foreign_versions_around_the_exchange_one_is_rescued() {
    let disk = exchange().disk();
    replace_around_the_exchange(&disk, NAME);
    let told = migrate(exchange(), &disk, 4096);
    assert_second_rescued(&disk, NAME, &told, "replaced");
    assert_eq!(staged(&disk), [""; 0]);
}

#[test]
fn a_foreign_file_that_got_the_number_of_ours_is_not_taken_for_ours() {
    let disk = exchange().disk();
    disk.hook_kind(Call::Exchange, 1, |disk| {
        disk.foreign_replace(NAME, b"first");
    });
    disk.hook_kind(Call::Exchange, 2, |disk| {
        // Ours is gone with the second version, and the third gets its number.
        let ours = disk.node(NAME).unwrap().inode;
        disk.foreign_replace(NAME, b"second");
        disk.foreign_replace(NAME, b"third");
        assert_eq!(disk.node(NAME).unwrap().inode, ours);
    });
    let told = migrate(exchange(), &disk, 4096);
    assert_eq!(told.code(), Some(Code::Rescued), "{told:?}");
    let rescued = format!("{NAME}.rescued.{}", Digest::of(b"third").short());
    assert_eq!(disk.read_path(rescued).unwrap(), b"third");
}

#[test]
fn a_version_renamed_into_place_after_the_exchange_stays() {
    let replace = |disk: &Simulated| disk.foreign_replace(NAME, THEIRS);
    let (disk, told) = with_hook(Call::RenameNew, 1, replace);
    assert_eq!(disk.read_path(NAME).unwrap(), THEIRS, "{told:?}");
    let backup = disk.read_path(format!("{NAME}.backup"));
    assert_eq!(backup, Some(original(NAME)));
}

#[test]
fn a_backup_name_that_is_taken_at_the_last_moment_is_left_to_its_owner() {
    let take = |disk: &Simulated| disk.foreign_replace(format!("{NAME}.backup"), THEIRS);
    let (disk, told) = with_hook(Call::RenameNew, 1, take);
    assert_eq!(told.exit_code(), 0, "{told:?}");
    assert_eq!(disk.read_path(format!("{NAME}.backup")).unwrap(), THEIRS);
    let hashed = format!("{NAME}.backup.{}", Digest::of(&original(NAME)).short());
    assert_eq!(disk.read_path(hashed), Some(original(NAME)));
}

#[test]
fn a_write_to_a_file_opened_before_the_exchange_lands_in_the_backup_and_verify_finds_it() {
    let disk = exchange().disk();
    let file = disk
        .open(&disk.root(), NAME.as_bytes(), Crossing::Stay)
        .unwrap();
    let file = Arc::new(file);
    disk.hook_kind(Call::RenameNew, 1, move |disk| {
        disk.foreign_write_to(&file, b"late");
    });
    migrate(exchange(), &disk, 4096);
    assert_eq!(disk.read_path(format!("{NAME}.backup")).unwrap(), b"late");
    let proof = Run::verify(&exchange().storage(&disk, 1));
    assert_eq!(proof.exit_code(), 1, "{proof:?}");
}

#[test]
fn a_full_disk_at_the_move_puts_the_original_back_and_stops() {
    let disk = exchange().disk();
    disk.fail_kind(Call::RenameNew, 1, ENOSPC, Often::Once);
    let told = migrate(exchange(), &disk, 1);
    assert_eq!(
        (told.exit_code(), told.code()),
        (6, Some(Code::NoSpace)),
        "{told:?}"
    );
    assert_eq!(disk.read_path(NAME), Some(original(NAME)));
    assert_eq!(
        told.status_of(MANIFESTS[2]),
        Some(Status::NotAttempted),
        "{told:?}"
    );
    assert_eq!(staged(&disk), [""; 0]);
}

#[test]
fn what_was_published_before_a_failed_flush_is_not_called_migrated() {
    let disk = exchange().disk();
    // The first makes the state durable, the second the first batch's files, the third makes both.
    disk.fail_kind(Call::SyncFs, 3, EIO, Often::Once);
    let told = migrate(exchange(), &disk, 1);
    assert_eq!(
        (told.exit_code(), told.code()),
        (6, Some(Code::NotDurable)),
        "{told:?}"
    );
    for name in &MANIFESTS[1..] {
        assert_eq!(told.status_of(name), Some(Status::NotAttempted), "{told:?}");
        assert_eq!(disk.read_path(name), Some(original(name)));
    }
}

/// Every call of a beginning, up to the one by which the head names the operation.
#[test]
fn a_beginning_that_fails_leaves_no_journal_behind() {
    for setting in SETTINGS {
        let disk = setting.disk();
        let told = migrate(setting, &disk, 2);
        assert_eq!(told.exit_code(), 0, "{}: {told:?}", setting.name);
        let log = disk.log();
        let is_head = |call: &String| call.contains("RenameOver") && call.ends_with("head");
        let until = log.iter().position(is_head).expect("the head is written") + 1;
        for n in 1..=until {
            let disk = setting.disk();
            disk.fail_at(n, EIO, Often::Once);
            let told = migrate(setting, &disk, 2);
            let what = format!("{}, {}: {told:?}", setting.name, log[n - 1]);
            assert!(matches!(told.exit_code(), 2 | 6), "{what}");
            if log[n - 1].contains("Sync") {
                assert_eq!(told.exit_code(), 6, "{what}");
            }
            let left: Vec<String> = disk
                .tree()
                .into_iter()
                .filter(|(path, node)| {
                    path.starts_with(".migrate-manifests/") && node.kind != EntryKind::Directory
                })
                .map(|(path, _)| path)
                .filter(|path| path != ".migrate-manifests/lock")
                .collect();
            assert_eq!(left, [""; 0], "{what}");
        }
    }
}

/// The usual tree with so many manifests more.
fn with_more(setting: &Setting, more: usize) -> Simulated {
    let disk = setting.disk();
    for number in 0..more {
        let name = format!("c/r{number}/manifest.json");
        disk.add_file(&name, original(&name));
    }
    disk
}

#[test]
fn a_device_that_cannot_be_read_any_more_stops_the_operation() {
    for setting in SETTINGS {
        let disk = with_more(setting, 10);
        disk.fail_kind(Call::Read, 1, EIO, Often::ForEver);
        for told in [
            migrate(setting, &disk, 2),
            Run::verify(&setting.storage(&disk, 1)),
        ] {
            let what = format!("{}: {told:?}", setting.name);
            let stop = told.summary.stop.as_ref().expect(&what);
            let expected = (Code::StorageFailed, 6);
            assert_eq!((stop.code, told.exit_code()), expected, "{what}");
            let message = "6 reads in a row failed with an input/output error, in `/tree`";
            assert_eq!(stop.message, message, "{what}");
        }
        for name in MANIFESTS {
            assert_eq!(disk.read_path(name), Some(original(name)));
        }
    }
}

#[test]
fn a_few_files_that_cannot_be_read_are_their_own_trouble() {
    for setting in SETTINGS {
        let disk = with_more(setting, 10);
        for n in 1..=5 {
            disk.fail_kind(Call::Read, n, EIO, Often::Once);
        }
        let told = Run::verify(&setting.storage(&disk, 1));
        let what = format!("{}: {told:?}", setting.name);
        let counts = (told.summary.counts.selected, told.summary.counts.failed);
        assert_eq!((counts, told.exit_code()), ((13, 5), 1), "{what}");
    }
}
