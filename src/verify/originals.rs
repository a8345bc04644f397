//! Originals: what stands beside a manifest under backup names, and which record speaks of which.
//!
//! A backup is the original of a record if it has the checksum that the record found; what no record and no journal speaks of is unrelated.
//!
//! Invariant: a backup counts as an original by what it says, never by its name.

use super::{Evidence, Replaced, Witness};
use crate::catalog::Kind;
use crate::code::Code;
use crate::digest::Digest;
use crate::engine::history::Applied;
use crate::json::{Pointer, Text, Value, canonical};
use crate::report::Diagnosis;
use crate::version::Version;

/// A file with a backup's name.
#[derive(Debug, Clone)]
pub struct Original<'b> {
    name: &'b str,
    content: Result<Content<'b>, String>,
}

#[derive(Debug, Clone)]
struct Content<'b> {
    raw: Digest,
    /// The document and its canonical digest; `None` where it is not valid.
    document: Option<(Text<'b>, Digest)>,
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

    /// A file that could not be read, and why.
    #[must_use]
    pub fn unread(name: &'b str, why: String) -> Self {
        let content = Err(why);
        Self { name, content }
    }

    /// Its file name.
    #[must_use]
    pub fn name(&self) -> &'b str {
        self.name
    }

    /// The document, where it is a valid one.
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

    /// The SHA-256 of its bytes, where they could be read.
    #[must_use]
    pub fn raw(&self) -> Option<Digest> {
        self.content.as_ref().ok().map(|content| content.raw)
    }

    /// The replacement that made it, if a journal speaks of one.
    #[must_use]
    pub fn replaced<'w>(&self, witness: Option<&'w Witness>) -> Option<&'w Replaced> {
        let all = witness.map_or(&[][..], |witness| &witness.replaced);
        all.iter().rfind(|one| Some(one.before) == self.raw())
    }

    fn checksum(&self) -> Option<Digest> {
        let content = self.content.as_ref().ok()?;
        content.document.as_ref().map(|(_, digest)| *digest)
    }
}

/// For each record the original that it found, by its place: the one that a journal speaks of, where there are several.
pub(super) fn of_records(records: &[Applied], evidence: &Evidence<'_>) -> Vec<Option<usize>> {
    let originals = evidence.originals;
    let is_journalled = |one: &Original<'_>| one.replaced(evidence.witness).is_some();
    let of_record = |record: &Applied| {
        let found = Some(record.checksum_before);
        let is_it = |one: &Original<'_>| one.checksum() == found;
        let journalled = originals
            .iter()
            .position(|one| is_it(one) && is_journalled(one));
        journalled.or_else(|| originals.iter().position(is_it))
    };
    records.iter().map(of_record).collect()
}

/// Compares what journals say of the backups with what stands there, and names what nobody speaks of.
pub(super) fn check(kind: &Kind, records: &[Applied], evidence: &Evidence<'_>) -> Vec<Diagnosis> {
    let replaced = evidence
        .witness
        .map_or(&[][..], |witness| &witness.replaced);
    let mut findings = Vec::new();
    for one in replaced {
        findings.extend(changed(one, evidence.originals));
        findings.extend(checksum_before(kind, one, records, evidence.originals));
    }
    for original in evidence.originals {
        // An operation that was cut off may have named its backup and not recorded it.
        let speaks = |one: &Replaced| {
            one.backup.as_deref() == Some(original.name) || Some(one.before) == original.raw()
        };
        let found = |record: &Applied| Some(record.checksum_before) == original.checksum();
        if !records.iter().any(found) && !replaced.iter().any(speaks) {
            let name = original.name;
            let message = format!("`{name}` is not the original of any record of the history");
            findings.push(Diagnosis::new(Code::BackupUnrelated, message));
        }
    }
    findings
}

/// Compares what journals say of the backups of a manifest with what stands there, where its history cannot be read.
#[must_use]
pub fn check_backups(evidence: &Evidence<'_>) -> Vec<Diagnosis> {
    let replaced = evidence
        .witness
        .map_or(&[][..], |witness| &witness.replaced);
    let replaced = replaced.iter();
    replaced
        .filter_map(|one| changed(one, evidence.originals))
        .collect()
}

/// What is wrong with a backup that a journal speaks of.
fn changed(replaced: &Replaced, originals: &[Original<'_>]) -> Option<Diagnosis> {
    let name = replaced.backup.as_deref()?;
    let Some(original) = originals.iter().find(|original| original.name == name) else {
        return replaced.is_kept.then(|| {
            let message = format!("`{name}`, the original, is not there");
            Diagnosis::new(Code::BackupMissing, message)
        });
    };
    if !replaced.is_kept {
        return None;
    }
    let message = match &original.content {
        Ok(content) if content.raw == replaced.before => return None,
        Ok(content) => format!(
            "`{name}` has the SHA-256 {}, expected {}, that of the original",
            content.raw, replaced.before
        ),
        Err(why) => format!("`{name}`, the original, cannot be read: {why}"),
    };
    Some(Diagnosis::new(Code::BackupChanged, message))
}

/// A backup that is as it was recorded speaks against a record that found something else.
fn checksum_before(
    kind: &Kind,
    replaced: &Replaced,
    records: &[Applied],
    originals: &[Original<'_>],
) -> Option<Diagnosis> {
    let name = replaced.backup.as_deref()?;
    let original = originals.iter().find(|original| original.name == name)?;
    let content = original.content.as_ref().ok()?;
    let (text, checksum) = content.document.as_ref()?;
    let place = text.root().at(&kind.history).map_or(0, |list| list.len());
    let record = records.get(place)?;
    if content.raw != replaced.before || record.checksum_before == *checksum {
        return None;
    }
    let at = kind
        .history
        .child(place.to_string())
        .child("checksum_before");
    let (found, expected) = (record.checksum_before.prefixed(), checksum.prefixed());
    Some(Diagnosis::new(
        Code::ChecksumBeforeDiffers,
        format!("`{at}` is {found}, expected {expected}, the checksum of `{name}`"),
    ))
}
