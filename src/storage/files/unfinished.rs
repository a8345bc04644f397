//! One unfinished operation: its lock, its journal, its staging directory, and how it is brought to an end.
//! Invariant: nothing of a journal is dropped but a torn end, and every file that is removed or moved is one that the journal announces, or one in the operation's own staging directory.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::mem;

use super::core::{Core, FileContent};
use super::disk::{Crossing, Disk};
use super::error::if_there;
use super::journal_file::JournalFile;
use super::log;
use super::names;
use super::parts::{CopyingPart, ReplacingPart};
use super::protocol::plain;
use super::rescue::keep_in_state;
use super::state::StateDir;
use crate::digest::Digest;
use crate::journal::{
    BackupId, ChangeResult, Command, Discarded, Head, Integrity, Ledger, OperationId,
    OperationState, Reader, Record, Replacing, Settled,
};
use crate::json::Text;
use crate::path::{FileName, Name, TreePath};
use crate::storage::recovery::{LookedAt, Recovery, recovered_end, torn_end};
use crate::storage::values::EntryKind;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecoveryResult {
    Finished,
    Undone,
    /// Somebody else changed it since; theirs stays.
    Left,
}

pub(super) struct Unfinished<'c, D: Disk> {
    pub(super) core: &'c Core<D>,
    pub(super) state: &'c StateDir<D>,
    pub(super) id: OperationId,
    pub(super) staging: D::Dir,
    ledger: Ledger,
    /// The announcements, by their numbers in the ledger.
    announced: Vec<Record>,
    /// Earlier announcements of manifests that were staged once more: the files may be there still.
    pub(super) superseded: Vec<Replacing>,
    copies: HashMap<TreePath, CopyingPart>,
    is_damaged: bool,
    /// The files that were removed or moved, and that no other record speaks of.
    discarded: RefCell<Vec<Discarded>>,
    /// The journal, open at the end of what is sound of it; none where it is gone or never began.
    journal: Option<JournalFile<D>>,
}

pub(super) enum Opened<'c, D: Disk> {
    AtWork,
    Unknown(String),
    Ready(Box<Unfinished<'c, D>>),
}

#[derive(Default)]
struct Settlement {
    looked_at: LookedAt,
    results: Vec<Settled>,
}

impl<'c, D: Disk> Unfinished<'c, D> {
    pub(super) fn open(
        core: &'c Core<D>,
        state: &'c StateDir<D>,
        id: &OperationId,
    ) -> io::Result<Opened<'c, D>> {
        let disk = &core.disk;
        let mut operation = Self {
            core,
            state,
            id: id.clone(),
            staging: disk.open_dir(&state.staging, id.as_str().as_bytes(), Crossing::Stay)?,
            ledger: Ledger::default(),
            announced: Vec::new(),
            superseded: Vec::new(),
            copies: HashMap::new(),
            is_damaged: false,
            discarded: RefCell::default(),
            journal: None,
        };
        operation.ledger.begin(id.clone());
        let name = plain(&names::journal(id))?;
        let Some(stat) = if_there(disk.stat_at(&state.operations, name.name()))? else {
            return Ok(Opened::Ready(Box::new(operation)));
        };
        if stat.kind != EntryKind::File || stat.links != 1 {
            let why = format!("its journal `{name}` is no regular file with one name");
            return Ok(Opened::Unknown(why));
        }
        let file = disk.open_append(&state.operations, name.name())?;
        if !disk.try_lock(&file)? {
            return Ok(Opened::AtWork);
        }
        let mut reader = Reader::default();
        log::feed(core, (id, &file), &mut reader, &mut |record, _| {
            operation.fold(record);
        })?;
        let condition = reader.condition();
        operation.ledger.end(condition, reader.all_bytes(), true);
        let entry = &operation.ledger.operations()[0];
        let is_foreign = entry.began.is_none() && reader.sound_bytes() > 0;
        if condition == Integrity::Unknown || entry.state == OperationState::Unknown || is_foreign {
            let why = format!("its journal `{name}` has parts that are not understood here");
            return Ok(Opened::Unknown(why));
        }
        operation.is_damaged = condition == Integrity::Damaged;
        operation.resume_journal(file, &reader)?;
        Ok(Opened::Ready(Box::new(operation)))
    }

    fn fold(&mut self, record: &Record) {
        if let Record::Storage(note) = record
            && let Some(part) = note.storage.read()
        {
            self.copies.insert(note.path.clone(), part);
        }
        let is_announcement = !matches!(record, Record::Result(_));
        let Some(entry) = self.ledger.fold(record) else {
            return;
        };
        match self.announced.get_mut(entry) {
            Some(known) if is_announcement => {
                let before = mem::replace(known, record.clone());
                if let (Record::Replacing(before), Record::Replacing(now)) = (before, record)
                    && before.storage.read().map(staged) != now.storage.read().map(staged)
                {
                    self.superseded.push(*before);
                }
            }
            None => self.announced.push(record.clone()),
            Some(_) => {}
        }
    }

    /// Cuts a torn end off, and says so. Where whole lines follow a break, all of the journal is kept beside it first.
    fn resume_journal(&mut self, file: D::File, reader: &Reader) -> io::Result<()> {
        let disk = &self.core.disk;
        if self.ledger.operations()[0].began.is_none() {
            return Ok(());
        }
        if self.is_damaged {
            self.keep_damaged(&file)?;
        }
        let cut = torn_end(reader);
        if let Some(cut) = &cut {
            disk.truncate(&file, cut.at_bytes)?;
        }
        let mut journal = JournalFile::new(file, reader.writer().clone(), reader.sound_bytes());
        if let Some(cut) = cut {
            journal.append(disk, &Record::Cut(cut));
        }
        self.journal = Some(journal);
        Ok(())
    }

    fn keep_damaged(&self, file: &D::File) -> io::Result<()> {
        let (disk, dir) = (&self.core.disk, &self.state.operations);
        let base = format!("{}.damaged", names::journal(&self.id));
        for name in names::numbered(&base) {
            match disk.create(dir, plain(&name)?.name()) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                Ok(copy) => {
                    let mut written = Ok(());
                    self.core.in_pieces(file, &mut |piece| {
                        written = disk.write(&copy, piece);
                        written.is_ok()
                    })?;
                    written?;
                    disk.sync_file(&copy)?;
                    return disk.sync_dir(dir);
                }
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Settles everything announced that has no certain result, then what no intent names, then the operation itself.
    pub(super) fn settle(&mut self, recovery: &mut Recovery) -> io::Result<()> {
        let open: Vec<Record> = (0..self.announced.len())
            .filter(|entry| !self.ledger.is_settled(*entry))
            .map(|entry| self.announced[entry].clone())
            .collect();
        if open.iter().any(|one| matches!(one, Record::Restoring(_))) {
            // Once for all: what was put back must be durable before its backup name goes.
            self.core.disk.sync_fs(&self.state.dir)?;
        }
        let mut settled = Settlement::default();
        for announced in &open {
            self.settle_announced(announced, recovery, &mut settled)?;
        }
        self.remove_superseded()?;
        self.clear_staging(recovery)?;
        let was_ended = self.ledger.operations()[0].ended.is_some();
        let looked_at = settled.looked_at;
        self.end(settled, was_ended)?;
        if !was_ended || !open.is_empty() {
            recovery.recovered(&self.id, self.command(), looked_at);
        }
        Ok(())
    }

    fn settle_announced(
        &self,
        announced: &Record,
        recovery: &mut Recovery,
        settled: &mut Settlement,
    ) -> io::Result<()> {
        let (path, found, backup, done) = match announced {
            Record::Replacing(one) => {
                let (found, backup) = self.settle_replacing(one, recovery)?;
                (&one.path, found, backup, ChangeResult::Finished)
            }
            Record::Restoring(one) => {
                let found = self.settle_restoring(one, recovery)?;
                (&one.path, found, None, ChangeResult::Finished)
            }
            Record::Removing(one) => {
                let found = self.settle_removing(one)?;
                (
                    &one.path,
                    found,
                    Some(one.backup.clone()),
                    ChangeResult::Pruned,
                )
            }
            _ => return Ok(()),
        };
        settled.add(path, found, backup, done);
        Ok(())
    }

    pub(super) fn copy_of(&self, path: &TreePath) -> Option<&CopyingPart> {
        self.copies.get(path)
    }

    fn command(&self) -> Command {
        let began = self.ledger.operations()[0].began.as_ref();
        began.map_or(Command::Migrate, |began| began.command)
    }

    /// Makes the results durable, then removes the staging directory, which is what says that something is unfinished.
    fn end(&mut self, settled: Settlement, was_ended: bool) -> io::Result<()> {
        let disk = &self.core.disk;
        disk.sync_fs(&self.state.dir)?;
        // The process that is gone may not have come to it; without the directory nobody would bring the head up to the journal's end.
        disk.sync_dir(&self.state.staging)?;
        // What was removed in it must not come back: the next operation names the end of this journal, and nothing may be added behind that.
        disk.sync_dir(&self.staging)?;
        if let Some(journal) = &mut self.journal {
            for one in self.discarded.take() {
                journal.append(disk, &Record::Discarded(one));
            }
            for result in settled.results {
                let result = Record::Result(result);
                self.ledger.fold(&result);
                journal.append(disk, &result);
            }
            if !was_ended {
                let ended = recovered_end(&self.ledger);
                journal.append(disk, &Record::Ended(Box::new(ended)));
            }
            journal.sync(disk)?;
            let chain = journal.chain();
            self.move_head(chain)?;
        }
        let name = plain(self.id.as_str())?;
        disk.remove_dir(&self.state.staging, name.name())
    }

    fn move_head(&self, chain: Option<Digest>) -> io::Result<()> {
        let (disk, state) = (&self.core.disk, self.state);
        let began = self.ledger.operations()[0].began.as_ref();
        let Some((serial, tree)) = began.and_then(|began| began.serial.zip(began.tree)) else {
            return Ok(());
        };
        let mut head = state.head(disk)?.unwrap_or_else(|| Head::new(tree));
        if serial >= head.serial {
            head.serial = serial;
            head.operation = Some(self.id.clone());
            head.chain = chain;
            state.write_head(disk, &head)?;
            disk.sync_dir(&state.dir)?;
        }
        Ok(())
    }

    /// Everything left in the staging directory: what no intent names, or whose run directory is gone.
    fn clear_staging(&self, recovery: &mut Recovery) -> io::Result<()> {
        let disk = &self.core.disk;
        let mut names = Vec::new();
        let fresh = disk.open_dir(&self.staging, b"", Crossing::Stay)?;
        disk.list(&fresh, &mut |name, _| names.push(name.to_vec()))?;
        let staged = self.staged();
        for name in &names {
            let Some(name) = Name::new(name) else {
                continue;
            };
            let text = FileName::new(&name.to_string());
            let intent = text.and_then(|text| staged.get(&text).copied());
            let found = self.core.content(&self.staging, name)?;
            let digest = match &found {
                FileContent::File(digest, _) => Some(*digest),
                FileContent::Absent | FileContent::Opaque => None,
            };
            let path = intent.map(|(path, _)| path);
            if self.is_ours(&found, name, intent) {
                disk.unlink(&self.staging, name)?;
                self.discard(path, name, digest, None);
                continue;
            }
            let short = digest.map_or_else(|| "unread".to_owned(), |digest| digest.short());
            let kept = keep_in_state(self.core, self.state, (&self.staging, name), &short)?;
            self.rescued(path, name, Some(kept), recovery);
        }
        Ok(())
    }

    /// The intents that name files in the staging directory, settled or not.
    fn staged(&self) -> HashMap<FileName, (&TreePath, Option<u64>)> {
        let announced = self.announced.iter().filter_map(|record| match record {
            Record::Replacing(one) => {
                let part: ReplacingPart = one.storage.read()?;
                (!part.beside).then_some((part.staged, (&one.path, part.inode)))
            }
            _ => None,
        });
        announced.collect()
    }

    pub(super) fn discard(
        &self,
        path: Option<&TreePath>,
        name: Name<'_>,
        digest: Option<Digest>,
        kept_as: Option<TreePath>,
    ) {
        self.discarded.borrow_mut().push(Discarded {
            path: path.cloned(),
            name: FileName::lossy(name),
            digest,
            kept_as,
        });
    }

    pub(super) fn rescued(
        &self,
        path: Option<&TreePath>,
        name: Name<'_>,
        kept: Option<TreePath>,
        recovery: &mut Recovery,
    ) {
        if let Some(kept) = kept {
            recovery.rescued(path, &kept);
            self.discard(path, name, None, Some(kept));
        }
    }

    /// Returns true if something in the staging directory is a new file of ours, whole or not; `announced` has the inode that its intent names, where it has one.
    fn is_ours(
        &self,
        found: &FileContent,
        name: Name<'_>,
        announced: Option<(&TreePath, Option<u64>)>,
    ) -> bool {
        let FileContent::File(digest, stat) = found else {
            return false;
        };
        let text = name.to_string();
        let short = digest.short();
        let mut parts = text.split('-').skip(1);
        let is_original = parts.next() == Some(short.as_str());
        let is_new = parts.next() == Some(short.as_str());
        match announced {
            _ if is_new => true,
            _ if is_original => false,
            Some((_, inode)) => inode == Some(stat.inode),
            // Without an intent nothing was exchanged; should the journal have lost one all the same, torn bytes are still nobody's.
            None => !self.is_damaged || !self.is_document(name),
        }
    }

    /// Returns true if a file holds a whole document, or cannot be read: then it may be one.
    fn is_document(&self, name: Name<'_>) -> bool {
        let read = self.core.read_whole(&self.staging, name);
        read.map_or(true, |(_, bytes)| Text::scan(&bytes).is_ok())
    }
}

fn staged(part: ReplacingPart) -> FileName {
    part.staged
}

impl Settlement {
    fn add(
        &mut self,
        path: &TreePath,
        found: RecoveryResult,
        backup: Option<BackupId>,
        done: ChangeResult,
    ) {
        let (count, outcome) = match found {
            RecoveryResult::Finished => (&mut self.looked_at.finished, done),
            RecoveryResult::Undone => (&mut self.looked_at.undone, ChangeResult::Undone),
            RecoveryResult::Left => (&mut self.looked_at.left, ChangeResult::Left),
        };
        *count += 1;
        self.results.push(Settled {
            path: path.clone(),
            outcome,
            backup,
            code: None,
            from_version: None,
            to_version: None,
        });
    }
}
