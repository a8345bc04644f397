//! The map, its files of state, and recovery.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::code::Code;
use crate::digest::Digest;
use crate::journal::{
    BackupId, Command, Condition, Cut, Ended, Head, OperationId, Outcome, Reader, Record, Writer,
};
use crate::json::MAX_BYTES;
use crate::path::TreePath;
use crate::report::Diagnosis;
use crate::storage::names;
use crate::storage::seam::{EntryKind, Log, Recovery, StateFiles, Version};

const OPERATIONS: &str = "operations/";

const HEAD: &str = "head";

pub(super) const NOTHING: &str = "No such file or directory (os error 2)";

/// A tree in memory.
///
/// Cloning gives another handle to the same tree.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Tree>>);

#[derive(Default)]
pub(super) struct Tree {
    /// Manifests, backups and all other files.
    pub(super) files: BTreeMap<TreePath, Document>,
    pub(super) state: StateFiles,
    pub(super) unfinished: BTreeSet<OperationId>,
    pub(super) writer: Writer,
    pub(super) totals: Totals,
    pub(super) has_state: bool,
    pub(super) is_locked: bool,
    /// The holder of the lock, once its operation has begun.
    pub(super) holder: Option<String>,
    /// Counts every change, so that no two versions are the same.
    pub(super) changes: u64,
}

pub(super) type Totals = (BTreeMap<Outcome, u64>, BTreeMap<Code, u64>);

#[derive(Clone)]
pub(super) struct Document {
    pub(super) bytes: Vec<u8>,
    pub(super) version: u64,
    pub(super) modified: i64,
}

impl Memory {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a file into the tree, as a producer would.
    pub fn put(&self, path: &TreePath, bytes: &[u8]) {
        let mut tree = self.tree();
        let document = tree.document(bytes.to_vec(), 0);
        tree.files.insert(path.clone(), document);
    }

    /// Takes a file out of the tree.
    pub fn remove(&self, path: &TreePath) {
        self.tree().files.remove(path);
    }

    /// The bytes of a file.
    pub fn bytes(&self, path: &TreePath) -> Option<Vec<u8>> {
        let tree = self.tree();
        tree.files.get(path).map(|document| document.bytes.clone())
    }

    /// Every file in the tree, backups included, with its bytes.
    pub fn all(&self) -> BTreeMap<TreePath, Vec<u8>> {
        let tree = self.tree();
        let files = tree.files.iter();
        let files = files.map(|(path, document)| (path.clone(), document.bytes.clone()));
        files.collect()
    }

    /// Puts a small file into the state, as in `operations/<id>.jsonl`.
    pub fn put_state(&self, path: &str, bytes: &[u8]) {
        self.tree().state.insert(path.to_owned(), bytes.to_vec());
    }

    /// Takes a small file out of the state.
    pub fn remove_state(&self, path: &str) {
        self.tree().state.remove(path);
    }

    /// Every small file of the state.
    pub fn all_state(&self) -> StateFiles {
        self.tree().state.clone()
    }

    pub(super) fn tree(&self) -> MutexGuard<'_, Tree> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tree {
    pub(super) fn document(&mut self, bytes: Vec<u8>, modified: i64) -> Document {
        self.changes += 1;
        Document {
            bytes,
            version: self.changes,
            modified,
        }
    }

    pub(super) fn look(&self, path: &TreePath) -> Option<EntryKind> {
        if self.files.contains_key(path) {
            return Some(EntryKind::File);
        }
        let below = TreePath::join(path.as_bytes(), b"");
        let first = self.files.range(&below..).next();
        let is_directory = first.is_some_and(|(path, _)| starts_with(path, &below));
        is_directory.then_some(EntryKind::Directory)
    }

    pub(super) fn document_at(&self, path: &TreePath) -> Result<&Document, Diagnosis> {
        match (self.files.get(path), self.look(path)) {
            (Some(document), _) => Ok(document),
            (None, Some(kind)) => Err(kind.not_regular()),
            (None, None) => Err(Diagnosis::new(
                Code::NotFound,
                format!("cannot open: {NOTHING}"),
            )),
        }
    }

    pub(super) fn read(
        &self,
        path: &TreePath,
        most: usize,
        into: &mut Vec<u8>,
    ) -> Result<Option<Version>, Diagnosis> {
        into.clear();
        let document = self.document_at(path)?;
        let size = document.bytes.len();
        if size > MAX_BYTES {
            let message = format!("the file has {size} bytes, the limit is {MAX_BYTES}");
            return Err(Diagnosis::new(Code::TooLarge, message));
        }
        if size > most {
            return Ok(None);
        }
        into.extend_from_slice(&document.bytes);
        let version = Version::new(document.modified, size as u64, document.version);
        Ok(Some(version))
    }

    pub(super) fn free_backup(
        &self,
        path: &TreePath,
        before: Digest,
    ) -> Result<BackupId, Diagnosis> {
        let mut names = names::backups(path.name(), before);
        let free = names.find(|id| self.look(&beside(path, id)).is_none());
        free.ok_or_else(|| names::all_taken(path.name()))
    }

    pub(super) fn check(&self, path: &TreePath, version: &Version) -> Result<(), Diagnosis> {
        let changed = |message: &str| Err(Diagnosis::new(Code::ChangedMeanwhile, message));
        match self.files.get(path) {
            None => changed("somebody removed it after it was read"),
            Some(document) if Some(&document.version) == version.token() => Ok(()),
            Some(_) => changed("somebody changed it after it was read"),
        }
    }

    pub(super) fn head(&self) -> Option<Head> {
        Head::read(self.state.get(HEAD)?)
    }

    pub(super) fn write_head(&mut self, head: &Head) {
        let text = head.to_text().into_bytes();
        self.state.insert(HEAD.to_owned(), text);
    }

    pub(super) fn journal(&self, id: &OperationId) -> Option<&[u8]> {
        self.state.get(&journal_of(id)).map(Vec::as_slice)
    }

    pub(super) fn append(&mut self, id: &OperationId, record: &Record) {
        if let Record::Result(settled) = record {
            *self.totals.0.entry(settled.outcome).or_default() += 1;
            if let Some(code) = settled.code {
                *self.totals.1.entry(code).or_default() += 1;
            }
        }
        let journal = self.state.entry(journal_of(id)).or_default();
        self.writer.line(record, journal);
    }

    pub(super) fn end(&mut self, id: &OperationId, ended: Ended) {
        self.append(id, &Record::Ended(Box::new(ended)));
        let chain = self.writer.chain();
        if let Some(mut head) = self
            .head()
            .filter(|head| head.operation.as_ref() == Some(id))
        {
            head.chain = chain;
            self.write_head(&head);
        }
        self.unfinished.remove(id);
        self.holder = None;
    }

    pub(super) fn recover(&mut self) -> Recovery {
        let mut recovery = Recovery::default();
        for id in self.unfinished.clone() {
            let journal = self.journal(&id).unwrap_or_default().to_vec();
            let (mut reader, mut began) = (Reader::default(), None);
            let mut counts: BTreeMap<Outcome, u64> = BTreeMap::new();
            reader.feed(&journal, &mut |record| {
                match record {
                    Record::Began(one) => began = Some(one.clone()),
                    Record::Result(one) if one.outcome.is_done() == Some(true) => {
                        *counts.entry(one.outcome).or_default() += 1;
                    }
                    _ => {}
                }
                true
            });
            if reader.condition() == Condition::Unknown {
                recovery.unknown += 1;
                recovery.notices.push(not_understood(&id));
                continue;
            }
            let command = began.map(|began| began.command);
            recovery.notices.push(recovered(&id, command));
            if command.is_some() {
                self.cut(&id, &reader);
                let ended = Ended {
                    counts,
                    recovered: true,
                    ..Ended::default()
                };
                self.end(&id, ended);
            }
            self.unfinished.remove(&id);
        }
        recovery
    }

    /// Removes the torn end of a journal before it is continued. If complete lines follow the break, a copy of the whole journal is kept.
    pub(super) fn cut(&mut self, id: &OperationId, reader: &Reader) {
        self.writer = reader.writer().clone();
        let (sound, all) = (reader.sound_bytes(), reader.all_bytes());
        let name = journal_of(id);
        let journal = self.state.entry(name.clone()).or_default();
        if sound == all {
            return;
        }
        let damaged = (reader.condition() == Condition::Damaged).then(|| journal.clone());
        journal.truncate(usize::try_from(sound).unwrap_or(usize::MAX));
        if let Some(damaged) = damaged {
            self.state.insert(format!("{name}.damaged"), damaged);
        }
        let cut = Cut {
            at_bytes: sound,
            dropped_bytes: all - sound,
        };
        self.append(id, &Record::Cut(cut));
    }
}

fn not_understood(id: &OperationId) -> Diagnosis {
    Diagnosis::new(
        Code::JournalUnknown,
        format!(
            "operation {id} is not finished, and its journal `{id}.jsonl` has parts that are not understood here: nothing of it is touched"
        ),
    )
}

fn recovered(id: &OperationId, command: Option<Command>) -> Diagnosis {
    let done = match command {
        Some(Command::Rollback) => "originals are back",
        Some(Command::Prune) => "backups are removed",
        _ => "manifests are migrated",
    };
    Diagnosis::new(
        Code::Recovered,
        format!("operation {id} had not ended: 0 {done}, 0 as they were"),
    )
}

fn journal_of(id: &OperationId) -> String {
    format!("{OPERATIONS}{id}.jsonl")
}

pub(super) fn operation_of(journal: &str) -> Option<OperationId> {
    let name = journal.strip_prefix(OPERATIONS)?;
    name.strip_suffix(".jsonl")?.parse().ok()
}

pub(super) fn beside(path: &TreePath, backup: &BackupId) -> TreePath {
    TreePath::join(path.parent(), backup.as_str().as_bytes())
}

pub(super) fn starts_with(path: &TreePath, beginning: &TreePath) -> bool {
    path.as_bytes().starts_with(beginning.as_bytes())
}

impl Tree {
    pub(super) fn last_serial(&self) -> u64 {
        let names = self.state.keys().filter_map(|name| operation_of(name));
        names
            .filter_map(|id| self.log(id).serial)
            .max()
            .unwrap_or(0)
    }

    pub(super) fn log(&self, id: OperationId) -> Log {
        let mut serial = None;
        let mut reader = Reader::default();
        let journal = self.journal(&id).unwrap_or_default();
        reader.feed(journal, &mut |record| {
            if let Record::Began(began) = record {
                serial = began.serial;
            }
            true
        });
        Log {
            is_unfinished: self.unfinished.contains(&id),
            bytes: journal.len() as u64,
            id,
            serial,
        }
    }
}
