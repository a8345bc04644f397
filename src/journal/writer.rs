//! Makes lines of records.
//! Invariant: each line carries the number and the chain value that follow those of the line before.

use super::record::Record;
use super::version1;
use crate::digest::{Digest, Hasher};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum JournalFormat {
    One,
    #[default]
    Two,
}

/// The state of a journal's chain.
#[derive(Debug, Clone, Default)]
pub struct Writer {
    pub(super) format: JournalFormat,
    pub(super) sequence: u64,
    pub(super) chain: Option<Digest>,
}

impl Writer {
    /// Adds the record's line, with its line end, to `into`, in the format in which the journal began.
    ///
    /// Of the records that only format 2 has, a journal of format 1 gets none.
    pub fn line(&mut self, record: &Record, into: &mut Vec<u8>) {
        let start = into.len();
        into.extend_from_slice(format!("{{\"seq\":{}", self.sequence).as_bytes());
        let at = into.len();
        let written = match self.format {
            JournalFormat::One => version1::write(record, into),
            // Records are made of texts, numbers and lists; writing them to memory cannot fail.
            JournalFormat::Two => serde_json::to_writer(&mut *into, record).is_ok(),
        };
        if !written {
            into.truncate(start);
            return;
        }
        into[at] = b',';
        into.pop();
        let chain = link(self.chain, &into[start..]);
        into.extend_from_slice(format!(",\"chain\":\"{chain}\"}}\n").as_bytes());
        self.sequence += 1;
        self.chain = Some(chain);
    }

    /// The chain value of the last line; `None` before the first.
    pub fn chain(&self) -> Option<Digest> {
        self.chain
    }
}

/// The chain value of a line: the SHA-256 of the value before it (nothing for the first) and of the line without its chain.
pub(super) fn link(before: Option<Digest>, body: &[u8]) -> Digest {
    let mut hasher = Hasher::new();
    if let Some(before) = before {
        hasher.update(before.as_bytes());
    }
    hasher.update(body);
    hasher.finish()
}
