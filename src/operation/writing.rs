//! The writing side of an operation: begun when the first manifest is to be written, by whichever thread finds it.
//!
//! Invariant: it begins at most once, and never in an operation that only reads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::report::{Diagnosis, Enforcement, Stop, Watch};
use crate::storage::{Guard, OperationHead, Recovery, Storage};
use crate::version::Version;

/// How long to wait between two tries for the lock.
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// The transaction type of a storage.
pub(super) type TransactionOf<S> = <<S as Storage>::Guard as Guard>::Transaction;

/// The head of an operation that follows no route: no target was typed, and rules are as the catalog says.
pub(super) fn head(
    command: &'static str,
    catalog: &Catalog,
    started: Timestamp,
    now: Timestamp,
) -> OperationHead {
    OperationHead {
        command,
        started,
        now,
        target: catalog.latest().cloned(),
        catalog_name: catalog.name().to_owned(),
        catalog_digest: catalog.digest(),
        catalog_bundle: catalog.bundle().to_owned(),
        rules: Enforcement::AsWritten,
        undoes: None,
    }
}

/// A transaction that begins when it is needed.
pub(super) struct Writing<'o, S: Storage> {
    storage: &'o S,
    head: OperationHead,
    wait: bool,
    has_waited: AtomicBool,
    watch: &'o dyn Watch,
    guard: Mutex<Option<S::Guard>>,
    transaction: OnceLock<Option<TransactionOf<S>>>,
    stop: OnceLock<Stop>,
    recoveries: Mutex<Vec<Recovery>>,
}

impl<'o, S: Storage> Writing<'o, S> {
    pub(super) fn new(
        storage: &'o S,
        head: OperationHead,
        wait: bool,
        watch: &'o dyn Watch,
    ) -> Self {
        Self {
            storage,
            head,
            wait,
            has_waited: AtomicBool::new(false),
            watch,
            guard: Mutex::new(None),
            transaction: OnceLock::new(),
            stop: OnceLock::new(),
            recoveries: Mutex::default(),
        }
    }

    /// Says what is undone, before it begins.
    pub(super) fn undoes(&mut self, operation: Option<String>, target: Option<Version>) {
        self.head.undoes = operation;
        if target.is_some() {
            self.head.target = target;
        }
    }

    /// Takes the lock before the first manifest is to be written: because something is unfinished, or what was looked at before is to be looked at again.
    pub(super) fn guard_now(&self) -> Result<(), Stop> {
        let guard = self.take_guard()?;
        *self.guard.lock().unwrap_or_else(PoisonError::into_inner) = Some(guard);
        Ok(())
    }

    /// Removes what an unfinished operation left beside manifests; the lock must have been taken.
    pub(super) fn sweep(&self, leftovers: &[crate::path::TreePath]) -> Result<(), Stop> {
        let guard = self.guard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(guard) = guard.as_ref() {
            let recovery = guard.sweep(leftovers)?;
            self.recoveries
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(recovery);
        }
        Ok(())
    }

    pub(super) fn is_guarded(&self) -> bool {
        self.guard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }

    /// Whether somebody else had the lock when it was asked for.
    pub(super) fn has_waited(&self) -> bool {
        self.has_waited.load(Ordering::Relaxed)
    }

    fn take_guard(&self) -> Result<S::Guard, Stop> {
        let mut wait = || {
            let go_on = self.wait && self.watch.signal().is_none();
            if go_on {
                self.has_waited.store(true, Ordering::Relaxed);
                std::thread::sleep(BETWEEN_TRIES);
            }
            go_on
        };
        let (guard, recovery) = self.storage.guard(&mut wait)?;
        self.recoveries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(recovery);
        Ok(guard)
    }

    /// Begins, unless that was done; `None` where it cannot.
    pub(super) fn begin(&self) -> Option<&TransactionOf<S>> {
        let begun = self.transaction.get_or_init(|| {
            let waiting = self
                .guard
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            let guard = match waiting {
                Some(guard) => Ok(guard),
                None => self.take_guard(),
            };
            match guard.and_then(|guard| guard.begin(&self.head)) {
                Ok(transaction) => Some(transaction),
                Err(stop) => {
                    self.stop(stop);
                    None
                }
            }
        });
        begun.as_ref()
    }

    /// Whether it was tried to begin.
    pub(super) fn has_begun(&self) -> bool {
        self.transaction.get().is_some()
    }

    pub(super) fn transaction(&self) -> Option<&TransactionOf<S>> {
        self.transaction.get()?.as_ref()
    }

    /// Stops the operation; the first reason counts.
    pub(super) fn stop(&self, stop: Stop) {
        let _already_stopped = self.stop.set(stop);
    }

    pub(super) fn has_stopped(&self) -> bool {
        self.stop.get().is_some()
    }

    /// What was recovered since this was last asked.
    pub(super) fn take_recoveries(&self) -> (Vec<Diagnosis>, u64) {
        let taken = std::mem::take(
            &mut *self
                .recoveries
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        let rescued = taken.iter().map(|recovery| recovery.rescued).sum();
        (
            taken
                .into_iter()
                .flat_map(|recovery| recovery.notices)
                .collect(),
            rescued,
        )
    }

    /// Ends it: why it stopped, if it did, and the transaction to be finished.
    pub(super) fn into_parts(self) -> (Option<Stop>, Option<TransactionOf<S>>) {
        (
            self.stop.into_inner(),
            self.transaction.into_inner().flatten(),
        )
    }
}
