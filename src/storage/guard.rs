//! The exclusive right to write, and how an operation begins.
//!
//! Invariant: the lock file stays open, and so locked, as long as the guard or its transaction lives.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::{Arc, Mutex, RwLock};

use super::disk::{Crossing, Disk};
use super::file_system::{Core, Stamp};
use super::journal_file::JournalFile;
use super::recover::sweep;
use super::state::{State, journal_name, name_holder};
use super::transaction::FileTransaction;
use super::{Guard, OperationHead, Recovery};
use crate::code::Code;
use crate::digest::Digest;
use crate::journal::{Began, FORMAT, Record};
use crate::path::TreePath;
use crate::report::Stop;

/// The exclusive right to write to a tree.
pub struct FileGuard<D: Disk> {
    pub(super) core: Arc<Core<D>>,
    pub(super) state: State<D>,
    pub(super) lock: D::File,
}

impl<D: Disk> Guard for FileGuard<D> {
    type Version = Stamp;
    type Transaction = FileTransaction<D>;

    fn sweep(&self, leftovers: &[TreePath]) -> Result<Recovery, Stop> {
        sweep(&self.core, &self.state, leftovers)
    }

    fn begin(self, head: &OperationHead) -> Result<FileTransaction<D>, Stop> {
        let disk = &self.core.disk;
        let cannot = |error: io::Error| {
            let message = format!("cannot begin an operation in the state directory: {error}");
            Stop::new(Code::StateUnusable, message)
        };
        let (id, file) = self.create_journal(head).map_err(cannot)?;
        if !disk.try_lock(&file).map_err(cannot)? {
            return Err(Stop::new(
                Code::Locked,
                format!("operation {id} is at work"),
            ));
        }
        self.keep_catalog(head).map_err(cannot)?;
        let mut journal = JournalFile::new(file);
        journal.append(&Record::Began(Began {
            format: FORMAT.to_owned(),
            operation: id.clone(),
            command: head.command.to_owned(),
            started_at: head.started.to_string(),
            now: head.now.to_string(),
            target_version: head.target.as_ref().map(ToString::to_string),
            catalog: head.catalog_name.clone(),
            catalog_digest: head.catalog_digest.prefixed(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            rules: head.rules.recorded().map(str::to_owned),
            undoes: head.undoes.clone(),
        }));
        journal.write_out(disk).map_err(cannot)?;
        disk.make_dir(&self.state.staging, id.as_bytes())
            .map_err(cannot)?;
        let staging = disk
            .open_dir(&self.state.staging, id.as_bytes(), Crossing::Stay)
            .map_err(cannot)?;
        let staging_device = disk.stat_dir(&staging).map_err(cannot)?.device;
        name_holder(disk, &self.lock, Some(&id))?;
        let transaction = FileTransaction {
            core: self.core,
            state: self.state,
            _lock: self.lock,
            id,
            journal: Mutex::new(journal),
            staging,
            staging_device,
            devices: RwLock::new(HashMap::new()),
            beside: RwLock::default(),
            tries: AtomicU32::new(0),
            untidy: AtomicBool::new(false),
            has_renamed_over: AtomicBool::new(false),
            failed: AtomicBool::new(false),
        };
        transaction.make_state_durable()?;
        Ok(transaction)
    }
}

impl<D: Disk> FileGuard<D> {
    /// Makes the journal of a new operation: the first serial number of this second that is free.
    fn create_journal(&self, head: &OperationHead) -> io::Result<(String, D::File)> {
        let mut serial = 1_u32;
        loop {
            let id = format!("{}-{serial}", head.started.compact());
            let name = journal_name(&id);
            match self
                .core
                .disk
                .create(&self.state.operations, name.as_bytes())
            {
                Ok(file) => return Ok((id, file)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => serial += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Keeps a copy of the catalog by its digest, unless there is a whole one.
    fn keep_catalog(&self, head: &OperationHead) -> io::Result<()> {
        let (disk, dir) = (&self.core.disk, &self.state.catalogs);
        let name = format!("{}.json", head.catalog_digest);
        // A crash may have left one, beside the whole catalog or without it.
        let draft = format!(".{name}");
        match disk.unlink(dir, draft.as_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut kept = Vec::new();
        if let Ok(file) = disk.open(dir, name.as_bytes(), Crossing::Stay) {
            disk.read(
                &file,
                &mut kept,
                head.catalog_bundle.len(),
                head.catalog_bundle.len(),
            )?;
        }
        if Digest::of(&kept) == Digest::of(head.catalog_bundle.as_bytes()) {
            return Ok(());
        }
        let file = disk.create(dir, draft.as_bytes())?;
        disk.write(&file, head.catalog_bundle.as_bytes())?;
        disk.sync_file(&file)?;
        disk.rename_over((dir, draft.as_bytes()), (dir, name.as_bytes()))
    }
}
