//! Stop at any call, lose power or be killed, do the same again while recovering, with foreign writers: nothing is lost.
//!
//! One seed makes one case. `CRASH_CASES=1000000 cargo test --release --lib crash_campaign -- --nocapture` tries that many, from `CRASH_SEED` on; a case that loses something names its seed, and `CRASH_SEED=that CRASH_CASES=1` shows it alone. `rollback_campaign` and `prune_campaign` do the same to the other commands.

use std::sync::atomic::{AtomicU64, Ordering};

use super::bookkeeping::{Drafts, check_guard, check_settled, last_serial, left_over};
use super::foreign::{Foreign, Trace};
use super::process::{Run, START, recover};
use super::setting::{BATCHES, BROKEN, RECKLESS, SETTINGS, Setting};
use super::trial::{Known, Migrating, Pruning, RollingBack, Trial, know};
use crate::crash::simulated::{Random, Simulated, Stop};
use crate::storage::Recovery;

/// Who else writes in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum With {
    ForeignWriters,
    Nobody,
}

/// Ends a process: without power, or just dead. Says whether nothing can have got lost on the way.
fn end(disk: &Simulated, random: &mut Random) -> (Simulated, bool) {
    if random.below(3) == 0 {
        (disk.kill(), true)
    } else {
        (disk.crash(random.next()), false)
    }
}

fn any_stop(random: &mut Random) -> Stop {
    [Stop::Before, Stop::Halfway, Stop::After][random.below(3)]
}

/// No clock can be trusted: the next process may start before the last one did. Backups are never younger than now.
fn any_start(random: &mut Random) -> i64 {
    START + [0, 0, 1, 3600][random.below(4)]
}

/// A case while it goes on, and what must hold of it.
pub(super) struct Case<'c> {
    pub(super) trial: &'c dyn Trial,
    pub(super) setting: &'c Setting,
    pub(super) known: &'c Known,
    pub(super) trace: Trace,
    pub(super) deaths: Vec<String>,
    serial: u64,
}

impl<'c> Case<'c> {
    pub(super) fn new(trial: &'c dyn Trial, setting: &'c Setting, known: &'c Known) -> Self {
        Self {
            trial,
            setting,
            known,
            trace: Trace::default(),
            deaths: Vec::new(),
            serial: 0,
        }
    }

    /// Takes note of how a process ended; of a case that is shown alone, with all its calls.
    fn died(&mut self, how: String, disk: &Simulated) {
        self.deaths.push(how);
        if from_environment("CRASH_CASES") == Some(1) {
            self.deaths.extend(disk.log());
        }
    }

    fn wrong(&self, what: &str) -> String {
        let deaths = self.deaths.join("\n  ");
        format!(
            "{what}\n  {}: {deaths}\n  {:?}",
            self.setting.name, self.trace
        )
    }

    /// After a death. `told` is what a run of the command told, `killed` whether nothing can have got lost on the way.
    pub(super) fn check_death(
        &mut self,
        disk: &Simulated,
        told: Option<&Run>,
        killed: bool,
    ) -> Result<(), String> {
        let checked = self
            .trial
            .check_any_time(self.known, disk, &self.trace)
            .and_then(|()| match told {
                Some(told) => self.trial.check_told(self.known, disk, &self.trace, told),
                None => Ok(()),
            })
            .and_then(|()| check_guard(disk))
            .and_then(|()| self.trace.look(disk, killed));
        checked.map_err(|what| self.wrong(&format!("{what}\n  {told:?}")))?;
        let serial = last_serial(disk);
        if killed && serial < self.serial {
            return Err(self.wrong("the serial number went back"));
        }
        self.serial = serial;
        Ok(())
    }

    /// After recovery alone: nothing of ours is left over, the journals tell what stands there, and recovering once more changes nothing.
    fn check_recovery(&mut self, disk: &Simulated, batch: usize) -> Result<(), String> {
        let recovered = recover(&self.setting.storage(disk, batch));
        self.check_death(disk, None, true)?;
        let recovery = recovered.map_err(|stop| self.wrong(&format!("{stop:?}")))?;
        self.check_state(disk, Drafts::MayBeLeft)?;
        let calls = disk.calls();
        let again = recover(&self.setting.storage(disk, batch));
        if again != Ok(Recovery::default()) || disk.calls() != calls {
            return Err(self.wrong(&format!("{again:?} after {recovery:?}")));
        }
        Ok(())
    }

    fn check_state(&self, disk: &Simulated, drafts: Drafts) -> Result<(), String> {
        let checked = check_settled(disk).and_then(|()| {
            let others = |name: &str| self.trace.touched(name);
            match left_over(disk, drafts, &others) {
                Some(path) => Err(format!("`{path}` is left over")),
                None => Ok(()),
            }
        });
        checked.map_err(|what| self.wrong(&what))?;
        if self.trace.any() {
            return Ok(());
        }
        let proof = Run::verify(&self.setting.storage(disk, 1));
        match proof.exit_code() {
            0 => Ok(()),
            _ => Err(self.wrong(&format!("verify: {proof:?}"))),
        }
    }

    /// After a run that nothing came in between of: all is done, nothing is left over, and there is nothing more to do.
    pub(super) fn check_end(
        &mut self,
        disk: &Simulated,
        told: &Run,
        batch: usize,
    ) -> Result<(), String> {
        let code = told.exit_code();
        if code != 0 && !(code == 1 && self.trace.any()) {
            return Err(self.wrong(&format!("the last run: {told:?}")));
        }
        self.check_death(disk, Some(told), true)?;
        self.trial
            .check_done(self.setting, self.known, disk, &self.trace)
            .map_err(|what| self.wrong(&format!("{what}: {told:?}")))?;
        self.check_state(disk, Drafts::AreGone)?;
        let calls = disk.calls();
        let again = self.trial.run(&self.setting.storage(disk, batch), START);
        if disk.calls() != calls && !self.trace.any() {
            return Err(self.wrong(&format!("a run with nothing to do has written: {again:?}")));
        }
        Ok(())
    }
}

/// A command, and the kinds of disk that its cases are drawn from.
struct Campaign<'c> {
    trial: &'c dyn Trial,
    settings: &'c [Setting],
    known: Vec<[Known; 3]>,
}

impl<'c> Campaign<'c> {
    fn new(trial: &'c dyn Trial, settings: &'c [Setting]) -> Self {
        Self {
            trial,
            settings,
            known: know(trial, settings),
        }
    }

    /// One case; what is wrong, if anything is.
    fn case(&self, seed: u64, with: With) -> Result<(), String> {
        let (trial, settings, known) = (self.trial, self.settings, &self.known);
        let mut random = Random::new(seed);
        let (place, size) = (random.below(settings.len()), random.below(BATCHES.len()));
        let (setting, batch, known) = (&settings[place], BATCHES[size], &known[place][size]);
        let mut case = Case::new(trial, setting, known);
        let disk = known.disk();
        // One behind the last is a power cut after all is done.
        let at = 1 + random.below(known.log.len() + 1);
        let stop = any_stop(&mut random);
        disk.stop_at(at, stop);
        let foreign = (with == With::ForeignWriters && random.below(3) == 0)
            .then(|| Foreign::any(&mut random, setting, &known.log))
            .flatten();
        // Where it is noticed at any call, also while recovering.
        let mut later = foreign.filter(|_| setting.notices_at_once() && random.below(2) == 0);
        if let Some(foreign) = foreign
            && later.is_none()
        {
            case.trace = foreign.hook_into(&disk);
        }
        let first = trial.run(&setting.storage(&disk, batch), any_start(&mut random));
        let first_disk = disk;
        let (mut disk, was_killed) = end(&first_disk, &mut random);
        let call = known.log.get(at - 1).map_or("at the end", String::as_str);
        let death =
            format!("seed {seed}, batches of {batch}: {stop:?} {call}, killed: {was_killed}");
        case.died(death, &first_disk);
        case.check_death(&disk, Some(&first), was_killed)?;
        for _ in 0..random.below(3) {
            let at = 1 + random.below(known.log.len());
            disk.stop_at(at, any_stop(&mut random));
            if let Some(foreign) = later.take() {
                case.trace = foreign.hook_into(&disk);
            }
            let storage = setting.storage(&disk, batch);
            let told = if random.below(2) == 0 {
                // Any command that writes recovers.
                let _stopped_or_not = recover(&storage);
                None
            } else {
                Some(trial.run(&storage, any_start(&mut random)))
            };
            drop(storage);
            let (next, was_killed) = end(&disk, &mut random);
            let call = disk.log().get(at - 1).cloned().unwrap_or_default();
            let death = format!("then {call}, killed: {was_killed}");
            case.died(death, &disk);
            case.check_death(&next, told.as_ref(), was_killed)?;
            disk = next;
        }
        if random.below(3) == 0 {
            case.deaths.push("then recovered".to_owned());
            case.check_recovery(&disk, batch)?;
        }
        let last = trial.run(&setting.storage(&disk, batch), any_start(&mut random));
        case.check_end(&disk, &last, batch)
    }
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Tries as many cases as `CRASH_CASES` says, or some.
#[expect(clippy::print_stderr, reason = "the long campaign tells how far it is")]
fn campaign(trial: &dyn Trial) {
    const USUAL: u64 = 1000;
    let campaign = Campaign::new(trial, SETTINGS);
    let cases = from_environment("CRASH_CASES").unwrap_or(USUAL);
    let first = from_environment("CRASH_SEED").unwrap_or(1);
    let (next, failed) = (AtomicU64::new(0), AtomicU64::new(0));
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= cases || failed.load(Ordering::Relaxed) >= 5 {
                return;
            }
            let seed = first.wrapping_add(index);
            let attempt = || campaign.case(seed, With::ForeignWriters);
            let wrong = match std::panic::catch_unwind(std::panic::AssertUnwindSafe(attempt)) {
                Ok(Ok(())) => None,
                Ok(Err(wrong)) => Some(wrong),
                Err(_) => Some("it panicked".to_owned()),
            };
            if let Some(wrong) = wrong {
                failed.fetch_add(1, Ordering::Relaxed);
                eprintln!("CRASH_SEED={seed}: {wrong}");
            }
            if index > 0 && index.is_multiple_of(100_000) {
                eprintln!("{index} cases");
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    assert_eq!(failed.into_inner(), 0, "of {cases} cases from seed {first}");
}

#[test]
fn crash_campaign_loses_nothing() {
    campaign(&Migrating);
}

#[test]
fn rollback_campaign_loses_nothing() {
    campaign(&RollingBack);
}

#[test]
fn prune_campaign_loses_nothing() {
    campaign(&Pruning);
}

/// The first of so many cases in which a setting loses something.
fn first_loss(trial: &dyn Trial, setting: &Setting, with: With, cases: u64) -> Option<u64> {
    let one = std::slice::from_ref(setting);
    let campaign = Campaign::new(trial, one);
    (1..=cases).find(|seed| campaign.case(*seed, with).is_err())
}

#[test]
fn the_campaigns_see_what_broken_protocols_lose() {
    for setting in BROKEN {
        let trials: [(&dyn Trial, &str); 3] = [
            (&Migrating, "migrate"),
            (&RollingBack, "rollback"),
            (&Pruning, "prune"),
        ];
        for (trial, what) in trials {
            // A pruning exchanges and replaces nothing, so only a missing flush can hurt it; a rollback notices at once what is written in place.
            let can_be_hurt = match what {
                "prune" => setting.flushes_nothing(),
                "rollback" => setting.sabotage.is_none(),
                _ => true,
            };
            if !can_be_hurt {
                continue;
            }
            let loss = first_loss(trial, setting, With::Nobody, 400);
            assert!(loss.is_some(), "{what}, {}: loses nothing", setting.name);
        }
    }
}

#[test]
fn the_campaign_sees_what_a_reckless_protocol_takes_from_others() {
    for setting in RECKLESS {
        assert_eq!(first_loss(&Migrating, setting, With::Nobody, 400), None);
        // Somebody must take the very name between the look at it and the rename.
        let loss = first_loss(&Migrating, setting, With::ForeignWriters, 10_000);
        assert!(loss.is_some(), "{}: loses nothing", setting.name);
    }
}
