//! The ledger: all journals of a tree in one fold, with queries as methods.
//! Operations are in the order of their serial numbers; those of format 1 come first, in the order of their ids.
//! Invariant: an operation of which not everything is known makes the results of earlier ones uncertain.

use std::collections::HashMap;

use super::id::{OperationId, TreeId};
use super::opaque::Memo;
use super::paths::Table;
use super::reader::{ChainEnds, Integrity};
use super::record::{Began, Ended, Record, Settled};
use super::values::Command;
use crate::digest::Digest;
use crate::path::TreePath;

pub(super) const NONE: u32 = u32::MAX;

const NO_MEMO: (u32, [u8; 12]) = (NONE, [0; 12]);

/// The size of the two lines about one manifest.
const BYTES_PER_ENTRY: u64 = 800;

/// The most entries that are reserved for one journal.
const MAX_RESERVED: usize = 1 << 20;

/// All operations of a tree, and their effects on each manifest.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    pub(super) paths: Table,
    pub(super) backups: Table,
    /// The common parts of memos.
    pub(super) memos: Table,
    pub(super) ids: Vec<OperationId>,
    numbers: HashMap<OperationId, u32>,
    pub(super) operations: Vec<Operation>,
    pub(super) entries: Vec<LedgerEntry>,
    newest: Vec<u32>,
    /// The number of operations up to the last one that may have changed any manifest without a record.
    pub(super) uncertain_before: u32,
    pub(super) backups_uncertain_before: u32,
    /// The tree that journals must name, if it is known.
    pub(super) tree: Option<TreeId>,
    /// The operations whose journals were removed on purpose, with their serial numbers.
    pub(super) forgotten: HashMap<OperationId, Option<u64>>,
    /// The digests of findings that were accepted, and the operations that did so.
    accepted: HashMap<Digest, OperationId>,
}

/// One operation that has a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// The id.
    pub id: OperationId,
    /// The first record, if it can be read.
    pub began: Option<Box<Began>>,
    /// The last record, if there is one.
    pub ended: Option<Box<Ended>>,
    /// The extent to which the journal can be trusted.
    pub state: OperationState,
    /// The size of its journal that was read.
    pub bytes: u64,
    /// True if the journal has an intent.
    pub has_entries: bool,
    /// The damage, if the state says that there is any.
    pub damage: JournalDamage,
    /// True if its results deny each other, or an intent.
    pub(super) contradicts_itself: bool,
    /// The number of findings that it accepted.
    pub accepted: u64,
    /// A digest of its journal, if there is one.
    pub fingerprint: Option<Digest>,
    pub(super) chain: Option<ChainEnds>,
    pub(super) place: u32,
}

impl Operation {
    pub(super) fn new(id: OperationId) -> Self {
        Self {
            id,
            began: None,
            ended: None,
            state: OperationState::Finished,
            bytes: 0,
            has_entries: false,
            damage: JournalDamage::Broken,
            contradicts_itself: false,
            accepted: 0,
            fingerprint: None,
            chain: None,
            place: 0,
        }
    }
}

/// The damage of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalDamage {
    /// Its chain is broken.
    Broken,
    /// Its end is missing.
    Cut,
    /// It is of another operation, or of another tree.
    Foreign,
}

/// The state of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OperationState {
    /// It has ended, or recovery has finished it.
    #[default]
    Finished,
    /// It is at work, or was interrupted.
    Unfinished,
    /// The journal was edited, or has lost lines.
    Damaged,
    /// A part of the journal is not understood.
    Unknown,
    /// The journal cannot be read.
    Unreadable,
    /// There is no journal, or it is empty, though something names it.
    Missing,
}

impl OperationState {
    /// The state as reports print it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Unfinished => "unfinished",
            Self::Damaged => "damaged",
            Self::Unknown => "unknown",
            Self::Unreadable => "unreadable",
            Self::Missing => "missing",
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct LedgerEntry {
    pub(super) path: u32,
    pub(super) operation: u32,
    /// The entry of the same path before this one.
    older: u32,
    pub(super) deed: SlotDeed,
}

/// A [`super::witness::Deed`] in few bytes: there is one for each manifest of each operation.
#[derive(Debug, Clone)]
pub(super) struct SlotDeed {
    pub(super) kind: DeedKind,
    /// `None` if no result says so.
    pub(super) is_done: Option<bool>,
    /// `NONE` until a result names it.
    pub(super) backup: u32,
    /// The operation that is undone, or that made the backup; `NONE` if the manifest is replaced.
    pub(super) of: u32,
    pub(super) before: Digest,
    /// The same as `before` if a backup is removed.
    pub(super) after: Digest,
    /// The number of the common part of its memo, and the part of its own; `NONE` if it has no memo.
    pub(super) memo: (u32, [u8; 12]),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeedKind {
    Replaced,
    Restored,
    Removed,
}

impl Ledger {
    /// Makes room for a journal of this size, so that the ledger does not grow in steps.
    pub fn reserve(&mut self, journal_bytes: u64) {
        let entries = usize::try_from(journal_bytes / BYTES_PER_ENTRY).unwrap_or(usize::MAX);
        let entries = entries.min(MAX_RESERVED);
        self.entries.reserve(entries);
        self.newest.reserve(entries);
        self.paths.reserve(entries);
    }

    /// Adds the next operation, in order; its records follow.
    pub fn begin(&mut self, id: OperationId) {
        self.number(&id);
        let place = u32::try_from(self.operations.len()).unwrap_or(NONE);
        self.operations.push(Operation {
            place,
            ..Operation::new(id)
        });
    }

    /// Folds the next record of the last operation. Returns the number of the entry that it announces or settles.
    pub fn fold(&mut self, record: &Record) -> Option<usize> {
        self.fold_with(record, None)
    }

    /// As [`Ledger::fold`], with the memo of the storage that read the record.
    pub fn fold_with(&mut self, record: &Record, memo: Option<Memo<'_>>) -> Option<usize> {
        let operation = u32::try_from(self.operations.len().checked_sub(1)?).ok()?;
        let here = &mut self.operations[operation as usize];
        let (path, deed) = match record {
            Record::Began(began) => {
                here.began = Some(began.clone());
                return None;
            }
            Record::Ended(ended) => {
                here.ended = Some(ended.clone());
                return None;
            }
            Record::Result(settled) => return self.settle(operation, settled),
            Record::Replacing(one) => {
                let deed = SlotDeed {
                    memo: self.enter_memo(memo),
                    ..SlotDeed::of(DeedKind::Replaced, one.before, one.after)
                };
                (&one.path, deed)
            }
            Record::Restoring(one) => {
                let deed = SlotDeed {
                    backup: self.backups.enter(one.backup.as_str().as_bytes()),
                    of: self.number(&one.undoes),
                    ..SlotDeed::of(DeedKind::Restored, one.before, one.after)
                };
                (&one.path, deed)
            }
            Record::Removing(one) => {
                let deed = SlotDeed {
                    backup: self.backups.enter(one.backup.as_str().as_bytes()),
                    of: self.number(&one.of),
                    ..SlotDeed::of(DeedKind::Removed, one.digest, one.digest)
                };
                (&one.path, deed)
            }
            Record::Forgotten(one) => {
                self.forgotten.insert(one.operation.clone(), one.serial);
                return None;
            }
            Record::Accepted(one) => {
                here.accepted += 1;
                let by = here.id.clone();
                self.accepted.extend(one.digest.map(|digest| (digest, by)));
                return None;
            }
            // These records concern no manifest's content.
            Record::Reverse(_) | Record::Storage(_) | Record::Cut(_) | Record::Discarded(_) => {
                return None;
            }
        };
        Some(self.announce(operation, path, deed))
    }

    /// Records how far the journal of the last operation can be trusted, after all of it was folded.
    ///
    /// A journal with intents and without an end has lost its end, unless its operation is unfinished.
    pub fn end(&mut self, condition: Integrity, bytes: u64, is_unfinished: bool) {
        let Some(operation) = self.operations.last_mut() else {
            return;
        };
        let is_torn = condition == Integrity::Torn && operation.began.is_some();
        let has_no_end = operation.ended.is_none() && operation.has_entries;
        let is_own = operation.began.as_ref().is_none_or(|began| {
            let is_of_tree = self.tree.is_none() || began.tree.is_none() || began.tree == self.tree;
            began.operation == operation.id && is_of_tree
        });
        if !is_own {
            operation.damage = JournalDamage::Foreign;
        }
        operation.bytes = bytes;
        operation.state = match condition {
            Integrity::Damaged => OperationState::Damaged,
            _ if !is_own => OperationState::Damaged,
            Integrity::Unknown => OperationState::Unknown,
            _ if operation.contradicts_itself => OperationState::Unknown,
            _ if is_unfinished => OperationState::Unfinished,
            Integrity::Whole | Integrity::Torn if is_torn || has_no_end => {
                operation.damage = JournalDamage::Cut;
                OperationState::Damaged
            }
            Integrity::Whole | Integrity::Torn => OperationState::Finished,
        };
        if !is_own {
            self.disown();
        }
        self.mark_uncertain();
    }

    /// Records that the journal of the last operation cannot be read.
    pub fn end_unread(&mut self) {
        self.end_without_records(OperationState::Unreadable);
    }

    /// Records that the last operation has no journal.
    pub fn end_missing(&mut self) {
        self.end_without_records(OperationState::Missing);
    }

    fn end_without_records(&mut self, state: OperationState) {
        if let Some(operation) = self.operations.last_mut() {
            operation.state = state;
        }
        self.mark_uncertain();
    }

    /// Names the tree; a journal of another tree says nothing of this one.
    pub fn expect_tree(&mut self, tree: Option<TreeId>) {
        self.tree = tree;
    }

    /// Records the chain values by which others may name the journal of the last operation, and a digest of all of it.
    pub fn chained(&mut self, chain: Option<ChainEnds>, fingerprint: Digest) {
        if let Some(operation) = self.operations.last_mut() {
            operation.chain = chain;
            operation.fingerprint = Some(fingerprint);
        }
    }

    /// The digests of findings that were accepted.
    pub fn accepted(&self) -> impl Iterator<Item = Digest> {
        self.accepted.keys().copied()
    }

    /// Marks the results of earlier operations as uncertain: the last operation may have changed any manifest without a record.
    fn mark_uncertain(&mut self) {
        let Some(last) = self.operations.last() else {
            return;
        };
        if last.state == OperationState::Finished {
            return;
        }
        self.uncertain_before = last.place;
        let command = last.began.as_ref().map(|began| began.command);
        let is_unread = matches!(
            last.state,
            OperationState::Unreadable | OperationState::Missing
        );
        if is_unread || command != Some(Command::Migrate) {
            self.backups_uncertain_before = last.place;
        }
    }

    fn disown(&mut self) {
        let Some(last) = self.operations.len().checked_sub(1) else {
            return;
        };
        let is_its = |slot: &LedgerEntry| slot.operation as usize == last;
        while let Some(slot) = self.entries.pop_if(|slot| is_its(slot)) {
            self.newest[slot.path as usize] = slot.older;
        }
        let operation = &mut self.operations[last];
        operation.accepted = 0;
        self.accepted.retain(|_, by| *by != operation.id);
        operation.began = None;
        operation.ended = None;
        operation.has_entries = false;
    }

    fn enter_memo(&mut self, memo: Option<Memo<'_>>) -> (u32, [u8; 12]) {
        memo.map_or(NO_MEMO, |memo| (self.memos.enter(memo.common), memo.own))
    }

    fn number(&mut self, id: &OperationId) -> u32 {
        if let Some(number) = self.numbers.get(id) {
            return *number;
        }
        let number = u32::try_from(self.ids.len()).unwrap_or(NONE);
        self.ids.push(id.clone());
        self.numbers.insert(id.clone(), number);
        number
    }

    fn announce(&mut self, operation: u32, path: &TreePath, deed: SlotDeed) -> usize {
        self.operations[operation as usize].has_entries = true;
        let path = self.paths.enter(path.as_bytes());
        if self.newest.len() < self.paths.len() {
            self.newest.push(NONE);
        }
        if let Some(again) = self.find_slot(operation, path, deed.backup_removed()) {
            // The last announcement counts.
            self.entries[again].deed = deed;
            return again;
        }
        let newest = &mut self.newest[path as usize];
        let number = self.entries.len();
        self.entries.push(LedgerEntry {
            path,
            operation,
            older: *newest,
            deed,
        });
        *newest = u32::try_from(number).unwrap_or(NONE);
        number
    }

    /// A result that says that something was done must have an announcement, and no other result may deny it.
    fn settle(&mut self, operation: u32, settled: &Settled) -> Option<usize> {
        let found = self.settle_announced(operation, settled);
        if found.is_none() && settled.outcome.is_done() == Some(true) {
            self.operations[operation as usize].contradicts_itself = true;
        }
        found
    }

    fn settle_announced(&mut self, operation: u32, settled: &Settled) -> Option<usize> {
        let path = self.paths.find(settled.path.as_bytes())?;
        let backup = settled.backup.as_ref();
        let backup = backup.map(|backup| self.backups.enter(backup.as_str().as_bytes()));
        let of_backup = backup.and_then(|backup| self.find_slot(operation, path, Some(backup)));
        let at = of_backup.or_else(|| self.find_slot(operation, path, None))?;
        let deed = &mut self.entries[at].deed;
        let is_done = settled.outcome.is_done();
        if deed.is_done.is_some_and(|known| Some(known) != is_done) {
            self.operations[operation as usize].contradicts_itself = true;
        }
        deed.is_done = is_done;
        if let (DeedKind::Replaced, Some(backup)) = (deed.kind, backup) {
            deed.backup = backup;
        }
        Some(at)
    }

    fn find_slot(&self, operation: u32, path: u32, removed: Option<u32>) -> Option<usize> {
        self.slots(path)
            .take_while(|(_, slot)| slot.operation == operation)
            .find(|(_, slot)| slot.deed.backup_removed() == removed)
            .map(|(at, _)| at)
    }

    pub(super) fn slots(&self, path: u32) -> impl Iterator<Item = (usize, &LedgerEntry)> {
        let mut next = self.newest.get(path as usize).copied().unwrap_or(NONE);
        std::iter::from_fn(move || {
            let slot = self.entries.get(next as usize)?;
            let at = next as usize;
            next = slot.older;
            Some((at, slot))
        })
    }
}

impl SlotDeed {
    fn of(kind: DeedKind, before: Digest, after: Digest) -> Self {
        Self {
            kind,
            is_done: None,
            backup: NONE,
            of: NONE,
            before,
            after,
            memo: NO_MEMO,
        }
    }

    /// The backup that was to be removed; other deeds are about the manifest itself.
    pub(super) fn backup_removed(&self) -> Option<u32> {
        (self.kind == DeedKind::Removed).then_some(self.backup)
    }
}
