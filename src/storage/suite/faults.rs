//! The n-th call fails, for n = 1, 2, ... until a run does not meet the fault any more.
//!
//! Invariant: whatever fails, every manifest is whole, what is told is true, and a later run finishes the work.

use super::campaign::{BATCHES, Check, Undisturbed, undisturbed};
use super::foreign::Trace;
use super::setting::{MANIFESTS, Run, SETTINGS, Setting, original};
use crate::code::Code;
use crate::report::Status;
use crate::storage::simulated::{Call, Often, Simulated};

const EIO: i32 = 5;
const EACCES: i32 = 13;
const ENOSPC: i32 = 28;
const EROFS: i32 = 30;

/// Calls that change nothing, and may fail all the same.
const READING: [Call; 8] = [
    Call::OpenDir,
    Call::List,
    Call::Stat,
    Call::Open,
    Call::OpenAppend,
    Call::Read,
    Call::TryLock,
    Call::Traits,
];

/// What must hold after a run with a fault, and after one without.
fn examine(setting: &Setting, batch: usize, known: &Undisturbed, disk: &Simulated, fault: &str) {
    let told = setting.run(disk, batch);
    let what = || format!("{}, batches of {batch}, {fault}: {told:?}", setting.name);
    let cut = told.outcomes.len() as u64 + disk.calls() as u64;
    let mut ends = vec![disk.kill(), disk.crash(cut)];
    if thorough() {
        ends.push(disk.crash(!cut));
    }
    for disk in ends {
        examine_end(setting, batch, known, &disk, &told, &what());
    }
}

/// The process is gone, and perhaps the power, too.
fn examine_end(
    setting: &Setting,
    batch: usize,
    known: &Undisturbed,
    disk: &Simulated,
    told: &Run,
    what: &str,
) {
    let mut all_are_new = true;
    for name in MANIFESTS {
        let bytes = disk.read_path(name).unwrap_or_default();
        let is_new = bytes == known.migrated[name];
        assert!(is_new || bytes == original(name), "`{name}` torn: {what}");
        let said_so = told.status_of(name) == Some(Status::Migrated);
        assert!(is_new || !said_so, "`{name}` is not migrated: {what}");
        all_are_new &= is_new && told.status_of(name).is_some_and(is_well);
    }
    assert_honest(told, all_are_new, what);
    let last = setting.run(disk, batch);
    let mut check = Check {
        known,
        trace: Trace::default(),
        deaths: vec![what.to_owned()],
    };
    if let Err(wrong) = check.at_the_end(disk, &last) {
        panic!("{wrong}");
    }
}

fn is_well(status: Status) -> bool {
    matches!(status, Status::Migrated | Status::Current)
}

/// Exit code and outcomes agree with each other and with what stands there.
fn assert_honest(told: &Run, all_are_new: bool, what: &str) {
    match (&told.summary.stop, told.exit_code()) {
        (None, 0) => assert!(all_are_new, "{what}"),
        (None, 1) => {}
        (Some(stop), 6) => assert_eq!(stop.code, Code::StorageFailed, "{what}"),
        (Some(stop), 2) => assert!(
            matches!(stop.code, Code::StateUnusable | Code::TreeUnreadable),
            "{what}"
        ),
        _ => panic!("{what}"),
    }
    for one in &told.outcomes {
        let is_not_durable = one
            .trouble
            .as_ref()
            .is_some_and(|trouble| trouble.code == Code::NotDurable);
        let stopped = told.exit_code() == 6;
        assert!(!is_not_durable || stopped, "{what}");
    }
}

/// Every n-th call of a setting fails in one way.
fn faults_in(setting: &Setting, batch: usize, known: &Undisturbed, errno: i32, often: Often) {
    for n in 1..=known.log.len() {
        let disk = setting.disk();
        setting.prepare(&disk);
        disk.fail_at(n, errno, often);
        let fault = format!("{} fails with {errno} {often:?}", known.log[n - 1]);
        examine(setting, batch, known, &disk, &fault);
    }
}

/// Whether there is time for all: `CRASH_CASES` asks for it.
fn thorough() -> bool {
    std::env::var_os("CRASH_CASES").is_some()
}

#[test]
fn whichever_call_fails_once_nothing_is_lost_and_a_later_run_finishes() {
    for (setting, known) in SETTINGS.iter().zip(undisturbed(SETTINGS)) {
        for (batch, known) in BATCHES
            .iter()
            .zip(&known)
            .filter(|(batch, _)| **batch == 2 || thorough())
        {
            let errnos: &[i32] = if thorough() { &[EIO, ENOSPC] } else { &[EIO] };
            for errno in errnos.iter().copied() {
                faults_in(setting, *batch, known, errno, Often::Once);
            }
        }
    }
}

#[test]
fn whichever_call_fails_for_ever_nothing_is_lost_and_a_later_run_finishes() {
    for (setting, known) in SETTINGS.iter().zip(undisturbed(SETTINGS)) {
        let errnos: &[i32] = if thorough() {
            &[EIO, ENOSPC, EACCES, EROFS]
        } else {
            &[ENOSPC]
        };
        for errno in errnos.iter().copied() {
            faults_in(setting, BATCHES[1], &known[1], errno, Often::ForEver);
        }
    }
}

#[test]
fn a_disk_that_fills_up_within_a_write_loses_nothing() {
    for (setting, known) in SETTINGS.iter().zip(undisturbed(SETTINGS)) {
        for call in [Call::Write, Call::CopyMetadata] {
            for n in 1..=if thorough() { 30 } else { 9 } {
                let disk = setting.disk();
                setting.prepare(&disk);
                disk.fail_halfway(call, n, ENOSPC, Often::Once);
                let fault = format!("{call:?} number {n} runs out of room");
                examine(setting, 2, &known[1], &disk, &fault);
            }
        }
    }
}

#[test]
fn whichever_reading_call_fails_nothing_is_lost_and_a_later_run_finishes() {
    for (setting, known) in SETTINGS.iter().zip(undisturbed(SETTINGS)) {
        for call in READING {
            for n in 1..=if thorough() { 80 } else { 8 } {
                let disk = setting.disk();
                setting.prepare(&disk);
                disk.fail_kind(call, n, EIO, Often::Once);
                let fault = format!("{call:?} number {n} fails");
                examine(setting, 2, &known[1], &disk, &fault);
            }
        }
    }
}
