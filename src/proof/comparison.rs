//! Checks each migration again by the rules that compare it with the document before.
//! The document before is the original in a backup; the document after is the next original or the manifest. A migration without one of the two is not checked.
//! Invariant: the rules are those of the engine, for the version after the migration.

use super::evidence::OriginalEvidence;
use crate::engine::Manifest;
use crate::engine::check_compared;
use crate::engine::history::HistoryRecord;
use crate::json::Value;
use crate::report::Diagnosis;

pub(super) fn check(
    manifest: &Manifest<'_, '_>,
    records: &[HistoryRecord],
    originals: &[Option<&OriginalEvidence<'_>>],
) -> Vec<Diagnosis> {
    let original = |place: usize| originals.get(place).copied().flatten();
    let (kind, mut findings) = (manifest.kind(), Vec::new());
    if !kind.rules.iter().any(|rule| rule.body.compares()) {
        return findings;
    }
    for (place, record) in records.iter().enumerate() {
        let Some(found) = original(place) else {
            continue;
        };
        let to = &record.to_version;
        let with_after = |after: Value<'_>| {
            let failures = found.with_root(|before| check_compared(kind, to, before, after));
            failures.unwrap_or_default()
        };
        let failures: Vec<_> = if place + 1 == records.len() {
            with_after(manifest.document())
        } else {
            let next = original(place + 1).and_then(|next| next.with_root(with_after));
            next.unwrap_or_default()
        };
        findings.extend(failures.into_iter().map(|failure| {
            let diagnosis = Diagnosis::from(&failure);
            let message = format!("compared with `{}`, {}", found.name(), diagnosis.message);
            Diagnosis::new(diagnosis.code, message)
        }));
    }
    findings
}
