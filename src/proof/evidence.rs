//! The evidence about one manifest: the files with the names of backups, and the statements of journals.
//! Invariant: the content identifies a backup, not the name; of large documents only one is in memory at a time, however many backups there are.

use std::borrow::Cow;

use crate::digest::Digest;
use crate::engine::history::HistoryRecord;
use crate::journal::{Replacement, Witness};
use crate::json::{Text, Value, canonical};
use crate::report::Diagnosis;

/// The evidence about a manifest, without its own text.
#[derive(Clone, Copy)]
pub(crate) struct Evidence<'e> {
    /// The SHA-256 of the manifest's bytes.
    pub raw: Digest,
    pub witness: Option<&'e Witness<'e>>,
    pub originals: &'e [OriginalEvidence<'e>],
    /// True if a producer wrote the document anew, so that no journal speaks of it.
    pub is_superseded: bool,
}

impl<'e> Evidence<'e> {
    /// The replacements of documents that the manifest does not come from, and then those of the documents that it comes from, as far as bytes or these records say so.
    pub(super) fn lineage(
        &self,
        records: &[HistoryRecord],
    ) -> (&'e [Replacement<'e>], &'e [Replacement<'e>]) {
        let Some(witness) = self.witness else {
            return (&[], &[]);
        };
        let all = &witness.replaced[..];
        let by_bytes = if self.is_superseded {
            all.len()
        } else {
            witness.lineage()
        };
        let makers = records.iter().filter_map(|record| self.maker(record));
        let by_records = makers.min().unwrap_or(by_bytes);
        all.split_at(by_records.min(by_bytes))
    }

    /// The place of the replacement that has made a record: it replaced what the record found; where no such document is kept, it has the time of the record.
    pub(super) fn maker(&self, record: &HistoryRecord) -> Option<usize> {
        let replaced = &self.witness?.replaced;
        let found = Some(record.checksum_before);
        let original_of = |one: &Replacement<'_>| {
            let mut originals = self.originals.iter();
            originals.find(|original| original.raw() == Some(one.before))
        };
        let by_original = replaced
            .iter()
            .rposition(|one| original_of(one).is_some_and(|original| original.checksum() == found));
        by_original.or_else(|| {
            replaced.iter().rposition(|one| {
                let began = one.operation.began.as_ref();
                original_of(one).is_none() && began.is_some_and(|one| one.now == record.applied_at)
            })
        })
    }

    /// The originals of replacements that journals speak of.
    pub(super) fn originals_of_witness(&self) -> impl Iterator<Item = &'e OriginalEvidence<'e>> {
        let (originals, witness) = (self.originals, self.witness);
        originals
            .iter()
            .filter(move |one| one.replaced(witness).is_some())
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Proof {
    pub records: Vec<HistoryRecord>,
    /// For each record the index of its original in the evidence.
    pub originals: Vec<Option<usize>>,
    pub findings: Vec<Diagnosis>,
}

/// A file with the name of a backup: what it holds in short, and a way to read it again.
#[derive(Clone)]
pub(crate) struct OriginalEvidence<'b> {
    pub(super) name: &'b str,
    pub(super) content: Result<OriginalContent, String>,
    source: OriginalSource<'b>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct OriginalContent {
    pub(super) raw: Digest,
    /// The canonical digest; `None` if it is no valid document.
    pub(super) checksum: Option<Digest>,
}

/// Reads the file with this name again, into an empty buffer; returns false if that cannot be done.
pub(crate) type ReadAgain<'b> = dyn Fn(&str, &mut Vec<u8>) -> bool + 'b;

#[derive(Clone)]
enum OriginalSource<'b> {
    Bytes(Cow<'b, [u8]>),
    Again(&'b ReadAgain<'b>),
}

impl<'b> OriginalEvidence<'b> {
    /// An original whose bytes stay in memory.
    pub(crate) fn new(name: &'b str, bytes: impl Into<Cow<'b, [u8]>>) -> Self {
        let bytes = bytes.into();
        Self {
            name,
            content: Ok(OriginalContent::of(&bytes)),
            source: OriginalSource::Bytes(bytes),
        }
    }

    /// An original that is read again whenever its document is wanted.
    pub(crate) fn outside(name: &'b str, bytes: &[u8], again: &'b ReadAgain<'b>) -> Self {
        Self {
            name,
            content: Ok(OriginalContent::of(bytes)),
            source: OriginalSource::Again(again),
        }
    }

    pub(crate) fn unread(name: &'b str, why: String) -> Self {
        Self {
            name,
            content: Err(why),
            source: OriginalSource::Bytes(Cow::Borrowed(b"")),
        }
    }

    pub(crate) fn name(&self) -> &'b str {
        self.name
    }

    /// Passes the document to `act`. Returns `None` if it is not valid, or if the file changed since it was first read.
    pub(crate) fn with_text<T>(&self, act: impl FnOnce(Text<'_>) -> T) -> Option<T> {
        let content = self.content.as_ref().ok()?;
        content.checksum?;
        let mut buffer = Vec::new();
        let bytes = match &self.source {
            OriginalSource::Bytes(bytes) => bytes,
            OriginalSource::Again(read) => {
                let is_same = read(self.name, &mut buffer) && Digest::of(&buffer) == content.raw;
                is_same.then_some(&*buffer)?
            }
        };
        Text::scan(bytes).ok().map(act)
    }

    pub(super) fn with_root<T>(&self, act: impl FnOnce(Value<'_>) -> T) -> Option<T> {
        self.with_text(|text| act(text.root()))
    }

    pub(crate) fn raw(&self) -> Option<Digest> {
        self.content.as_ref().ok().map(|content| content.raw)
    }

    pub(crate) fn replaced<'w>(
        &self,
        witness: Option<&'w Witness<'w>>,
    ) -> Option<&'w Replacement<'w>> {
        let all = witness.map_or(&[][..], |witness| &witness.replaced);
        all.iter().rfind(|one| Some(one.before) == self.raw())
    }

    pub(crate) fn checksum(&self) -> Option<Digest> {
        self.content.as_ref().ok()?.checksum
    }
}

impl OriginalContent {
    fn of(bytes: &[u8]) -> Self {
        let document = Text::scan(bytes).ok();
        Self {
            raw: Digest::of(bytes),
            checksum: document.map(|text| canonical::digest(text.root())),
        }
    }
}
