//! The fold of a journal: what it says of each manifest, as far as its chain is unbroken.
//!
//! Invariant: a torn end changes nothing, and what is not understood is never taken for torn.

use std::collections::HashMap;

use super::{
    Began, Condition, Copying, Intent, Lines, Pruning, Record, RecordedPath, Restoring, Settled,
    Writer,
};

/// What an operation was about to do to one manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Announced {
    /// To replace it.
    Replacing(Box<Intent>),
    /// To put its original back.
    Restoring(Box<Restoring>),
    /// To remove a backup of it.
    Pruning(Pruning),
}

impl Announced {
    /// Which manifest.
    #[must_use]
    pub fn path(&self) -> &RecordedPath {
        match self {
            Self::Replacing(intent) => &intent.path,
            Self::Restoring(restoring) => &restoring.path,
            Self::Pruning(pruning) => &pruning.path,
        }
    }

    /// The name of a file beside the manifest that the record announces.
    fn beside(&self) -> Option<&str> {
        match self {
            Self::Replacing(intent) => intent.beside.then_some(&*intent.staged),
            Self::Restoring(restoring) => restoring.staged.as_deref(),
            Self::Pruning(_) => None,
        }
    }

    /// A manifest may lose several backups in one operation; otherwise one thing is done to it.
    fn key(&self) -> String {
        match self {
            Self::Replacing(_) | Self::Restoring(_) => self.path().key(),
            Self::Pruning(pruning) => key_of_backup(&pruning.path, &pruning.backup),
        }
    }
}

fn key_of_backup(path: &RecordedPath, backup: &str) -> String {
    format!("{}\0{backup}", path.key())
}

/// The fold of a journal.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// The first record.
    pub began: Option<Began>,
    /// Of each manifest what was announced last, in the order of the journal, and whether a result follows it.
    announced: Vec<(Announced, bool)>,
    by_path: HashMap<String, usize>,
    /// Copies begun, by manifest.
    copies: HashMap<String, Copying>,
    /// Whether the operation is over.
    pub ended: bool,
    /// How many manifests have a result that says that it was done.
    pub done: u64,
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
            Record::Intent(intent) => self.announce(Announced::Replacing(intent)),
            Record::Restoring(restoring) => self.announce(Announced::Restoring(restoring)),
            Record::Pruning(pruning) => self.announce(Announced::Pruning(pruning)),
            Record::Copying(copying) => {
                self.copies.insert(copying.path.key(), copying);
            }
            Record::Result(settled) => self.settle(&settled),
            Record::Ended(_) => self.ended = true,
        }
    }

    fn announce(&mut self, announced: Announced) {
        let key = announced.key();
        if let Some(at) = self.by_path.get(&key) {
            self.announced[*at] = (announced, false);
        } else {
            self.by_path.insert(key, self.announced.len());
            self.announced.push((announced, false));
        }
    }

    fn settle(&mut self, settled: &Settled) {
        let is_done = matches!(
            settled.outcome.as_str(),
            "migrated" | "restored" | "pruned" | "finished"
        );
        self.done += u64::from(is_done);
        // After trouble it is not certain what stands where: recovery looks once more.
        if !is_done && !matches!(settled.outcome.as_str(), "undone" | "left") {
            return;
        }
        let backup = settled.backup.as_deref().unwrap_or_default();
        let at = self
            .by_path
            .get(&key_of_backup(&settled.path, backup))
            .or_else(|| self.by_path.get(&settled.path.key()));
        if let Some(at) = at {
            self.announced[*at].1 = true;
        }
    }

    /// What was announced and has no result, in the order of the journal.
    pub fn unsettled(&self) -> impl Iterator<Item = &Announced> {
        self.announced
            .iter()
            .filter(|(_, settled)| !settled)
            .map(|(announced, _)| announced)
    }

    /// The copy that was begun for the manifest of an intent.
    #[must_use]
    pub fn copy_for(&self, intent: &Intent) -> Option<&Copying> {
        self.copies.get(&intent.path.key())
    }

    /// Whether the journal is whole and says nothing of this file beside a manifest: then nothing was exchanged with it.
    #[must_use]
    pub fn never_announced(&self, staged: &str) -> bool {
        let is_named = |(announced, _): &(Announced, bool)| announced.beside() == Some(staged);
        let is_whole = self.began.is_some() && !self.damaged && !self.unknown;
        is_whole && !self.announced.iter().any(is_named)
    }

    /// The intent that names this staged file in the state directory, settled or not.
    #[must_use]
    pub fn intent_of(&self, staged: &str) -> Option<&Intent> {
        self.announced
            .iter()
            .find_map(|(announced, _)| match announced {
                Announced::Replacing(intent) if !intent.beside && intent.staged == staged => {
                    Some(&**intent)
                }
                _ => None,
            })
    }
}
