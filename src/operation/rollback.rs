//! Rolling back: the originals that an operation moved aside come back to their places.
//!
//! What is undone is decided by journals, and by the bytes that stand there now: `choose` reads the journals and `since` folds them, `look` at the files, and `put_back` takes the manifests through, batch by batch in path order.
//!
//! Invariant: a manifest is replaced only while its bytes are those that the operation wrote, and only by the bytes that it found.

mod choose;
mod look;
mod put_back;
mod since;

use std::num::NonZeroUsize;

use rayon::ThreadPool;

use super::listing;
use super::survey::Survey;
use super::tally::Tally;
use super::turns::Turns;
use super::writing::{self, Writing};
use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::journal::{Ended, Record};
use crate::report::{Event, Sink, Start, Stop, Summary, Watch};
use crate::selection::{Selection, Tolerance};
use crate::storage::{Storage, Transaction};

use choose::{Choice, choose};
use put_back::PuttingBack;

/// What is to be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undo {
    /// The last migration that has replaced manifests and is not rolled back wholly.
    Last,
    /// The operation with this id.
    Operation(String),
    /// Of each manifest that the selection names, the last operation that replaced it and is not rolled back there.
    Manifests,
}

/// How far a rollback goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RollbackMode {
    /// Everything is checked, and nothing written.
    Rehearse,
    /// Originals are put back.
    Write,
}

/// What was asked for. Every default is the caller's business.
#[derive(Debug, Clone)]
pub struct RollbackOptions {
    /// What is to be undone.
    pub undo: Undo,
    /// How far to go.
    pub mode: RollbackMode,
    /// The tree as reports name it.
    pub tree: String,
    /// The clock: what the report says.
    pub now: Timestamp,
    /// The system's time at the start: what the operation's id says.
    pub started: Timestamp,
    /// Which of the manifests that were replaced.
    pub selection: Selection,
    /// How many threads; fewer where the storage cannot serve so many.
    pub jobs: NonZeroUsize,
    /// How many manifests are put back together.
    pub batch: NonZeroUsize,
    /// How many manifests may be in trouble before the operation stops; all where `None`.
    pub max_failures: Option<Tolerance>,
    /// Whether to wait for another operation's end.
    pub wait: bool,
}

/// The command's name in reports and journals.
const COMMAND: &str = "rollback";

/// Puts the originals back that `options` select in `storage`, telling `sink` what happens. The catalog says where versions stand, for the report.
///
/// `watch` is asked often; once it gives a signal, the batch at work is finished or abandoned and the rest is not attempted.
///
/// The summary says what came of it, also where the operation had to stop ([`Summary::stop`]).
#[must_use]
pub fn rollback<S: Storage>(
    storage: &S,
    catalog: &Catalog,
    options: &RollbackOptions,
    watch: &dyn Watch,
    sink: &mut dyn Sink,
) -> Summary {
    let mut tally = Tally::new(sink, &Survey::default());
    tally.tell(&Event::Started(&head(catalog, options)));
    let stop = match listing::pool(options.jobs.get().min(storage.most_jobs())) {
        Ok(pool) => run(storage, catalog, &pool, options, watch, &mut tally),
        Err(stop) => Some(stop),
    };
    tally.conclude(stop, watch, options.wait, options.now)
}

fn head(catalog: &Catalog, options: &RollbackOptions) -> Start {
    Start {
        command: COMMAND,
        dry_run: options.mode == RollbackMode::Rehearse,
        tree: options.tree.clone(),
        catalog_name: catalog.name().to_owned(),
        catalog_source: catalog.source().to_string(),
        catalog_digest: catalog.digest().prefixed(),
        target: None,
        latest: catalog.latest().cloned(),
        started_at: options.now,
    }
}

/// The operation between its first and its last event; gives the reason why it stopped, if it did.
fn run<S: Storage>(
    storage: &S,
    catalog: &Catalog,
    pool: &ThreadPool,
    options: &RollbackOptions,
    watch: &dyn Watch,
    tally: &mut Tally<'_>,
) -> Option<Stop> {
    let head = writing::head(COMMAND, catalog, options.started, options.now);
    let mut writing = Writing::new(storage, head, options.wait, watch);
    let choice = match decide(storage, pool, options, &writing, tally) {
        Ok(choice) => choice,
        Err(stop) => {
            tally.recovered(writing.take_recoveries());
            return Some(stop);
        }
    };
    tally.recovered(writing.take_recoveries());
    tally.chosen(choice.found, choice.excluded, choice.items.len() as u64);
    tally.ended(&choice.notices);
    tally.summary.undoes.clone_from(&choice.undoes);
    writing.undoes(choice.undoes, choice.target);
    PuttingBack {
        storage,
        catalog,
        pool,
        options,
        writing: &writing,
        watch,
        turns: Turns::default(),
    }
    .run(&choice.items, tally);
    let (stop, transaction) = writing.into_parts();
    if let Some(transaction) = transaction {
        let end = Record::Ended(Ended {
            migrated: 0,
            restored: Some(tally.summary.counts.restored),
            recovered: false,
            stopped: stop.as_ref().map(|stop| stop.code.to_string()),
        });
        tally.ended(&transaction.finish(&end));
    }
    stop
}

/// Says what is to be undone: under the lock, where there is something to write.
fn decide<S: Storage>(
    storage: &S,
    pool: &ThreadPool,
    options: &RollbackOptions,
    writing: &Writing<'_, S>,
    tally: &mut Tally<'_>,
) -> Result<Choice, Stop> {
    let unfinished = storage.unfinished();
    if options.mode == RollbackMode::Rehearse {
        match unfinished {
            Ok(unfinished) if unfinished.is_empty() => {}
            Ok(unfinished) => tally.tell(&Event::Warning(&listing::unfinished(&unfinished))),
            Err(notice) => tally.tell(&Event::Warning(&notice)),
        }
        return choose(storage, &options.undo, &options.selection);
    }
    if unfinished.is_ok_and(|unfinished| unfinished.is_empty()) {
        let choice = choose(storage, &options.undo, &options.selection)?;
        if !choice.has_work() {
            return Ok(choice);
        }
    }
    // What journals said before the lock was taken may have changed since.
    pool.install(|| writing.guard_now())?;
    choose(storage, &options.undo, &options.selection)
}
