//! Migrating a tree: list, decide and transform in parallel, publish batch by batch in path order.
//!
//! A dry run is the same code with a smaller [`Depth`]. While one batch is published the next one is staged, and one flush makes both durable.
//!
//! Invariant: outcomes are told in path order, and `migrated` only after the flush that makes it true.

use std::num::NonZeroUsize;
use std::sync::Arc;

use rayon::ThreadPool;

use super::as_planned;
use super::batches::{Batches, Workers};
use super::beforehand::Beforehand;
use super::first_pass::FirstPass;
use super::listing;
use super::survey::Survey;
use super::tally::Tally;
use super::writing::Writing;
use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::engine::Plan;
use crate::journal::{Ended, Record};
use crate::plan::PlanFile;
use crate::report::{Enforcement, Event, Sink, Start, Stop, Summary, Watch};
use crate::selection::{Selection, Tolerance};
use crate::storage::{OperationHead, Storage, Transaction};
use crate::version::Version;

/// How far the operation goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Every manifest is validated and decided on, none transformed: a list of versions.
    Decide,
    /// Pending manifests are transformed in memory, to see whether they can be.
    Rehearse,
    /// As `Rehearse`, with the checksums that the migration would record.
    Predict,
    /// As `Predict`, with both texts in every pending outcome.
    Difference,
    /// Pending manifests are migrated.
    Write,
}

/// What was asked for. Every default is the caller's business.
#[derive(Debug, Clone)]
pub struct Options {
    /// How far to go.
    pub depth: Depth,
    /// The command's name in reports, as in `migrate`.
    pub command: &'static str,
    /// The tree as reports name it.
    pub tree: String,
    /// The clock: what history records and the report say.
    pub now: Timestamp,
    /// The system's time at the start: what the operation's id says.
    pub started: Timestamp,
    /// The target version; the latest where `None`.
    pub target: Option<Version>,
    /// Whether manifests that a writer still has are taken, too.
    pub include_running: bool,
    /// Whether manifests above the target are taken down to it, by the inverses of steps.
    pub allow_downgrade: bool,
    /// Which manifests.
    pub selection: Selection,
    /// What is counted beside outcomes.
    pub survey: Survey,
    /// Exactly this is done, where a plan was made before: its target counts, and of the selection only what is in it.
    pub plan: Option<Arc<PlanFile>>,
    /// How many threads; fewer where the storage cannot serve so many.
    pub jobs: NonZeroUsize,
    /// How many manifests are staged before one flush makes them durable; where nothing is written, smaller batches may be taken.
    pub batch: NonZeroUsize,
    /// How what does not hold of schemas and rules is taken.
    pub rules: Enforcement,
    /// How many manifests may be in trouble before the operation stops; all where `None`.
    pub max_failures: Option<Tolerance>,
    /// Whether to wait for another operation's end.
    pub wait: bool,
}

/// Migrates what `options` select in `storage`, telling `sink` what happens.
///
/// `watch` is asked often; once it gives a signal, the batch at work is finished or abandoned and the rest is not attempted.
///
/// The summary says what came of it, also where the operation had to stop ([`Summary::stop`]).
#[must_use]
pub fn migrate<S: Storage>(
    storage: &S,
    catalog: &Catalog,
    options: &Options,
    watch: &dyn Watch,
    sink: &mut dyn Sink,
) -> Summary {
    let options = &*as_planned::options(options);
    let mut tally = Tally::new(sink, &options.survey);
    tally.summary.rules = options.rules;
    tally.tell(&Event::Started(&head(catalog, options)));
    let jobs = options.jobs.get().min(storage.most_jobs());
    let stop = match start(catalog, options, jobs) {
        Ok((plan, pool)) => run(storage, &plan, &pool, options, watch, &mut tally),
        Err(stop) => Some(stop),
    };
    tally.conclude(stop, watch, options.wait, options.now)
}

fn head(catalog: &Catalog, options: &Options) -> Start {
    let latest = catalog.latest();
    Start {
        command: options.command,
        dry_run: options.depth != Depth::Write,
        tree: options.tree.clone(),
        catalog_name: catalog.name().to_owned(),
        catalog_source: catalog.source().to_string(),
        catalog_digest: catalog.digest().prefixed(),
        target: options.target.as_ref().or(latest).cloned(),
        latest: latest.cloned(),
        started_at: options.now,
    }
}

fn start<'c>(
    catalog: &'c Catalog,
    options: &Options,
    jobs: usize,
) -> Result<(Plan<'c>, ThreadPool), Stop> {
    if let Some(planned) = &options.plan {
        as_planned::check_catalog(planned, catalog)?;
    }
    FirstPass::new(catalog, options)?;
    let plan = Plan::new(catalog, options.target.clone(), options.include_running)
        .map_err(|error| Stop::new(error.code(), error.to_string()))?;
    let plan = if options.allow_downgrade {
        plan.allowing_downgrade()
    } else {
        plan
    };
    Ok((plan, listing::pool(jobs)?))
}

/// The operation between its first and its last event; gives the reason why it stopped, if it did.
fn run<S: Storage>(
    storage: &S,
    plan: &Plan<'_>,
    pool: &ThreadPool,
    options: &Options,
    watch: &dyn Watch,
    tally: &mut Tally<'_>,
) -> Option<Stop> {
    let catalog = plan.catalog();
    let operation_head = OperationHead {
        command: options.command,
        started: options.started,
        now: options.now,
        target: plan.target().cloned(),
        catalog_name: catalog.name().to_owned(),
        catalog_digest: catalog.digest(),
        catalog_bundle: catalog.bundle().to_owned(),
        rules: options.rules,
        undoes: None,
    };
    let writing = Writing::new(storage, operation_head, options.wait, watch);
    let beforehand = Beforehand {
        storage,
        plan,
        pool,
        options,
        writing: &writing,
        watch,
    };
    let known = match beforehand.learn(tally) {
        Ok(known) => known,
        Err(stop) => return Some(stop),
    };
    let manifests = &known.listing.manifests;
    let judged = known.judged.as_ref();
    if let Some(judged) = judged {
        tally.judged(judged.looked_at(), judged.unlisted());
        if options.rules == Enforcement::AsOfWhole {
            for notice in judged.beside(manifests) {
                tally.warn(&notice);
            }
        } else if let Some(stop) = judged.halted(manifests, tally) {
            return Some(stop);
        }
    }
    let evaluation = beforehand.evaluation(judged);
    Batches {
        workers: Workers {
            pool,
            evaluation: &evaluation,
        },
        options,
        tally,
    }
    .run(manifests);
    let foreign = evaluation
        .executing
        .as_ref()
        .and_then(|executing| executing.foreign(&tally.summary.counts));
    let (stop, transaction) = writing.into_parts();
    let stop = stop.or(foreign);
    if let Some(transaction) = transaction {
        let end = Record::Ended(Ended {
            migrated: tally.summary.counts.migrated,
            restored: None,
            recovered: false,
            stopped: stop.as_ref().map(|stop| stop.code.to_string()),
        });
        tally.ended(&transaction.finish(&end));
    }
    stop
}
