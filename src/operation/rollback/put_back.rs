//! The manifests of a rollback, batch by batch in path order: looked at, announced and put back in parallel.
//!
//! Invariant: outcomes are told in path order, and `restored` only after the flush that makes it true.

use rayon::ThreadPool;
use rayon::prelude::*;

use super::choose::Item;
use super::look::{Slot, not_attempted};
use super::{RollbackMode, RollbackOptions};
use crate::catalog::Catalog;
use crate::code::Code;
use crate::operation::tally::{JournalSink, Tally};
use crate::operation::turns::Turns;
use crate::operation::writing::{TransactionOf, Writing};
use crate::report::{Event, Sink as _, Status, Stop, Watch};
use crate::storage::{ReadError, Restore, Restored, Storage, Transaction};

type PreparedOf<S> = <TransactionOf<S> as Transaction>::Prepared;

/// Puts originals back.
pub(super) struct PuttingBack<'o, S: Storage> {
    pub(super) storage: &'o S,
    pub(super) catalog: &'o Catalog,
    pub(super) pool: &'o ThreadPool,
    pub(super) options: &'o RollbackOptions,
    pub(super) writing: &'o Writing<'o, S>,
    pub(super) watch: &'o dyn Watch,
    pub(super) turns: Turns,
}

impl<S: Storage> PuttingBack<'_, S> {
    /// Takes all manifests through, and tells what came of each.
    pub(super) fn run(&self, items: &[Item], tally: &mut Tally<'_>) {
        let mut wanted = self.options.selection.limit;
        let mut rest = items;
        while !rest.is_empty() && wanted != Some(0) {
            let end = self.options.batch.get().min(rest.len());
            let (batch, later) = rest.split_at(end);
            rest = later;
            let is_over =
                self.writing.has_stopped() || self.watch.signal().is_some() || tally.is_broken();
            let mut slots = if is_over {
                batch.iter().map(|item| not_attempted(&item.path)).collect()
            } else {
                self.pool
                    .install(|| batch.par_iter().map(|item| self.look(item)).collect())
            };
            wanted = cut(&mut slots, wanted);
            if self.options.mode == RollbackMode::Write {
                self.put_back(&mut slots, tally);
            }
            self.tell(slots, tally);
            if let Some(stop) = tally.too_many(self.options.max_failures) {
                self.writing.stop(stop);
            }
        }
    }

    /// Announces what can be put back, and puts it back.
    fn put_back(&self, slots: &mut [Slot<'_, S>], tally: &mut Tally<'_>) {
        if !slots.iter().any(|slot| slot.open.is_some()) {
            return;
        }
        let Some(transaction) = self.pool.install(|| self.writing.begin()) else {
            slots.iter_mut().for_each(Slot::was_not_attempted);
            return;
        };
        tally.began(transaction.id());
        tally.recovered(self.writing.take_recoveries());
        let mut answers = Vec::with_capacity(slots.len());
        self.pool.install(|| {
            slots
                .par_iter_mut()
                .map(|slot| self.prepare(transaction, slot))
                .collect_into_vec(&mut answers);
        });
        let is_over = self.writing.has_stopped() || self.watch.signal().is_some();
        let takers: Vec<usize> = (0..slots.len())
            .filter(|index| answers[*index].is_some())
            .collect();
        if is_over {
            for index in takers {
                slots[index].was_not_attempted();
            }
            return;
        }
        let prepared = answers.into_iter().flatten().collect();
        let (restored, stop) = self.pool.install(|| transaction.restore(prepared));
        for (index, restored) in takers.into_iter().zip(restored) {
            self.take(&mut slots[index], restored);
        }
        if let Some(stop) = stop {
            self.writing.stop(stop);
        }
    }

    fn prepare(
        &self,
        transaction: &TransactionOf<S>,
        slot: &mut Slot<'_, S>,
    ) -> Option<PreparedOf<S>> {
        let open = slot.open.as_ref()?;
        let replaced = open.replaced;
        let prepared = transaction.prepare(&Restore {
            path: &slot.outcome.path,
            undoes: &replaced.operation,
            version: &open.version,
            backup: &replaced.backup,
            original: &open.original,
            before: replaced.wrote,
            after: replaced.original,
        });
        match prepared {
            Ok(prepared) => {
                slot.announced = true;
                return Some(prepared);
            }
            Err(ReadError::Trouble(trouble)) => slot.fail(trouble),
            Err(ReadError::Stop(stop)) => {
                self.writing.stop(stop);
                slot.was_not_attempted();
            }
        }
        None
    }

    fn take(&self, slot: &mut Slot<'_, S>, restored: Restored) {
        match restored {
            Restored::Done => slot.outcome.status = Status::Restored,
            Restored::Skipped => slot.was_not_attempted(),
            Restored::Not(trouble) => {
                if trouble.code == Code::NoSpace {
                    let stop = Stop::new(Code::StorageFailed, trouble.message.clone());
                    self.writing.stop(stop);
                }
                slot.fail(trouble);
            }
        }
    }

    fn tell(&self, slots: Vec<Slot<'_, S>>, tally: &mut Tally<'_>) {
        for slot in slots {
            if let (Some(transaction), true) = (self.writing.transaction(), slot.announced) {
                // Gathers in memory; what cannot be written shows at the next flush.
                let _kept = JournalSink(transaction).event(&Event::Outcome(&slot.outcome));
            }
            tally.outcome(&slot.outcome, None, None);
        }
    }
}

/// With a limit, nothing is selected behind the last manifest that it leaves; gives what is left of it.
fn cut<S: Storage>(slots: &mut Vec<Slot<'_, S>>, wanted: Option<u64>) -> Option<u64> {
    let wanted = wanted?;
    let mut open = (0..slots.len()).filter(|index| slots[*index].open.is_some());
    let last = usize::try_from(wanted - 1)
        .ok()
        .and_then(|skip| open.nth(skip));
    if let Some(last) = last {
        slots.truncate(last + 1);
    }
    let taken = slots.iter().filter(|slot| slot.open.is_some()).count();
    Some(wanted.saturating_sub(taken as u64))
}
