//! Proving the history of a manifest.
//!
//! Asks each kind of proof in turn; opens no file and decides no outcome.
//!
//! Invariant: a finding says that something is wrong; what merely cannot be proved is a note.

#[cfg(test)]
mod tests;

use super::evidence::{Evidence, Proof};
use super::originals::{self, check_backups};
use super::{chain, comparison, guarded_members};
use crate::code::Code;
use crate::engine::Manifest;
use crate::engine::history::{self, Applied};
use crate::report::Diagnosis;

/// Proves the history of a manifest, as far as the evidence goes.
#[must_use]
pub fn check_history(manifest: &Manifest<'_, '_>, evidence: &Evidence<'_>) -> Proof {
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
    let mut findings = chain::check(manifest, &records, &originals, evidence.originals);
    findings.extend(originals::check(kind, &records, evidence));
    findings.extend(guarded_members::check(
        manifest,
        &originals,
        evidence.originals,
    ));
    findings.extend(comparison::check(
        manifest,
        &records,
        &originals,
        evidence.originals,
    ));
    findings.extend(unwitnessed(&records, &originals, evidence));
    Proof {
        records,
        originals,
        findings,
    }
}

fn unwitnessed(
    records: &[Applied],
    originals: &[Option<usize>],
    evidence: &Evidence<'_>,
) -> Option<Diagnosis> {
    let is_journalled = evidence
        .witness
        .and_then(|witness| witness.last.as_ref())
        .is_some_and(|last| last.is_certain || last.digest == evidence.raw);
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
