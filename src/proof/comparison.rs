//! Rules that compare with the document before: each migration is held against them once more, by the original that it found.
//!
//! What a migration made is the next original, or the manifest itself after the last one. Where one of the two is gone, nothing is asked.
//!
//! Invariant: a rule is asked as the engine asks it, of the version that the record leads to.

use super::original::Original;
use crate::engine::Manifest;
use crate::engine::check_compared;
use crate::engine::history::Applied;
use crate::report::Diagnosis;

pub(super) fn check(
    manifest: &Manifest<'_, '_>,
    records: &[Applied],
    of_records: &[Option<usize>],
    originals: &[Original<'_>],
) -> Vec<Diagnosis> {
    let original = |place: usize| of_records.get(place).copied().flatten();
    let mut findings = Vec::new();
    for (place, record) in records.iter().enumerate() {
        let Some(found) = original(place).map(|at| &originals[at]) else {
            continue;
        };
        let made = if place + 1 == records.len() {
            Some(manifest.document())
        } else {
            original(place + 1).and_then(|at| originals[at].root())
        };
        let (Some(before), Some(after)) = (found.root(), made) else {
            continue;
        };
        let failures = check_compared(manifest.kind(), &record.to_version, before, after);
        findings.extend(failures.map(|failure| {
            let held = Diagnosis::from(&failure);
            let message = format!("compared with `{}`, {}", found.name(), held.message);
            Diagnosis::new(held.code, message)
        }));
    }
    findings
}
