//! The chain of history records: from version to version, and from checksum to checksum.
//! The result of one record is the document before the next one; the result of the last one is the manifest. A record is checked if a backup has its result.
//! Invariant: a problem with one record does not prevent the check of another.

use super::evidence::OriginalEvidence;
use crate::catalog::Kind;
use crate::code::Code;
use crate::digest::Digest;
use crate::engine::history::HistoryRecord;
use crate::engine::{EngineMembers, Manifest};
use crate::json::canonical::{self, Truncation};
use crate::json::{Pointer, Value};
use crate::report::Diagnosis;
use crate::version::Version;

pub(super) fn check(
    manifest: &Manifest<'_, '_>,
    records: &[HistoryRecord],
    originals: &[Option<&OriginalEvidence<'_>>],
) -> Vec<Diagnosis> {
    let kind = manifest.kind();
    let mut findings = versions(records, manifest.version(), &kind.history);
    let original = |place: usize| originals.get(place).copied().flatten();
    for (place, record) in records.iter().enumerate() {
        let before = original(place);
        if let Some(original) = before {
            let version = original.with_root(|root| version_of(root, kind)).flatten();
            if let Some(expected) = version.filter(|version| *version != record.from_version) {
                let (at, name) = (kind.history.child(place.to_string()), original.name());
                let found = &record.from_version;
                findings.push(broken(format!(
                    "`{at}` begins at `{found}`, expected `{expected}`, the version of `{name}`"
                )));
            }
        }
        let has_history = |root: Value<'_>| root.at(&kind.history).is_some();
        let as_found = before.and_then(|original| original.with_root(has_history));
        let results = |result: Value<'_>| results(result, &kind.history, place, as_found);
        let next = place + 1;
        let (expected, name) = match original(next) {
            Some(original) => (
                original.with_root(results),
                format!("`{}`", original.name()),
            ),
            None if next == records.len() => {
                (Some(results(manifest.document())), "the manifest".into())
            }
            None => (None, String::new()),
        };
        let Some(expected) = expected else { continue };
        if !expected.contains(&record.checksum_after) {
            let at = kind
                .history
                .child(place.to_string())
                .child("checksum_after");
            let (found, expected) = (record.checksum_after.prefixed(), expected[0].prefixed());
            findings.push(Diagnosis::new(
                Code::ChecksumAfterDiffers,
                format!("`{at}` is {found}, expected {expected}, the checksum of {name}"),
            ));
        }
    }
    findings
}

fn version_of(document: Value<'_>, kind: &Kind) -> Option<Version> {
    let declared = EngineMembers::read(document, kind).declared.ok()?;
    Some(declared.unwrap_or_else(|| kind.unversioned.clone()))
}

fn versions(records: &[HistoryRecord], version: &Version, at: &Pointer) -> Vec<Diagnosis> {
    let mut findings = Vec::new();
    for (place, pair) in records.windows(2).enumerate() {
        let [one, two] = pair else { continue };
        if one.to_version != two.from_version {
            let (one_at, two_at) = (
                at.child(place.to_string()),
                at.child((place + 1).to_string()),
            );
            findings.push(broken(format!(
                "`{one_at}` ends at `{}`, and `{two_at}` begins at `{}`",
                one.to_version, two.from_version
            )));
        }
    }
    if let Some((last, before)) = records.split_last()
        && last.to_version != *version
    {
        let last_at = at.child(before.len().to_string());
        findings.push(broken(format!(
            "`{last_at}` ends at `{}`, and the manifest is at `{version}`",
            last.to_version
        )));
    }
    findings
}

fn broken(message: String) -> Diagnosis {
    Diagnosis::new(Code::HistoryChainBroken, message)
}

/// The possible checksums of the record at `place`, the likeliest first: of its result, with the history before it.
///
/// Before the first record, the history was missing or empty; `had_history` is true for empty, and `None` if it is not known.
fn results(
    result: Value<'_>,
    history: &Pointer,
    place: usize,
    had_history: Option<bool>,
) -> Vec<Digest> {
    let Some(list) = result.at(history) else {
        return vec![canonical::digest(result)];
    };
    let truncations: &[Truncation] = match (place, had_history) {
        (0, Some(false)) => &[Truncation::RemoveMember],
        (0, None) => &[Truncation::RemoveMember, Truncation::KeepFirst(0)],
        _ => &[Truncation::KeepFirst(place)],
    };
    let digests = truncations
        .iter()
        .map(|one| canonical::digest_truncated(result, list, *one));
    digests.collect()
}
