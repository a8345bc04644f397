//! The map, its files of state, and recovery.
//! Invariant: a document keeps its version for as long as its bytes stay.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::code::Code;
use crate::digest::Digest;
use crate::journal::{
    BackupId, Command, Ended, Head, Integrity, Ledger, OperationId, Reader, Record, Writer,
};
use crate::json::MAX_BYTES;
use crate::path::TreePath;
use crate::report::Diagnosis;
use crate::storage::names;
use crate::storage::recovery::{LookedAt, Recovery, recovered_end, torn_end};
use crate::storage::results::Totals;
use crate::storage::trouble::{changed_meanwhile, removed_meanwhile, too_large};
use crate::storage::values::{EntryKind, LargerDocument, Log, ReadVersion, StateFiles};

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
    pub(super) files: BTreeMap<TreePath, StoredDocument>,
    pub(super) state: StateFiles,
    pub(super) unfinished: BTreeSet<OperationId>,
    pub(super) writer: Writer,
    pub(super) totals: Totals,
    pub(super) is_locked: bool,
    /// The holder of the lock, once its operation has begun.
    pub(super) holder: Option<String>,
    /// Counts every change, so that no two versions are the same.
    pub(super) changes: u64,
}

#[derive(Clone)]
pub(super) struct StoredDocument {
    pub(super) bytes: Vec<u8>,
    version: u64,
    modified: i64,
}

impl Memory {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a file into the tree, as a producer would.
    pub fn put(&self, path: &TreePath, bytes: &[u8]) {
        self.tree().put(path, bytes, 0);
    }

    /// Takes a file out of the tree.
    pub fn remove(&self, path: &TreePath) {
        self.tree().files.remove(path);
    }

    /// Every file in the tree, backups included, with its bytes.
    pub fn all(&self) -> BTreeMap<TreePath, Vec<u8>> {
        let tree = self.tree();
        let files = tree.files.iter();
        let files = files.map(|(path, document)| (path.clone(), document.bytes.clone()));
        files.collect()
    }

    pub(super) fn tree(&self) -> MutexGuard<'_, Tree> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl Memory {
    /// Puts a small file into the state, as in `operations/<id>.jsonl`.
    pub(crate) fn put_state(&self, path: &str, bytes: &[u8]) {
        self.tree().state.insert(path.to_owned(), bytes.to_vec());
    }

    /// Takes a small file out of the state.
    pub(crate) fn remove_state(&self, path: &str) {
        self.tree().state.remove(path);
    }

    /// Every small file of the state.
    pub(crate) fn all_state(&self) -> StateFiles {
        self.tree().state.clone()
    }
}

impl Tree {
    /// Puts a document in its place; returns the one that had it.
    pub(super) fn put(
        &mut self,
        path: &TreePath,
        bytes: &[u8],
        modified: i64,
    ) -> Option<StoredDocument> {
        self.changes += 1;
        let document = StoredDocument {
            bytes: bytes.to_vec(),
            version: self.changes,
            modified,
        };
        self.files.insert(path.clone(), document)
    }

    /// The paths below a directory, as seen from there.
    pub(super) fn below(&self, directory: &[u8]) -> impl Iterator<Item = &[u8]> {
        let start = (!directory.is_empty()).then(|| TreePath::join(directory, b""));
        let from = start.clone().map_or(Bound::Unbounded, Bound::Included);
        let files = self.files.range((from, Bound::Unbounded));
        files.map_while(move |(path, _)| match &start {
            None => Some(path.as_bytes()),
            Some(start) => path.as_bytes().strip_prefix(start.as_bytes()),
        })
    }

    pub(super) fn look(&self, path: &TreePath) -> Option<(EntryKind, u64)> {
        if let Some(document) = self.files.get(path) {
            return Some((EntryKind::File, document.bytes.len() as u64));
        }
        let mut below = self.below(path.as_bytes());
        below.next().map(|_| (EntryKind::Directory, 0))
    }

    pub(super) fn document(&self, path: &TreePath) -> Result<&StoredDocument, Diagnosis> {
        self.files.get(path).ok_or_else(|| match self.look(path) {
            Some((kind, _)) => kind.not_regular(),
            None => Diagnosis::new(Code::NotFound, format!("cannot open: {NOTHING}")),
        })
    }

    pub(super) fn read(
        &self,
        path: &TreePath,
        most: usize,
        into: &mut Vec<u8>,
    ) -> Result<Result<ReadVersion, Diagnosis>, LargerDocument> {
        into.clear();
        let document = match self.document(path) {
            Ok(document) => document,
            Err(diagnosis) => return Ok(Err(diagnosis)),
        };
        let size = document.bytes.len();
        if size > MAX_BYTES {
            return Ok(Err(too_large(size as u64)));
        }
        if size > most {
            return Err(LargerDocument { size });
        }
        into.extend_from_slice(&document.bytes);
        let version = ReadVersion::new(document.modified, size as u64, document.version);
        Ok(Ok(version))
    }

    /// Fails if a document is not the one that was read.
    pub(super) fn check(&self, path: &TreePath, version: &ReadVersion) -> Result<(), Diagnosis> {
        match self.files.get(path) {
            None => Err(removed_meanwhile()),
            Some(document) if Some(&document.version) == version.token() => Ok(()),
            Some(_) => Err(changed_meanwhile()),
        }
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

    pub(super) fn head(&self) -> Option<Head> {
        Head::read(self.state.get(HEAD)?)
    }

    pub(super) fn has_damaged_head(&self) -> bool {
        self.state.contains_key(HEAD) && self.head().is_none()
    }

    pub(super) fn write_head(&mut self, head: &Head) {
        let text = head.to_text().into_bytes();
        self.state.insert(HEAD.to_owned(), text);
    }

    pub(super) fn has_state(&self) -> bool {
        let is_its = |name: &String| name == HEAD || name.starts_with(OPERATIONS);
        self.is_locked || self.state.keys().any(is_its)
    }

    pub(super) fn journal(&self, id: &OperationId) -> Option<&[u8]> {
        self.state.get(&journal_of(id)).map(Vec::as_slice)
    }

    pub(super) fn append(&mut self, id: &OperationId, record: &Record) {
        let journal = self.state.entry(journal_of(id)).or_default();
        self.writer.line(record, journal);
    }

    pub(super) fn end(&mut self, id: &OperationId, ended: Ended) {
        self.append(id, &Record::Ended(Box::new(ended)));
        let head = self.head();
        if let Some(mut head) = head.filter(|head| head.operation.as_ref() == Some(id)) {
            head.chain = self.writer.chain();
            self.write_head(&head);
        }
        self.unfinished.remove(id);
        self.holder = None;
    }

    pub(super) fn logs(&self) -> Vec<Log> {
        let journals = self.state.keys().filter_map(|name| {
            let name = name.strip_prefix(OPERATIONS)?;
            name.strip_suffix(".jsonl")?.parse().ok()
        });
        // An operation that has no journal any more is unfinished all the same.
        let ids: BTreeSet<OperationId> = journals.chain(self.unfinished.iter().cloned()).collect();
        let mut logs: Vec<Log> = ids.into_iter().map(|id| self.log(id)).collect();
        Log::sort(&mut logs);
        logs
    }

    fn log(&self, id: OperationId) -> Log {
        let journal = self.journal(&id).unwrap_or_default();
        let (_, ledger) = fold(&id, journal);
        let began = ledger.operations()[0].began.as_ref();
        Log {
            serial: began.and_then(|began| began.serial),
            tree: began.and_then(|began| began.tree),
            is_unfinished: self.unfinished.contains(&id),
            bytes: journal.len() as u64,
            id,
        }
    }

    /// Ends every operation that was interrupted: each change of it was made whole, or not at all.
    pub(super) fn recover(&mut self) -> Recovery {
        let mut recovery = Recovery::default();
        for id in self.unfinished.clone() {
            let (reader, ledger) = fold(&id, self.journal(&id).unwrap_or_default());
            if reader.condition() == Integrity::Unknown {
                let why =
                    format!("its journal `{id}.jsonl` has parts that are not understood here");
                recovery.unknown(&id, &why);
                continue;
            }
            let command = ledger.operations()[0].began.as_ref();
            let command = command.map(|began| began.command);
            let looked_at = LookedAt::default();
            recovery.recovered(&id, command.unwrap_or(Command::Migrate), looked_at);
            if command.is_some() {
                self.cut(&id, &reader);
                self.end(&id, recovered_end(&ledger));
            }
            self.unfinished.remove(&id);
        }
        recovery
    }

    /// Removes the torn end of a journal before it is continued. If complete lines follow the break, a copy of the whole journal is kept.
    fn cut(&mut self, id: &OperationId, reader: &Reader) {
        self.writer = reader.writer().clone();
        let Some(cut) = torn_end(reader) else {
            return;
        };
        let name = journal_of(id);
        let journal = self.state.entry(name.clone()).or_default();
        let whole = journal.clone();
        journal.truncate(usize::try_from(cut.at_bytes).unwrap_or(usize::MAX));
        if reader.condition() == Integrity::Damaged {
            self.state.insert(format!("{name}.damaged"), whole);
        }
        self.append(id, &Record::Cut(cut));
    }
}

fn fold(id: &OperationId, journal: &[u8]) -> (Reader, Ledger) {
    let (mut reader, mut ledger) = (Reader::default(), Ledger::default());
    ledger.begin(id.clone());
    reader.feed(journal, &mut |record| {
        ledger.fold(record);
        true
    });
    (reader, ledger)
}

fn journal_of(id: &OperationId) -> String {
    format!("{OPERATIONS}{id}.jsonl")
}

pub(super) fn beside(path: &TreePath, backup: &BackupId) -> TreePath {
    TreePath::join(path.parent(), backup.as_str().as_bytes())
}
