//! An operation that writes: what it keeps between its batches, and how it ends.
//!
//! The steps themselves are in [`stage`](super::stage), [`secure`](super::secure), [`publish`](super::publish) and [`restore`](super::restore).
//!
//! Invariant: the intent of a manifest is durable before anything in its directory changes.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::disk::{Crossing, Disk};
use super::file_system::{Core, Lacking, Stamp, SyncChoice};
use super::journal_file::JournalFile;
use super::restore::Prepared;
use super::secure::Secured;
use super::stage::Staged;
use super::state::{State, journal_name};
use super::{
    Prune, Published, ReadError, Replacement, Restore, Restored, STAGED_BESIDE, Transaction,
    storage_failed, trouble_of,
};
use crate::code::Code;
use crate::journal::{Record, Way};
use crate::report::{Diagnosis, Stop};

/// An operation on a file system.
pub struct FileTransaction<D: Disk> {
    pub(super) core: Arc<Core<D>>,
    pub(super) state: State<D>,
    pub(super) _lock: D::File,
    pub(super) id: String,
    pub(super) journal: Mutex<JournalFile<D>>,
    pub(super) staging: D::Dir,
    pub(super) staging_device: u64,
    /// Every device that was written to, with a directory that was open before the first write.
    pub(super) devices: RwLock<HashMap<u64, Arc<Device<D>>>>,
    /// Run directories into which nothing can be renamed from the state directory.
    pub(super) beside: RwLock<HashSet<Vec<u8>>>,
    /// How often a manifest had to be staged again; each time under another name, as the intent before names another file.
    pub(super) tries: AtomicU32,
    /// Whether something of ours may stand where it should not, so that recovery has to look.
    pub(super) untidy: AtomicBool,
    /// Whether a file was renamed over a manifest: somebody else's version at that moment would have gone unseen.
    pub(super) has_renamed_over: AtomicBool,
    /// Whether the storage has failed: nothing more is written to manifests then.
    pub(super) failed: AtomicBool,
}

/// A file system that manifests stand on, and what it is trusted with.
pub(super) struct Device<D: Disk> {
    dir: D::Dir,
    way: AtomicU8,
    pub(super) sync: Sync,
    pub(super) fine_times: bool,
}

/// How writes are made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sync {
    /// All at once.
    Batch,
    /// File by file.
    File,
    /// Not at all.
    None,
}

const WAYS: [Way; 3] = [Way::Exchange, Way::Link, Way::Copy];

impl<D: Disk> Device<D> {
    pub(super) fn way(&self) -> Way {
        WAYS[usize::from(self.way.load(Ordering::Relaxed)).min(2)]
    }

    /// Takes note that a way does not work here; the next one is taken from now on.
    pub(super) fn lacks(&self, way: Way) {
        let next = match way {
            Way::Exchange => 1,
            Way::Link | Way::Copy => 2,
        };
        self.way.fetch_max(next, Ordering::Relaxed);
    }
}

impl<D: Disk> FileTransaction<D> {
    pub(super) fn journal(&self) -> MutexGuard<'_, JournalFile<D>> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The device of an open directory; on first sight, what it can be trusted with is found out.
    pub(super) fn device(&self, number: u64, dir: &D::Dir) -> io::Result<Arc<Device<D>>> {
        let known = self.devices.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(device) = known.get(&number) {
            return Ok(Arc::clone(device));
        }
        drop(known);
        let (disk, options) = (&self.core.disk, &self.core.options);
        let lacks = |what| options.lacking.contains(&what);
        let traits = disk.traits(dir)?;
        let sync = match options.sync {
            SyncChoice::Auto if traits.syncfs && !lacks(Lacking::Syncfs) => Sync::Batch,
            SyncChoice::Batch => Sync::Batch,
            SyncChoice::Auto | SyncChoice::File => Sync::File,
            SyncChoice::None => Sync::None,
        };
        let device = Arc::new(Device {
            dir: disk.open_dir(dir, b"", Crossing::Cross)?,
            way: AtomicU8::new(0),
            sync,
            fine_times: traits.fine_times && !lacks(Lacking::FineTimes),
        });
        if !traits.exchange || lacks(Lacking::Exchange) {
            device.lacks(Way::Exchange);
        }
        if !traits.links || lacks(Lacking::Links) {
            device.lacks(Way::Link);
        }
        let mut known = self.devices.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(known.entry(number).or_insert(device)))
    }

    /// Whether new files must be staged beside the manifests of this run directory.
    pub(super) fn is_beside(&self, device: u64, parent: &[u8]) -> bool {
        device != self.staging_device
            || self.core.options.lacking.contains(&Lacking::SameDevice)
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

    /// The file name of what is staged under `staged` beside a manifest.
    pub(super) fn beside_name(&self, staged: &str) -> String {
        format!("{STAGED_BESIDE}{}.{staged}", self.id)
    }

    /// Makes the state directory durable, with the new journal and the staging directory.
    pub(super) fn make_state_durable(&self) -> Result<(), Stop> {
        let disk = &self.core.disk;
        let sync = || -> io::Result<()> {
            match self.device(self.staging_device, &self.staging)?.sync {
                Sync::Batch => disk.sync_fs(&self.state.dir),
                Sync::None => Ok(()),
                Sync::File => {
                    self.journal().sync(disk)?;
                    let dirs = [
                        &self.state.operations,
                        &self.state.catalogs,
                        &self.state.staging,
                    ];
                    for dir in dirs {
                        disk.sync_dir(dir)?;
                    }
                    disk.sync_dir(&self.state.dir)?;
                    disk.sync_dir(&self.core.root)
                }
            }
        };
        sync().map_err(|error| storage_failed("cannot make the state directory durable", &error))
    }

    /// One flush of everything written so far. Its answer is looked at once: a second call would say that all is well.
    pub(super) fn flush(&self) -> io::Result<()> {
        let disk = &self.core.disk;
        self.journal().write_out(disk)?;
        let devices = self.devices.read().unwrap_or_else(PoisonError::into_inner);
        for (number, device) in devices.iter() {
            match device.sync {
                Sync::Batch => disk.sync_fs(&device.dir)?,
                // Files and run directories were flushed one by one.
                Sync::File if *number == self.staging_device => {
                    self.journal().sync(disk)?;
                    disk.sync_dir(&self.staging)?;
                }
                Sync::File | Sync::None => {}
            }
        }
        Ok(())
    }

    /// Marks the storage as failed and says so.
    pub(super) fn fail(&self, verb: &str, error: &io::Error) -> Stop {
        self.failed.store(true, Ordering::Relaxed);
        storage_failed(verb, error)
    }

    /// Keeps the staging directory at the end, so that the next operation looks where everything stands.
    pub(super) fn leave_to_recovery(&self) {
        self.untidy.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }
}

impl<D: Disk> Transaction for FileTransaction<D> {
    type Version = Stamp;
    type Staged = Box<Staged<D>>;
    type Secured = Secured<D>;
    type Prepared = Prepared<D>;

    fn id(&self) -> &str {
        &self.id
    }

    fn stage(&self, replacement: &Replacement<'_, Stamp>) -> Result<Box<Staged<D>>, ReadError> {
        self.stage_one(replacement).map(Box::new)
    }

    fn secure(
        &self,
        staged: Vec<Box<Staged<D>>>,
    ) -> Result<Vec<Result<Secured<D>, Diagnosis>>, Stop> {
        self.secure_all(staged)
    }

    fn publish(&self, secured: &Secured<D>) -> Published {
        self.publish_one(secured)
    }

    fn abandon(&self, secured: Vec<Secured<D>>) {
        for one in secured {
            self.take_back(&one);
        }
    }

    fn discard(&self, staged: Vec<Box<Staged<D>>>) {
        for one in staged {
            self.remove_staged(&one);
        }
    }

    fn prepare(&self, restore: &Restore<'_, Stamp>) -> Result<Prepared<D>, ReadError> {
        self.prepare_one(restore)
    }

    fn restore(&self, prepared: Vec<Prepared<D>>) -> (Vec<Restored>, Option<Stop>) {
        self.restore_all(prepared)
    }

    fn prune(&self, batch: &[Prune<'_, Stamp>]) -> (Vec<Result<(), Diagnosis>>, Option<Stop>) {
        self.prune_all(batch)
    }

    fn append(&self, record: &Record) {
        let mut journal = self.journal();
        journal.append(record);
        journal.relieve(&self.core.disk);
    }

    fn finish(self, end: &Record) -> Vec<Diagnosis> {
        let disk = &self.core.disk;
        let mut notices = Vec::new();
        let durable = self.devices.read().unwrap_or_else(PoisonError::into_inner);
        let sync = durable
            .get(&self.staging_device)
            .is_none_or(|device| device.sync != Sync::None);
        if self.has_renamed_over.load(Ordering::Relaxed) {
            notices.push(Diagnosis {
                code: Code::ForeignWriterWindow,
                path: None,
                message: "this file system cannot exchange two names: a version that somebody else renamed into place at the moment of the replacement would have gone unseen"
                    .to_owned(),
            });
        }
        drop(durable);
        let mut journal = self.journal();
        journal.append(end);
        let written = if sync && !self.has_failed() {
            journal.sync(disk)
        } else {
            journal.write_out(disk)
        };
        drop(journal);
        let mut incomplete = |what: &str, error: &io::Error| {
            notices.push(Diagnosis {
                code: Code::JournalIncomplete,
                path: None,
                message: trouble_of(what, error).message,
            });
        };
        if self.has_failed() {
            // Recovery decides what stands where, once the storage works again.
            return notices;
        }
        if let Err(error) = written {
            incomplete(
                &format!(
                    "cannot write the end of the journal `{}`",
                    journal_name(&self.id)
                ),
                &error,
            );
            return notices;
        }
        if self.untidy.load(Ordering::Relaxed) {
            // Recovery looks where everything stands.
            return notices;
        }
        // Should a power cut bring the directory back, readers would be told of an unfinished operation.
        let removed = disk
            .remove_dir(&self.state.staging, self.id.as_bytes())
            .and_then(|()| {
                if sync {
                    disk.sync_dir(&self.state.staging)
                } else {
                    Ok(())
                }
            });
        if let Err(error) = removed {
            incomplete(
                "cannot remove the staging directory for good; the next operation will",
                &error,
            );
        }
        notices
    }
}
