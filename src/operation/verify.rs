//! Verifying a tree: reads journals and catalogs, then proves each selected manifest, in parallel.
//!
//! Writes nothing and takes no lock. What must hold is said in [`crate::verify`]; here it is brought together with what stands on the storage.
//!
//! Invariant: findings are told in path order, whatever the number of threads.

mod prove;

use std::num::NonZeroUsize;

use rayon::ThreadPool;
use rayon::prelude::*;

use super::listing;
use super::survey::Survey;
use super::tally::Tally;
use super::turns::Turns;
use super::witnesses::{Catalogs, Journals};
use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::code::Code;
use crate::event::{Event, Head, Sink, Watch};
use crate::plan::Plan;
use crate::report::{Notice, Stop, Summary};
use crate::selection::Selection;
use crate::storage::{Found, FoundList, Storage};
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

fn head(catalog: &Catalog, options: &VerifyOptions) -> Head {
    let latest = catalog.kinds()[0].registry.latest();
    Head {
        command: "verify",
        dry_run: true,
        tree: options.tree.clone(),
        catalog_name: catalog.name().to_owned(),
        catalog_source: catalog.source().to_string(),
        catalog_digest: catalog.digest().prefixed(),
        target: Some(latest.clone()),
        latest: latest.clone(),
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
    let prover = Prover {
        storage,
        catalog,
        plan: &plan,
        options,
        witnesses: &journals.witnesses,
        catalogs: &catalogs,
        watch,
        turns: Turns::default(),
    };
    let has_history = prove_all(&prover, &listing.manifests, &pool, tally);
    if journals.are_none && !has_history && tally.summary.counts.selected > 0 {
        tally.tell(&Event::Warning(&never_migrated()));
    }
    Ok(())
}

/// Proves batch after batch; says whether any manifest has a history.
fn prove_all<S: Storage>(
    prover: &Prover<'_, S>,
    manifests: &FoundList,
    pool: &ThreadPool,
    tally: &mut Tally<'_>,
) -> bool {
    let limit = prover.options.selection.limit.unwrap_or(u64::MAX);
    let end = usize::try_from(limit)
        .unwrap_or(usize::MAX)
        .min(manifests.len());
    let (mut next, mut has_history) = (0, false);
    while next < end {
        let until = end.min(next + BATCH);
        let batch: Vec<Found> = manifests.range(next..until).collect();
        let prove = |buffer: &mut Vec<u8>, found: &Found| {
            let one = prover.prove(found, buffer);
            prover.watch.looked_at();
            one
        };
        let all: Vec<Proved<'_>> = if tally.is_broken() {
            batch.iter().map(Proved::not_attempted).collect()
        } else {
            pool.install(|| batch.par_iter().map_init(Vec::new, prove).collect())
        };
        for one in &all {
            has_history |= one.has_history;
            tally.verified(&one.verified, one.route, one.modified);
        }
        next = until;
    }
    has_history
}

fn never_migrated() -> Notice {
    Notice {
        code: Code::NeverMigrated,
        path: None,
        message: "nothing was ever migrated here: there is no journal and no history".to_owned(),
    }
}
