//! Reads a journal in pieces of any size.
//! Invariant: a record is given only if its line continues the chain; a torn end changes nothing, and a record that is not understood is never taken for a torn end. No more of a line is kept than a line may have.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::record::{self, Record};
use super::version1;
use super::writer::{JournalFormat, Writer, link};
use crate::digest::{Digest, Hasher};

const CHAIN: &[u8] = b",\"chain\":\"";
const MAX_LINE_BYTES: usize = 1024 * 1024;
/// No torn end is longer; what has no line end for so long is no journal.
const MAX_TORN_BYTES: u64 = 16 * 1024 * 1024;

/// The extent to which a journal can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Integrity {
    /// Every line continues the chain.
    #[default]
    Whole,
    /// The end is torn, as after a crash.
    Torn,
    /// A whole line does not continue the chain: it was edited, or lines before it are lost.
    Damaged,
    /// A part of it is not understood: a newer version of the program wrote it, or another program did.
    Unknown,
}

/// The chain values of a journal's first line and of its last sound one.
///
/// `head` and later journals name an operation by one of them: by the first while it is at work, then by the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainEnds {
    pub(super) first: Digest,
    pub(super) last: Digest,
}

/// Reads the records of one journal.
#[derive(Debug, Clone, Default)]
pub struct Reader {
    writer: Writer,
    first_chain: Option<Digest>,
    /// The incomplete last line, up to the limit.
    begun: Vec<u8>,
    /// The number of all its bytes.
    begun_bytes: u64,
    sound_bytes: u64,
    all_bytes: u64,
    state: ChainState,
    /// The chain value of the lines that are not sound, for recognising them.
    rest: Option<Digest>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum ChainState {
    #[default]
    Sound,
    /// The chain is broken; no whole line has followed so far.
    Broken,
    /// A whole line does not continue the chain.
    Damaged,
    /// A line continues or begins the chain and is not understood.
    Unknown,
}

#[derive(Deserialize)]
struct Whole {
    seq: u64,
    #[serde(rename = "chain")]
    _chain: IgnoredAny,
}

#[derive(Deserialize)]
struct FirstLine {
    #[serde(default)]
    format: Option<String>,
}

impl Reader {
    /// Reads the next piece of the journal and passes each complete record to `each`, which returns true if it understands the record. Returns false if the rest need not be read: what was fed has no line end for so long that it is no journal.
    pub fn feed(&mut self, mut piece: &[u8], each: &mut dyn FnMut(&Record) -> bool) -> bool {
        self.all_bytes += piece.len() as u64;
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            if self.begun.is_empty() && end <= MAX_LINE_BYTES {
                self.line(&piece[..end], each);
            } else {
                self.begin(&piece[..end]);
                let line = std::mem::take(&mut self.begun);
                self.begun_bytes = 0;
                self.line(&line, each);
            }
            piece = &piece[end + 1..];
        }
        self.begin(piece);
        let is_endless = self.begun_bytes > MAX_TORN_BYTES;
        if is_endless {
            self.state = ChainState::Unknown;
        }
        !is_endless
    }

    fn begin(&mut self, piece: &[u8]) {
        self.begun_bytes += piece.len() as u64;
        let room = (MAX_LINE_BYTES + 1).saturating_sub(self.begun.len());
        self.begun
            .extend_from_slice(&piece[..piece.len().min(room)]);
    }

    /// The number of bytes that are whole lines of an unbroken chain.
    pub fn sound_bytes(&self) -> u64 {
        self.sound_bytes
    }

    /// The number of all bytes that were fed.
    pub fn all_bytes(&self) -> u64 {
        self.all_bytes
    }

    /// The condition of the journal, if everything was fed.
    pub fn condition(&self) -> Integrity {
        match self.state {
            ChainState::Sound if self.begun.is_empty() => Integrity::Whole,
            ChainState::Broken if self.is_whole(&self.begun) => Integrity::Damaged,
            ChainState::Sound | ChainState::Broken => Integrity::Torn,
            ChainState::Damaged => Integrity::Damaged,
            ChainState::Unknown => Integrity::Unknown,
        }
    }

    /// The chain values of the first and of the last sound line; `None` if no line is sound.
    pub fn chain_ends(&self) -> Option<ChainEnds> {
        let (first, last) = self.first_chain.zip(self.writer.chain)?;
        Some(ChainEnds { first, last })
    }

    /// Continues the chain behind the last sound line.
    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    fn line(&mut self, line: &[u8], each: &mut dyn FnMut(&Record) -> bool) {
        match self.state {
            ChainState::Sound | ChainState::Broken if line.len() > MAX_LINE_BYTES => {
                self.state = ChainState::Unknown;
            }
            ChainState::Sound => match self.read(line) {
                Ok(record) if each(&record) => self.sound_bytes += line.len() as u64 + 1,
                Ok(_) => self.state = ChainState::Unknown,
                Err(state) => self.state = state,
            },
            // Zeros or garbage of a torn write are not a line.
            ChainState::Broken if self.is_whole(line) => self.state = ChainState::Damaged,
            ChainState::Broken | ChainState::Damaged | ChainState::Unknown => {}
        }
        if self.state != ChainState::Sound {
            self.rest = Some(link(self.rest, line));
        }
    }

    /// A digest of all that was fed: of the chain, which stands for the sound lines, and of what follows them.
    pub fn fingerprint(&self) -> Digest {
        let mut hasher = Hasher::new();
        for digest in [self.writer.chain, self.rest].into_iter().flatten() {
            hasher.update(digest.as_bytes());
        }
        hasher.update(&self.begun);
        hasher.finish()
    }

    fn is_whole(&self, line: &[u8]) -> bool {
        serde_json::from_slice::<Whole>(line).is_ok_and(|line| line.seq >= self.writer.sequence)
    }

    /// Reads a record, or returns the state of the journal from this line on.
    fn read(&mut self, line: &[u8]) -> Result<Record, ChainState> {
        let Some((body, chain)) = self.continued(line) else {
            return Err(if self.writer.sequence == 0 && begins_otherwise(line) {
                ChainState::Unknown
            } else if self.is_whole(line) {
                ChainState::Damaged
            } else {
                ChainState::Broken
            });
        };
        let (sequence, kind, members) = parts(body).ok_or(ChainState::Unknown)?;
        if sequence != self.writer.sequence {
            return Err(ChainState::Damaged);
        }
        let record = self.record(kind, &members).ok_or(ChainState::Unknown)?;
        self.writer.sequence += 1;
        self.writer.chain = Some(chain);
        self.first_chain.get_or_insert(chain);
        Ok(record)
    }

    fn record(&mut self, kind: &str, members: &str) -> Option<Record> {
        let is_first = self.writer.sequence == 0;
        if is_first != (kind == "began") {
            return None;
        }
        if is_first {
            let opening: FirstLine = serde_json::from_str(members).ok()?;
            self.writer.format = match opening.format.as_deref() {
                Some(record::FORMAT) => JournalFormat::Two,
                Some(version1::FORMAT) => JournalFormat::One,
                _ => return None,
            };
        }
        match self.writer.format {
            JournalFormat::One => version1::read(kind, members),
            JournalFormat::Two => Record::read(kind, members).filter(is_numbered),
        }
    }

    fn continued<'l>(&self, line: &'l [u8]) -> Option<(&'l [u8], Digest)> {
        let at = line.len().checked_sub(CHAIN.len() + 64 + 2)?;
        let (body, tail) = line.split_at(at);
        let chain = link(self.writer.chain, body);
        (tail == format!(",\"chain\":\"{chain}\"}}").as_bytes()).then_some((body, chain))
    }
}

fn is_numbered(record: &Record) -> bool {
    match record {
        Record::Began(began) => began.serial.is_some() && began.tree.is_some(),
        _ => true,
    }
}

fn parts(body: &[u8]) -> Option<(u64, &str, String)> {
    let text = std::str::from_utf8(body).ok()?;
    let (sequence, rest) = text.strip_prefix("{\"seq\":")?.split_once(",\"type\":\"")?;
    let (kind, rest) = rest.split_once('"')?;
    let members = match rest.strip_prefix(',') {
        Some(members) => format!("{{{members}}}"),
        None if rest.is_empty() => "{}".to_owned(),
        None => return None,
    };
    let number: u64 = sequence.parse().ok()?;
    (number.to_string() == sequence).then_some((number, kind, members))
}

fn begins_otherwise(line: &[u8]) -> bool {
    let known = [record::FORMAT, version1::FORMAT];
    serde_json::from_slice::<FirstLine>(line).is_ok_and(|opening| {
        opening
            .format
            .is_some_and(|format| !known.contains(&&*format))
    })
}
