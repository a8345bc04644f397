//! The state directory: who may be trusted with it, and journals that are not what they should be.

use super::setting::{MANIFESTS, SETTINGS, catalog, options, original};
use super::table::{began, journal};
use super::world::World;
use crate::code::Code;
use crate::journal::{Record, RecordedPath, Settled, Writer};
use crate::operation::migrate;
use crate::path::TreePath;
use crate::storage::disk::{Crossing, Disk as _};
use crate::storage::simulated::Call;
use crate::storage::{FileSystem, Storage as _};

const STATE: &str = ".migrate-manifests";
const STAGED: &str = ".migrate-manifests/staging/20260101T000000Z-1/a-b-c";

/// Runs on a disk that was prepared so, and expects a stop that changed no manifest.
fn stops_with(code: Code, says: &str, prepare: impl Fn(&World)) {
    for world in World::all() {
        prepare(&world);
        let told = world.run();
        let what = format!("{}: {told:?}", world.name());
        let stop = told.summary.stop.as_ref().expect(&what);
        assert_eq!((stop.code, told.exit_code()), (code, 2), "{what}");
        assert!(stop.message.contains(says), "{what}");
        for name in MANIFESTS {
            assert_eq!(world.bytes(name), Some(original(name)), "{what}");
        }
    }
}

#[test]
fn a_state_directory_that_is_a_link_is_not_trusted() {
    stops_with(Code::StateUntrusted, "is a symbolic link", |world| {
        world.put_dir("elsewhere");
        world.put_link(STATE, "elsewhere");
    });
}

#[test]
fn parts_of_the_state_directory_that_are_links_are_not_followed() {
    for part in ["operations", "staging", "catalogs"] {
        stops_with(Code::StateUnusable, part, |world| {
            world.put_dir("elsewhere");
            world.put_dir(STATE);
            world.put_link(&format!("{STATE}/{part}"), "../elsewhere");
        });
    }
}

#[test]
fn a_state_directory_of_somebody_else_or_open_to_all_is_not_trusted() {
    for (owner, mode) in [(7, 0o755), (0, 0o777), (0, 0o775)] {
        let disk = SETTINGS[0].disk();
        disk.add_dir(STATE);
        disk.give_owner(STATE, owner, owner);
        disk.give_mode(STATE, mode);
        let told = SETTINGS[0].run(&disk, 2);
        let stop = told.summary.stop.expect("it stops");
        assert_eq!(stop.code, Code::StateUntrusted, "{owner} {mode:o}");
    }
}

#[test]
fn a_journal_that_is_a_link_stops_and_is_not_followed() {
    stops_with(Code::StateUnusable, "is a symbolic link", |world| {
        world.put(STAGED, b"x");
        world.put("elsewhere", b"");
        world.put_dir(".migrate-manifests/operations");
        world.put_link(&journal(), "../../elsewhere");
    });
}

#[test]
fn a_journal_that_is_a_pipe_stops_and_does_not_hang() {
    let disk = SETTINGS[0].disk();
    disk.add_file(STAGED, "x");
    disk.add_fifo(journal());
    let told = SETTINGS[0].run(&disk, 2);
    let stop = told.summary.stop.expect("it stops");
    assert_eq!(stop.code, Code::StateUnusable);
    assert!(stop.message.contains("a named pipe"), "{}", stop.message);
}

fn lines(records: &[Record]) -> Vec<u8> {
    let (mut writer, mut bytes) = (Writer::default(), Vec::new());
    for record in records {
        writer.line(record, &mut bytes);
    }
    bytes
}

fn settled() -> Record {
    Record::Result(Settled {
        path: RecordedPath::new(&TreePath::new(MANIFESTS[0].as_bytes()).unwrap()),
        outcome: "migrated".to_owned(),
        backup: None,
        code: None,
        from_version: None,
        to_version: None,
    })
}

#[test]
fn a_journal_of_a_newer_version_is_left_as_it_is() {
    let newer = b"{\"seq\":0,\"type\":\"began\",\"format\":\"migrate-manifests/journal/2\"}\n";
    stops_with(Code::StateUnusable, "does not know", |world| {
        world.put(STAGED, b"x");
        world.put(&journal(), newer);
    });
    let world = World::Simulated(&SETTINGS[0], SETTINGS[0].disk());
    world.put(STAGED, b"x");
    world.put(&journal(), newer);
    world.run();
    assert_eq!(world.bytes(&journal()).unwrap(), newer);
    assert_eq!(world.bytes(STAGED).unwrap(), b"x");
}

#[test]
fn a_damaged_journal_is_kept_beside_what_is_sound_of_it() {
    for world in World::all() {
        let mut bytes = lines(&[began(), settled(), settled(), settled()]);
        let sound = lines(&[began()]).len();
        bytes[sound..sound + 40].fill(0);
        world.put(STAGED, b"torn");
        world.put(&journal(), &bytes);
        let told = world.run();
        let what = format!("{}: {told:?}", world.name());
        assert_eq!(told.exit_code(), 0, "{what}");
        assert_eq!(
            world.bytes(&format!("{}.damaged", journal())),
            Some(bytes),
            "{what}"
        );
        let left = world.bytes(&journal()).unwrap();
        assert!(left.starts_with(&lines(&[began()])), "{what}");
        assert!(
            String::from_utf8(left)
                .unwrap()
                .contains("\"recovered\":true"),
            "{what}"
        );
        assert_eq!(world.bytes(STAGED), None, "{what}");
    }
}

#[test]
fn an_original_whose_intent_the_journal_lost_is_rescued() {
    let old = original(MANIFESTS[0]);
    let short = crate::digest::Digest::of(&old).short();
    for world in World::all() {
        let staged = format!(".migrate-manifests/staging/20260101T000000Z-1/x-{short}-y");
        world.put(&staged, &old);
        world.put(&journal(), &vec![0; 900]);
        let told = world.run();
        let what = format!("{}: {told:?}", world.name());
        assert_eq!((told.exit_code(), told.summary.rescued), (1, 1), "{what}");
        let kept = format!(".migrate-manifests/rescued/{short}");
        assert_eq!(world.bytes(&kept), Some(old.clone()), "{what}");
        assert_eq!(world.run().exit_code(), 0, "{what}");
    }
}

#[test]
fn a_journal_without_its_beginning_blocks_nothing() {
    for world in World::all() {
        world.put(STAGED, b"torn");
        world.put(&journal(), &vec![0; 900]);
        let told = world.run();
        let what = format!("{}: {told:?}", world.name());
        assert_eq!(told.exit_code(), 0, "{what}");
        assert_eq!(world.bytes(&journal()).unwrap(), vec![0; 900], "{what}");
        assert_eq!(world.bytes(STAGED), None, "{what}");
    }
}

#[test]
fn files_that_lie_about_in_the_staging_directory_are_nobodys_and_block_nothing() {
    for world in World::all() {
        world.put(".migrate-manifests/staging/notes.txt", b"mine");
        let told = world.run();
        assert_eq!(told.exit_code(), 0, "{}: {told:?}", world.name());
        let left = world.bytes(".migrate-manifests/staging/notes.txt");
        assert_eq!(left.unwrap(), b"mine");
    }
}

#[test]
fn a_lock_that_is_held_is_refused_with_its_holder() {
    let disk = SETTINGS[0].disk();
    let storage = |disk: &crate::storage::simulated::Simulated| {
        FileSystem::new(
            disk.clone(),
            disk.root(),
            b"/tree".to_vec(),
            SETTINGS[0].open_options(),
        )
    };
    let (first, second) = (storage(&disk), storage(&disk));
    let (guard, _) = first.guard(&mut || false).unwrap();
    let told = migrate(&second, catalog(), &options(), &|| None, &mut ());
    let stop = told.stop.as_ref().unwrap();
    assert_eq!((stop.code, told.exit_code(false, false)), (Code::Locked, 5));
    let process = format!("process {}", std::process::id());
    assert!(stop.message.contains(&process), "{}", stop.message);
    drop(guard);
    assert_eq!(
        migrate(&second, catalog(), &options(), &|| None, &mut ())
            .counts
            .migrated,
        3
    );
}

#[test]
fn an_operation_whose_lock_file_was_removed_is_not_settled_under_its_hands() {
    let beside = SETTINGS.iter().find(|one| one.name == "exchange, beside");
    for setting in [&SETTINGS[0], beside.unwrap()] {
        for moment in [Call::Exchange, Call::RenameNew] {
            let disk = setting.disk();
            disk.hook_kind(moment, 2, |disk| {
                // Somebody removes the lock and starts another operation in the middle of this one.
                assert!(disk.foreign_remove(".migrate-manifests/lock"));
                let told = setting.run(disk, 4096);
                assert_eq!(told.summary.rescued, 0, "{told:?}");
            });
            let told = setting.run(&disk, 4096);
            assert_eq!(told.summary.rescued, 0, "{}: {told:?}", setting.name);
            for name in MANIFESTS {
                let backup = disk.read_path(format!("{name}.backup"));
                assert_eq!(backup, Some(original(name)), "{}: {told:?}", setting.name);
                assert_ne!(disk.read_path(name), Some(original(name)));
            }
            assert_eq!(setting.run(&disk, 2).exit_code(), 0);
        }
    }
}

#[test]
fn a_leftover_beside_a_manifest_is_swept() {
    for world in World::all() {
        let leftover = "a/r1/.migrate-manifests.20250101T000000Z-7.x-y-z";
        world.put(leftover, b"{\"torn");
        let told = world.run();
        assert_eq!(told.exit_code(), 0, "{}: {told:?}", world.name());
        assert_eq!(world.bytes(leftover), None, "{}", world.name());
    }
}

#[test]
fn a_lock_that_is_no_file_stops() {
    let disk = SETTINGS[0].disk();
    disk.add_dir(format!("{STATE}/lock"));
    let told = SETTINGS[0].run(&disk, 2);
    assert_eq!(told.summary.stop.unwrap().code, Code::StateUnusable);
    assert!(
        disk.open_dir(&disk.root(), STATE.as_bytes(), Crossing::Stay)
            .is_ok()
    );
}
