//! What a rollback leaves behind on every disk, and what stands in its way.

use super::foreign::{assert_second_rescued, replace_around_the_exchange};
use super::setting::{MANIFESTS, Run, SETTINGS, Setting, code_of, original};
use super::table::{began, journal};
use super::world::World;
use crate::code::Code;
use crate::digest::Digest;
use crate::journal::{Pruning, Record, RecordedPath, Restoring, Way, Writer};
use crate::path::TreePath;
use crate::report::{Diagnosis, Status};
use crate::storage::simulated::{Call, Simulated};

const NAME: &str = MANIFESTS[0];
/// Makes a backup unfit.
type Spoil = fn(&World, &str);

const THEIRS: &[u8] = b"{\"schema_version\":\"1.2.0\",\"run_id\":\"theirs\"}";

#[test]
fn originals_come_back_and_a_second_rollback_writes_nothing() {
    for world in World::all() {
        let before = MANIFESTS.map(|name| (world.inode(name), world.modified(name)));
        assert_eq!(world.run().exit_code(), 0);
        let told = world.roll_back();
        let what = format!("{}: {told:?}", world.name());
        assert_eq!(
            (told.exit_code(), told.summary.counts.restored),
            (0, 3),
            "{what}"
        );
        let after = MANIFESTS.map(|name| (world.inode(name), world.modified(name)));
        for ((name, before), after) in MANIFESTS.iter().zip(before).zip(after) {
            assert_eq!(world.bytes(name), Some(original(name)), "{what}");
            assert_eq!(before.1, after.1, "{what}");
            assert!(before.0 == after.0 || world.copies(), "{what}");
        }
        assert_eq!(world.names(), MANIFESTS.map(str::to_owned).into(), "{what}");
        let again = world.roll_back();
        assert_eq!((again.exit_code(), again.outcomes.len()), (0, 0), "{what}");
        assert_eq!(again.summary.operation, None, "{what}");
    }
}

#[test]
fn a_migration_after_a_rollback_is_undone_by_the_next_rollback() {
    for world in World::all() {
        for _ in 0..2 {
            assert_eq!(world.run().summary.counts.migrated, 3);
            let told = world.roll_back();
            assert_eq!(
                told.summary.counts.restored,
                3,
                "{}: {told:?}",
                world.name()
            );
        }
        assert_eq!(world.bytes(NAME), Some(original(NAME)));
        assert_eq!(world.names().len(), 3);
    }
}

#[test]
fn what_was_changed_since_is_a_conflict_and_left_alone() {
    for world in World::all() {
        world.run();
        world.put(NAME, THEIRS);
        let told = world.roll_back();
        let what = format!("{}: {told:?}", world.name());
        assert_eq!(code_of(&told), Some(Code::ChangedSince), "{what}");
        assert_eq!(
            (told.exit_code(), told.summary.counts.restored),
            (1, 2),
            "{what}"
        );
        assert_eq!(world.bytes(NAME).unwrap(), THEIRS, "{what}");
        let backup = world.bytes(&format!("{NAME}.backup"));
        assert_eq!(backup, Some(original(NAME)), "{what}");
    }
}

#[test]
fn a_backup_that_is_missing_changed_or_a_link_is_refused_and_nothing_changes() {
    let backup = format!("{NAME}.backup");
    let spoils: [(Spoil, Code); 3] = [
        (|world, backup| world.remove(backup), Code::BackupMissing),
        (
            |world, backup| world.put(backup, THEIRS),
            Code::BackupChanged,
        ),
        (
            |world, backup| {
                world.remove(backup);
                world.put("a/elsewhere", &original(NAME));
                world.put_link(backup, "../elsewhere");
            },
            Code::NotRegular,
        ),
    ];
    for (spoil, code) in spoils {
        for world in World::all() {
            world.run();
            let migrated = world.bytes(NAME);
            spoil(&world, &backup);
            let told = world.roll_back();
            let what = format!("{}: {told:?}", world.name());
            assert_eq!(code_of(&told), Some(code), "{what}");
            assert_eq!(told.status_of(NAME), Some(Status::Refused), "{what}");
            assert_eq!(world.bytes(NAME), migrated, "{what}");
        }
    }
}

#[test]
fn a_manifest_or_backup_with_two_names_is_refused() {
    for name in [NAME.to_owned(), format!("{NAME}.backup")] {
        for world in World::all() {
            world.run();
            world.put_name(&name, "a/r1/second");
            let told = world.roll_back();
            let what = format!("{}: {told:?}", world.name());
            assert_eq!(code_of(&told), Some(Code::HardLinked), "{what}");
            assert_eq!(told.summary.counts.restored, 2, "{what}");
        }
    }
}

fn exchange() -> &'static Setting {
    &SETTINGS[0]
}

/// Rolls back with a hook just before the n-th call of a kind.
fn with_hook(call: Call, n: usize, hook: fn(&Simulated)) -> (Simulated, Run) {
    let disk = exchange().disk();
    exchange().run(&disk, 4096);
    let disk = disk.kill();
    disk.hook_kind(call, n, hook);
    let told = exchange().roll_back(&disk, 4096);
    (disk, told)
}

#[test]
fn a_foreign_version_renamed_into_place_before_the_exchange_wins() {
    let (disk, told) = with_hook(Call::Exchange, 1, |disk| disk.foreign_replace(NAME, THEIRS));
    assert_eq!(code_of(&told), Some(Code::ChangedMeanwhile), "{told:?}");
    assert_eq!(disk.read_path(NAME).unwrap(), THEIRS);
    let backup = disk.read_path(format!("{NAME}.backup"));
    assert_eq!((backup, told.exit_code()), (Some(original(NAME)), 1));
}

#[test]
fn a_foreign_write_in_place_before_the_exchange_wins() {
    let write = |disk: &Simulated| assert!(disk.foreign_write(NAME, THEIRS));
    let (disk, told) = with_hook(Call::Exchange, 1, write);
    assert_eq!(code_of(&told), Some(Code::ChangedMeanwhile), "{told:?}");
    assert_eq!(disk.read_path(NAME).unwrap(), THEIRS);
    let backup = disk.read_path(format!("{NAME}.backup"));
    assert_eq!(backup, Some(original(NAME)));
}

#[test]
fn a_backup_that_is_replaced_before_the_exchange_never_becomes_the_manifest() {
    let replace = |disk: &Simulated| disk.foreign_replace(format!("{NAME}.backup"), THEIRS);
    let (disk, told) = with_hook(Call::Exchange, 1, replace);
    assert_eq!(code_of(&told), Some(Code::Rescued), "{told:?}");
    assert_ne!(disk.read_path(NAME).unwrap(), THEIRS);
    let rescued = format!("{NAME}.rescued.{}", Digest::of(THEIRS).short());
    assert_eq!(disk.read_path(rescued).unwrap(), THEIRS);
}

#[test]
fn of_two_foreign_versions_around_the_exchange_one_is_rescued() {
    let disk = exchange().disk();
    exchange().run(&disk, 4096);
    let disk = disk.kill();
    replace_around_the_exchange(&disk, NAME);
    let told = exchange().roll_back(&disk, 4096);
    assert_second_rescued(&disk, NAME, &told);
}

#[test]
fn what_was_written_to_the_displaced_file_is_rescued() {
    // The third flush is the one between the exchange and the last look at what it displaced.
    let (disk, told) = with_hook(Call::SyncFs, 3, |disk| {
        assert!(disk.foreign_write(format!("{NAME}.backup"), THEIRS));
    });
    assert_eq!(code_of(&told), Some(Code::Rescued), "{told:?}");
    assert_eq!(disk.read_path(NAME), Some(original(NAME)));
    let rescued = format!("{NAME}.rescued.{}", Digest::of(THEIRS).short());
    assert_eq!(disk.read_path(rescued).unwrap(), THEIRS);
}

const ID: &str = "20260101T000000Z-1";

/// What a rollback that is gone left in its journal.
fn announced(world: &World, way: Way, names: (&str, &str)) -> Record {
    let digest = |bytes: Option<Vec<u8>>| Digest::of(&bytes.unwrap()).to_string();
    let backup = format!("{NAME}.backup");
    Record::Restoring(Box::new(Restoring {
        path: RecordedPath::new(&TreePath::new(NAME.as_bytes()).unwrap()),
        undoes: "20250101T000000Z-1".to_owned(),
        before: digest(world.bytes(NAME)),
        after: digest(world.bytes(&backup)),
        backup: "manifest.json.backup".to_owned(),
        inode: world.inode(names.0),
        backup_inode: world.inode(names.1),
        staged: (way != Way::Exchange).then(|| format!(".migrate-manifests.{ID}.x-y-z")),
        way,
    }))
}

/// Leaves an unfinished operation with these records, lets the next migration settle it, and gives the outcome that it recorded.
fn settled(world: &World, record: &Record) -> String {
    let (mut writer, mut bytes) = (Writer::default(), Vec::new());
    for record in [&began(), record] {
        writer.line(record, &mut bytes);
    }
    world.put_dir(&format!(".migrate-manifests/staging/{ID}"));
    world.put(&journal(), &bytes);
    let told = world.run();
    let has_recovered = |notice: &Diagnosis| notice.code == Code::Recovered;
    assert!(told.notices.iter().any(has_recovered), "{told:?}");
    let text = String::from_utf8(world.bytes(&journal()).unwrap()).unwrap();
    let line = text
        .lines()
        .find(|line| line.contains("\"outcome\""))
        .unwrap();
    let (_, outcome) = line.split_once("\"outcome\":\"").unwrap();
    outcome.split('"').next().unwrap().to_owned()
}

/// Every world, migrated, with manifest, backup and what they hold.
fn migrated_worlds() -> impl Iterator<Item = (World, String, Vec<u8>)> {
    World::all().into_iter().map(|world| {
        world.run();
        let new = world.bytes(NAME).unwrap();
        (world, format!("{NAME}.backup"), new)
    })
}

#[test]
fn a_rollback_that_had_not_begun_is_undone() {
    for (world, backup, new) in migrated_worlds() {
        for way in [Way::Exchange, Way::Link, Way::Copy] {
            let record = announced(&world, way, (NAME, &backup));
            assert_eq!(settled(&world, &record), "undone", "{}", world.name());
            assert_eq!(world.bytes(NAME), Some(new.clone()));
            assert_eq!(world.bytes(&backup), Some(original(NAME)));
        }
    }
}

#[test]
fn a_rollback_that_had_exchanged_is_finished() {
    for (world, backup, new) in migrated_worlds() {
        let record = announced(&world, Way::Exchange, (NAME, &backup));
        let Record::Restoring(mut restoring) = record else {
            unreachable!()
        };
        world.put(NAME, &original(NAME));
        world.put(&backup, &new);
        restoring.inode = world.inode(&backup);
        let record = Record::Restoring(restoring);
        assert_eq!(settled(&world, &record), "finished", "{}", world.name());
    }
}

#[test]
fn what_somebody_put_under_the_backup_name_is_left_by_the_recovery_of_a_rollback() {
    for (world, backup, new) in migrated_worlds() {
        let record = announced(&world, Way::Exchange, (NAME, &backup));
        // So that no other file gets its number.
        world.put_name(NAME, "a/r1/kept");
        world.put(NAME, &original(NAME));
        for theirs in [THEIRS, &new] {
            // The same bytes in another file are not the file that was displaced.
            world.put(&backup, theirs);
            assert_eq!(settled(&world, &record), "left", "{}", world.name());
            assert_eq!(world.bytes(&backup).unwrap(), theirs, "{}", world.name());
            world.put(NAME, &original(NAME));
        }
    }
}

#[test]
fn an_original_beside_the_manifest_is_kept_where_it_is_the_last_one() {
    for (world, backup, _) in migrated_worlds() {
        let record = announced(&world, Way::Link, (NAME, &backup));
        world.put(
            &format!("a/r1/.migrate-manifests.{ID}.x-y-z"),
            &original(NAME),
        );
        world.remove(&backup);
        assert_eq!(settled(&world, &record), "left", "{}", world.name());
        let rescued = format!("{NAME}.rescued.{}", Digest::of(&original(NAME)).short());
        assert_eq!(
            world.bytes(&rescued),
            Some(original(NAME)),
            "{}",
            world.name()
        );
    }
}

#[test]
fn a_backup_that_was_to_be_removed_is_gone_or_it_is_not() {
    for (world, backup, _) in migrated_worlds() {
        let record = Record::Pruning(Pruning {
            path: RecordedPath::new(&TreePath::new(NAME.as_bytes()).unwrap()),
            of: "20250101T000000Z-1".to_owned(),
            backup: "manifest.json.backup".to_owned(),
            digest: Digest::of(&original(NAME)).to_string(),
            inode: world.inode(&backup),
        });
        assert_eq!(settled(&world, &record), "undone", "{}", world.name());
        assert_eq!(world.bytes(&backup), Some(original(NAME)));
        world.remove(&backup);
        assert_eq!(settled(&world, &record), "pruned", "{}", world.name());
    }
}
