//! What an operation did to each manifest, as its journal tells: for those who prove it, list it or undo it.
//!
//! Invariant: one entry for each manifest, or each backup, that the operation was about to touch, in the order of the journal; compact, because there may be a hundred thousand.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry::{Occupied, Vacant};

use super::{Began, Condition, Ended, Intent, Lines, Record, Settled};
use crate::digest::Digest;
use crate::path::TreePath;

/// The account of one operation.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// The first record.
    pub began: Option<Began>,
    /// The last record, where there is one.
    pub ended: Option<Ended>,
    /// What was done, or was about to be.
    pub entries: Vec<Entry>,
    /// How far the journal can be believed; what lies behind a break is not in the account.
    pub condition: Condition,
    lines: Lines,
    /// The entries by manifest, and by backup where that is what was touched.
    places: BTreeMap<Subject, usize>,
}

/// What an entry is about: a manifest, or a backup of it.
type Subject = (TreePath, Option<Box<str>>);

/// What was done to one manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which manifest.
    pub path: TreePath,
    /// What was to be done.
    pub deed: Deed,
    /// Whether it was done, as far as the journal says: `None` where no result is recorded, or only that something went wrong.
    pub is_done: Option<bool>,
}

/// What was to be done to one manifest. Digests are those of the raw bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// It was to be replaced.
    Replaced {
        /// The bytes as found.
        before: Digest,
        /// The bytes in their place.
        after: Digest,
        /// The file name of the backup, once a result names it.
        backup: Option<Box<str>>,
    },
    /// Its original was to be put back.
    Restored {
        /// The bytes as found.
        before: Digest,
        /// The original's bytes.
        after: Digest,
        /// The file name that the original had as a backup.
        backup: Box<str>,
        /// The operation that had replaced it.
        undoes: Box<str>,
    },
    /// A backup of it was to be removed.
    Pruned {
        /// The bytes of the backup.
        digest: Digest,
        /// Its file name.
        backup: Box<str>,
        /// The operation that had made it.
        of: Box<str>,
    },
}

impl Account {
    /// Takes the next piece of the journal in.
    pub fn feed(&mut self, piece: &[u8]) {
        let mut lines = std::mem::take(&mut self.lines);
        lines.feed(piece, &mut |record| self.fold(record));
        self.condition = lines.condition();
        self.lines = lines;
    }

    /// Whether the journal ends where that of an operation with something to tell does not: what it announced has no end, and nothing is unfinished.
    ///
    /// Before the first announcement nothing is touched, so a journal of which only its beginning is there says nothing.
    #[must_use]
    pub fn is_cut(&self, is_unfinished: bool) -> bool {
        let is_torn = self.condition == Condition::Torn && self.began.is_some();
        let has_no_end = self.ended.is_none() && !self.entries.is_empty();
        !is_unfinished && (is_torn || has_no_end)
    }

    /// How many bytes of the journal are in the account.
    #[must_use]
    pub fn sound_bytes(&self) -> u64 {
        self.lines.sound_bytes()
    }

    /// What was to be done to a manifest and to its backups.
    pub fn of<'a>(&'a self, path: &'a TreePath) -> impl Iterator<Item = &'a Entry> {
        let from_here = self.places.range((path.clone(), None)..);
        let these = from_here.take_while(move |((at, _), _)| at == path);
        these.map(|(_, place)| &self.entries[*place])
    }

    /// How many manifests were replaced, had their original put back, or lost a backup.
    #[must_use]
    pub fn done(&self) -> usize {
        let done = self
            .entries
            .iter()
            .filter(|entry| entry.is_done == Some(true));
        done.count()
    }

    fn fold(&mut self, record: Record) {
        match record {
            Record::Began(began) => self.began = Some(began),
            Record::Ended(ended) => self.ended = Some(ended),
            Record::Copying(_) => {}
            Record::Intent(intent) => self.intent(&intent),
            Record::Restoring(restoring) => {
                let digests = (restoring.before.parse(), restoring.after.parse());
                if let (Some(path), (Ok(before), Ok(after))) = (restoring.path.to_path(), digests) {
                    let deed = Deed::Restored {
                        before,
                        after,
                        backup: restoring.backup.into(),
                        undoes: restoring.undoes.into(),
                    };
                    self.enter(path, deed);
                }
            }
            Record::Pruning(pruning) => {
                if let (Some(path), Ok(digest)) = (pruning.path.to_path(), pruning.digest.parse()) {
                    let deed = Deed::Pruned {
                        digest,
                        backup: pruning.backup.into(),
                        of: pruning.of.into(),
                    };
                    self.enter(path, deed);
                }
            }
            Record::Result(settled) => self.settle(&settled),
        }
    }

    fn intent(&mut self, intent: &Intent) {
        let digests = (intent.before.parse(), intent.after.parse());
        if let (Some(path), (Ok(before), Ok(after))) = (intent.path.to_path(), digests) {
            let backup = None;
            self.enter(
                path,
                Deed::Replaced {
                    before,
                    after,
                    backup,
                },
            );
        }
    }

    fn enter(&mut self, path: TreePath, deed: Deed) {
        let entry = Entry {
            path: path.clone(),
            deed,
            is_done: None,
        };
        let backup = match &entry.deed {
            Deed::Pruned { backup, .. } => Some(backup.clone()),
            Deed::Replaced { .. } | Deed::Restored { .. } => None,
        };
        let place = self.places.entry((path, backup));
        match place {
            Occupied(place) => self.entries[*place.get()] = entry,
            Vacant(place) => {
                place.insert(self.entries.len());
                self.entries.push(entry);
            }
        }
    }

    fn settle(&mut self, settled: &Settled) {
        let Some(path) = settled.path.to_path() else {
            return;
        };
        let backup = settled.backup.as_deref().map(Box::from);
        let of_backup = self.places.get(&(path.clone(), backup));
        let at = of_backup.or_else(|| self.places.get(&(path, None)));
        let Some(entry) = at.map(|at| &mut self.entries[*at]) else {
            return;
        };
        entry.is_done = match settled.outcome.as_str() {
            "migrated" | "finished" | "restored" | "pruned" => Some(true),
            "undone" | "left" => Some(false),
            _ => None,
        };
        if let (Deed::Replaced { backup, .. }, Some(name)) = (&mut entry.deed, &settled.backup) {
            *backup = Some(name.as_str().into());
        }
    }
}
