//! What a migration leaves behind on every disk, and what stands in its way.

use std::sync::Arc;

use super::foreign::{assert_second_rescued, replace_around_the_exchange};
use super::setting::{MANIFESTS, SETTINGS, Setting, code_of, original};
use super::world::World;
use crate::code::Code;
use crate::digest::Digest;
use crate::report::Status;
use crate::storage::disk::{Crossing, Disk as _};
use crate::storage::simulated::{Call, Simulated};

const NAME: &str = MANIFESTS[0];
const THEIRS: &[u8] = b"{\"schema_version\":\"1.2.0\",\"run_id\":\"theirs\"}";

fn exchange() -> &'static Setting {
    &SETTINGS[0]
}

#[test]
fn originals_become_backups_and_a_second_run_writes_nothing() {
    for world in World::all() {
        let told = world.run();
        let what = format!("{}: {told:?}", world.name());
        assert_eq!(told.exit_code(), 0, "{what}");
        for name in MANIFESTS {
            let backup = format!("{name}.backup");
            assert_eq!(world.bytes(&backup), Some(original(name)), "{what}");
            assert_ne!(world.bytes(name), Some(original(name)), "{what}");
        }
        let (names, inode) = (world.names(), world.inode(".migrate-manifests/lock"));
        assert_eq!(names.len(), 6, "{what}: {names:?}");
        let again = world.run();
        assert_eq!(
            (again.exit_code(), again.summary.counts.current),
            (0, 3),
            "{what}"
        );
        assert_eq!(again.summary.operation, None, "{what}");
        assert_eq!(
            (world.names(), world.inode(".migrate-manifests/lock")),
            (names, inode)
        );
    }
}

#[test]
fn a_backup_name_that_is_taken_by_whatever_is_left_alone() {
    for world in World::all() {
        let taken = MANIFESTS.map(|name| format!("{name}.backup"));
        world.put(&taken[0], THEIRS);
        world.put_dir(&taken[1]);
        world.put_link(&taken[2], "/nowhere");
        let told = world.run();
        let what = format!("{}: {told:?}", world.name());
        assert_eq!(told.exit_code(), 0, "{what}");
        assert_eq!(world.bytes(&taken[0]).unwrap(), THEIRS, "{what}");
        for name in MANIFESTS {
            let hashed = format!("{name}.backup.{}", Digest::of(&original(name)).short());
            assert_eq!(world.bytes(&hashed), Some(original(name)), "{what}");
        }
    }
}

#[test]
fn a_manifest_without_a_free_backup_name_is_refused_before_anything_changes() {
    for world in World::all() {
        let hashed = format!("{NAME}.backup.{}", Digest::of(&original(NAME)).short());
        let mut taken = vec![format!("{NAME}.backup"), hashed.clone()];
        taken.extend((2..=9).map(|serial| format!("{hashed}-{serial}")));
        for name in &taken {
            world.put(name, THEIRS);
        }
        let told = world.run();
        let what = format!("{}: {told:?}", world.name());
        assert_eq!(told.exit_code(), 1, "{what}");
        let trouble = told.outcomes[0].trouble.as_ref().unwrap();
        assert_eq!(trouble.code, Code::BackupNameTaken, "{what}");
        assert_eq!(world.bytes(NAME), Some(original(NAME)), "{what}");
        assert!(
            taken
                .iter()
                .all(|name| world.bytes(name).unwrap() == THEIRS),
            "{what}"
        );
        assert_eq!(world.names().len(), 15, "{what}");
    }
}

#[test]
fn a_manifest_with_two_names_is_refused() {
    for world in World::all() {
        world.put_name(NAME, "a/r1/second");
        let told = world.run();
        let what = format!("{}: {told:?}", world.name());
        assert_eq!(told.status_of(NAME), Some(Status::Refused), "{what}");
        assert_eq!(world.bytes(NAME), Some(original(NAME)), "{what}");
        assert_eq!(world.inode(NAME), world.inode("a/r1/second"), "{what}");
        assert_eq!(told.summary.counts.migrated, 2, "{what}");
    }
}

/// Runs with a hook just before the n-th call of a kind.
fn with_hook(call: Call, n: usize, hook: fn(&Simulated)) -> (Simulated, super::setting::Run) {
    let disk = exchange().disk();
    disk.hook_kind(call, n, hook);
    let told = exchange().run(&disk, 4096);
    (disk, told)
}

fn leftovers(disk: &Simulated) -> Vec<String> {
    let is_left = |path: &String| {
        path.starts_with(".migrate-manifests/staging/") || path.contains("/.migrate-manifests.")
    };
    disk.tree().into_keys().filter(is_left).collect()
}

#[test]
fn a_foreign_version_renamed_into_place_before_the_exchange_wins() {
    let (disk, told) = with_hook(Call::Exchange, 1, |disk| disk.foreign_replace(NAME, THEIRS));
    assert_eq!(code_of(&told), Some(Code::ChangedMeanwhile), "{told:?}");
    assert_eq!(disk.read_path(NAME).unwrap(), THEIRS);
    assert_eq!(disk.node(format!("{NAME}.backup")), None);
    assert_eq!((leftovers(&disk), told.exit_code()), (vec![], 1));
}

#[test]
fn a_foreign_write_in_place_before_the_exchange_wins() {
    let write = |disk: &Simulated| assert!(disk.foreign_write(NAME, THEIRS));
    let (disk, told) = with_hook(Call::Exchange, 1, write);
    assert_eq!(code_of(&told), Some(Code::ChangedMeanwhile), "{told:?}");
    assert_eq!(disk.read_path(NAME).unwrap(), THEIRS);
    assert_eq!(disk.node(format!("{NAME}.backup")), None);
    assert!(leftovers(&disk).is_empty());
}

#[test]
fn a_manifest_that_somebody_removes_before_the_exchange_stays_away() {
    let remove = |disk: &Simulated| assert!(disk.foreign_remove(NAME));
    let (disk, told) = with_hook(Call::Exchange, 1, remove);
    assert_eq!(code_of(&told), Some(Code::ChangedMeanwhile), "{told:?}");
    assert_eq!(disk.node(NAME), None);
    assert!(leftovers(&disk).is_empty());
}

#[test]
fn of_two_foreign_versions_around_the_exchange_one_is_rescued() {
    let disk = exchange().disk();
    replace_around_the_exchange(&disk, NAME);
    let told = exchange().run(&disk, 4096);
    assert_second_rescued(&disk, NAME, &told);
    assert!(leftovers(&disk).is_empty());
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
    let told = exchange().run(&disk, 4096);
    assert_eq!(code_of(&told), Some(Code::Rescued), "{told:?}");
    let rescued = format!("{NAME}.rescued.{}", Digest::of(b"third").short());
    assert_eq!(disk.read_path(rescued).unwrap(), b"third");
}

#[test]
fn a_version_renamed_into_place_after_the_exchange_stays() {
    let replace = |disk: &Simulated| disk.foreign_replace(NAME, THEIRS);
    let (disk, told) = with_hook(Call::RenameNew, 1, replace);
    assert_eq!(disk.read_path(NAME).unwrap(), THEIRS, "{told:?}");
    assert_eq!(
        disk.read_path(format!("{NAME}.backup")),
        Some(original(NAME))
    );
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
fn a_write_to_a_file_opened_before_the_exchange_lands_in_the_backup() {
    let disk = exchange().disk();
    let file = disk
        .open(&disk.root(), NAME.as_bytes(), Crossing::Stay)
        .unwrap();
    let file = Arc::new(file);
    disk.hook_kind(Call::RenameNew, 1, move |disk| {
        disk.foreign_write_to(&file, b"late");
    });
    exchange().run(&disk, 4096);
    assert_eq!(disk.read_path(format!("{NAME}.backup")).unwrap(), b"late");
}

#[test]
fn a_full_disk_at_the_move_puts_the_original_back_and_stops() {
    let disk = exchange().disk();
    let no_room = 28;
    disk.fail_kind(
        Call::RenameNew,
        1,
        no_room,
        crate::storage::simulated::Often::Once,
    );
    let told = exchange().run(&disk, 1);
    assert_eq!(
        (told.exit_code(), code_of(&told)),
        (6, Some(Code::NoSpace)),
        "{told:?}"
    );
    assert_eq!(disk.read_path(NAME), Some(original(NAME)));
    assert_eq!(
        told.status_of(MANIFESTS[2]),
        Some(Status::NotAttempted),
        "{told:?}"
    );
    assert!(leftovers(&disk).is_empty());
}

#[test]
fn what_was_published_before_a_failed_flush_is_not_called_migrated() {
    let disk = exchange().disk();
    // The first makes the state durable, the second the first batch's files, the third makes both.
    disk.fail_kind(Call::SyncFs, 3, 5, crate::storage::simulated::Often::Once);
    let told = exchange().run(&disk, 1);
    assert_eq!(
        (told.exit_code(), code_of(&told)),
        (6, Some(Code::NotDurable)),
        "{told:?}"
    );
    for name in &MANIFESTS[1..] {
        assert_eq!(told.status_of(name), Some(Status::NotAttempted), "{told:?}");
        assert_eq!(disk.read_path(name), Some(original(name)));
    }
}

#[test]
fn an_original_that_its_writer_never_flushed_is_a_durable_backup_all_the_same() {
    const UNFLUSHED: &[u8] = b"{\"schema_version\":\"1.0.0\",\"run_id\":\"new\"}";
    for setting in SETTINGS {
        for seed in 0..20 {
            let disk = setting.disk();
            assert!(disk.foreign_write(NAME, UNFLUSHED));
            setting.prepare(&disk);
            let told = setting.run(&disk, 2);
            assert_eq!(told.exit_code(), 0, "{}: {told:?}", setting.name);
            let disk = disk.crash(seed);
            let backup = disk.read_path(format!("{NAME}.backup")).unwrap();
            assert_eq!(backup, UNFLUSHED, "{}, seed {seed}", setting.name);
        }
    }
}

#[test]
fn mode_owner_and_attributes_are_kept_on_both() {
    for setting in SETTINGS {
        let disk = setting.disk();
        setting.prepare(&disk);
        assert_eq!(setting.run(&disk, 2).exit_code(), 0, "{}", setting.name);
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
        setting.prepare(&disk);
        let told = setting.run(&disk, 2);
        let what = format!("{}: {told:?}", setting.name);
        assert_eq!(
            told.status_of(MANIFESTS[1]),
            Some(Status::Refused),
            "{what}"
        );
        assert_eq!(
            disk.read_path(MANIFESTS[1]),
            Some(original(MANIFESTS[1])),
            "{what}"
        );
        assert_eq!(told.summary.counts.migrated, 2, "{what}");
        assert!(leftovers(&disk).is_empty(), "{what}");
    }
}
