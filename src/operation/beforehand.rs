//! What an operation knows before it writes: the listing of the tree and, where rules need one, what a first pass judged.
//!
//! Where a first pass leaves something to be written, both are made again under the lock, unless they were made under it: what others did between the first look and the lock counts.
//!
//! Invariant: the lock is taken only where something is to be written, or to be settled; so an operation that refuses everything makes no state.

#[cfg(test)]
mod raced;
#[cfg(test)]
mod tests;

use std::sync::atomic::AtomicU64;

use rayon::ThreadPool;
use rayon::prelude::*;

use super::as_planned::Executing;
use super::evaluate::Evaluation;
use super::first_pass::{FirstPass, Judged};
use super::listing;
use super::migrate::{Depth, Options};
use super::tally::Tally;
use super::turns::Turns;
use super::writing::Writing;
use crate::engine::Plan;
use crate::report::{Event, Stop, Watch};
use crate::storage::{Listing, Storage};

/// An operation before its first manifest.
pub(super) struct Beforehand<'o, S: Storage> {
    pub(super) storage: &'o S,
    pub(super) plan: &'o Plan<'o>,
    pub(super) pool: &'o ThreadPool,
    pub(super) options: &'o Options,
    pub(super) writing: &'o Writing<'o, S>,
    pub(super) watch: &'o dyn Watch,
}

/// What it knows.
pub(super) struct Known {
    pub(super) listing: Listing,
    /// What the first pass says, where there was one.
    pub(super) judged: Option<Judged>,
}

impl<S: Storage> Beforehand<'_, S> {
    /// Settles what is unfinished, lists the tree and judges it, under the lock where something is to be written.
    ///
    /// # Errors
    /// The operation cannot start.
    pub(super) fn learn(&self, tally: &mut Tally<'_>) -> Result<Known, Stop> {
        self.settle_unfinished(tally)?;
        let mut known = self.look()?;
        if !self.writing.is_guarded() && self.is_to_be_written(&known) {
            match self.writing.guard_now() {
                Ok(()) => known = self.look_again(known.judged)?,
                // Nothing will be attempted, and the listing says of what.
                Err(stop) => self.writing.stop(stop),
            }
        }
        tally.listing_ended_early = self.watch.signal().is_some();
        if let Some(first) = known.listing.leftovers.first()
            && !self.writes()
        {
            tally.tell(&Event::Warning(&listing::leftover(first)));
        }
        tally.recovered(self.writing.take_recoveries());
        tally.listed(&known.listing);
        Ok(known)
    }

    /// How manifests are evaluated, knowing what the first pass says.
    pub(super) fn evaluation<'e>(&'e self, judged: Option<&'e Judged>) -> Evaluation<'e, S> {
        Evaluation {
            judged,
            storage: self.storage,
            catalog: self.plan.catalog(),
            plan: self.plan,
            executing: self.options.plan.as_ref().map(Executing::new),
            options: self.options,
            writing: self.writing,
            watch: self.watch,
            turns: Turns::default(),
            staged_bytes: AtomicU64::new(0),
        }
    }

    fn writes(&self) -> bool {
        self.options.depth == Depth::Write
    }

    fn settle_unfinished(&self, tally: &mut Tally<'_>) -> Result<(), Stop> {
        match self.storage.unfinished() {
            Ok(unfinished) if unfinished.is_empty() => {}
            Ok(_) if self.writes() => self.writing.guard_now()?,
            Ok(unfinished) => tally.tell(&Event::Warning(&listing::unfinished(&unfinished))),
            Err(notice) => tally.tell(&Event::Warning(&notice)),
        }
        Ok(())
    }

    fn look(&self) -> Result<Known, Stop> {
        self.judge(self.list()?)
    }

    /// As `look`, with what was judged before, where it is still true. Of a part of the tree that cannot be told: the listing does not say what came beside it.
    fn look_again(&self, judged: Option<Judged>) -> Result<Known, Stop> {
        let listing = self.list()?;
        let stands = |judged: &Judged| {
            !self.options.selection.is_partial()
                && judged.stands(self.storage, &listing.manifests, self.pool)
        };
        match judged.filter(stands) {
            Some(judged) => Ok(Known {
                listing,
                judged: Some(judged),
            }),
            None => self.judge(listing),
        }
    }

    fn judge(&self, listing: Listing) -> Result<Known, Stop> {
        let pass = FirstPass::new(self.plan.catalog(), self.options)?;
        let judge = |pass: FirstPass<'_>| {
            let (storage, selected) = (self.storage, &listing.manifests);
            pass.run(
                storage,
                self.plan,
                self.options,
                selected,
                self.pool,
                self.watch,
            )
        };
        let judged = pass.map(judge).transpose()?;
        Ok(Known { listing, judged })
    }

    /// Lists the tree. Where an unfinished operation left something beside manifests, that is swept away, under the lock.
    fn list(&self) -> Result<Listing, Stop> {
        let (catalog, selection) = (self.plan.catalog(), &self.options.selection);
        let find = || listing::find(self.storage, catalog, selection, self.pool, self.watch);
        let mut listing = find()?;
        if !self.writes() || listing.leftovers.is_empty() {
            return Ok(listing);
        }
        if !self.writing.is_guarded() {
            self.writing.guard_now()?;
            listing = find()?;
        }
        self.writing.sweep(&listing.leftovers)?;
        Ok(listing)
    }

    /// Whether a first pass leaves anything to be written; where there was none, whoever finds it says so.
    fn is_to_be_written(&self, known: &Known) -> bool {
        let Some(judged) = known.judged.as_ref().filter(|_| self.writes()) else {
            return false;
        };
        if judged.is_halted() {
            return false;
        }
        let (manifests, rules) = (&known.listing.manifests, self.options.rules);
        let evaluation = self.evaluation(Some(judged));
        let is_pending = |buffer: &mut Vec<u8>, index: usize| {
            let found = manifests.range(index..index + 1).next();
            found.is_some_and(|found| {
                judged.may_be_migrated(&found.path, rules)
                    && evaluation
                        .evaluate(&found, Depth::Rehearse, true, buffer)
                        .route
                        .is_some()
            })
        };
        self.pool.install(|| {
            let all = (0..manifests.len()).into_par_iter();
            all.map_init(Vec::new, is_pending).any(|pending| pending)
        })
    }
}
