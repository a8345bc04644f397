//! Proof: what must hold of a manifest that was migrated, and of the run that it stands in.
//!
//! Pure: takes texts, and what journals and backups say; gives findings. Opens no file and decides no outcome.
//!
//! Invariant: a finding says that something is wrong; what merely cannot be proved is a note.

mod chain;
mod compared;
mod guarded;
mod kept;
mod originals;
mod replay;
mod run;
mod snapshots;
#[cfg(test)]
mod tests;
mod witness;

pub use kept::values_lost;
pub use originals::{Original, check_backups};
pub use replay::{Replay, check_replay};
pub use run::{Files, check_identity, check_run};
pub use witness::{Last, Replaced, Witness, Witnesses};

use crate::code::Code;
use crate::digest::Digest;
use crate::engine::Manifest;
use crate::engine::history::{self, Applied};
use crate::report::Diagnosis;

/// What speaks for a manifest besides itself.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'e> {
    /// The SHA-256 of the manifest's bytes.
    pub raw: Digest,
    /// What the journals say of it, if any does.
    pub witness: Option<&'e Witness>,
    /// What stands beside it under backup names.
    pub originals: &'e [Original<'e>],
}

/// What the history of a manifest turned out to be.
#[derive(Debug, Clone)]
pub struct Proof {
    /// The records.
    pub records: Vec<Applied>,
    /// For each record the original that it speaks of, by its place in the evidence.
    pub originals: Vec<Option<usize>>,
    /// What was found.
    pub findings: Vec<Diagnosis>,
}

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
    findings.extend(guarded::check(manifest, &originals, evidence.originals));
    findings.extend(compared::check(
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
