//! The common part of replacing, restoring and removing: the journal, the devices, the flush, and whether the storage has failed.
//! Invariant: the intent of a manifest is durable before anything in its directory changes.

use std::collections::HashSet;
use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use super::core::{Core, Lacking};
use super::device::{Device, Devices, Sync};
use super::disk::Disk;
use super::error::{diagnose, storage_failed, storage_failed_at};
use super::journal_file::JournalFile;
use super::names;
use super::replacement::NotStaged;
use super::state::StateDir;
use crate::code::Code;
use crate::journal::{BackupId, ChangeResult, OperationId, Record};
use crate::path::{FileName, Name, TreePath};
use crate::report::{Diagnosis, Stop};
use crate::storage::results::{Ticket, Totals, outcome_of};
use crate::storage::seam::Answer;

const MAX_THREADS: usize = 16;

pub(super) struct Protocol<D: Disk> {
    pub(super) core: Arc<Core<D>>,
    pub(super) state: Arc<StateDir<D>>,
    pub(super) id: OperationId,
    journal: Mutex<JournalFile<D>>,
    pub(super) staging: D::Dir,
    pub(super) staging_device: u64,
    devices: Devices<D>,
    /// Run directories into which nothing can be renamed from the state directory.
    beside: RwLock<HashSet<Vec<u8>>>,
    /// The number of times that a manifest had to be staged again; each time under another name, because the intent before names another file.
    pub(super) tries: AtomicU32,
    /// True if something of ours may stand where it should not, so that recovery has to look.
    untidy: AtomicBool,
    /// True if a file was renamed over a manifest: somebody else's version at that moment would have gone unseen.
    pub(super) has_renamed_over: AtomicBool,
    /// True if the storage has failed: nothing more is written to manifests then.
    failed: AtomicBool,
    stop: OnceLock<Stop>,
    totals: Mutex<Totals>,
    pub(super) threads: NonZeroUsize,
}

impl<D: Disk> Protocol<D> {
    pub(super) fn new(
        (core, state): (Arc<Core<D>>, Arc<StateDir<D>>),
        (id, journal): (OperationId, JournalFile<D>),
        (staging, staging_device): (D::Dir, u64),
        threads: NonZeroUsize,
    ) -> Self {
        Self {
            core,
            state,
            id,
            journal: Mutex::new(journal),
            staging,
            staging_device,
            devices: Devices::new(),
            beside: RwLock::default(),
            tries: AtomicU32::new(0),
            untidy: AtomicBool::new(false),
            has_renamed_over: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            stop: OnceLock::new(),
            totals: Mutex::default(),
            threads: threads.min(NonZeroUsize::new(MAX_THREADS).unwrap_or(threads)),
        }
    }

    pub(super) fn disk(&self) -> &D {
        &self.core.disk
    }

    pub(super) fn journal(&self) -> MutexGuard<'_, JournalFile<D>> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn append(&self, record: &Record) {
        self.journal().append(self.disk(), record);
    }

    pub(super) fn device(&self, number: u64, dir: &D::Dir) -> io::Result<Arc<Device<D>>> {
        self.devices.of(&self.core, number, dir)
    }

    /// The device of a manifest's directory. A flush reaches only devices that are known.
    pub(super) fn device_of(
        &self,
        number: u64,
        manifest: &TreePath,
    ) -> Result<Arc<Device<D>>, Diagnosis> {
        if let Some(device) = self.devices.known(number) {
            return Ok(device);
        }
        let device = self.device(number, &self.core.run_dir(manifest)?);
        device.map_err(|error| diagnose("cannot find out what the file system can do", &error))
    }

    pub(super) fn journal_sync(&self) -> Sync {
        let device = self.devices.known(self.staging_device);
        device.map_or(Sync::File, |device| device.sync)
    }

    /// Makes the journal durable, before anything that it announces appears beside a manifest. Where that fails the storage has: a later flush would not bring the lines back.
    pub(super) fn sync_journal(&self) -> io::Result<()> {
        let mut journal = self.journal();
        let synced = match self.journal_sync() {
            Sync::None => journal.write_out(self.disk()),
            Sync::Batch | Sync::File => journal.sync(self.disk()),
        };
        if let Err(error) = &synced {
            let name = names::journal(&self.id);
            self.fail(&format!("cannot make the journal `{name}` durable"), error);
        }
        synced
    }

    pub(super) fn is_beside(&self, device: u64, parent: &[u8]) -> bool {
        device != self.staging_device
            || self.core.lacks(Lacking::SameDevice)
            || self
                .beside
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .contains(parent)
    }

    pub(super) fn stage_beside_from_now_on(&self, parent: &[u8]) {
        let mut beside = self.beside.write().unwrap_or_else(PoisonError::into_inner);
        beside.insert(parent.to_vec());
    }

    pub(super) fn beside_name(&self, staged: &str) -> io::Result<FileName> {
        plain(&[&names::beside(&self.id), staged].concat())
    }

    /// Makes the state directory durable, with the head and the staging directory; the new journal is durable already.
    pub(super) fn make_state_durable(&self) -> io::Result<()> {
        let (disk, state) = (self.disk(), &self.state);
        match self.device(self.staging_device, &self.staging)?.sync {
            Sync::Batch => disk.sync_fs(&state.dir),
            Sync::None => Ok(()),
            Sync::File => {
                for dir in [&state.catalogs, &state.staging] {
                    disk.sync_dir(dir)?;
                }
                disk.sync_dir(&state.dir)?;
                disk.sync_dir(&self.core.root)
            }
        }
    }

    /// One flush of everything written so far. Its answer is looked at once: a second call would say that all is well.
    pub(super) fn flush(&self) -> io::Result<()> {
        let disk = self.disk();
        self.journal().write_out(disk)?;
        self.devices.flush(disk)?;
        // Files and run directories were flushed one by one.
        if self.journal_sync() == Sync::File {
            self.journal().sync(disk)?;
            disk.sync_dir(&self.staging)?;
        }
        Ok(())
    }

    pub(super) fn fail(&self, verb: &str, error: &io::Error) {
        self.failed.store(true, Ordering::Relaxed);
        self.stop(storage_failed(verb, error));
    }

    /// The verb of a call for all manifests together, with the tree.
    pub(super) fn in_tree(&self, verb: &str) -> String {
        format!("{verb}, in `{}`", self.core.shown_tree())
    }

    /// Fails at one manifest.
    pub(super) fn fail_at(&self, path: &TreePath, verb: &str, error: &io::Error) -> Diagnosis {
        self.failed.store(true, Ordering::Relaxed);
        let diagnosis = diagnose(verb, error);
        self.stop(storage_failed_at(path, diagnosis.clone()));
        diagnosis
    }

    /// Ends the operation if what happened to one manifest would happen to all.
    pub(super) fn stop_if_full(&self, path: &TreePath, diagnosis: &Diagnosis) {
        if diagnosis.code == Code::NoSpace {
            self.stop(storage_failed_at(path, diagnosis.clone()));
        }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Takes nothing more; the first reason counts. What was published can still become durable.
    pub(super) fn stop(&self, stop: Stop) {
        let _already_stopped = self.stop.set(stop);
    }

    pub(super) fn stopped(&self) -> Option<&Stop> {
        self.stop.get()
    }

    /// Keeps the staging directory at the end, so that recovery looks where everything stands.
    pub(super) fn leave_to_recovery(&self) {
        self.untidy.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_tidy(&self) -> bool {
        !self.untidy.load(Ordering::Relaxed) && !self.has_failed()
    }

    /// Removes a file of ours. Where that fails it stays, and recovery removes it.
    pub(super) fn unlink_quietly(&self, dir: &D::Dir, name: Name<'_>) {
        if self.disk().unlink(dir, name).is_err() {
            self.leave_to_recovery();
        }
    }

    /// Records what came of a manifest and answers. Where bytes must tell, recovery looks before the operation ends.
    pub(super) fn answer(&self, ticket: Ticket, done: ChangeResult, answer: Answer) {
        let (outcome, backup, code) = match &answer {
            Answer::Done(backup) => (done, backup.clone(), None),
            Answer::Not(diagnosis) => (outcome_of(diagnosis), None, Some(diagnosis.code)),
            // Nothing was changed, or all of it was taken back.
            Answer::NotAttempted if self.is_tidy() => (ChangeResult::Undone, None, None),
            Answer::NotAttempted => (ChangeResult::NotAttempted, None, None),
        };
        self.settle(&ticket, outcome, backup, code);
        ticket.respond(answer);
    }

    /// Answers for a manifest of which nothing is staged.
    pub(super) fn answer_not_staged(&self, ticket: Ticket, why: NotStaged) {
        let answer = match why {
            NotStaged::Trouble(diagnosis) => Answer::Not(diagnosis),
            NotStaged::Stop(stop) => {
                self.stop(stop);
                Answer::NotAttempted
            }
        };
        self.answer(ticket, ChangeResult::Migrated, answer);
    }

    pub(super) fn settle(
        &self,
        ticket: &Ticket,
        outcome: ChangeResult,
        backup: Option<BackupId>,
        code: Option<Code>,
    ) {
        let result = ticket.result(outcome, backup, code);
        self.totals().add(&result);
        self.append(&Record::Result(result));
    }

    pub(super) fn totals(&self) -> MutexGuard<'_, Totals> {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on many at once, in threads that depend on nobody else's.
    pub(super) fn in_parallel<T: Send, R: Send>(
        &self,
        all: Vec<T>,
        work: impl Fn(T) -> R + std::marker::Sync,
    ) -> Vec<R> {
        let threads = self.threads.get().min(all.len().div_ceil(64).max(1));
        if threads == 1 {
            return all.into_iter().map(work).collect();
        }
        let size = all.len().div_ceil(threads);
        let mut all = all.into_iter();
        let chunks: Vec<Vec<T>> = (0..threads)
            .map(|_| all.by_ref().take(size).collect())
            .collect();
        std::thread::scope(|scope| {
            let work = &work;
            let spawned: Vec<_> = chunks
                .into_iter()
                .map(|chunk| scope.spawn(move || chunk.into_iter().map(work).collect::<Vec<R>>()))
                .collect();
            let joined = spawned.into_iter().map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            joined.flatten().collect()
        })
    }
}

/// A name that was put together of checked parts.
pub(super) fn plain(name: &str) -> io::Result<FileName> {
    FileName::new(name).ok_or_else(|| io::ErrorKind::InvalidFilename.into())
}
