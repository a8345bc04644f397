//! A document that a producer wrote anew in the place of one that an operation had left.
//! docs/verify.md has the rule. It is as strict as can be: what could be the recorded document with a change is damage.
//! Invariant: a document that carries on a history that is recorded here is never taken for a new one.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::chain;
use super::evidence::{Evidence, OriginalEvidence};
use crate::catalog::{Catalog, Kind};
use crate::clock::Timestamp;
use crate::engine::history::{self, HistoryRecord};
use crate::engine::{Manifest, examine_text, transform};
use crate::json::canonical;
use crate::json::{Text, Value};
use crate::path::TreePath;
use crate::version::Version;

/// Returns true if a document that is not the one that the last operation left is a new one.
///
/// The document itself must have been proved already: text, schema, snapshots, identity.
pub(crate) fn is_superseded(
    manifest: &Manifest<'_, '_>,
    path: &TreePath,
    catalog: &Catalog,
    evidence: &Evidence<'_>,
) -> bool {
    let Some(witness) = evidence.witness else {
        return false;
    };
    // Bytes that stood there before were put back by hand.
    if witness.seen.contains(&evidence.raw) {
        return false;
    }
    let kind = manifest.kind();
    let Ok(records) = history::read(manifest.document(), &kind.history) else {
        return false;
    };
    let is_consistent = chain::check(manifest, &records, &vec![None; records.len()]).is_empty();
    let is_recorded = |record: &HistoryRecord| continues(record, evidence);
    is_consistent
        && !records.iter().any(is_recorded)
        && evidence
            .originals_of_witness()
            .all(|original| is_new_beside(original, manifest, path, catalog))
}

/// Returns true if a record was made by an operation that has a journal here, or found a document that is kept here.
fn continues(record: &HistoryRecord, evidence: &Evidence<'_>) -> bool {
    let mut originals = evidence.originals.iter();
    evidence.maker(record).is_some()
        || originals.any(|one| one.checksum() == Some(record.checksum_before))
}

/// Returns true if the document is of the run of this original, and neither the original nor what a migration makes of it, apart from the history.
fn is_new_beside(
    original: &OriginalEvidence<'_>,
    manifest: &Manifest<'_, '_>,
    path: &TreePath,
    catalog: &Catalog,
) -> bool {
    let (kind, document) = (manifest.kind(), manifest.document());
    let is_new = original.with_text(|text| {
        let versions = [manifest.version(), kind.registry.latest()];
        is_of_run(kind, text.root(), document)
            && !has_same_members(kind, text.root(), document)
            && versions.into_iter().all(|version| {
                let migrated = migrated(&text, version, path, catalog);
                let migrated = migrated.as_ref();
                let migrated = migrated.and_then(|text| Text::scan(text.as_bytes()).ok());
                !migrated.is_some_and(|text| has_same_members(kind, text.root(), document))
            })
    });
    // What cannot be read says nothing.
    is_new.unwrap_or(true)
}

fn is_of_run(kind: &Kind, one: Value<'_>, two: Value<'_>) -> bool {
    kind.immutable
        .iter()
        .all(|at| match (one.at(at), two.at(at)) {
            (Some(one), Some(two)) => canonical::same(one, two),
            (None, None) => true,
            _ => false,
        })
}

/// Compares all members but those that hold the version and the history.
fn has_same_members(kind: &Kind, one: Value<'_>, two: Value<'_>) -> bool {
    let (one, two) = (own_members(kind, one), own_members(kind, two));
    one.len() == two.len()
        && one.iter().all(|(name, value)| {
            let other = two.get(name);
            other.is_some_and(|other| canonical::same(*value, *other))
        })
}

fn own_members<'t>(kind: &Kind, document: Value<'t>) -> BTreeMap<Cow<'t, str>, Value<'t>> {
    let members = document.members();
    let mut members: BTreeMap<_, _> = members.map(|one| (one.name(), one.value())).collect();
    for at in [&kind.version, &kind.history] {
        if let Some(name) = at.tokens().first() {
            members.remove(name.as_str());
        }
    }
    members
}

/// The original, migrated to a version, if there is a way.
fn migrated(
    original: &Text<'_>,
    to: &Version,
    path: &TreePath,
    catalog: &Catalog,
) -> Option<String> {
    let examined = examine_text(catalog, path.file_name(), original.clone()).ok()?;
    let route = examined.kind().registry.route(examined.version(), to)?;
    // The time stands in the history only.
    let migrated = transform(&examined, &route, Timestamp::EPOCH).ok()?;
    Some(migrated.text)
}
