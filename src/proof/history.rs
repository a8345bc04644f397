//! Proves the history of a manifest.
//! Invariant: a problem is a finding; a fact that cannot be proved is a note.

#[cfg(test)]
mod tests;

use super::evidence::{Evidence, Proof};
use super::originals::{self, check_backups};
use super::{chain, comparison, guarded_members};
use crate::code::Code;
use crate::engine::Manifest;
use crate::engine::history::{self, HistoryRecord};
use crate::report::Diagnosis;

pub(crate) fn check_history(manifest: &Manifest<'_, '_>, evidence: &Evidence<'_>) -> Proof {
    let kind = manifest.kind();
    let records = match history::read(manifest.document(), &kind.history) {
        Ok(records) => records,
        Err(malformed) => {
            let finding = Diagnosis::new(Code::HistoryRecordMalformed, malformed.to_string());
            let mut findings = vec![finding];
            findings.extend(check_backups(evidence));
            return Proof {
                records: Vec::new(),
                originals: Vec::new(),
                findings,
            };
        }
    };
    let originals = originals::of_records(&records, evidence);
    let of_records: Vec<_> = originals
        .iter()
        .map(|index| index.map(|index| &evidence.originals[index]))
        .collect();
    let mut findings = chain::check(manifest, &records, &of_records);
    findings.extend(originals::check(kind, &records, evidence));
    findings.extend(guarded_members::check(manifest, &of_records));
    findings.extend(comparison::check(manifest, &records, &of_records));
    findings.extend(unwitnessed(&records, &originals, evidence));
    Proof {
        records,
        originals,
        findings,
    }
}

fn unwitnessed(
    records: &[HistoryRecord],
    originals: &[Option<usize>],
    evidence: &Evidence<'_>,
) -> Option<Diagnosis> {
    let is_journalled = evidence
        .witness
        .and_then(|witness| witness.last)
        .is_some_and(|last| last.is_certain || last.digest == evidence.raw)
        && !evidence.is_superseded;
    let first = originals.iter().position(Option::is_some);
    if records.is_empty() || is_journalled || first == Some(0) {
        return None;
    }
    let rest = match first {
        Some(first) => format!(": proved from record {first} on only"),
        None => String::new(),
    };
    let message = format!("no journal speaks of it, and no backup has the original{rest}");
    Some(Diagnosis::new(Code::Unwitnessed, message))
}
