//! Verifying a tree: reads journals and catalogs, then proves each selected manifest, in parallel.
//!
//! Writes nothing and takes no lock. What must hold is said in [`crate::proof`]; here it is brought together with what stands on the storage.
//!
//! Invariant: findings are told in path order, whatever the number of threads.

mod prove;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use rayon::ThreadPool;
use rayon::prelude::*;

use super::first_pass;
use super::listing;
use super::survey::Survey;
use super::tally::Tally;
use super::turns::Turns;
use super::witnesses::{Catalogs, Journals};
use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::code::Code;
use crate::engine::{Failure, Plan};
use crate::report::{Diagnosis, Event, Sink, Start, Stop, Summary, Watch};
use crate::selection::Selection;
use crate::storage::{Found, FoundList, Listing, Storage};
use prove::{Proved, Prover};

/// How many manifests are proved before what was found is told.
const BATCH: usize = 1024;

/// What is to be proved. Every default is the caller's business.
#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// The tree as reports name it.
    pub tree: String,
    /// The clock of the report.
    pub now: Timestamp,
    /// Which manifests; `limit` is a number of manifests, whatever is to be done with them.
    pub selection: Selection,
    /// How many threads; fewer where the storage cannot serve so many.
    pub jobs: NonZeroUsize,
    /// Whether run directories and their input snapshots are looked at.
    pub snapshots: bool,
    /// Whether migrations are computed again.
    pub replay: bool,
}

/// Proves what `options` select in `storage`, telling `sink` what is found.
///
/// `watch` is asked often; once it gives a signal, the rest is not attempted.
#[must_use]
pub fn verify<S: Storage>(
    storage: &S,
    catalog: &Catalog,
    options: &VerifyOptions,
    watch: &dyn Watch,
    sink: &mut dyn Sink,
) -> Summary {
    let mut tally = Tally::new(sink, &Survey::default());
    tally.tell(&Event::Started(&head(catalog, options)));
    tally.summary.findings = Some(std::collections::BTreeMap::new());
    tally.summary.notes = Some(std::collections::BTreeMap::new());
    let stop = run(storage, catalog, options, watch, &mut tally).err();
    tally.conclude(stop, watch, false, options.now)
}

fn head(catalog: &Catalog, options: &VerifyOptions) -> Start {
    let latest = catalog.latest();
    Start {
        command: "verify",
        dry_run: true,
        tree: options.tree.clone(),
        catalog_name: catalog.name().to_owned(),
        catalog_source: catalog.source().to_string(),
        catalog_digest: catalog.digest().prefixed(),
        target: latest.cloned(),
        latest: latest.cloned(),
        started_at: options.now,
    }
}

fn run<S: Storage>(
    storage: &S,
    catalog: &Catalog,
    options: &VerifyOptions,
    watch: &dyn Watch,
    tally: &mut Tally<'_>,
) -> Result<(), Stop> {
    let plan = Plan::new(catalog, None, false)
        .map_err(|error| Stop::new(error.code(), error.to_string()))?;
    let pool = listing::pool(options.jobs.get().min(storage.most_jobs()))?;
    let journals = Journals::read(storage, tally);
    let catalogs = if options.replay {
        Catalogs::load(storage, catalog, &journals.witnesses, tally)
    } else {
        Catalogs::none(catalog)
    };
    let listing = listing::find(storage, catalog, &options.selection, &pool, watch)?;
    tally.listing_ended_early = watch.signal().is_some();
    if let Some(first) = listing.leftovers.first() {
        tally.tell(&Event::Warning(&listing::leftover(first)));
    }
    tally.listed(&listing);
    // Of a part of the tree, rules over all of it cannot be told.
    let clashes = if options.selection.is_partial() {
        BTreeMap::new()
    } else {
        first_pass::as_they_are(storage, &plan, &listing.manifests, &pool, watch)
    };
    let mut proving = Proving {
        storage,
        catalog,
        plan: &plan,
        options,
        catalogs: &catalogs,
        watch,
        turns: Turns::default(),
        journals,
        clashes,
    };
    let has_history = proving.all(&listing.manifests, &pool, tally);
    proving.missing(&listing, tally)?;
    let is_bare = proving.journals.are_none && !has_history;
    if is_bare && tally.summary.counts.selected > 0 {
        tally.tell(&Event::Warning(&never_migrated()));
    }
    Ok(())
}

/// How often journals are read again where an operation is at work beside.
const LOOKS: usize = 3;

/// A tree on its way through its proof.
struct Proving<'o, S: Storage> {
    storage: &'o S,
    catalog: &'o Catalog,
    plan: &'o Plan<'o>,
    options: &'o VerifyOptions,
    catalogs: &'o Catalogs<'o>,
    watch: &'o dyn Watch,
    turns: Turns,
    journals: Journals,
    /// What breaks rules over the tree, by place in the listing.
    clashes: BTreeMap<u32, Vec<Failure>>,
}

impl<'o, S: Storage> Proving<'o, S> {
    fn prover(&self) -> Prover<'_, 'o, S> {
        Prover {
            storage: self.storage,
            catalog: self.catalog,
            plan: self.plan,
            options: self.options,
            witnesses: &self.journals.witnesses,
            catalogs: self.catalogs,
            watch: self.watch,
            turns: &self.turns,
        }
    }

    /// Proves batch after batch; says whether any manifest has a history.
    fn all(&mut self, manifests: &FoundList, pool: &ThreadPool, tally: &mut Tally<'_>) -> bool {
        let limit = self.options.selection.limit.unwrap_or(u64::MAX);
        let end = usize::try_from(limit)
            .unwrap_or(usize::MAX)
            .min(manifests.len());
        let (mut next, mut has_history) = (0, false);
        while next < end {
            let until = end.min(next + BATCH);
            let batch: Vec<Found> = manifests.range(next..until).collect();
            let mut all = if tally.is_broken() {
                batch.iter().map(Proved::not_attempted).collect()
            } else {
                self.batch(&batch, pool)
            };
            for (one, index) in all.iter_mut().zip(next..) {
                let index = u32::try_from(index).unwrap_or(u32::MAX);
                let clashes = self.clashes.get(&index).into_iter().flatten();
                let findings = clashes.map(Diagnosis::from);
                one.verified.findings.extend(findings);
                has_history |= one.has_history;
                tally.verified(&one.verified, one.route, one.modified);
            }
            next = until;
        }
        has_history
    }

    /// Proves one batch. What differs from the journals is looked at again where an operation has written since they were read.
    fn batch(&mut self, batch: &[Found], pool: &ThreadPool) -> Vec<Proved<'o>> {
        let prover = self.prover();
        let prove = |buffer: &mut Vec<u8>, found: &Found| {
            let one = prover.prove(found, buffer);
            prover.watch.looked_at();
            one
        };
        let mut all: Vec<Proved<'o>> =
            pool.install(|| batch.par_iter().map_init(Vec::new, prove).collect());
        for _ in 0..LOOKS {
            if !all.iter().any(Proved::differs_from_journals) {
                break;
            }
            let Some(now) = self.journals.if_changed(self.storage) else {
                break;
            };
            self.journals = now;
            let prover = self.prover();
            for (one, found) in all.iter_mut().zip(batch) {
                if one.differs_from_journals() {
                    *one = prover.prove(found, &mut Vec::new());
                }
            }
        }
        all
    }

    /// Names the manifests that operations left and that are not there any more.
    fn missing(&self, listing: &Listing, tally: &mut Tally<'_>) -> Result<(), Stop> {
        let selection = listing::with_excludes(self.catalog, &self.options.selection)?;
        let is_whole = selection.manifests.is_none() && selection.limit.is_none();
        if !is_whole || self.watch.signal().is_some() {
            return Ok(());
        }
        let manifests = &listing.manifests;
        let mut there = manifests.range(0..manifests.len()).peekable();
        for (path, last) in self.journals.witnesses.expected() {
            while there.next_if(|found| found.path < *path).is_some() {}
            let is_selected =
                selection.selects(path) && !selection.excludes(path) && selection.is_within(path);
            if !is_selected || there.peek().is_some_and(|found| found.path == *path) {
                continue;
            }
            let Err(trouble) = self.storage.read_small(path, &mut Vec::new(), 0) else {
                continue;
            };
            // A directory that cannot be listed is named already.
            if trouble.code != Code::PermissionDenied {
                let operation = self.journals.witnesses.operation(last.operation);
                let message = format!(
                    "operation `{operation}` left it, and it is not there: {}",
                    trouble.message
                );
                let finding = Diagnosis::new(Code::ManifestMissing, message);
                tally.found_at(Some(path.clone()), finding);
            }
        }
        Ok(())
    }
}

fn never_migrated() -> Diagnosis {
    Diagnosis {
        code: Code::NeverMigrated,
        path: None,
        message: "nothing was ever migrated here: there is no journal and no history".to_owned(),
    }
}
