//! The batches of an operation: while one is published the next is staged, and one flush makes both durable.
//!
//! Invariant: outcomes are told in path order, and `migrated` only after the flush that makes it true.

use std::sync::atomic::Ordering;

use rayon::ThreadPool;
use rayon::prelude::*;

use super::evaluate::{Evaluated, Evaluation, StagedOf, no_way};
use super::migrate::{Depth, Options};
use super::tally::{JournalSink, Tally};
use super::writing::TransactionOf;
use crate::code::Code;
use crate::report::{Diagnosis, Event, Outcome, Sink as _, Status, Stop};
use crate::storage::{Found, FoundList, Published, Storage, Transaction};

/// How many manifests make a batch where nothing is written: enough for all threads, little to keep in memory.
const BATCH_OF_READS: usize = 1024;
/// The same where both texts of each are kept for a difference.
const BATCH_OF_DIFFERENCES: usize = 256;
/// How often a manifest is staged again because the way to replace it does not work there.
const TRIES: usize = 4;

type SecuredOf<S> = <TransactionOf<S> as Transaction>::Secured;

/// One manifest on its way through a batch.
struct Slot<'p, S: Storage> {
    found: Found,
    evaluated: Evaluated<'p, StagedOf<S>>,
    /// Its new file, durable and about to be published.
    secured: Option<SecuredOf<S>>,
}

/// Takes manifests through, batch by batch.
pub(super) struct Batches<'b, 't, 's, S: Storage> {
    pub(super) workers: Workers<'b, S>,
    pub(super) options: &'b Options,
    pub(super) tally: &'t mut Tally<'s>,
}

/// The threads, and what they do in parallel.
pub(super) struct Workers<'b, S: Storage> {
    pub(super) pool: &'b ThreadPool,
    pub(super) evaluation: &'b Evaluation<'b, S>,
}

impl<'b, S: Storage> Workers<'b, S> {
    fn evaluate(&self, batch: &[Found], depth: Depth) -> Vec<Evaluated<'b, StagedOf<S>>> {
        let mut evaluated = Vec::with_capacity(batch.len());
        self.pool
            .install(|| self.evaluate_into(batch, depth, &mut evaluated));
        evaluated
    }

    /// The room for the answers is the caller's: were it each worker's in turn, every allocator arena would keep some.
    fn evaluate_into(
        &self,
        batch: &[Found],
        depth: Depth,
        into: &mut Vec<Evaluated<'b, StagedOf<S>>>,
    ) {
        let writing = self.evaluation.writing;
        let had_waited = writing.has_waited();
        self.evaluation.staged_bytes.store(0, Ordering::Relaxed);
        let evaluate = |buffer: &mut Vec<u8>, (index, found)| {
            let evaluated = self.evaluation.evaluate(found, depth, index == 0, buffer);
            // What is only decided on beforehand is looked at again.
            if depth == self.evaluation.options.depth {
                self.evaluation.watch.looked_at();
            }
            evaluated
        };
        batch
            .par_iter()
            .enumerate()
            .map_init(Vec::new, evaluate)
            .collect_into_vec(into);
        if !had_waited && writing.has_waited() {
            self.evaluate_again(batch, depth, into);
        }
    }

    /// Decides again on what was not to be written when somebody else had the lock: who had it may have written to any of them.
    fn evaluate_again(
        &self,
        batch: &[Found],
        depth: Depth,
        evaluated: &mut [Evaluated<'b, StagedOf<S>>],
    ) {
        let again = evaluated.par_iter_mut().zip(batch).enumerate();
        again
            .filter(|(_, (one, _))| one.staged.is_none() && !one.postponed)
            .for_each_init(Vec::new, |buffer, (index, (one, found))| {
                *one = self.evaluation.evaluate(found, depth, index == 0, buffer);
            });
    }

    fn publish(&self, batch: &[Option<&SecuredOf<S>>]) -> Vec<Option<Published>> {
        let mut published = Vec::with_capacity(batch.len());
        self.pool
            .install(|| self.publish_into(batch, &mut published));
        published
    }

    fn publish_into(&self, batch: &[Option<&SecuredOf<S>>], into: &mut Vec<Option<Published>>) {
        let transaction = self.evaluation.writing.transaction();
        let publish = |secured: Option<&SecuredOf<S>>| Some(transaction?.publish(secured?));
        batch
            .par_iter()
            .copied()
            .map(publish)
            .collect_into_vec(into);
    }

    /// Publishes one batch while the next one is evaluated and staged.
    fn publish_and_evaluate(
        &self,
        previous: &[Option<&SecuredOf<S>>],
        batch: &[Found],
        depth: Depth,
    ) -> PublishedAndEvaluated<'b, S> {
        let mut published = Vec::with_capacity(previous.len());
        let mut evaluated = Vec::with_capacity(batch.len());
        self.pool.install(|| {
            rayon::join(
                || self.publish_into(previous, &mut published),
                || self.evaluate_into(batch, depth, &mut evaluated),
            )
        });
        (published, evaluated)
    }
}

type PublishedAndEvaluated<'b, S> = (Vec<Option<Published>>, Vec<Evaluated<'b, StagedOf<S>>>);

impl<'b, S: Storage> Batches<'b, '_, '_, S> {
    /// Takes all manifests through, and tells what came of each.
    pub(super) fn run(&mut self, manifests: &FoundList) {
        let mut next = 0;
        let mut wanted = self.options.selection.limit;
        let mut previous = Vec::new();
        loop {
            let batch = if self.is_over() || wanted == Some(0) {
                Vec::new()
            } else {
                self.next_batch(manifests, next, wanted)
            };
            if batch.is_empty() && previous.is_empty() {
                break;
            }
            let (published, mut slots) = self.publish_and_evaluate(&previous, batch);
            let durable = self.secure(&mut slots, !previous.is_empty());
            self.complete(previous, published, durable);
            next += slots.len();
            let pending = slots
                .iter()
                .filter(|slot| slot.evaluated.route.is_some())
                .count();
            wanted = wanted.map(|wanted| wanted.saturating_sub(pending as u64));
            previous = self.keep_or_settle(slots);
        }
        // With a limit, what lies behind the last pending manifest was never selected.
        if wanted != Some(0) {
            for found in manifests.range(next..manifests.len()) {
                let outcome = Outcome::new(found.path, Status::NotAttempted);
                self.tally.outcome(&outcome, None, None);
            }
        }
    }

    /// Whether no further manifest is to be looked at.
    fn is_over(&self) -> bool {
        self.workers.evaluation.writing.has_stopped()
            || self.workers.evaluation.watch.signal().is_some()
            || self.tally.is_broken()
    }

    /// The next manifests in path order; with a limit only up to the last one that it leaves.
    fn next_batch(&self, manifests: &FoundList, next: usize, wanted: Option<u64>) -> Vec<Found> {
        let size = match self.options.depth {
            Depth::Difference => BATCH_OF_DIFFERENCES,
            Depth::Decide | Depth::Rehearse | Depth::Predict => BATCH_OF_READS,
            Depth::Write => usize::MAX,
        };
        let size = size.min(self.options.batch.get());
        let ahead = wanted.map_or(size, |wanted| look_ahead(wanted).min(size));
        let end = next.saturating_add(ahead);
        let mut batch: Vec<Found> = manifests.range(next..end.min(manifests.len())).collect();
        if let Some(wanted) = wanted {
            // To stage more than is wanted and to throw it away would be dear; deciding is cheap.
            let decided = self.workers.evaluate(&batch, Depth::Decide);
            let mut pending = (0..batch.len()).filter(|index| decided[*index].route.is_some());
            let last = usize::try_from(wanted - 1)
                .ok()
                .and_then(|skip| pending.nth(skip));
            if let Some(last) = last {
                batch.truncate(last + 1);
            }
        }
        batch
    }

    /// Publishes the previous batch while the next one is evaluated and staged.
    fn publish_and_evaluate(
        &mut self,
        previous: &[Slot<'b, S>],
        batch: Vec<Found>,
    ) -> (Vec<Option<Published>>, Vec<Slot<'b, S>>) {
        let secured: Vec<_> = previous.iter().map(|slot| slot.secured.as_ref()).collect();
        let (published, evaluated) =
            self.workers
                .publish_and_evaluate(&secured, &batch, self.options.depth);
        if let Some(transaction) = self.workers.evaluation.writing.transaction() {
            self.tally.began(transaction.id());
        }
        self.tally
            .recovered(self.workers.evaluation.writing.take_recoveries());
        let slots = evaluated
            .into_iter()
            .zip(batch)
            .map(|(evaluated, found)| Slot {
                found,
                evaluated,
                secured: None,
            });
        (published, self.cut_at_postponed(slots.collect()))
    }

    /// A batch ends before the first manifest that found no room in it, so that path order is kept.
    fn cut_at_postponed(&self, mut slots: Vec<Slot<'b, S>>) -> Vec<Slot<'b, S>> {
        if let Some(first) = slots.iter().position(|slot| slot.evaluated.postponed) {
            let staged = slots
                .drain(first..)
                .filter_map(|slot| slot.evaluated.staged)
                .collect();
            if let Some(transaction) = self.workers.evaluation.writing.transaction() {
                transaction.discard(staged);
            }
        }
        slots
    }

    /// Makes what is staged and what was just published durable; `false` where the storage failed.
    fn secure(&mut self, slots: &mut [Slot<'b, S>], was_published: bool) -> bool {
        let Some(transaction) = self.workers.evaluation.writing.transaction() else {
            return true;
        };
        let takers: Vec<usize> = (0..slots.len())
            .filter(|index| slots[*index].evaluated.staged.is_some())
            .collect();
        let staged: Vec<_> = slots
            .iter_mut()
            .filter_map(|slot| slot.evaluated.staged.take())
            .collect();
        if staged.is_empty() && !was_published {
            return true;
        }
        match self.workers.pool.install(|| transaction.secure(staged)) {
            Ok(answers) => {
                for (index, answer) in takers.into_iter().zip(answers) {
                    match answer {
                        Ok(secured) => slots[index].secured = Some(secured),
                        Err(trouble) => slots[index].fail(trouble),
                    }
                }
                true
            }
            Err(stop) => {
                self.workers.evaluation.writing.stop(stop);
                for index in takers {
                    slots[index].was_not_attempted();
                }
                false
            }
        }
    }

    /// Tells what came of a batch that was published, now that the flush is done.
    fn complete(
        &mut self,
        mut slots: Vec<Slot<'b, S>>,
        published: Vec<Option<Published>>,
        durable: bool,
    ) {
        let mut again = Vec::new();
        for (index, (slot, published)) in slots.iter_mut().zip(published).enumerate() {
            match published {
                None => {}
                Some(Published::Again) => again.push(index),
                Some(published) => self.take(slot, published, durable),
            }
        }
        for _ in 0..TRIES {
            if again.is_empty() {
                break;
            }
            again = self.try_again(&mut slots, again);
        }
        for index in again {
            slots[index].fail(no_way());
        }
        self.tell(slots);
        if let Some(stop) = self.tally.too_many(self.options.max_failures) {
            self.workers.evaluation.writing.stop(stop);
        }
    }

    fn take(&self, slot: &mut Slot<'b, S>, published: Published, durable: bool) {
        match published {
            Published::Done { backup } if durable => {
                slot.evaluated.outcome.status = Status::Migrated;
                slot.evaluated.outcome.backup = Some(backup);
            }
            Published::Done { backup } => {
                slot.evaluated.outcome.backup = Some(backup);
                slot.fail(Diagnosis::new(
                    Code::NotDurable,
                    "it was replaced, but the flush that makes it durable failed".to_owned(),
                ));
            }
            Published::Not(trouble) => {
                if trouble.code == Code::NoSpace {
                    self.workers
                        .evaluation
                        .writing
                        .stop(Stop::new(Code::StorageFailed, trouble.message.clone()));
                }
                slot.fail(trouble);
            }
            Published::Skipped => slot.was_not_attempted(),
            Published::Again => slot.fail(no_way()),
        }
    }

    /// Stages, secures and publishes once more where the way taken does not work; gives those for which the next does not either.
    fn try_again(&mut self, slots: &mut [Slot<'b, S>], again: Vec<usize>) -> Vec<usize> {
        let mut retried: Vec<Slot<'b, S>> = again
            .iter()
            .map(|index| {
                let found = slots[*index].found.clone();
                let evaluated =
                    self.workers
                        .evaluation
                        .evaluate(&found, Depth::Write, true, &mut Vec::new());
                Slot {
                    found,
                    evaluated,
                    secured: None,
                }
            })
            .collect();
        let secured = self.secure(&mut retried, false);
        let waiting: Vec<_> = retried.iter().map(|slot| slot.secured.as_ref()).collect();
        let published = self.workers.publish(&waiting);
        let durable = secured && self.secure(&mut [], true);
        let mut once_more = Vec::new();
        for ((index, mut slot), published) in again.into_iter().zip(retried).zip(published) {
            match published {
                Some(Published::Again) => once_more.push(index),
                Some(published) => {
                    self.take(&mut slot, published, durable);
                    slots[index] = slot;
                }
                None => slots[index] = slot,
            }
        }
        once_more
    }

    /// Keeps a batch that is to be published; tells one in which nothing is, and one that will not be.
    fn keep_or_settle(&mut self, mut slots: Vec<Slot<'b, S>>) -> Vec<Slot<'b, S>> {
        if self.workers.evaluation.writing.has_stopped() {
            self.abandon(&mut slots);
        }
        if slots.iter().any(|slot| slot.secured.is_some()) {
            return slots;
        }
        let nothing_published = slots.iter().map(|_| None).collect();
        self.complete(slots, nothing_published, true);
        Vec::new()
    }

    /// Takes back what was secured and will not be published.
    fn abandon(&self, slots: &mut [Slot<'b, S>]) {
        let mut secured = Vec::new();
        for slot in slots {
            if let Some(one) = slot.secured.take() {
                secured.push(one);
                slot.was_not_attempted();
            }
        }
        if let Some(transaction) = self.workers.evaluation.writing.transaction() {
            transaction.abandon(secured);
        }
    }

    fn tell(&mut self, slots: Vec<Slot<'b, S>>) {
        for slot in slots {
            let Evaluated {
                outcome,
                route,
                modified,
                answer,
                notices,
                ..
            } = slot.evaluated;
            for notice in &notices {
                self.tally.warn(notice);
            }
            if let Some(answer) = answer {
                self.tally.answer(*answer);
            }
            if let (Some(transaction), true) = (
                self.workers.evaluation.writing.transaction(),
                slot.secured.is_some(),
            ) {
                // Gathers in memory; what cannot be written shows at the next flush.
                let _kept = JournalSink(transaction).event(&Event::Outcome(&outcome));
            }
            self.tally.outcome(&outcome, route, modified);
        }
    }
}

/// How far to look for so many pending manifests: should many be refused, what lies behind is not decided on again and again.
fn look_ahead(wanted: u64) -> usize {
    const LEAST: u64 = 256;
    usize::try_from(wanted.max(LEAST)).unwrap_or(usize::MAX)
}

impl<S: Storage> Slot<'_, S> {
    fn was_not_attempted(&mut self) {
        self.evaluated.outcome = Outcome {
            from: self.evaluated.outcome.from.clone(),
            ..Outcome::new(self.found.path.clone(), Status::NotAttempted)
        };
    }

    fn fail(&mut self, trouble: Diagnosis) {
        let outcome = &mut self.evaluated.outcome;
        outcome.status = trouble.status();
        outcome.to = None;
        outcome.digest_before = None;
        outcome.checksum_before = None;
        outcome.checksum_after = None;
        outcome.trouble = Some(trouble);
    }
}
