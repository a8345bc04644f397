//! The evidence about one manifest: the files with the names of backups, and the statements of journals.
//! Invariant: the content identifies a backup, not the name.

use crate::catalog::Kind;
use crate::digest::Digest;
use crate::engine::EngineMembers;
use crate::engine::history::HistoryRecord;
use crate::journal::{Replacement, Witness};
use crate::json::{Pointer, Text, Value, canonical};
use crate::report::Diagnosis;
use crate::version::Version;

/// The evidence about a manifest, without its own text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evidence<'e> {
    /// The SHA-256 of the manifest's bytes.
    pub raw: Digest,
    pub witness: Option<&'e Witness<'e>>,
    pub originals: &'e [OriginalEvidence<'e>],
}

#[derive(Debug, Clone)]
pub(crate) struct Proof {
    pub records: Vec<HistoryRecord>,
    /// For each record the index of its original in the evidence.
    pub originals: Vec<Option<usize>>,
    pub findings: Vec<Diagnosis>,
}

#[derive(Debug, Clone)]
pub(crate) struct OriginalEvidence<'b> {
    pub(super) name: &'b str,
    pub(super) content: Result<OriginalContent<'b>, String>,
}

#[derive(Debug, Clone)]
pub(super) struct OriginalContent<'b> {
    pub(super) raw: Digest,
    /// The document and its canonical digest; `None` if it is not valid.
    pub(super) document: Option<(Text<'b>, Digest)>,
}

impl<'b> OriginalEvidence<'b> {
    pub(crate) fn new(name: &'b str, bytes: &'b [u8]) -> Self {
        let document = Text::scan(bytes).ok().map(|text| {
            let digest = canonical::digest(text.root());
            (text, digest)
        });
        let raw = Digest::of(bytes);
        Self {
            name,
            content: Ok(OriginalContent { raw, document }),
        }
    }

    pub(crate) fn unread(name: &'b str, why: String) -> Self {
        let content = Err(why);
        Self { name, content }
    }

    pub(crate) fn name(&self) -> &'b str {
        self.name
    }

    pub(crate) fn text(&self) -> Option<&Text<'b>> {
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
        let declared = EngineMembers::read(self.root()?, kind).declared.ok()?;
        Some(declared.unwrap_or_else(|| kind.unversioned.clone()))
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
        let content = self.content.as_ref().ok()?;
        content.document.as_ref().map(|(_, digest)| *digest)
    }
}
