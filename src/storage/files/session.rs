//! The right to write to a tree of files: how an operation begins and ends.
//! Invariant: the lock file stays open, and so locked, as long as the session lives; the staging directory goes only when recovery would find nothing to do.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::core::{Core, SyncChoice};
use super::device::Sync;
use super::disk::{Crossing, Disk};
use super::error::{diagnose, if_there, is_storage_failure, storage_failed};
use super::journal_file::JournalFile;
use super::log;
use super::names::{self, STATE_DIRECTORY};
use super::protocol::{Protocol, plain};
use super::recover::recover_one;
use super::remove::RemovingQueue;
use super::replace::ReplacingQueue;
use super::restore::RestoringQueue;
use super::small::{remove_draft, replace_small};
use super::state::StateDir;
use crate::clock::Timestamp;
use crate::code::Code;
use crate::digest::Digest;
use crate::journal::{Accepted, Head, OperationId, Record, Stopped, TreeId, Writer};
use crate::path::FileName;
use crate::report::{Diagnosis, Stop};
use crate::storage::recovery::Recovery;
use crate::storage::results::Ticket;
use crate::storage::seam::{Answer, Opening, Respond, Session, StorageChange};

pub(super) struct FileSession<D: Disk> {
    core: Arc<Core<D>>,
    state: Arc<StateDir<D>>,
    begun: OnceLock<Protocol<D>>,
    head: Mutex<Option<Head>>,
    replacing: ReplacingQueue<D>,
    restoring: RestoringQueue<D>,
    removing: RemovingQueue,
}

/// The reason why an operation does not begin.
struct NotBegun(Stop);

impl From<io::Error> for NotBegun {
    fn from(error: io::Error) -> Self {
        let diagnosis = diagnose(
            &format!("cannot begin an operation in `{STATE_DIRECTORY}`"),
            &error,
        );
        let code = if is_storage_failure(&error) {
            Code::StorageFailed
        } else {
            Code::StateUnusable
        };
        Self(Stop::new(code, diagnosis.message))
    }
}

impl<D: Disk> FileSession<D> {
    pub(super) fn new(core: Arc<Core<D>>, state: StateDir<D>) -> Self {
        Self {
            state: Arc::new(state),
            begun: OnceLock::new(),
            head: Mutex::new(None),
            replacing: ReplacingQueue::new(core.batch()),
            restoring: RestoringQueue(core.batch()),
            removing: RemovingQueue(core.batch()),
            core,
        }
    }

    fn start(&self, opening: Opening) -> Result<Protocol<D>, NotBegun> {
        let disk = &self.core.disk;
        let (id, file, head) = self.make_journal(opening.started).inspect_err(|_| {
            if self.state.is_new {
                // It is empty: left where it is it harms nobody.
                let _stays = log::remove_guard(disk, &self.state);
            }
        })?;
        if !disk.try_lock(&file)? {
            let message = format!("operation {id} is at work");
            return Err(NotBegun(Stop::new(Code::Locked, message)));
        }
        let catalog = opening.catalog.digest;
        let started = self.start_as(id.clone(), file, head, opening);
        started.inspect_err(|_| {
            // What failed is told; a journal that stays announces nothing.
            let _stays = self.take_back(&id, catalog);
        })
    }

    /// Makes the journal of a new operation, with the next serial number in the head to come.
    fn make_journal(&self, started: Timestamp) -> io::Result<(OperationId, D::File, Head)> {
        let (core, state) = (&self.core, &self.state);
        let disk = &core.disk;
        log::guard_format(disk, state)?;
        let last = log::last_numbered(core, &state.operations)?;
        let mut head = match (state.head(disk)?, last) {
            (Some(head), _) => head,
            (None, Some((_, tree))) => Head::new(tree),
            (None, None) => Head::new(TreeId::of(disk.random()?)),
        };
        head.serial = next(head.serial.max(last.map_or(0, |(serial, _)| serial)))?;
        let (id, file) = self.create_journal(started, &mut head.serial)?;
        Ok((id, file, head))
    }

    fn start_as(
        &self,
        id: OperationId,
        file: D::File,
        mut head: Head,
        opening: Opening,
    ) -> Result<Protocol<D>, NotBegun> {
        let (core, state) = (&self.core, &self.state);
        let disk = &core.disk;
        self.keep_catalog(&opening)?;
        let mut journal = JournalFile::new(file, Writer::default(), 0);
        let jobs = opening.jobs;
        journal.append(disk, &opening.began(&id, &mut head));
        let failed = |what: String| {
            let verb = format!("cannot make {what} durable");
            move |error| NotBegun(storage_failed(&verb, &error))
        };
        let kept = self.keep_journal(&mut journal);
        kept.map_err(failed(format!("the journal `{}`", names::journal(&id))))?;
        head.chain = journal.chain();
        state.write_head(disk, &head)?;
        *self.head.lock().unwrap_or_else(PoisonError::into_inner) = Some(head);
        let name = plain(id.as_str())?;
        disk.make_dir(&state.staging, name.name())?;
        let staging = disk.open_dir(&state.staging, id.as_str().as_bytes(), Crossing::Stay)?;
        let device = disk.stat_dir(&staging)?.device;
        state.name_holder(disk, Some(&id))?;
        let (core, state) = (Arc::clone(core), Arc::clone(state));
        let protocol = Protocol::new((core, state), (id, journal), (staging, device), jobs);
        let made = protocol.make_state_durable();
        made.map_err(failed(format!("`{STATE_DIRECTORY}`")))?;
        Ok(protocol)
    }

    /// Takes back what a beginning made that failed: its staging directory and, unless the head names it already, its journal; of a new state directory the rest, too.
    fn take_back(&self, id: &OperationId, catalog: Digest) -> io::Result<()> {
        let (disk, state) = (&self.core.disk, &self.state);
        if_there(disk.remove_dir(&state.staging, plain(id.as_str())?.name()))?;
        let head = state.head(disk)?;
        if head.is_some_and(|head| head.operation.as_ref() == Some(id)) {
            return Ok(());
        }
        disk.unlink(&state.operations, plain(&names::journal(id))?.name())?;
        if state.is_new {
            log::remove_guard(disk, state)?;
            if_there(disk.unlink(&state.catalogs, catalog_copy(catalog)?.name()))?;
        }
        Ok(())
    }

    /// Makes the journal of a new operation. Its id says the start and the serial number, which grows if an older format had taken the id.
    fn create_journal(
        &self,
        started: Timestamp,
        serial: &mut u64,
    ) -> io::Result<(OperationId, D::File)> {
        loop {
            let id = OperationId::of(started, *serial);
            let name = plain(&names::journal(&id))?;
            match self.core.disk.create(&self.state.operations, name.name()) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    *serial = next(*serial)?;
                }
                created => return Ok((id, created?)),
            }
        }
    }

    /// Makes a new journal durable, before the head names it.
    fn keep_journal(&self, journal: &mut JournalFile<D>) -> io::Result<()> {
        let disk = &self.core.disk;
        if self.core.options.sync == SyncChoice::None {
            return journal.write_out(disk);
        }
        journal.sync(disk)?;
        disk.sync_dir(&self.state.operations)?;
        disk.sync_dir(&self.state.dir)
    }

    fn keep_catalog(&self, opening: &Opening) -> io::Result<()> {
        let (disk, dir) = (&self.core.disk, &self.state.catalogs);
        let name = catalog_copy(opening.catalog.digest)?;
        let bundle = opening.catalog_bundle.as_bytes();
        if self.core.has_bytes(dir, name.name(), Digest::of(bundle))? {
            return remove_draft(disk, dir, name.name());
        }
        replace_small(disk, dir, name.name(), bundle)
    }

    fn end(&self, protocol: &Protocol<D>, stopped: Option<Stopped>) -> Vec<Diagnosis> {
        let disk = &self.core.disk;
        let mut notices = Vec::new();
        if protocol.has_renamed_over.load(Ordering::Relaxed) {
            notices.push(foreign_writer_window());
        }
        let stop = protocol.stopped().map(|stop| Stopped {
            code: stop.code,
            message: Some(stop.message.clone()),
        });
        let ended = protocol.totals().ended(stop.or(stopped));
        let sync = protocol.journal_sync() != Sync::None && !protocol.has_failed();
        let mut journal = protocol.journal();
        journal.append(disk, &Record::Ended(Box::new(ended)));
        let written = if sync {
            journal.sync(disk)
        } else {
            journal.write_out(disk)
        };
        let chain = journal.chain();
        drop(journal);
        if protocol.has_failed() {
            // Recovery decides what stands where, once the storage works again.
            return notices;
        }
        let name = names::journal(&protocol.id);
        if let Err(error) = written {
            let verb = format!("cannot write the end of the journal `{name}`");
            notices.push(incomplete(&verb, &error));
            return notices;
        }
        if !protocol.is_tidy() {
            // It was not certain what stands where: recovery looks, before the operation ends.
            return notices;
        }
        if let Err(error) = self.tidy_up(protocol, chain, sync) {
            let id = &protocol.id;
            let verb = format!(
                "cannot remove `{STATE_DIRECTORY}/staging/{id}` for good; the next operation will"
            );
            notices.push(incomplete(&verb, &error));
        }
        notices
    }

    /// Records the end in the head and removes the staging directory. Should a power cut bring that back, readers would be told of an unfinished operation.
    fn tidy_up(&self, protocol: &Protocol<D>, chain: Option<Digest>, sync: bool) -> io::Result<()> {
        let (disk, state) = (&self.core.disk, &self.state);
        // First, because on a full file system the head may need the room.
        state.name_holder(disk, None)?;
        let head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(head) = head.as_ref() {
            let mut head = head.clone();
            head.chain = chain;
            state.write_head(disk, &head)?;
            if sync {
                disk.sync_dir(&state.dir)?;
            }
        }
        disk.remove_dir(&state.staging, plain(protocol.id.as_str())?.name())?;
        if sync {
            disk.sync_dir(&state.staging)?;
        }
        Ok(())
    }
}

fn catalog_copy(digest: Digest) -> io::Result<FileName> {
    plain(&format!("{digest}.json"))
}

fn incomplete(verb: &str, error: &io::Error) -> Diagnosis {
    let message = diagnose(verb, error).message;
    Diagnosis::new(Code::JournalIncomplete, message)
}

fn foreign_writer_window() -> Diagnosis {
    Diagnosis::new(
        Code::ForeignWriterWindow,
        "this file system has no RENAME_EXCHANGE: a version that another program renamed into place in the instant of the replacement could be overwritten",
    )
}

/// The next serial number.
fn next(serial: u64) -> io::Result<u64> {
    let message = "the serial numbers of the tree are used up, or `head` was changed";
    serial
        .checked_add(1)
        .ok_or_else(|| io::Error::other(message))
}

impl<D: Disk> Session for FileSession<D> {
    fn begin(&self, opening: Opening) -> Result<OperationId, Stop> {
        let protocol = self.start(opening).map_err(|NotBegun(stop)| stop)?;
        Ok(self.begun.get_or_init(|| protocol).id.clone())
    }

    fn change(&self, change: StorageChange<'_>, respond: Respond) {
        let begun = self.begun.get();
        let Some(protocol) = begun.filter(|protocol| protocol.stopped().is_none()) else {
            return respond(Answer::NotAttempted);
        };
        let ticket = Ticket::new(&change, respond);
        match change {
            StorageChange::ReplaceManifest(replace) => {
                self.replacing.take(protocol, replace, ticket);
            }
            StorageChange::RestoreManifest(restore) => {
                self.restoring.take(protocol, &restore, ticket);
            }
            StorageChange::RemoveBackup(remove) => self.removing.take(protocol, &remove, ticket),
        }
    }

    fn accept(&self, findings: &[Accepted]) -> Result<(), Stop> {
        let Some(protocol) = self.begun.get() else {
            return Err(Stop::new(Code::StateUnusable, "no operation has begun"));
        };
        for one in findings {
            protocol.append(&Record::Accepted(one.clone()));
        }
        // Where that fails, the reason is kept there.
        let synced = protocol.sync_journal();
        match protocol.stopped() {
            Some(stop) => Err(stop.clone()),
            None => synced.map_err(|error| storage_failed("cannot write the journal", &error)),
        }
    }

    fn settle(&self) {
        if let Some(protocol) = self.begun.get() {
            self.replacing.settle(protocol);
            self.restoring.settle(protocol);
            self.removing.settle(protocol);
        }
    }

    fn failure(&self) -> Option<Stop> {
        self.begun.get()?.stopped().cloned()
    }

    fn finish(mut self: Box<Self>, stopped: Option<Stopped>) -> Vec<Diagnosis> {
        self.settle();
        let Some(protocol) = self.begun.get() else {
            let removed = self.state.remove_if_new(&self.core.disk, &self.core.root);
            // It is empty: left where it is it harms nobody.
            return removed
                .err()
                .map(|error| {
                    incomplete(
                        &format!("cannot remove the new `{STATE_DIRECTORY}`"),
                        &error,
                    )
                })
                .into_iter()
                .collect();
        };
        let mut notices = self.end(protocol, stopped);
        if protocol.is_tidy() || protocol.has_failed() {
            return notices;
        }
        let id = protocol.id.clone();
        // Its journal is opened once more, by recovery.
        self.begun = OnceLock::new();
        let mut recovery = Recovery::default();
        match recover_one(&self.core, &self.state, &id, &mut recovery) {
            Ok(()) => notices.extend(
                recovery
                    .notices
                    .into_iter()
                    .filter(|notice| notice.code == Code::Rescued),
            ),
            Err(stop) => notices.push(Diagnosis::new(Code::JournalIncomplete, stop.message)),
        }
        notices
    }
}
