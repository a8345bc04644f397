//! The evidence about one manifest: the files with the names of backups, and the statements of journals.
//!
//! Owns digests and documents; the caller reads the files.
//!
//! Invariant: the content identifies a backup, not the name.

use super::witness::{RecordedReplacement, Witness};
use crate::catalog::Kind;
use crate::digest::Digest;
use crate::engine::history::Record;
use crate::json::{Pointer, Text, Value, canonical};
use crate::report::Diagnosis;
use crate::version::Version;

/// The evidence about a manifest, without its own text.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'e> {
    /// The SHA-256 of the manifest's bytes.
    pub raw: Digest,
    /// The statements of journals about it, if there are any.
    pub witness: Option<&'e Witness>,
    /// The files beside it with the names of backups.
    pub originals: &'e [Original<'e>],
}

/// The result of the checks of a history.
#[derive(Debug, Clone)]
pub struct Proof {
    /// The records.
    pub records: Vec<Record>,
    /// For each record the index of its original in the evidence.
    pub originals: Vec<Option<usize>>,
    /// The findings and notes.
    pub findings: Vec<Diagnosis>,
}

/// A file with the name of a backup.
#[derive(Debug, Clone)]
pub struct Original<'b> {
    pub(super) name: &'b str,
    /// The content, or the reason why it could not be read.
    pub(super) content: Result<Content<'b>, String>,
}

#[derive(Debug, Clone)]
pub(super) struct Content<'b> {
    pub(super) raw: Digest,
    /// The document and its canonical digest; `None` if it is not valid.
    pub(super) document: Option<(Text<'b>, Digest)>,
}

impl<'b> Original<'b> {
    /// A file that was read.
    #[must_use]
    pub fn new(name: &'b str, bytes: &'b [u8]) -> Self {
        let document = Text::scan(bytes).ok().map(|text| {
            let digest = canonical::digest(text.root());
            (text, digest)
        });
        let raw = Digest::of(bytes);
        Self {
            name,
            content: Ok(Content { raw, document }),
        }
    }

    /// A file that could not be read, with the reason.
    #[must_use]
    pub fn unread(name: &'b str, why: String) -> Self {
        let content = Err(why);
        Self { name, content }
    }

    /// The file name.
    #[must_use]
    pub fn name(&self) -> &'b str {
        self.name
    }

    /// The document, if it is valid.
    #[must_use]
    pub fn text(&self) -> Option<&Text<'b>> {
        let content = self.content.as_ref().ok()?;
        content.document.as_ref().map(|(text, _)| text)
    }

    pub(super) fn root(&self) -> Option<Value<'_>> {
        self.text().map(Text::root)
    }

    pub(super) fn has_history(&self, at: &Pointer) -> bool {
        self.root().is_some_and(|root| root.at(at).is_some())
    }

    pub(super) fn version(&self, kind: &Kind) -> Option<Version> {
        match self.root()?.at(&kind.version) {
            Some(version) => version.as_str()?.parse().ok(),
            None => Some(kind.unversioned.clone()),
        }
    }

    /// The SHA-256 of the bytes, if they could be read.
    #[must_use]
    pub fn raw(&self) -> Option<Digest> {
        self.content.as_ref().ok().map(|content| content.raw)
    }

    /// The replacement that made it, if a journal recorded one.
    #[must_use]
    pub fn replaced<'w>(&self, witness: Option<&'w Witness>) -> Option<&'w RecordedReplacement> {
        let all = witness.map_or(&[][..], |witness| &witness.replaced);
        all.iter().rfind(|one| Some(one.before) == self.raw())
    }

    pub(super) fn checksum(&self) -> Option<Digest> {
        let content = self.content.as_ref().ok()?;
        content.document.as_ref().map(|(_, digest)| *digest)
    }
}
