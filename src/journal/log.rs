//! The fold of a journal: what it says of each manifest, as far as its chain is unbroken.
//!
//! Invariant: a torn end changes nothing, and what is not understood is never taken for torn.

use std::collections::HashMap;

use serde::Deserialize;

use super::{Began, Copying, FORMAT, Intent, Record, Writer, link};
use crate::digest::Digest;

/// What stands after the body of a line: the chain value and the line's end.
const CHAIN: &[u8] = b",\"chain\":\"";

/// A line without its chain value.
#[derive(Deserialize)]
struct Line {
    seq: u64,
    #[serde(flatten)]
    record: Record,
}

/// Of a line behind a break in the chain: what shows that somebody wrote it whole.
#[derive(Deserialize)]
struct Shape {
    seq: u64,
    #[serde(rename = "chain")]
    _chain: serde::de::IgnoredAny,
}

/// What a line turned out to be.
enum Read {
    Record(Box<Record>),
    /// It does not continue the chain: torn, damaged, or not written at all.
    Broken,
    /// It continues the chain, or begins one, and says something that this version does not know.
    Unknown,
}

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
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            match log.next_record(&rest[..end]) {
                Read::Record(record) => log.fold(*record),
                Read::Broken => break,
                Read::Unknown => {
                    log.unknown = true;
                    return log;
                }
            }
            log.sound_bytes += end as u64 + 1;
            rest = &rest[end + 1..];
        }
        // What a torn write leaves behind is no line: its zeros or garbage say nothing.
        log.damaged = rest
            .split(|byte| *byte == b'\n')
            .skip(1)
            .filter_map(|line| serde_json::from_slice::<Shape>(line).ok())
            .any(|line| line.seq >= log.writer.sequence);
        log
    }

    fn next_record(&mut self, line: &[u8]) -> Read {
        let Some((body, chain)) = self.continued(line) else {
            let begins_otherwise = self.writer.sequence == 0
                && serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(line)
                    .is_ok();
            return if begins_otherwise {
                Read::Unknown
            } else {
                Read::Broken
            };
        };
        let mut whole = body.to_vec();
        whole.push(b'}');
        let Ok(line) = serde_json::from_slice::<Line>(&whole) else {
            return Read::Unknown;
        };
        match &line.record {
            _ if line.seq != self.writer.sequence => return Read::Broken,
            Record::Began(began) if began.format != FORMAT => return Read::Unknown,
            _ => {}
        }
        self.writer.sequence += 1;
        self.writer.chain = Some(chain);
        Read::Record(Box::new(line.record))
    }

    /// The line's body and its chain value, if that is what continues the chain.
    fn continued<'l>(&self, line: &'l [u8]) -> Option<(&'l [u8], Digest)> {
        let at = line.len().checked_sub(CHAIN.len() + 64 + 2)?;
        let (body, tail) = line.split_at(at);
        let chain = link(self.writer.chain, body);
        (tail == format!(",\"chain\":\"{chain}\"}}").as_bytes()).then_some((body, chain))
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
