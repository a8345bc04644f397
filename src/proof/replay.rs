//! Computes a migration again from the original, with the same catalog and clock.
//! Invariant: a migration that cannot be computed again is a note; only different bytes are a finding.

use super::evidence::{Evidence, OriginalEvidence, Proof};
use crate::catalog::Catalog;
use crate::code::Code;
use crate::digest::Digest;
use crate::engine::history::HistoryRecord;
use crate::engine::{examine_text, transform};
use crate::json::{Pointer, Text};
use crate::path::TreePath;
use crate::refusal::Refusal;
use crate::report::Diagnosis;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Replay<'r> {
    pub path: &'r TreePath,
    pub catalog: &'r Catalog,
    /// The operation that migrated it.
    pub operation: &'r str,
    pub original: &'r str,
    pub record: &'r HistoryRecord,
    /// The SHA-256 of the migrated bytes.
    pub after: Digest,
}

impl Replay<'_> {
    /// Computes the migration of `original` again, and returns the problem, if there is one.
    pub(crate) fn check(&self, original: Text<'_>) -> Option<Diagnosis> {
        self.prove(original).err()
    }

    /// Computes the migration of `original` again. The text has exactly the migrated bytes.
    pub(crate) fn prove(&self, original: Text<'_>) -> Result<String, Diagnosis> {
        let again = self.compute(original)?;
        let found = Digest::of(again.as_bytes());
        if found == self.after {
            return Ok(again);
        }
        Err(self.differs(&format!(
            "gives bytes with the SHA-256 {found}, expected {}",
            self.after
        )))
    }

    fn compute(&self, original: Text<'_>) -> Result<String, Diagnosis> {
        let refused = |refusal: Refusal| self.differs(&format!("is refused: {refusal}"));
        let examined = examine_text(self.catalog, self.path.file_name(), original);
        let manifest = examined.map_err(|one| match one.kind_index {
            Some(_) => refused(one.refusal),
            None => not_replayable(format!(
                "the catalog `{}` of operation `{}` has no kind for it",
                self.catalog.name(),
                self.operation
            )),
        })?;
        let (kind, from, to) = (manifest.kind(), manifest.version(), &self.record.to_version);
        let down = || kind.registry.route_down(from, to).ok().flatten();
        let Some(route) = kind.registry.route(from, to).or_else(down) else {
            return Err(self.differs(&format!("has no route from `{from}` to `{to}`")));
        };
        let migrated = transform(&manifest, &route, self.record.applied_at);
        migrated.map(|migrated| migrated.text).map_err(refused)
    }

    fn differs(&self, how: &str) -> Diagnosis {
        let message = format!(
            "the migration of `{}` by operation `{}`, computed again, {how}",
            self.original, self.operation
        );
        Diagnosis::new(Code::ReplayDiffers, message)
    }
}

/// Computes every migration in the history of a manifest again, as far as possible with this evidence.
///
/// `catalog` returns the catalog with a digest, or the reason why there is none.
pub(crate) fn check_replay<'c>(
    (path, history): (&TreePath, &Pointer),
    proof: &Proof,
    evidence: &Evidence<'_>,
    catalog: &dyn Fn(Digest) -> Result<&'c Catalog, String>,
) -> Vec<Diagnosis> {
    let original_at = |place: usize| {
        let found = proof.originals.get(place).copied().flatten();
        found.map(|at| &evidence.originals[at])
    };
    let one = |place: usize, record: &HistoryRecord| {
        let at = history.child(place.to_string());
        let Some(original) = original_at(place) else {
            return Some(not_replayable(format!(
                "no backup has the original of `{at}`"
            )));
        };
        let replaced = original.replaced(evidence.witness);
        let unknown = || {
            not_replayable(format!(
                "no journal says with which catalog `{at}` was made"
            ))
        };
        let Some(replaced) = replaced else {
            return Some(unknown());
        };
        let operation = replaced.operation.id.as_str();
        let began = replaced.operation.began.as_ref();
        let used = began.map(|began| began.catalog.digest);
        let used = used.ok_or_else(|| format!("the journal of `{operation}` names no catalog"));
        let catalog = match used.and_then(catalog) {
            Ok(catalog) => catalog,
            Err(why) => return Some(not_replayable(format!("`{at}`: {why}"))),
        };
        let is_last = place + 1 == proof.records.len();
        let next = original_at(place + 1).and_then(OriginalEvidence::raw);
        let after = next
            .or(is_last.then_some(evidence.raw))
            .unwrap_or(replaced.after);
        let replay = Replay {
            path,
            catalog,
            operation,
            original: original.name(),
            record,
            after,
        };
        let checked = original.with_text(|text| replay.check(text));
        checked.unwrap_or_else(|| Some(unknown()))
    };
    let all = proof.records.iter().enumerate();
    all.filter_map(|(place, record)| one(place, record))
        .collect()
}

fn not_replayable(why: impl Into<String>) -> Diagnosis {
    Diagnosis::new(Code::NotReplayable, why)
}
