//! The chain of history records: from version to version, and from checksum to checksum.
//!
//! The document that one record left is the document that the next one found; the last one left the manifest. Where a backup has such a document, the record's checksum is taken of it.
//!
//! Invariant: every record whose result is at hand is proved, whatever is wrong with the others.

use super::original::Original;
use crate::code::Code;
use crate::digest::Digest;
use crate::engine::Manifest;
use crate::engine::history::Applied;
use crate::json::canonical::{self, Left};
use crate::json::{Pointer, Value};
use crate::report::Diagnosis;
use crate::version::Version;

pub(super) fn check(
    manifest: &Manifest<'_, '_>,
    records: &[Applied],
    of_records: &[Option<usize>],
    originals: &[Original<'_>],
) -> Vec<Diagnosis> {
    let kind = manifest.kind();
    let mut findings = versions(records, manifest.version(), &kind.history);
    let original = |place: usize| {
        of_records
            .get(place)
            .copied()
            .flatten()
            .map(|at| &originals[at])
    };
    for (place, record) in records.iter().enumerate() {
        if let Some(original) = original(place) {
            let version = original.version(kind);
            if let Some(expected) = version.filter(|version| *version != record.from_version) {
                let (at, name) = (kind.history.child(place.to_string()), original.name());
                let found = &record.from_version;
                findings.push(broken(format!(
                    "`{at}` begins at `{found}`, expected `{expected}`, the version of `{name}`"
                )));
            }
        }
        let next = place + 1;
        let (result, name) = match original(next) {
            Some(original) => (original.root(), format!("`{}`", original.name())),
            None if next == records.len() => (Some(manifest.document()), "the manifest".into()),
            None => (None, String::new()),
        };
        let Some(result) = result else { continue };
        let as_found = original(place).map(|original| original.has_history(&kind.history));
        let expected = results(result, &kind.history, place, as_found);
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

fn versions(records: &[Applied], version: &Version, at: &Pointer) -> Vec<Diagnosis> {
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

/// The checksums that the record at `place` may have, the likeliest first: of its result with the history as found.
///
/// The first record may have found no history or an empty one; `had_history` says which, where it is known.
fn results(
    result: Value<'_>,
    history: &Pointer,
    place: usize,
    had_history: Option<bool>,
) -> Vec<Digest> {
    let Some(list) = result.at(history) else {
        return vec![canonical::digest(result)];
    };
    let left: &[Left] = match (place, had_history) {
        (0, Some(false)) => &[Left::Nothing],
        (0, None) => &[Left::Nothing, Left::First(0)],
        _ => &[Left::First(place)],
    };
    let digests = left
        .iter()
        .map(|left| canonical::digest_before(result, list, *left));
    digests.collect()
}
