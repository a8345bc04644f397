//! The state directory: who may be trusted with it, and what lies in it that should not.

use super::process::Run;
use super::setting::{MANIFESTS, SETTINGS, Setting, original};
use crate::code::Code;
use crate::crash::simulated::{Call, Simulated};

const STATE: &str = ".migrate-manifests";
const STAGED: &str = ".migrate-manifests/staging/20260101T000000Z-1/a-b-c";
const JOURNAL: &str = ".migrate-manifests/operations/20260101T000000Z-1.jsonl";
const IRREGULAR: &str = "operation 20260101T000000Z-1 is not finished, and its journal `20260101T000000Z-1.jsonl` is no regular file with one name: nothing of it is touched";

fn run(setting: &Setting, disk: &Simulated) -> Run {
    Run::migrate(&setting.storage(disk, 2))
}

/// Runs on a disk that was prepared so, and expects a stop that changed no manifest.
fn stops_with(code: Code, says: &str, prepare: impl Fn(&Simulated)) {
    for setting in SETTINGS {
        let disk = setting.disk();
        prepare(&disk);
        let told = run(setting, &disk);
        let what = format!("{}: {told:?}", setting.name);
        let stop = told.summary.stop.as_ref().expect(&what);
        assert_eq!((stop.code, told.exit_code()), (code, 2), "{what}");
        assert_eq!(stop.message, says, "{what}");
        for name in MANIFESTS {
            assert_eq!(disk.read_path(name), Some(original(name)), "{what}");
        }
    }
}

#[test]
fn a_state_directory_that_is_a_link_is_not_trusted() {
    let says = "`.migrate-manifests` in the tree is a symbolic link, not a directory";
    stops_with(Code::StateUntrusted, says, |disk| {
        disk.add_dir("elsewhere");
        disk.add_link(STATE, "elsewhere");
    });
}

#[test]
fn parts_of_the_state_directory_that_are_links_are_not_followed() {
    for part in ["operations", "staging", "catalogs"] {
        let says = "`.migrate-manifests` is removed again and again";
        stops_with(Code::StateUnusable, says, |disk| {
            disk.add_dir("elsewhere");
            disk.add_dir(STATE);
            disk.add_link(format!("{STATE}/{part}"), "../elsewhere");
        });
    }
}

#[test]
fn a_state_directory_of_somebody_else_or_open_to_all_is_not_trusted() {
    for (owner, mode, code, why) in [
        (
            7,
            0o755,
            Code::StateNotOurs,
            "belongs to user 7, this is user 0",
        ),
        (
            0,
            0o777,
            Code::StateUntrusted,
            "has mode 0777: others can write to it",
        ),
        (
            0,
            0o775,
            Code::StateUntrusted,
            "has mode 0775: others can write to it",
        ),
    ] {
        let says = format!("`.migrate-manifests` in the tree {why}");
        stops_with(code, &says, |disk| {
            disk.add_dir(STATE);
            assert!(disk.give_owner(STATE, owner, owner));
            assert!(disk.give_mode(STATE, mode));
        });
    }
}

#[test]
fn a_lock_that_is_no_file_stops() {
    let says = "cannot open `.migrate-manifests`: Is a directory (os error 21)";
    stops_with(Code::StateUnusable, says, |disk| {
        disk.add_dir(format!("{STATE}/lock"));
    });
}

#[test]
fn a_lock_with_a_second_name_is_not_trusted() {
    let says = "`.migrate-manifests/lock` is not a regular file with one name";
    stops_with(Code::StateUntrusted, says, |disk| {
        disk.add_file(format!("{STATE}/lock"), b"");
        assert!(disk.add_name(format!("{STATE}/lock"), "elsewhere"));
    });
}

/// It may be anybody's: it is named, touched in nothing, and blocks nothing.
fn blocks_nothing(says: &str, prepare: impl Fn(&Simulated)) {
    for setting in SETTINGS {
        let disk = setting.disk();
        disk.add_file(STAGED, "x");
        prepare(&disk);
        let told = run(setting, &disk);
        let what = format!("{}: {told:?}", setting.name);
        assert_eq!(told.exit_code(), 1, "{what}");
        let unknown = told.notices.iter();
        let unknown = unknown.filter(|one| one.code == Code::JournalUnknown);
        let unknown: Vec<_> = unknown.map(|one| one.message.as_str()).collect();
        assert_eq!(unknown, [says], "{what}");
        assert_eq!(told.summary.counts.migrated, 3, "{what}");
        assert_eq!(disk.read_path(STAGED).unwrap(), b"x", "{what}");
    }
}

#[test]
fn a_journal_that_is_a_link_is_not_followed() {
    blocks_nothing(IRREGULAR, |disk| {
        disk.add_file("elsewhere", b"");
        disk.add_link(JOURNAL, "../../elsewhere");
    });
}

#[test]
fn a_journal_that_is_a_pipe_does_not_hang() {
    blocks_nothing(IRREGULAR, |disk| disk.add_fifo(JOURNAL));
}

#[test]
fn a_journal_with_a_second_name_is_not_written_to() {
    blocks_nothing(IRREGULAR, |disk| {
        disk.add_file(JOURNAL, b"");
        assert!(disk.add_name(JOURNAL, "elsewhere"));
    });
}

#[test]
fn a_journal_of_a_newer_version_is_left_as_it_is() {
    const NEWER: &[u8] =
        b"{\"seq\":0,\"type\":\"began\",\"format\":\"migrate-manifests/journal/3\"}\n";
    let says = "operation 20260101T000000Z-1 is not finished, and its journal `20260101T000000Z-1.jsonl` has parts that are not understood here: nothing of it is touched";
    blocks_nothing(says, |disk| disk.add_file(JOURNAL, NEWER));
    let disk = SETTINGS[0].disk();
    disk.add_file(STAGED, "x");
    disk.add_file(JOURNAL, NEWER);
    run(&SETTINGS[0], &disk);
    assert_eq!(disk.read_path(JOURNAL).unwrap(), NEWER);
}

#[test]
fn a_journal_without_its_beginning_blocks_nothing() {
    for setting in SETTINGS {
        let disk = setting.disk();
        disk.add_file(STAGED, b"torn");
        disk.add_file(JOURNAL, vec![0; 900]);
        let told = run(setting, &disk);
        let what = format!("{}: {told:?}", setting.name);
        assert_eq!(told.exit_code(), 0, "{what}");
        assert_eq!(disk.read_path(JOURNAL).unwrap(), vec![0; 900], "{what}");
        assert_eq!(disk.read_path(STAGED), None, "{what}");
    }
}

#[test]
fn what_is_only_named_like_ours_is_nobodys_and_stays() {
    let theirs = [
        ".migrate-manifests/staging/notes.txt",
        ".migrate-manifests/operations/notes.txt",
        "a/r1/.migrate-manifests.20250101T000000Z-7.0123456789abcdef-0123456789abcdef-0123456789abcdef",
    ];
    for setting in SETTINGS {
        let disk = setting.disk();
        for name in theirs {
            disk.add_file(name, b"mine");
        }
        let told = run(setting, &disk);
        let what = format!("{}: {told:?}", setting.name);
        assert_eq!(told.summary.counts.migrated, 3, "{what}");
        for name in theirs {
            assert_eq!(disk.read_path(name).unwrap(), b"mine", "{what}");
        }
        assert!(told.warns_of(Code::UnfinishedOperation), "{what}");
    }
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
                let told = run(setting, disk);
                assert_eq!(told.summary.rescued, 0, "{told:?}");
            });
            let told = run(setting, &disk);
            assert_eq!(told.summary.rescued, 0, "{}: {told:?}", setting.name);
            for name in MANIFESTS {
                let backup = disk.read_path(format!("{name}.backup"));
                assert_eq!(backup, Some(original(name)), "{}: {told:?}", setting.name);
                assert_ne!(disk.read_path(name), Some(original(name)));
            }
            assert_eq!(run(setting, &disk).exit_code(), 0);
        }
    }
}
