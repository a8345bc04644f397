//! Pruning: removes backups whose every value the manifest has, and whose manifest can be computed from what is left of the proof.
//!
//! Decided without the lock first; where something is to go, decided once more under it. `judge` says what may go; here it is removed.
//!
//! Invariant: a backup goes only where the migration of it, computed again, gives the bytes that stand there.

mod judge;

use rayon::ThreadPool;

use super::{BackupsOptions, Look};
use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::code::Code;
use crate::journal::{Ended, Record, RecordedPath, Settled};
use crate::operation::listing;
use crate::operation::writing::{Writing, head};
use crate::path::TreePath;
use crate::report::{Diagnosis, Signal, Stop, Watch};
use crate::storage::{Prune, Storage, Transaction};
use judge::{Going, judge_all};

/// What is to be pruned. Every default is the caller's business.
#[derive(Debug, Clone)]
pub struct PruneOptions {
    /// Which manifests' backups, and how many threads.
    pub backups: BackupsOptions,
    /// Only those that were made at least so many seconds ago.
    pub older_than_seconds: i64,
    /// Whether a backup goes that has the only copy of a value.
    pub include_destructive: bool,
    /// Whether everything is decided and nothing written.
    pub dry_run: bool,
    /// The system's time: ages are counted from here, and the operation's id says it.
    pub started: Timestamp,
    /// Whether to wait for another operation's end.
    pub wait: bool,
}

/// What came of one backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pruned {
    /// The manifest that it stands beside.
    pub path: TreePath,
    /// Its file name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// The operation that made it, where a journal says so.
    pub operation: Option<String>,
    /// Whether it goes, or why it stays.
    pub verdict: Verdict,
}

/// Whether a backup goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It would go.
    Goes,
    /// It is gone.
    Gone,
    /// It stays: not because something is wrong, or because something is.
    Stays(Diagnosis),
    /// It should have gone, and could not.
    Failed(Diagnosis),
}

/// What a pruning came to.
#[derive(Debug, Clone, Default)]
pub struct Pruning {
    /// The operation's id; `None` where nothing was written.
    pub operation: Option<String>,
    /// Each backup, by manifest and name.
    pub backups: Vec<Pruned>,
    /// What somebody should know.
    pub notices: Vec<Diagnosis>,
    /// Why it could not do as asked, if it could not.
    pub stop: Option<Stop>,
    /// The signal that ended it early, if one did.
    pub signal: Option<Signal>,
}

/// Removes what `options` ask for from the tree in `storage`.
#[must_use]
pub fn prune_backups<S: Storage>(
    storage: &S,
    catalog: &Catalog,
    options: &PruneOptions,
    watch: &dyn Watch,
) -> Pruning {
    let mut pruning = Pruning::default();
    if let Err(stop) = run(storage, catalog, options, watch, &mut pruning) {
        pruning.stop.get_or_insert(stop);
    }
    pruning.signal = watch.signal();
    pruning
}

fn run<S: Storage>(
    storage: &S,
    catalog: &Catalog,
    options: &PruneOptions,
    watch: &dyn Watch,
    pruning: &mut Pruning,
) -> Result<(), Stop> {
    let jobs = options.backups.jobs.get().min(storage.most_jobs());
    let pool = listing::pool(jobs)?;
    let judge = |look: &mut Look, pruning: &mut Pruning| {
        judge_all(storage, catalog, options, &pool, watch, look, pruning)
    };
    let selection = &options.backups.selection;
    // What is unfinished is settled first: until then its journal says nothing for certain.
    let is_settled = storage.unfinished().is_ok_and(|ids| ids.is_empty());
    if options.dry_run || is_settled {
        let mut look = Look::begin(storage, catalog, selection, &pool, watch)?;
        judge(&mut look, pruning);
        let goes = |one: &Pruned| one.verdict == Verdict::Goes;
        let has_work = pruning.backups.iter().any(goes);
        if options.dry_run || !has_work || watch.signal().is_some() {
            return Ok(());
        }
    }
    let head = head("prune", catalog, options.started, options.started);
    let writing = Writing::new(storage, head, options.wait, watch);
    let locked = writing.guard_now();
    pruning.notices.extend(writing.take_recoveries().0);
    locked?;
    // What was decided before the lock was taken may have changed since.
    pruning.backups.clear();
    pruning
        .notices
        .retain(|notice| notice.code == Code::Recovered);
    let mut look = Look::begin(storage, catalog, selection, &pool, watch)?;
    let going = judge(&mut look, pruning);
    remove(&pool, watch, &writing, &going, pruning);
    let (stop, transaction) = writing.into_parts();
    if let Some(transaction) = transaction {
        let end = Record::Ended(Ended {
            migrated: 0,
            restored: None,
            recovered: false,
            stopped: stop.as_ref().map(|stop| stop.code.to_string()),
        });
        pruning.notices.extend(transaction.finish(&end));
    }
    stop.map_or(Ok(()), Err)
}

/// Removes what goes, batch by batch, and writes down what came of each.
fn remove<S: Storage>(
    pool: &ThreadPool,
    watch: &dyn Watch,
    writing: &Writing<'_, S>,
    going: &[Going<S::Version>],
    pruning: &mut Pruning,
) {
    for batch in going.chunks(super::BATCH) {
        if watch.signal().is_some() || writing.has_stopped() {
            return;
        }
        let Some(transaction) = writing.begin() else {
            return;
        };
        pruning.operation = Some(transaction.id().to_owned());
        let asked: Vec<_> = batch
            .iter()
            .map(|one| Prune {
                path: &one.path,
                of: &one.of,
                backup: &one.name,
                version: &one.version,
                digest: one.digest,
            })
            .collect();
        let (answers, stop) = pool.install(|| transaction.prune(&asked));
        if let Some(stop) = stop {
            writing.stop(stop);
        }
        for (one, answer) in batch.iter().zip(answers) {
            let verdict = match answer {
                Ok(()) => Verdict::Gone,
                Err(trouble) => Verdict::Failed(trouble),
            };
            // What is not certain is left to recovery, which looks.
            if let Some(outcome) = certain(&verdict).filter(|_| !writing.has_stopped()) {
                transaction.append(&result(one, outcome));
            }
            pruning.backups[one.place].verdict = verdict;
        }
    }
}

/// What the journal says of a verdict that is certain.
fn certain(verdict: &Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Gone => Some("pruned"),
        Verdict::Failed(trouble) if trouble.code == Code::ChangedMeanwhile => Some("undone"),
        _ => None,
    }
}

fn result<V>(one: &Going<V>, outcome: &str) -> Record {
    Record::Result(Settled {
        path: RecordedPath::new(&one.path),
        outcome: outcome.to_owned(),
        backup: Some(one.name.clone()),
        code: None,
        from_version: None,
        to_version: None,
    })
}
