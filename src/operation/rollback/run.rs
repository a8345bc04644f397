//! The manifests of a rollback, group by group in path order: compared and put back in parallel.
//!
//! Invariant: outcomes are reported in path order, and `restored` only after the flush that makes it true.

use std::sync::{Arc, OnceLock};

use super::choose::{Choice, Item, Standing, Undo, choose, replacement};
use super::compare::{Comparison, Restorable};
use crate::code::Code;
use crate::journal::{Command, Ledger};
use crate::operation::frame::{Frame, Writing};
use crate::operation::ledger;
use crate::operation::survey::Survey;
use crate::operation::tally::{Tally, too_many};
use crate::report::{Counts, Diagnosis, Outcome, Sink, Status, Stop, Summary};
use crate::selection::Tolerance;
use crate::storage::{Answer, RestoreManifest, StorageChange};

const GROUP_OF_READS: usize = 256;
/// Each group is flushed as a whole.
const GROUP_OF_WRITES: usize = 4096;

/// A rollback.
#[derive(Debug, Clone)]
pub struct Rollback {
    /// The operations that are to be undone.
    pub undo: Undo,
    /// The number of manifests in trouble at which the operation stops; `None` is no limit.
    pub max_failures: Option<Tolerance>,
    /// True if originals are restored with the mode, owner, time and attributes that their backups have now.
    pub allow_changed_metadata: bool,
}

/// Restores originals.
///
/// After a signal the current group is finished and the rest is not attempted. The summary has the result, even after a stop ([`Summary::stop`]).
pub fn rollback(frame: &Frame<'_>, rollback: &Rollback, sink: &mut dyn Sink) -> Summary {
    let mut tally = Tally::new(sink, &Survey::default());
    tally.start(&frame.head(None));
    let opening = frame.opening(Command::Rollback);
    let ended = frame.write(opening, &mut tally, |writing, tally| {
        if writing.is_none() {
            frame.warn_of_unfinished(tally);
        }
        run(frame, rollback, writing, tally)
    });
    frame.conclude(tally, ended)
}

pub(in crate::operation) fn rollback_outcome(
    frame: &Frame<'_>,
    ledger: &Ledger,
) -> Result<Outcome, Stop> {
    let choice = choose(ledger, &Undo::Manifests, &frame.request.selection)?;
    let path = frame.only_manifest()?;
    let run = RollbackRun {
        frame,
        writing: None,
        ledger,
        choice: &choice,
        allow_changed_metadata: false,
    };
    Ok(match choice.items.first() {
        Some(item) => run.one(item, false, &mut Vec::new()).outcome,
        None => Outcome::new(path.clone(), Status::NotAttempted),
    })
}

/// Returns true if something is to be restored.
fn run(
    frame: &Frame<'_>,
    rollback: &Rollback,
    writing: Option<&Writing>,
    tally: &mut Tally<'_>,
) -> Result<bool, Stop> {
    let ledger = ledger::required(frame.storage)?;
    let choice = choose(&ledger, &rollback.undo, &frame.request.selection)?;
    tally.summary.counts.found = choice.found;
    tally.summary.counts.excluded = choice.excluded;
    for notice in &choice.notices {
        tally.warn(notice);
    }
    tally.summary.undoes.clone_from(&choice.undoes);
    let run = RollbackRun {
        frame,
        writing,
        ledger: &ledger,
        choice: &choice,
        allow_changed_metadata: rollback.allow_changed_metadata,
    };
    if let Some(writing) = writing {
        writing.describe(|opening| {
            opening.undoes.clone_from(&choice.undoes);
            if choice.target.is_some() {
                opening.target_version.clone_from(&choice.target);
            }
        });
        run.check_tolerance(rollback.max_failures, tally)?;
    }
    let mut stop = None;
    run.each_group(|group, wanted| {
        let failure = writing.and_then(Writing::failure);
        stop = stop.take().or(failure);
        let is_over = stop.is_some() || frame.must_end(tally);
        let slots = if is_over {
            group.iter().map(not_attempted).collect()
        } else {
            run.group(group, wanted)
        };
        run.report(slots, tally);
        stop = stop
            .take()
            .or_else(|| tally.too_many(rollback.max_failures));
    });
    stop.map_or(Ok(tally.summary.counts.pending > 0), Err)
}

#[derive(Clone, Copy)]
struct RollbackRun<'r> {
    frame: &'r Frame<'r>,
    writing: Option<&'r Writing>,
    ledger: &'r Ledger,
    choice: &'r Choice,
    allow_changed_metadata: bool,
}

struct PendingOutcome {
    outcome: Outcome,
    /// True if its original can be put back.
    is_open: bool,
    answer: Option<Arc<OnceLock<Answer>>>,
}

impl RollbackRun<'_> {
    /// Passes each group to `take`, with the rest of the limit.
    fn each_group(&self, mut take: impl FnMut(&[Item], &mut Option<u64>)) {
        let mut wanted = self.frame.request.selection.limit;
        let mut left = self.choice.items.len();
        let size = match self.writing {
            Some(_) => GROUP_OF_WRITES,
            None => GROUP_OF_READS,
        };
        for group in self.choice.items.chunks(size) {
            left -= group.len();
            self.frame.watch.expects(left as u64);
            if wanted != Some(0) {
                take(group, &mut wanted);
            }
        }
    }

    /// Examines all manifests before the first one is restored, and stops if too many are in trouble.
    fn check_tolerance(&self, most: Option<Tolerance>, tally: &mut Tally<'_>) -> Result<(), Stop> {
        if most.is_none() {
            return Ok(());
        }
        let compare_all = RollbackRun {
            writing: None,
            ..*self
        };
        let mut counts = Counts::default();
        compare_all.each_group(|group, wanted| {
            for slot in compare_all.group(group, wanted) {
                counts.add(slot.outcome.status);
            }
        });
        let Some(stop) = too_many(most, counts.trouble(), counts.selected) else {
            return Ok(());
        };
        compare_all.each_group(|group, wanted| {
            let mut slots = compare_all.group(group, wanted);
            for slot in slots.iter_mut().filter(|slot| slot.is_open) {
                slot.outcome = Outcome::new(slot.outcome.path.clone(), Status::NotAttempted);
            }
            compare_all.report(slots, tally);
        });
        Err(stop)
    }

    /// Compares and restores one group. With a limit, nothing is selected after its last manifest.
    fn group(&self, group: &[Item], wanted: &mut Option<u64>) -> Vec<PendingOutcome> {
        let through = |items: &[Item], is_final: bool| -> Vec<PendingOutcome> {
            let items = items.iter().collect();
            self.frame.in_parallel(items, |buffer, item: &Item| {
                self.one(item, is_final, buffer)
            })
        };
        let Some(left) = *wanted else {
            return through(group, true);
        };
        let compared = through(group, false);
        let mut open = (0..compared.len()).filter(|place| compared[*place].is_open);
        let skip = usize::try_from(left - 1).unwrap_or(usize::MAX);
        let end = open.nth(skip).map_or(group.len(), |last| last + 1);
        let taken = compared[..end].iter().filter(|slot| slot.is_open).count();
        *wanted = Some(left.saturating_sub(taken as u64));
        through(&group[..end], true)
    }

    fn one(&self, item: &Item, is_final: bool, buffer: &mut Vec<u8>) -> PendingOutcome {
        let path = &item.path;
        if self.frame.watch.signal().is_some() {
            return not_attempted(item);
        }
        let replaced = match &item.standing {
            Standing::Restored => return settled(Outcome::new(path.clone(), Status::Current)),
            Standing::Not(message) => {
                let diagnosis = Diagnosis::new(Code::NotReplaced, &**message);
                return settled(Outcome {
                    status: Status::Refused,
                    ..Outcome::troubled(path.clone(), diagnosis)
                });
            }
            Standing::Replaced => replacement(self.ledger, path, self.choice.undoes.as_ref()),
        };
        let Some((replaced, backup)) = replaced else {
            return settled(Outcome::new(path.clone(), Status::Current));
        };
        let comparison = Comparison {
            frame: self.frame,
            path,
            replaced: &replaced,
            backup: &backup,
            allow_changed_metadata: self.allow_changed_metadata,
        };
        let (outcome, open) = comparison.compare(buffer);
        if is_final {
            self.frame.watch.looked_at();
        }
        let mut slot = PendingOutcome {
            is_open: open.is_some(),
            ..settled(outcome)
        };
        let (Some(writing), Some(open), true) = (self.writing, open, is_final) else {
            return slot;
        };
        let Restorable {
            manifest,
            original,
            versions,
        } = open;
        let restore = RestoreManifest {
            path,
            undoes: &replaced.operation.id,
            version: manifest,
            before: replaced.after,
            backup: &backup,
            original,
            after: replaced.before,
            versions,
        };
        slot.answer = writing.ask(StorageChange::RestoreManifest(restore));
        if slot.answer.is_none() {
            slot.outcome = Outcome::new(path.clone(), Status::NotAttempted);
        }
        slot
    }

    fn report(&self, slots: Vec<PendingOutcome>, tally: &mut Tally<'_>) {
        tally.began(self.writing.and_then(Writing::operation));
        for slot in slots {
            let asked = self.writing.zip(slot.answer);
            let outcome = match asked.map(|(writing, answer)| writing.answer(&answer)) {
                None => slot.outcome,
                Some(Answer::Done(_)) => Outcome {
                    status: Status::Restored,
                    ..slot.outcome
                },
                Some(Answer::NotAttempted) => Outcome {
                    from: slot.outcome.from,
                    ..Outcome::new(slot.outcome.path, Status::NotAttempted)
                },
                Some(Answer::Not(diagnosis)) => Outcome {
                    status: diagnosis.status(),
                    to: None,
                    checksum_before: None,
                    checksum_after: None,
                    trouble: Some(diagnosis),
                    ..slot.outcome
                },
            };
            tally.outcome(outcome, None, None);
        }
    }
}

fn settled(outcome: Outcome) -> PendingOutcome {
    PendingOutcome {
        outcome,
        is_open: false,
        answer: None,
    }
}

fn not_attempted(item: &Item) -> PendingOutcome {
    settled(Outcome::new(item.path.clone(), Status::NotAttempted))
}
