//! Questions to the ledger about manifests.
//! Invariant: what a journal that is not wholly trusted may have changed is never certain.

use super::id::OperationId;
use super::ledger::{DeedKind, Ledger, LedgerEntry, NONE, Operation, SlotDeed};
use super::opaque::Memo;
use crate::digest::Digest;
use crate::path::TreePath;

/// One deed of an operation, done or intended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'l> {
    /// The operation.
    pub operation: &'l Operation,
    /// The deed.
    pub deed: Deed<'l>,
    /// True if it is known to be done; `None` if the journal does not say.
    pub is_done: Option<bool>,
}

/// A deed on a manifest. Digests are of raw bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed<'l> {
    /// A replacement.
    Replaced {
        /// The bytes as found.
        before: Digest,
        /// The bytes in their place.
        after: Digest,
        /// The backup, once a result names it.
        backup: Option<&'l str>,
    },
    /// A restore of the original.
    Restored {
        /// The bytes as found.
        before: Digest,
        /// The original's bytes.
        after: Digest,
        /// The backup that the original was.
        backup: &'l str,
        /// The operation that had replaced the manifest.
        undoes: &'l OperationId,
    },
    /// A removal of a backup.
    Removed {
        /// The bytes of the backup.
        digest: Digest,
        /// The backup.
        backup: &'l str,
        /// The operation that had made it.
        of: &'l OperationId,
    },
}

/// The statements of the ledger about one manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness<'l> {
    /// The bytes that the last operation left in the manifest's place.
    pub last: Option<Written<'l>>,
    /// The replacements that were not undone, first to last.
    pub replaced: Vec<Replacement<'l>>,
    /// The SHA-256 of all bytes that operations found or left in its place.
    pub seen: Vec<Digest>,
}

/// Bytes that an operation left in a manifest's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written<'l> {
    /// The operation.
    pub operation: &'l Operation,
    /// The SHA-256 of the bytes.
    pub digest: Digest,
    /// True if it is known to be done and no damaged journal could contradict.
    pub is_certain: bool,
}

/// One replacement of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replacement<'l> {
    /// The operation.
    pub operation: &'l Operation,
    /// The SHA-256 of the original.
    pub before: Digest,
    /// The SHA-256 of the bytes that took its place.
    pub after: Digest,
    /// The backup, if it is known.
    pub backup: Option<&'l str>,
    /// True if it is known to be done.
    pub is_certain: bool,
    /// True if the backup must exist.
    pub is_kept: bool,
    /// The later operation that removed the backup.
    pub pruned_by: Option<&'l OperationId>,
    /// The later operation that replaced the manifest last and was not undone there, and the bytes that it left.
    pub later: Option<(&'l OperationId, Digest)>,
    /// The storage's own record of the original, if its journal has one.
    pub memo: Option<Memo<'l>>,
}

impl Ledger {
    fn entry(&self, slot: &LedgerEntry) -> Entry<'_> {
        let SlotDeed { before, after, .. } = slot.deed;
        let backup = self.backup(slot.deed.backup);
        let deed = match slot.deed.kind {
            DeedKind::Replaced => Deed::Replaced {
                before,
                after,
                backup,
            },
            DeedKind::Restored => Deed::Restored {
                before,
                after,
                backup: backup.unwrap_or_default(),
                undoes: &self.ids[slot.deed.of as usize],
            },
            DeedKind::Removed => Deed::Removed {
                digest: before,
                backup: backup.unwrap_or_default(),
                of: &self.ids[slot.deed.of as usize],
            },
        };
        Entry {
            operation: &self.operations[slot.operation as usize],
            deed,
            is_done: slot.deed.is_done,
        }
    }

    fn backup(&self, number: u32) -> Option<&str> {
        let known = (number != NONE).then(|| self.backups.at(number))?;
        std::str::from_utf8(known).ok()
    }

    fn memo(&self, slot: &LedgerEntry) -> Option<Memo<'_>> {
        let (common, own) = slot.deed.memo;
        (common != NONE).then(|| Memo {
            common: self.memos.at(common),
            own,
        })
    }

    fn path(&self, number: u32) -> TreePath {
        TreePath::join(b"", self.paths.at(number))
    }

    /// The number of manifests that operations touched.
    pub(crate) fn manifests(&self) -> usize {
        self.paths.len()
    }

    /// The number of a manifest, from 0; later operations do not change it.
    pub(crate) fn number_of(&self, path: &TreePath) -> Option<usize> {
        let number = self.paths.find(path.as_bytes())?;
        usize::try_from(number).ok()
    }

    /// The operations, in order.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation with an id.
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations
            .iter()
            .find(|operation| operation.id.as_str() == id)
    }

    /// Returns true if the result of the entry with this number is certain.
    pub fn is_settled(&self, entry: usize) -> bool {
        let slot = self.entries.get(entry);
        slot.is_some_and(|slot| slot.deed.is_done.is_some())
    }

    /// All deeds on a manifest and its backups, first to last.
    pub fn entries(&self, path: &TreePath) -> Vec<Entry<'_>> {
        let Some(path) = self.paths.find(path.as_bytes()) else {
            return Vec::new();
        };
        let mut entries: Vec<_> = self.slots(path).map(|(_, slot)| self.entry(slot)).collect();
        entries.reverse();
        entries
    }

    /// Every entry, in the order of the journals.
    pub fn deeds(&self) -> impl Iterator<Item = Entry<'_>> {
        self.entries.iter().map(|slot| self.entry(slot))
    }

    /// The manifests that an operation touched, in path order.
    pub fn touched_by(&self, id: &OperationId) -> Vec<TreePath> {
        let mut paths: Vec<TreePath> = self
            .entries
            .iter()
            .filter(|slot| self.operations[slot.operation as usize].id == *id)
            .map(|slot| self.path(slot.path))
            .collect();
        paths.sort_unstable();
        paths.dedup();
        paths
    }

    /// The statements about one manifest.
    pub fn witness(&self, path: &TreePath) -> Option<Witness<'_>> {
        let path = self.paths.find(path.as_bytes())?;
        Some(self.witness_of(path))
    }

    fn witness_of(&self, path: u32) -> Witness<'_> {
        let slots: Vec<&LedgerEntry> = self.slots(path).map(|(_, slot)| slot).collect();
        let mut witness = Witness {
            last: None,
            replaced: Vec::new(),
            seen: Vec::new(),
        };
        for slot in slots.into_iter().rev() {
            self.enter(&mut witness, slot);
        }
        let mut later = None;
        for replaced in witness.replaced.iter_mut().rev() {
            replaced.is_kept &= replaced.operation.place >= self.backups_uncertain_before;
            replaced.later = later;
            if replaced.is_certain {
                later = later.or(Some((&replaced.operation.id, replaced.after)));
            }
        }
        if let Some(last) = &mut witness.last {
            last.is_certain &= last.operation.place >= self.uncertain_before;
        }
        witness
    }

    fn enter<'l>(&'l self, witness: &mut Witness<'l>, slot: &LedgerEntry) {
        let entry = self.entry(slot);
        if slot.deed.backup_removed().is_none() {
            witness.seen.extend([slot.deed.before, slot.deed.after]);
        }
        if entry.is_done == Some(false) {
            // A manifest that was not replaced is as it was before, or another program had it since.
            if let (Some(last), None) = (&mut witness.last, slot.deed.backup_removed()) {
                last.is_certain = false;
            }
            return;
        }
        let is_certain = entry.is_done == Some(true);
        let left = |digest| {
            Some(Written {
                operation: entry.operation,
                digest,
                is_certain,
            })
        };
        match entry.deed {
            Deed::Replaced {
                before,
                after,
                backup,
            } => {
                witness.last = left(after);
                witness.replaced.push(Replacement {
                    operation: entry.operation,
                    before,
                    after,
                    backup,
                    is_certain,
                    is_kept: is_certain,
                    pruned_by: None,
                    later: None,
                    memo: self.memo(slot),
                });
            }
            Deed::Restored { after, undoes, .. } => {
                witness.last = left(after);
                if is_certain {
                    witness.replaced.retain(|one| one.operation.id != *undoes);
                } else {
                    witness.may_be_gone(undoes, None);
                }
            }
            // Done, or not for certain: the backup need not be there.
            Deed::Removed { of, .. } => {
                witness.may_be_gone(of, is_certain.then_some(&entry.operation.id));
            }
        }
    }

    /// The manifests that must be there beside those that are found, in path order, with the operations that left them.
    pub(crate) fn expected_beside(&self, is_found: &[bool]) -> Vec<(TreePath, &OperationId)> {
        let left = (0..self.paths.len()).filter(|number| is_found.get(*number) != Some(&true));
        let left = left.filter_map(|number| u32::try_from(number).ok());
        let expected = left.filter_map(|path| {
            let last = self.witness_of(path).last?;
            last.is_certain
                .then(|| (self.path(path), &last.operation.id))
        });
        let mut expected: Vec<_> = expected.collect();
        expected.sort_unstable();
        expected
    }

    /// The digests of all catalogs that operations used.
    pub fn catalogs(&self) -> impl Iterator<Item = Digest> {
        let began = self.operations.iter().filter_map(|one| one.began.as_ref());
        began.map(|began| began.catalog.digest)
    }
}

impl<'l> Witness<'l> {
    /// The place of the first of the replacements that lead, one after the other, to the last bytes that an operation left. Those before it were of documents that somebody has replaced since.
    pub fn lineage(&self) -> usize {
        let mut first = self.replaced.len();
        let mut found = self.last.map(|last| last.digest);
        for (place, one) in self.replaced.iter().enumerate().rev() {
            if found != Some(one.after) {
                break;
            }
            (first, found) = (place, Some(one.before));
        }
        first
    }

    fn may_be_gone(&mut self, of: &OperationId, by: Option<&'l OperationId>) {
        for replaced in &mut self.replaced {
            if replaced.operation.id == *of {
                replaced.is_kept = false;
                replaced.pruned_by = by.or(replaced.pruned_by);
            }
        }
    }
}
