//! Troubles that no single fault brings about: a foreign writer at one call, a mount, a fault after a foreign writer.
//!
//! Invariant: each message is asserted in full.

use super::foreign::replace_around_the_exchange;
use super::process::{Run, catalog, migration, request};
use super::setting::{MANIFESTS, SETTINGS, Setting, original};
use crate::crash::simulated::{Call, Often, Simulated};
use crate::digest::Digest;
use crate::operation::{Request, migrate};
use crate::path::{Name, TreePath};
use crate::selection::Selection;
use crate::storage::{Directory, STATE_DIRECTORY, Storage as _};

const NAME: &str = MANIFESTS[0];
const THEIRS: &[u8] = b"{\"schema_version\":\"1.2.0\",\"run_id\":\"theirs\"}";
const EIO: i32 = 5;

fn exchange() -> &'static Setting {
    &SETTINGS[0]
}

fn migrate_on(disk: &Simulated) -> Run {
    Run::migrate(&exchange().storage(disk, 4096))
}

fn migrate_as(request: &Request, disk: &Simulated) -> Run {
    let storage = exchange().storage(disk, 4096);
    Run::of(&storage, catalog(), request, |frame, sink| {
        migrate(frame, &migration(), sink)
    })
}

/// The trouble of the first manifest, with its code.
#[track_caller]
fn assert_trouble(told: &Run, expected: &str) {
    let first = &told.outcomes[0];
    assert_eq!(first.path.to_text(), NAME, "{told:?}");
    let trouble = first.trouble.as_ref().expect("it is in trouble");
    let shown = format!("{}: {}", trouble.code, trouble.message);
    assert_eq!(shown, expected, "{told:?}");
}

/// Why the operation stopped, with the code.
#[track_caller]
fn assert_stop(told: &Run, expected: &str) {
    let stop = told.summary.stop.as_ref().expect("it stopped");
    let shown = format!("{}: {}", stop.code, stop.message);
    assert_eq!(shown, expected, "{told:?}");
}

#[test]
fn a_manifest_whose_size_changes_while_it_is_read_is_a_conflict() {
    let disk = exchange().disk();
    disk.hook_kind(Call::Read, 1, |disk| {
        assert!(disk.foreign_write(NAME, THEIRS));
    });
    let (before, after) = (original(NAME).len(), THEIRS.len());
    let expected = format!(
        "changed_meanwhile: its size changed from {before} to {after} bytes while it was read"
    );
    let dry = Request {
        dry_run: true,
        ..request()
    };
    assert_trouble(&migrate_as(&dry, &disk), &expected);
}

#[test]
fn a_file_that_is_mounted_over_a_manifest_is_not_replaced() {
    let disk = exchange().disk();
    disk.mount(NAME, 2);
    assert_trouble(
        &migrate_on(&disk),
        "other_mount: the file is a mount point: another file is mounted over it",
    );
}

#[test]
fn a_manifest_on_another_file_system_that_is_named_is_not_entered() {
    let disk = exchange().disk();
    disk.mount("a", 2);
    let mut selection = Selection::default();
    selection.only([TreePath::new(NAME.as_bytes()).unwrap()].into());
    let named = Request {
        selection,
        ..request()
    };
    assert_trouble(
        &migrate_as(&named, &disk),
        "other_mount: it is on another file system than the tree",
    );
}

#[test]
fn backup_names_that_are_all_taken_at_the_last_moment_keep_the_manifest_as_it_is() {
    let disk = exchange().disk();
    for n in [1, 2] {
        disk.hook_kind(Call::RenameNew, n, |disk| {
            let short = Digest::of(&original(NAME)).short();
            for name in [format!("{NAME}.backup"), format!("{NAME}.backup.{short}")] {
                disk.foreign_replace(name, THEIRS);
            }
        });
    }
    assert_trouble(
        &migrate_on(&disk),
        "backup_name_taken: the backup names that were free are taken now",
    );
    assert_eq!(disk.read_path(NAME), Some(original(NAME)));
}

#[test]
fn a_displaced_version_that_cannot_be_moved_stays_in_the_staging_directory() {
    let disk = exchange().disk();
    replace_around_the_exchange(&disk, NAME);
    disk.fail_kind(Call::RenameNew, 1, EIO, Often::ForEver);
    assert_trouble(
        &migrate_on(&disk),
        "io_error: a displaced version stays in the staging directory until the next operation: Input/output error (os error 5)",
    );
}

/// A disk on which the migration is done, as the next process finds it.
fn migrated() -> Simulated {
    let disk = exchange().disk();
    let told = migrate_on(&disk);
    assert_eq!(told.exit_code(), 0, "{told:?}");
    disk.kill()
}

fn roll_back(disk: &Simulated) -> Run {
    Run::roll_back(&exchange().storage(disk, 4096))
}

#[test]
fn a_displaced_version_that_cannot_be_moved_stays_under_the_backup_name() {
    let disk = migrated();
    replace_around_the_exchange(&disk, NAME);
    disk.fail_kind(Call::RenameNew, 1, EIO, Often::ForEver);
    assert_trouble(
        &roll_back(&disk),
        "io_error: a displaced version stays under the name `manifest.json.backup`: Input/output error (os error 5)",
    );
}

#[test]
fn a_backup_that_goes_before_the_exchange_is_taken_back_leaves_what_stands_there_unknown() {
    let disk = migrated();
    disk.hook_kind(Call::Exchange, 1, |disk| disk.foreign_replace(NAME, THEIRS));
    disk.hook_kind(Call::Exchange, 2, |disk| {
        assert!(disk.foreign_remove(format!("{NAME}.backup")));
    });
    assert_trouble(
        &roll_back(&disk),
        "not_found: somebody changed it, and it cannot be found out what stands there: No such file or directory (os error 2)",
    );
}

#[test]
fn a_state_directory_that_goes_again_and_again_cannot_be_used() {
    let disk = exchange().disk();
    for n in 1..=8 {
        disk.hook_kind(Call::TryLock, n, |disk| {
            assert!(disk.foreign_remove(STATE_DIRECTORY));
        });
    }
    assert_stop(
        &migrate_on(&disk),
        "state_unusable: `.migrate-manifests` is removed again and again",
    );
}

#[test]
fn a_state_directory_that_cannot_be_adopted_is_told_with_what_failed() {
    for (call, message) in [
        (Call::Stat, "cannot examine `.migrate-manifests`"),
        (Call::RenameNew, "cannot put aside `.migrate-manifests`"),
        (
            Call::SyncDir,
            "cannot make durable the new `.migrate-manifests`",
        ),
    ] {
        let disk = exchange().disk();
        disk.add_dir(STATE_DIRECTORY);
        assert!(disk.give_owner(STATE_DIRECTORY, 7, 7));
        disk.fail_kind(call, 1, EIO, Often::Once);
        let stop = exchange().storage(&disk, 1).adopt_state().unwrap_err();
        assert_eq!(
            (stop.code.as_str(), stop.message),
            (
                "state_unusable",
                format!("{message}: Input/output error (os error 5)")
            )
        );
    }
}

#[test]
fn a_catalog_in_the_state_directory_that_cannot_be_read_is_not_trusted() {
    for (call, why) in [(Call::Stat, "looked for"), (Call::List, "looked through")] {
        let disk = exchange().disk();
        disk.add_file(".migrate-manifests/catalog/catalog.json", b"{}");
        disk.fail_kind(call, 1, EIO, Often::Once);
        let stop = exchange().storage(&disk, 1).state("catalog").unwrap_err();
        assert_eq!(
            (stop.code.as_str(), stop.message),
            (
                "catalog_untrusted",
                format!(
                    "the catalog `/tree/.migrate-manifests/catalog` cannot be {why}: Input/output error (os error 5)"
                )
            )
        );
    }
}

#[test]
fn a_link_that_cannot_be_followed_is_told() {
    const LINK: Name<'_> = Name::constant("link");
    let disk = exchange().disk();
    disk.add_link("b/link", "../a/r1");
    let storage = exchange().storage(&disk, 1);
    let path = TreePath::new(b"b").unwrap();
    let listed = storage.open(Some(&path)).and_then(Directory::list);
    let directory = listed.unwrap_or_else(|_| panic!("it is there"));
    for (call, after, verb) in [
        (Call::ReadLink, 1, "cannot list"),
        (Call::Stat, 1, "cannot follow the link"),
        (Call::Stat, 2, "cannot follow the link"),
    ] {
        disk.fail_kind(call, disk.calls_of(call) + after, EIO, Often::Once);
        let failed = directory.follow(LINK, &["manifest.json"]).unwrap_err();
        assert_eq!(
            (failed.code.as_str(), failed.message),
            (
                "io_error",
                format!("{verb}: Input/output error (os error 5)")
            )
        );
    }
}
