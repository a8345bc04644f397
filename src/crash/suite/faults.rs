//! The n-th call fails, for n = 1, 2, ..., of every command: whatever fails, every manifest is whole, what is told is true and worded as it is committed, and a later run finishes the work.
//!
//! `CRASH_CASES` with any value asks for every kind of disk, all sizes of batches and more errors; else each kind of disk meets every sixth call.

use rayon::prelude::*;

use super::bookkeeping::{Drafts, left_over};
use super::campaign::Case;
use super::messages::MetMessages;
use super::process::{Run, START};
use super::setting::{BATCHES, SETTINGS, Setting};
use super::trial::{Known, Migrating, Pruning, RollingBack, Trial, know};
use crate::code::{Class, Code};
use crate::crash::simulated::{Call, Often, Simulated};
use crate::report::Fate;
use crate::storage::EntryKind;

const EIO: i32 = 5;
const EACCES: i32 = 13;
const ENOSPC: i32 = 28;
const EROFS: i32 = 30;

const TRIALS: [&dyn Trial; 3] = [&Migrating, &RollingBack, &Pruning];

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

/// True if there is time for all.
fn thorough() -> bool {
    std::env::var_os("CRASH_CASES").is_some()
}

/// A command on a kind of disk.
struct Place<'p> {
    trial: &'p dyn Trial,
    setting: &'p Setting,
    batch: usize,
    known: &'p Known,
    which: usize,
    messages: &'p MetMessages,
}

impl Place<'_> {
    /// True if there is time for the n-th call here; another kind of disk meets the others.
    fn meets(&self, n: usize) -> bool {
        thorough() || n % 6 == self.which % 6
    }

    /// How often a run in which nothing fails makes this call.
    fn reads(&self, call: Call) -> usize {
        let disk = self.known.disk();
        let storage = self.setting.storage(&disk, self.batch);
        self.trial.run(&storage, START);
        disk.calls_of(call)
    }

    /// Runs the command on a disk of its own on which something fails, and looks at it after a kill and after power cuts.
    fn examine(&self, fault: &str, fail: impl Fn(&Simulated)) {
        let disk = self.known.disk();
        fail(&disk);
        let told = self
            .trial
            .run(&self.setting.storage(&disk, self.batch), START);
        self.messages.add(&told);
        let what = format!("batches of {}, {fault}: {told:?}", self.batch);
        assert_honest(&told, &what);
        let cut = disk.calls() as u64;
        let mut ends = vec![(disk.kill(), true), (disk.crash(cut), false)];
        if thorough() {
            ends.push((disk.crash(!cut), false));
        }
        for (disk, was_killed) in ends {
            let mut case = Case::new(self.trial, self.setting, self.known);
            case.deaths.push(format!("{what}, killed: {was_killed}"));
            let checked = case
                .check_death(&disk, Some(&told), was_killed)
                .and_then(|()| {
                    let storage = self.setting.storage(&disk, self.batch);
                    let last = self.trial.run(&storage, START);
                    self.messages.add(&last);
                    case.check_end(&disk, &last, self.batch)
                });
            if let Err(wrong) = checked {
                panic!("{wrong}");
            }
        }
    }
}

/// An error of the system is never told as what somebody else did, and what could be settled is settled when the process ends: no manifest and no backup has two names, and nothing of ours stands beside them.
fn check_end_of_process(disk: &Simulated, told: &Run) -> Result<(), String> {
    let blames = |fate: &Fate| {
        let reason = fate.reason();
        reason.is_some_and(|reason| reason.code.class() == Class::Conflict)
    };
    let blames = told.summary.counts.conflict > 0
        || told.summary.rescued > 0
        || told.backups.iter().any(|one| blames(&one.fate));
    if blames {
        return Err("nobody else was there".to_owned());
    }
    // Where the storage has failed, the next process looks; so it does where recovery itself met the fault.
    if told.summary.stop.is_some() || told.warns_of(Code::JournalIncomplete) {
        return Ok(());
    }
    let tree = disk.tree();
    let mut files = tree
        .iter()
        .filter(|(_, node)| node.kind == EntryKind::File && node.links != 1);
    if let Some((path, node)) = files.next() {
        return Err(format!("`{path}` has {} names", node.links));
    }
    match left_over(disk, Drafts::MayBeLeft, &|_| false) {
        Some(path) => Err(format!("`{path}` is left over")),
        None => Ok(()),
    }
}

/// Exit code and reason agree.
fn assert_honest(told: &Run, what: &str) {
    match (&told.summary.stop, told.exit_code()) {
        (None, 0 | 1) => {}
        (Some(stop), 6) => assert_eq!(stop.code, Code::StorageFailed, "{what}"),
        (Some(stop), 2) => assert!(
            matches!(
                stop.code,
                Code::StateUnusable | Code::StateUnreadable | Code::TreeUnreadable
            ),
            "{what}"
        ),
        _ => panic!("{what}"),
    }
    let is_not_durable = |one: &crate::report::Outcome| {
        let trouble = one.trouble.as_ref();
        trouble.is_some_and(|trouble| trouble.code == Code::NotDurable)
    };
    if told.outcomes.iter().any(is_not_durable) {
        assert_eq!(told.exit_code(), 6, "{what}");
    }
}

impl Place<'_> {
    /// Runs the command on a disk on which one call fails, looks at what the process leaves, and runs it once more in a process of its own.
    fn examine_end(&self, fault: &str, fail: impl Fn(&Simulated)) {
        let disk = self.known.disk();
        fail(&disk);
        let storage = self.setting.storage(&disk, self.batch);
        let told = self.trial.run(&storage, START);
        self.messages.add(&told);
        let disk = disk.kill();
        let mut case = Case::new(self.trial, self.setting, self.known);
        case.deaths.push(format!("{fault}: {told:?}"));
        let checked = check_end_of_process(&disk, &told)
            .map_err(|what| format!("{what}\n  {}: {fault}: {told:?}", self.setting.name))
            .and_then(|()| case.check_death(&disk, Some(&told), true))
            .and_then(|()| {
                let storage = self.setting.storage(&disk, self.batch);
                let last = self.trial.run(&storage, START);
                self.messages.add(&last);
                case.check_end(&disk, &last, self.batch)
            });
        if let Err(wrong) = checked {
            panic!("{wrong}");
        }
    }
}

/// Every command on every kind of disk, with the sizes of batches that there is time for. What is told is compared with the file of this name in `fixtures/faults`.
fn everywhere(name: &str, each: impl Fn(&Place<'_>) + Sync) {
    let messages = MetMessages::default();
    for trial in TRIALS {
        let known = know(trial, SETTINGS);
        SETTINGS
            .par_iter()
            .zip(&known)
            .enumerate()
            .for_each(|(which, (setting, known))| {
                for (batch, known) in BATCHES.into_iter().zip(known) {
                    if batch == 2 || thorough() {
                        each(&Place {
                            trial,
                            setting,
                            batch,
                            known,
                            which,
                            messages: &messages,
                        });
                    }
                }
            });
    }
    if thorough() {
        messages.assert_include(name);
    } else {
        messages.assert_equal(name);
    }
}

#[test]
fn whichever_call_fails_once_nothing_is_lost_and_a_later_run_finishes() {
    let errnos: &[i32] = if thorough() { &[EIO, ENOSPC] } else { &[EIO] };
    everywhere("once.txt", |place| {
        for errno in errnos {
            let calls = place.known.log.iter().enumerate();
            for (n, call) in calls.filter(|(n, _)| place.meets(*n)) {
                let fault = format!("{call} fails once with {errno}");
                place.examine(&fault, |disk| disk.fail_at(n + 1, *errno, Often::Once));
            }
        }
    });
}

#[test]
fn whichever_call_fails_for_ever_nothing_is_lost_and_a_later_run_finishes() {
    let errnos: &[i32] = if thorough() {
        &[EIO, ENOSPC, EACCES, EROFS]
    } else {
        &[ENOSPC]
    };
    everywhere("for-ever.txt", |place| {
        for errno in errnos {
            let calls = place.known.log.iter().enumerate();
            for (n, call) in calls.filter(|(n, _)| place.meets(*n)) {
                let fault = format!("{call} and all later ones of its kind fail with {errno}");
                place.examine(&fault, |disk| disk.fail_at(n + 1, *errno, Often::ForEver));
            }
        }
    });
}

#[test]
fn a_disk_that_fills_up_within_a_write_loses_nothing() {
    let most = if thorough() { 30 } else { 9 };
    everywhere("full-within-a-write.txt", |place| {
        for call in [Call::Write, Call::CopyMetadata] {
            for n in (1..=most).filter(|n| place.meets(*n)) {
                let fault = format!("{call:?} number {n} runs out of room");
                place.examine(&fault, |disk| {
                    disk.fail_halfway(call, n, ENOSPC, Often::Once);
                });
            }
        }
    });
}

#[test]
fn whichever_reading_call_fails_nothing_is_lost_and_a_later_run_finishes() {
    let most = if thorough() { 80 } else { 24 };
    everywhere("reading.txt", |place| {
        for call in READING {
            for n in (1..=most).filter(|n| place.meets(*n)) {
                let fault = format!("{call:?} number {n} fails");
                place.examine(&fault, |disk| disk.fail_kind(call, n, EIO, Often::Once));
            }
        }
    });
}

#[test]
fn whichever_call_fails_nobody_else_is_blamed_and_nothing_is_stuck() {
    everywhere("no-permission.txt", |place| {
        let calls = place.known.log.iter().enumerate();
        // No right to link says that there are no hard links here: the original comes back as a copy.
        let calls = calls.filter(|(_, call)| !call.contains(" Link "));
        for (n, call) in calls.filter(|(n, _)| place.meets(n + 3)) {
            let fault = format!("{call} fails once with {EACCES}");
            place.examine_end(&fault, |disk| disk.fail_at(n + 1, EACCES, Often::Once));
        }
    });
}

/// As on a network, where the answer gets lost.
#[test]
fn whichever_call_fails_after_its_effect_nobody_else_is_blamed_and_nothing_is_stuck() {
    everywhere("after-its-effect.txt", |place| {
        let calls = place.known.log.iter().enumerate();
        for (n, call) in calls.filter(|(n, _)| place.meets(*n)) {
            let fault = format!("{call} has its effect and fails");
            place.examine_end(&fault, |disk| disk.fail_after(n + 1, EIO));
        }
    });
}

#[test]
fn whichever_reading_call_fails_nobody_else_is_blamed_and_nothing_is_stuck() {
    const FAULTS: [(i32, Often); 4] = [
        (EIO, Often::Once),
        (EACCES, Often::Once),
        (EIO, Often::ForEver),
        (EACCES, Often::ForEver),
    ];
    everywhere("reading-of-each-kind.txt", |place| {
        for call in READING {
            for n in (1..=place.reads(call)).filter(|n| place.meets(*n)) {
                for (which, (errno, often)) in FAULTS.into_iter().enumerate() {
                    // Every fault has its turn on some kind of disk.
                    if !thorough() && (place.which + n / 6) % FAULTS.len() != which {
                        continue;
                    }
                    let fault = format!("{call:?} number {n} fails with {errno}, {often:?}");
                    place.examine_end(&fault, |disk| disk.fail_kind(call, n, errno, often));
                }
            }
        }
    });
}
