//! The fold of a journal: what it says of each manifest, as far as its chain is unbroken.
//!
//! Invariant: a torn end changes nothing, and what is not understood is never taken for torn.

use std::collections::HashMap;

use super::{Began, Condition, Copying, Intent, Lines, Record, Writer};

/// The fold of a journal.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// The first record.
    pub began: Option<Began>,
    /// Of each manifest the last intent, in the order of the journal; `None` in the second place where a result follows it.
    intents: Vec<(Intent, bool)>,
    by_path: HashMap<String, usize>,
    /// Copies begun, by manifest.
    copies: HashMap<String, Copying>,
    /// Whether the operation is over.
    pub ended: bool,
    /// How many manifests have the result `migrated` or `finished`.
    pub migrated: u64,
    /// How many bytes of the journal are whole lines of an unbroken chain.
    pub sound_bytes: u64,
    /// Whether whole lines follow a break: a power cut may lose what lies between two lines that were not flushed, and so may a failing disk.
    pub damaged: bool,
    /// Whether the journal says something that this version of the program does not know: only a newer one can settle it.
    pub unknown: bool,
    /// Continues the chain.
    pub writer: Writer,
}

impl Log {
    /// Reads a journal as far as its chain is unbroken.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let mut log = Self::default();
        let mut lines = Lines::default();
        lines.feed(bytes, &mut |record| log.fold(record));
        log.sound_bytes = lines.sound_bytes();
        log.damaged = lines.condition() == Condition::Damaged;
        log.unknown = lines.condition() == Condition::Unknown;
        log.writer = lines.writer().clone();
        log
    }

    /// Takes one record in; the same step when it is written and when it is read back.
    fn fold(&mut self, record: Record) {
        match record {
            Record::Began(began) => self.began = Some(began),
            Record::Intent(intent) => {
                let key = intent.path.key();
                if let Some(at) = self.by_path.get(&key) {
                    self.intents[*at] = (*intent, false);
                } else {
                    self.by_path.insert(key, self.intents.len());
                    self.intents.push((*intent, false));
                }
            }
            Record::Copying(copying) => {
                self.copies.insert(copying.path.key(), copying);
            }
            Record::Result(settled) => {
                if matches!(settled.outcome.as_str(), "migrated" | "finished") {
                    self.migrated += 1;
                }
                // After trouble it is not certain what stands where: recovery looks once more.
                let certain = ["migrated", "finished", "undone", "left", "restored"];
                if let (true, Some(at)) = (
                    certain.contains(&settled.outcome.as_str()),
                    self.by_path.get(&settled.path.key()),
                ) {
                    self.intents[*at].1 = true;
                }
            }
            Record::Restoring(_) | Record::Pruning(_) => {}
            Record::Ended(_) => self.ended = true,
        }
    }

    /// The intents that no result follows, in the order of the journal.
    pub fn unsettled(&self) -> impl Iterator<Item = &Intent> {
        self.intents
            .iter()
            .filter(|(_, settled)| !settled)
            .map(|(intent, _)| intent)
    }

    /// The copy that was begun for the manifest of an intent.
    #[must_use]
    pub fn copy_for(&self, intent: &Intent) -> Option<&Copying> {
        self.copies.get(&intent.path.key())
    }

    /// Whether the journal is whole and says nothing of this file beside a manifest: then nothing was exchanged with it.
    #[must_use]
    pub fn never_announced(&self, staged: &str) -> bool {
        let is_named = |(intent, _): &(Intent, bool)| intent.beside && intent.staged == staged;
        let is_whole = self.began.is_some() && !self.damaged && !self.unknown;
        is_whole && !self.intents.iter().any(is_named)
    }

    /// The intent that names this staged file in the state directory, settled or not.
    #[must_use]
    pub fn intent_of(&self, staged: &str) -> Option<&Intent> {
        self.intents
            .iter()
            .map(|(intent, _)| intent)
            .find(|intent| !intent.beside && intent.staged == staged)
    }
}
