//! The frame of all operations: storage, catalog, request and threads, and the begin and the end of an operation that writes.
//!
//! An operation that writes takes the lock first and then examines and decides once. Only if there is no state directory yet, it examines without the lock up to the first manifest to be written; then it makes the state directory, takes the lock and starts again.
//!
//! Invariant: an operation with nothing to write leaves the tree as it was, without a state directory if it had none.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rayon::ThreadPool;
use rayon::prelude::*;

use super::budget::DocumentBudget;
use super::tally::Tally;
use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::code::Code;
use crate::journal::{
    Accepted, Actor, CatalogName, Command, Integrity, OperationId, RulesTaken, Selected, Stopped,
};
use crate::path::TreePath;
use crate::report::{Diagnosis, Start, Stop, Summary, Watch};
use crate::selection::Selection;
use crate::storage::{Answer, Begin, Begun, Opening, Session, Storage, StorageChange};
use crate::version::Version;

const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// The fewest items that a thread takes.
const MIN_ITEMS: usize = 4;

/// The request that all operations share. The caller chooses every default.
#[derive(Debug, Clone)]
pub struct Request {
    /// The command as reports name it, as in `migrate`.
    pub command: String,
    /// The tree as reports name it.
    pub tree: String,
    /// The time for histories and the report.
    pub now: Timestamp,
    /// The system's time at the start, for the operation's id.
    pub started: Timestamp,
    /// The selection.
    pub selection: Selection,
    /// The number of threads; the storage may allow fewer.
    pub jobs: NonZeroUsize,
    /// True if nothing may be written.
    pub dry_run: bool,
    /// The user, the host and the command line, for the journal.
    pub who: Actor,
    /// True if to wait for another operation's end.
    pub wait: bool,
}

/// An operation's surroundings.
pub struct Frame<'f> {
    pub(super) storage: &'f dyn Storage,
    pub(super) catalog: &'f Catalog,
    pub(super) request: &'f Request,
    pub(super) watch: &'f dyn Watch,
    /// The threads; `None` if one is enough.
    pool: Option<ThreadPool>,
    pub(super) budget: DocumentBudget,
    /// The number of bytes that may still be kept for reports.
    pub(super) spare_bytes: AtomicUsize,
}

const MAX_KEPT_BYTES: usize = 64 * 1024 * 1024;

impl<'f> Frame<'f> {
    /// Sets the threads up.
    ///
    /// # Errors
    /// The system does not give so many.
    pub fn new(
        storage: &'f dyn Storage,
        catalog: &'f Catalog,
        request: &'f Request,
        watch: &'f dyn Watch,
    ) -> Result<Self, Stop> {
        let jobs = request.jobs.get().min(storage.most_jobs());
        let pool = || rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
        let pool = (jobs > 1).then(pool).transpose().map_err(|error| {
            Stop::new(Code::Usage, format!("cannot start {jobs} threads: {error}"))
        })?;
        Ok(Self {
            storage,
            catalog,
            request,
            watch,
            pool,
            budget: DocumentBudget::default(),
            spare_bytes: AtomicUsize::new(MAX_KEPT_BYTES),
        })
    }

    /// Calls `work` for each item, on all threads; the results are in the order of the items. Each thread has its own buffer.
    pub(super) fn in_parallel<T: Send, R: Send>(
        &self,
        items: Vec<T>,
        work: impl Fn(&mut Vec<u8>, T) -> R + Sync,
    ) -> Vec<R> {
        // So few would be one thread's work; this one has their memory for the next.
        let pool = self.pool.as_ref().filter(|_| items.len() >= 2 * MIN_ITEMS);
        let Some(pool) = pool else {
            let mut buffer = Vec::new();
            return items
                .into_iter()
                .map(|item| work(&mut buffer, item))
                .collect();
        };
        let mut results = Vec::with_capacity(items.len());
        pool.install(|| {
            items
                .into_par_iter()
                .with_min_len(MIN_ITEMS)
                .map_init(Vec::new, &work)
                .collect_into_vec(&mut results);
        });
        results
    }

    pub(super) fn only_manifest(&self) -> Result<&TreePath, Stop> {
        let Some([path]) = self.request.selection.manifests.as_deref() else {
            let message = "expected the path of one manifest";
            return Err(Stop::new(Code::SelectionInvalid, message));
        };
        Ok(path)
    }

    pub(super) fn head(&self, target: Option<&Version>) -> Start {
        let (catalog, request) = (self.catalog, self.request);
        Start {
            command: request.command.clone(),
            dry_run: request.dry_run,
            tree: request.tree.clone(),
            catalog_name: catalog.name().to_owned(),
            catalog_source: catalog.source().to_string(),
            catalog_digest: catalog.digest().prefixed(),
            target: target.cloned(),
            latest: catalog.latest().cloned(),
            started_at: request.now,
        }
    }

    /// The first record of the journal; its target is the catalog's latest version, if there is one.
    pub(super) fn opening(&self, command: Command) -> Opening {
        let (catalog, request) = (self.catalog, self.request);
        Opening {
            command,
            started: request.started,
            now: request.now,
            who: request.who.clone(),
            selection: recorded(&request.selection),
            target_version: catalog.latest().cloned(),
            catalog: CatalogName {
                name: catalog.name().to_owned(),
                digest: catalog.digest(),
            },
            catalog_bundle: catalog.bundle().to_owned(),
            rules: None::<RulesTaken>,
            undoes: None,
            jobs: request.jobs,
        }
    }

    /// Takes the right to write; `None` if there is no state and none is to be made.
    fn lock(&self, begin: Begin) -> Result<Option<Begun>, Stop> {
        let wait = || {
            let goes_on = self.request.wait && self.watch.signal().is_none();
            if goes_on {
                pause();
            }
            goes_on
        };
        self.storage.begin(begin, &wait)
    }

    /// Runs an operation that can write, from its lock to the end of its journal.
    ///
    /// `work` writes if it is given the right to. Without it, as in a dry run, it returns true if something is to be written; so it first runs without the lock if there is no state yet.
    pub(super) fn write(
        &self,
        opening: Opening,
        tally: &mut Tally<'_>,
        work: impl Fn(Option<&Writing>, &mut Tally<'_>) -> Result<bool, Stop>,
    ) -> Result<(), Stop> {
        if self.request.dry_run {
            return work(None, tally).map(drop);
        }
        let mut locked = self.lock(Begin::IfThere)?;
        if locked.is_none() {
            tally.start_buffering();
            let is_to_be_written = work(None, tally);
            if !matches!(is_to_be_written, Ok(true)) {
                tally.flush_buffered();
                return is_to_be_written.map(drop);
            }
            tally.discard_buffered();
            // If the state exists but cannot be opened for writing, this fails with the reason.
            locked = self.lock(Begin::Make)?;
        }
        let Some(Begun { session, recovery }) = locked else {
            return Err(Stop::new(Code::StateUnusable, "no state could be made"));
        };
        tally.recovered(&recovery);
        let writing = Writing {
            session,
            begun: OnceLock::new(),
            opening: Mutex::new(Some(opening)),
        };
        let worked = work(Some(&writing), tally);
        let is_lost = || tally.output_stop().filter(|_| tally.was_cut_short());
        let stop = worked.err().or_else(|| writing.failure()).or_else(is_lost);
        let signal = self.watch.signal().filter(|_| tally.was_cut_short());
        let stopped = match &stop {
            Some(stop) => Some((stop.code, stop.message.clone())),
            None => signal.map(|signal| (Code::Interrupted, signal.name().to_owned())),
        };
        let stopped = stopped.map(|(code, message)| Stopped {
            code,
            message: Some(message),
        });
        for notice in writing.session.finish(stopped) {
            tally.ended(&notice);
        }
        stop.map_or(Ok(()), Err)
    }

    /// Reserves bytes for a text that is kept for the report; returns false if there are not enough.
    pub(super) fn reserve(&self, bytes: usize) -> bool {
        let take = |spare: usize| spare.checked_sub(bytes);
        self.spare_bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
    }

    pub(super) fn unreserve(&self, bytes: usize) {
        self.spare_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Returns true after a signal, or after the output failed.
    pub(super) fn must_end(&self, tally: &Tally<'_>) -> bool {
        self.watch.signal().is_some() || tally.output_failed()
    }

    pub(super) fn warn_of_unfinished(&self, tally: &mut Tally<'_>) {
        let logs = match self.storage.logs() {
            Ok(logs) => logs,
            Err(diagnosis) => return tally.warn(&diagnosis),
        };
        let (mut readable, mut unknown) = (Vec::new(), Vec::new());
        for log in logs.iter().filter(|log| log.is_unfinished) {
            // A journal that cannot be read is reported as unfinished, like one that is at work.
            match self.storage.log(&log.id, &mut |_, _| ()) {
                Ok(end) if end.condition == Integrity::Unknown => unknown.push(&log.id),
                _ => readable.push(log.id.as_str()),
            }
        }
        if !readable.is_empty() {
            tally.warn(&unfinished_notice(&readable));
        }
        for id in unknown {
            tally.warn(&unknown_notice(id));
        }
    }

    /// Reports the last event and returns the summary.
    pub(super) fn conclude(&self, tally: Tally<'_>, ended: Result<(), Stop>) -> Summary {
        let stop = ended.err();
        // A lock that another program holds does not end an operation that would have waited for it.
        let is_locked = stop.as_ref().is_some_and(|stop| stop.code == Code::Locked);
        let gave_up_waiting = self.request.wait && is_locked;
        // A signal after the last manifest ended nothing.
        let was_ended = tally.was_cut_short() || gave_up_waiting;
        let signal = self.watch.signal().filter(|_| was_ended);
        let stop = stop.filter(|_| !gave_up_waiting || signal.is_none());
        tally.finish(stop, signal, self.request.now)
    }
}

pub(super) fn unfinished_notice(ids: &[&str]) -> Diagnosis {
    let ids = ids.join(", ");
    Diagnosis::new(
        Code::UnfinishedOperation,
        format!("not finished, or still at work: operation {ids}"),
    )
}

fn unknown_notice(id: &OperationId) -> Diagnosis {
    let message = format!(
        "operation {id} is not finished, and its journal has parts that are not understood here: a migration does not touch it"
    );
    Diagnosis::new(Code::JournalUnknown, message)
}

fn recorded(selection: &Selection) -> Selected {
    let texts = |globs: &[crate::selection::Glob]| globs.iter().map(ToString::to_string).collect();
    Selected {
        within: selection.within.clone(),
        named: selection.manifests.as_ref().map(|named| named.len() as u64),
        jobs: texts(&selection.jobs),
        kinds: Vec::new(),
        conditions: Vec::new(),
        sample: selection.sample.as_ref().map(ToString::to_string),
        shard: selection.shard.as_ref().map(ToString::to_string),
        limit: selection.limit,
        exclude: texts(&selection.exclude),
    }
}

/// The lock, and the operation, which begins with the first write.
pub(super) struct Writing {
    session: Box<dyn Session>,
    opening: Mutex<Option<Opening>>,
    begun: OnceLock<Result<OperationId, Stop>>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "nothing tells when another process releases the lock"
)]
fn pause() {
    std::thread::sleep(BETWEEN_TRIES);
}

impl Writing {
    fn session(&self) -> Result<&dyn Session, Stop> {
        let begun = self.begun.get_or_init(|| {
            let mut opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
            match opening.take() {
                Some(opening) => self.session.begin(opening),
                None => Err(Stop::new(Code::StateUnusable, "nothing says what begins")),
            }
        });
        match begun {
            Ok(_) => Ok(&*self.session),
            Err(stop) => Err(stop.clone()),
        }
    }

    /// Passes a request to the storage, which answers later. `None` if the operation could not begin.
    pub(super) fn ask(&self, change: StorageChange<'_>) -> Option<Arc<OnceLock<Answer>>> {
        let session = self.session().ok()?;
        let answer = Arc::new(OnceLock::new());
        let given_to = Arc::clone(&answer);
        let respond = move |given| {
            // Each cell is set once.
            let _answered = given_to.set(given);
        };
        session.change(change, Box::new(respond));
        Some(answer)
    }

    /// Waits until a request is answered.
    pub(super) fn answer(&self, answer: &OnceLock<Answer>) -> Answer {
        if answer.get().is_none() {
            self.session.settle();
        }
        answer.get().cloned().unwrap_or(Answer::NotAttempted)
    }

    /// Records accepted findings; they are durable afterwards.
    pub(super) fn accept(&self, findings: &[Accepted]) -> Result<(), Stop> {
        self.session()?.accept(findings)
    }

    pub(super) fn operation(&self) -> Option<&OperationId> {
        self.begun.get()?.as_ref().ok()
    }

    pub(super) fn failure(&self) -> Option<Stop> {
        let begun = self.begun.get()?.as_ref();
        begun.err().cloned().or_else(|| self.session.failure())
    }

    pub(super) fn describe(&self, change: impl FnOnce(&mut Opening)) {
        let mut opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opening) = opening.as_mut() {
            change(opening);
        }
    }
}
