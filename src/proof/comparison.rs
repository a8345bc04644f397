//! Checks each migration again by the rules that compare it with the document before.
//! The document before is the original in a backup; the document after is the next original or the manifest. A migration without one of the two is not checked.
//! Invariant: the rules are those of the engine, for the version after the migration.

use super::evidence::OriginalEvidence;
use crate::engine::Manifest;
use crate::engine::check_compared;
use crate::engine::history::HistoryRecord;
use crate::report::Diagnosis;

pub(super) fn check(
    manifest: &Manifest<'_, '_>,
    records: &[HistoryRecord],
    originals: &[Option<&OriginalEvidence<'_>>],
) -> Vec<Diagnosis> {
    let original = |place: usize| originals.get(place).copied().flatten();
    let mut findings = Vec::new();
    for (place, record) in records.iter().enumerate() {
        let Some(found) = original(place) else {
            continue;
        };
        let made = if place + 1 == records.len() {
            Some(manifest.document())
        } else {
            original(place + 1).and_then(OriginalEvidence::root)
        };
        let (Some(before), Some(after)) = (found.root(), made) else {
            continue;
        };
        let failures = check_compared(manifest.kind(), &record.to_version, before, after);
        findings.extend(failures.map(|failure| {
            let diagnosis = Diagnosis::from(&failure);
            let message = format!("compared with `{}`, {}", found.name(), diagnosis.message);
            Diagnosis::new(diagnosis.code, message)
        }));
    }
    findings
}
