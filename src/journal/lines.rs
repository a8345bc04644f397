//! The lines of a journal, read in pieces of any size.
//!
//! Invariant: a record is given only if its line continues the chain; a torn end changes nothing, and what is not understood is never taken for torn.

use serde::Deserialize;

use super::{FORMAT, Record, Writer, link};
use crate::digest::Digest;

/// What stands after the body of a line: the chain value and the line's end.
const CHAIN: &[u8] = b",\"chain\":\"";

/// How far a journal can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Condition {
    /// Every line continues the chain.
    #[default]
    Whole,
    /// Its end is torn, as a crash leaves it.
    Torn,
    /// A line is whole and does not continue the chain: it was edited, or a power cut or a failing disk lost what lies before it.
    Damaged,
    /// It says something that this version of the program does not know.
    Unknown,
}

/// Reads lines of records.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    /// Where the chain stands; continues it.
    writer: Writer,
    /// The beginning of a line that has not come to its end.
    begun: Vec<u8>,
    sound_bytes: u64,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Sound,
    /// The chain is broken; nothing whole has followed so far.
    Broken,
    Damaged,
    Unknown,
}

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

/// What the first line of a journal names.
#[derive(Deserialize)]
struct Opening {
    #[serde(default)]
    format: Option<String>,
}

/// What a line turned out to be.
enum Read {
    Record(Box<Record>),
    /// It does not continue the chain: torn, or not written at all.
    Broken,
    /// It was written whole, and does not continue the chain.
    Damaged,
    /// It continues the chain, or begins one, and says something that this version does not know.
    Unknown,
}

impl Lines {
    /// Takes the next piece of the journal in, and gives each record that it completes to `each`.
    pub fn feed(&mut self, mut piece: &[u8], each: &mut dyn FnMut(Record)) {
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            if self.begun.is_empty() {
                self.line(&piece[..end], each);
            } else {
                let mut line = std::mem::take(&mut self.begun);
                line.extend_from_slice(&piece[..end]);
                self.line(&line, each);
            }
            piece = &piece[end + 1..];
        }
        self.begun.extend_from_slice(piece);
    }

    /// How many bytes of what was fed are whole lines of an unbroken chain.
    #[must_use]
    pub fn sound_bytes(&self) -> u64 {
        self.sound_bytes
    }

    /// How far what was fed can be believed, if that was all of it.
    #[must_use]
    pub fn condition(&self) -> Condition {
        match self.state {
            State::Sound if self.begun.is_empty() => Condition::Whole,
            State::Broken if self.is_whole(&self.begun) => Condition::Damaged,
            State::Sound | State::Broken => Condition::Torn,
            State::Damaged => Condition::Damaged,
            State::Unknown => Condition::Unknown,
        }
    }

    /// Continues the chain behind the last sound line.
    #[must_use]
    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    fn line(&mut self, line: &[u8], each: &mut dyn FnMut(Record)) {
        match self.state {
            State::Sound => match self.next_record(line) {
                Read::Record(record) => {
                    self.sound_bytes += line.len() as u64 + 1;
                    each(*record);
                }
                Read::Broken => self.state = State::Broken,
                Read::Damaged => self.state = State::Damaged,
                Read::Unknown => self.state = State::Unknown,
            },
            // What a torn write leaves behind is no line: its zeros or garbage say nothing.
            State::Broken if self.is_whole(line) => self.state = State::Damaged,
            State::Broken | State::Damaged | State::Unknown => {}
        }
    }

    /// Whether a line behind a break was written whole, and after what is sound.
    fn is_whole(&self, line: &[u8]) -> bool {
        serde_json::from_slice::<Shape>(line).is_ok_and(|line| line.seq >= self.writer.sequence)
    }

    fn next_record(&mut self, line: &[u8]) -> Read {
        let Some((body, chain)) = self.continued(line) else {
            return if self.writer.sequence == 0 && begins_otherwise(line) {
                Read::Unknown
            } else if self.is_whole(line) {
                Read::Damaged
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
            _ if line.seq != self.writer.sequence => return Read::Damaged,
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
}

/// Whether a first line is that of another format.
fn begins_otherwise(line: &[u8]) -> bool {
    serde_json::from_slice::<Opening>(line)
        .is_ok_and(|opening| opening.format.is_some_and(|format| format != FORMAT))
}
