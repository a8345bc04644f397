//! Compares the backups beside a manifest with its history and with journals.
//! A backup is the original of a record if it has the checksum in the record. A backup that no record and no journal knows is unrelated.
//! Invariant: the content identifies an original, not the name.

use super::evidence::{Evidence, OriginalEvidence};
use crate::catalog::Kind;
use crate::code::Code;
use crate::engine::history::HistoryRecord;
use crate::journal::Replacement;
use crate::json::Value;
use crate::report::Diagnosis;

/// For each record the index of its original; of several, one that a journal recorded.
pub(super) fn of_records(records: &[HistoryRecord], evidence: &Evidence<'_>) -> Vec<Option<usize>> {
    let originals = evidence.originals;
    let is_journalled = |one: &OriginalEvidence<'_>| one.replaced(evidence.witness).is_some();
    let of_record = |record: &HistoryRecord| {
        let found = Some(record.checksum_before);
        let is_it = |one: &OriginalEvidence<'_>| one.checksum() == found;
        let journalled = originals
            .iter()
            .position(|one| is_it(one) && is_journalled(one));
        journalled.or_else(|| originals.iter().position(is_it))
    };
    records.iter().map(of_record).collect()
}

pub(super) fn check(
    kind: &Kind,
    records: &[HistoryRecord],
    evidence: &Evidence<'_>,
) -> Vec<Diagnosis> {
    let replaced = evidence
        .witness
        .map_or(&[][..], |witness| &witness.replaced);
    let mut findings = Vec::new();
    let (superseded, current) = evidence.lineage(records);
    findings.extend(changed_of_superseded(superseded, replaced, evidence));
    for one in current {
        findings.extend(changed(one, evidence.originals));
        findings.extend(checksum_before(kind, one, records, evidence.originals));
    }
    for original in evidence.originals {
        // An operation that was cut off may have named its backup and not recorded it.
        let speaks = |one: &Replacement<'_>| {
            one.backup == Some(original.name) || Some(one.before) == original.raw()
        };
        let found = |record: &HistoryRecord| Some(record.checksum_before) == original.checksum();
        if !records.iter().any(found) && !replaced.iter().any(speaks) {
            let name = original.name;
            let message = format!("`{name}` is not the original of any record of the history");
            findings.push(Diagnosis::new(Code::BackupUnrelated, message));
        }
    }
    findings
}

/// Compares the backups with journals only, for a manifest without a readable history.
pub(crate) fn check_backups(evidence: &Evidence<'_>) -> Vec<Diagnosis> {
    let replaced = evidence
        .witness
        .map_or(&[][..], |witness| &witness.replaced);
    let (superseded, current) = evidence.lineage(&[]);
    let current = current.iter();
    let current = current.filter_map(|one| changed(one, evidence.originals));
    changed_of_superseded(superseded, replaced, evidence)
        .chain(current)
        .collect()
}

/// The originals of documents that are superseded need not be there, and a later backup may have the name. One that is there is not changed.
fn changed_of_superseded<'f>(
    superseded: &'f [Replacement<'f>],
    all: &'f [Replacement<'f>],
    evidence: &'f Evidence<'_>,
) -> impl Iterator<Item = Diagnosis> + 'f {
    let superseded = superseded.iter().enumerate();
    let last_of_name = superseded.filter(|(place, one)| {
        let mut later = all[place + 1..].iter();
        !later.any(|later| later.backup == one.backup)
    });
    last_of_name
        .filter_map(|(_, one)| changed(one, evidence.originals))
        .filter(|one| one.code != Code::BackupMissing)
}

fn changed(replaced: &Replacement<'_>, originals: &[OriginalEvidence<'_>]) -> Option<Diagnosis> {
    let name = replaced.backup?;
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

fn checksum_before(
    kind: &Kind,
    replaced: &Replacement<'_>,
    records: &[HistoryRecord],
    originals: &[OriginalEvidence<'_>],
) -> Option<Diagnosis> {
    let name = replaced.backup?;
    let original = originals.iter().find(|original| original.name == name)?;
    let checksum = original.checksum()?;
    if original.raw() != Some(replaced.before) {
        return None;
    }
    let records_before = |root: Value<'_>| root.at(&kind.history).map_or(0, |list| list.len());
    let place = original.with_root(records_before)?;
    let record = records.get(place)?;
    if record.checksum_before == checksum {
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
