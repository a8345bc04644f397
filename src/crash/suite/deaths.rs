//! Every call of every command is once the last one, and so is every call of the recovery that follows: nothing is lost.
//!
//! The campaigns draw such cases; here none is left out of the kinds of disk that are looked at. `CRASH_CASES` with any value asks for all of them.

use rayon::prelude::*;

use super::campaign::Case;
use super::process::{START, recover};
use super::setting::{BATCHES, SETTINGS, Setting};
use super::trial::{Known, Migrating, Pruning, RollingBack, Trial, know};
use crate::crash::simulated::{Simulated, Stop};

/// A command on a kind of disk.
struct Place<'p> {
    trial: &'p dyn Trial,
    setting: &'p Setting,
    batch: usize,
    known: &'p Known,
}

#[derive(Debug, Clone, Copy)]
enum End {
    Killed,
    /// Without power; what survives is drawn from this.
    Cut(u64),
}

impl End {
    fn of(self, disk: &Simulated) -> Simulated {
        match self {
            Self::Killed => disk.kill(),
            Self::Cut(seed) => disk.crash(seed),
        }
    }

    fn is_kill(self) -> bool {
        matches!(self, Self::Killed)
    }
}

impl Place<'_> {
    /// The command stops at call `n`, the recovery at call `m`, if it has one; then the command runs to its end. Gives whether the recovery had that call.
    fn examine(&self, (n, stop, end): (usize, Stop, End), then: Option<(usize, End)>) -> bool {
        let disk = self.known.disk();
        disk.stop_at(n, stop);
        let told = self
            .trial
            .run(&self.setting.storage(&disk, self.batch), START);
        let call = self.known.log.get(n - 1).map_or("the end", String::as_str);
        let mut case = Case::new(self.trial, self.setting, self.known);
        case.deaths.push(format!("{end:?} {stop:?} {call}"));
        let mut left = end.of(&disk);
        let mut checked = case.check_death(&left, Some(&told), end.is_kill());
        let mut was_stopped = false;
        if let Some((m, end)) = then {
            left.stop_at(m, Stop::Before);
            let _stopped_or_not = recover(&self.setting.storage(&left, self.batch));
            was_stopped = left.stopped();
            case.deaths
                .push(format!("recovery: {end:?} before call {m}"));
            left = end.of(&left);
            checked = checked.and_then(|()| case.check_death(&left, None, end.is_kill()));
        }
        let checked = checked.and_then(|()| {
            let storage = self.setting.storage(&left, self.batch);
            let last = self.trial.run(&storage, START);
            case.check_end(&left, &last, self.batch)
        });
        if let Err(wrong) = checked {
            panic!("{wrong}");
        }
        was_stopped
    }
}

/// The kinds of disk that differ most: each way, with and without names in order, with and without a flush of everything.
const USUAL: [&str; 4] = [
    "exchange",
    "exchange, beside, file by file",
    "link, unordered, file by file",
    "copy, unordered",
];

fn everywhere(trial: &dyn Trial, place: usize, each: impl Fn(&Place<'_>) + Sync) {
    let all = std::env::var_os("CRASH_CASES").is_some();
    let chosen = SETTINGS
        .iter()
        .filter(|one| all || USUAL.contains(&one.name));
    let chosen: Vec<Setting> = chosen.copied().collect();
    assert!(chosen.len() >= USUAL.len());
    let known = know(trial, &chosen);
    chosen.par_iter().zip(&known).for_each(|(setting, known)| {
        each(&Place {
            trial,
            setting,
            batch: BATCHES[place],
            known: &known[place],
        });
    });
}

fn whichever_call_is_the_last(trial: &dyn Trial) {
    everywhere(trial, 1, |place| {
        for n in 1..=place.known.log.len() {
            place.examine((n, Stop::Halfway, End::Killed), None);
            place.examine((n, Stop::Halfway, End::Cut(n as u64)), None);
            place.examine((n, Stop::After, End::Cut(n as u64)), None);
        }
    });
}

/// Calls that change names of manifests or backups.
fn changes_names(call: &str) -> bool {
    ["Exchange", "Rename", "Link", "Unlink"]
        .iter()
        .any(|name| call.contains(name))
        && call.contains("manifest")
}

fn whichever_call_of_the_recovery_is_the_last(trial: &dyn Trial) {
    everywhere(trial, 2, |place| {
        for (n, call) in place.known.log.iter().enumerate() {
            if !changes_names(call) {
                continue;
            }
            let mut m = 1;
            // Every second one loses power, the others are killed.
            let end = |m: usize| match m % 2 {
                0 => End::Killed,
                _ => End::Cut((n + m) as u64),
            };
            while place.examine((n + 1, Stop::After, End::Killed), Some((m, end(m)))) {
                m += 1;
            }
            assert!(m > 3, "{}: {call}: nothing to recover", place.setting.name);
        }
    });
}

#[test]
fn whichever_call_of_a_migration_is_the_last_nothing_is_lost() {
    whichever_call_is_the_last(&Migrating);
}

#[test]
fn whichever_call_of_a_rollback_is_the_last_nothing_is_lost() {
    whichever_call_is_the_last(&RollingBack);
}

#[test]
fn whichever_call_of_a_pruning_is_the_last_nothing_is_lost() {
    whichever_call_is_the_last(&Pruning);
}

#[test]
fn whichever_call_of_the_recovery_of_a_migration_is_the_last_nothing_is_lost() {
    whichever_call_of_the_recovery_is_the_last(&Migrating);
}

#[test]
fn whichever_call_of_the_recovery_of_a_rollback_is_the_last_nothing_is_lost() {
    whichever_call_of_the_recovery_is_the_last(&RollingBack);
}

#[test]
fn whichever_call_of_the_recovery_of_a_pruning_is_the_last_nothing_is_lost() {
    whichever_call_of_the_recovery_is_the_last(&Pruning);
}
