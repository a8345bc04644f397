//! Transforms a manifest along a route.
//! Invariant: a result was scanned, has the target version, one more record, and its guarded members as found.

use super::guard::{self, GuardedMember};
use super::history::HistoryRecord;
use super::manifest::{Manifest, check_history_len};
use super::splicer::{Effect, Splicer};
use crate::catalog::{Kind, Route};
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::effort::{Effort, EffortLimits};
use crate::json::{Edit, EditError, Fragment, Pointer, Text, Value, apply, canonical};
use crate::refusal::Refusal;

/// A manifest at the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The whole new text.
    pub text: String,
    /// The canonical digest of the document as found.
    pub checksum_before: Digest,
    /// The canonical digest of the document at the target, with the history as found.
    pub checksum_after: Digest,
    /// The changes: one list for each migration, one text for each step and place.
    pub changes: Vec<Vec<String>>,
}

/// Transforms `manifest` along `route`.
///
/// ```
/// use migrate_manifests::catalog::Catalog;
/// use migrate_manifests::engine::{examine_as, transform};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let catalog = Catalog::built_in()?;
/// let kind = &catalog.kinds()[0];
/// let manifest = examine_as(kind, br#"{"run_id":"r1","cost":1.50}"#)?;
/// let route = kind.registry.route(manifest.version(), kind.registry.latest()).ok_or("no route")?;
/// let migrated = transform(&manifest, &route, "2026-02-28T10:30:00Z".parse()?)?;
/// assert!(migrated.text.starts_with(r#"{"run_id":"r1","cost":1.50,"schema_version":"1.2.0","input_snapshots":{},"#));
/// assert_eq!(migrated.changes, [["set /input_snapshots", "set /inputs_hash", "set /chain_metadata"]]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// A transform cannot be applied or changes a guarded member, or the result is not valid within the limits.
pub fn transform(
    manifest: &Manifest<'_, '_>,
    route: &Route,
    applied_at: Timestamp,
) -> Result<Migrated, Refusal> {
    let effort = effort_of(manifest);
    let stamp = RecordStamp::real(applied_at);
    transform_inspected(manifest, route, (&stamp, &effort), |_| Ok(()))
}

/// The usual effort for the document of a manifest.
pub(crate) fn effort_of(manifest: &Manifest<'_, '_>) -> Effort<'static> {
    EffortLimits::default().of(manifest.text().as_str().len())
}

/// The time and the checksums of a history record.
pub(crate) struct RecordStamp {
    applied_at: Timestamp,
    checksum: fn(Value<'_>) -> Digest,
}

impl RecordStamp {
    pub(crate) fn real(applied_at: Timestamp) -> Self {
        Self {
            applied_at,
            checksum: |document| canonical::digest(document),
        }
    }

    /// A stamp as long as a real one, so that the result has the same size; real checksums take most of the time.
    pub(crate) fn placeholder() -> Self {
        Self {
            applied_at: Timestamp::EPOCH,
            checksum: |_| Digest::of(b""),
        }
    }
}

/// Transforms a manifest; `inspect` can refuse the result.
pub(crate) fn transform_inspected(
    manifest: &Manifest<'_, '_>,
    route: &Route,
    (stamp, effort): (&RecordStamp, &Effort<'_>),
    inspect: impl FnOnce(Value<'_>) -> Result<(), Refusal>,
) -> Result<Migrated, Refusal> {
    let history = &manifest.kind().history;
    check_history_len(history, manifest.history_len() + 1)?;
    let migrated = follow(manifest, route, effort, |target, effects| {
        let backfilled = effects.iter().flat_map(|effect| effect.backfilled.clone());
        let record = HistoryRecord {
            from_version: manifest.version().clone(),
            to_version: route.to().clone(),
            applied_at: stamp.applied_at,
            changes: by_migration(route, effects),
            checksum_before: (stamp.checksum)(manifest.document()),
            checksum_after: (stamp.checksum)(target.root()),
            backfilled: backfilled.collect(),
        };
        let appended = append_record(target, history, record.to_fragment());
        let text = appended.map_err(|error| Refusal::Edit {
            migration: route.to_string(),
            transform: "append the history record".to_owned(),
            error,
        })?;
        Ok(Migrated {
            text,
            checksum_before: record.checksum_before,
            checksum_after: record.checksum_after,
            changes: record.changes,
        })
    })?;
    check_result(manifest, route, &migrated.text, inspect)?;
    Ok(migrated)
}

fn append_record(target: &Text<'_>, at: &Pointer, record: Fragment) -> Result<String, EditError> {
    let is_there = target.root().at(at).is_some();
    let at = at.clone();
    let edit = if is_there {
        Edit::Append { at, value: record }
    } else {
        let value = Fragment::array(&[record]);
        Edit::Insert { at, value }
    };
    apply(target, &[edit])
}

fn follow<T>(
    manifest: &Manifest<'_, '_>,
    route: &Route,
    effort: &Effort<'_>,
    finish: impl FnOnce(&Text<'_>, &[Effect]) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let mut splicer = Splicer::new(manifest, route, effort);
    let mut text = splicer.start(manifest.text())?;
    loop {
        let target = Text::scan(text.as_bytes()).map_err(Refusal::Result)?;
        let Some(next) = splicer.advance(&target)? else {
            return finish(&target, &splicer.effects);
        };
        text = next;
    }
}

fn by_migration(route: &Route, effects: &[Effect]) -> Vec<Vec<String>> {
    let mut effects = effects.iter();
    route
        .migrations()
        .iter()
        .map(|migration| {
            let own = effects.by_ref().take(migration.transforms.len());
            own.flat_map(|effect| effect.changes.clone()).collect()
        })
        .collect()
}

/// Checks the result itself, without trust in the guard and the splicer.
fn check_result(
    manifest: &Manifest<'_, '_>,
    route: &Route,
    text: &str,
    inspect: impl FnOnce(Value<'_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let result = Text::scan(text.as_bytes()).map_err(Refusal::Result)?;
    let (kind, before, after) = (manifest.kind(), manifest.document(), result.root());
    let version = after.at(&kind.version).and_then(|version| version.as_str());
    if version.is_none_or(|version| version != route.to().to_string()) {
        return Err(Refusal::ResultVersion {
            at: kind.version.clone(),
            expected: route.to().clone(),
        });
    }
    if !one_record_more(kind, before, after) {
        let at = kind.history.clone();
        return Err(Refusal::ResultHistory { at });
    }
    match guard::find_changed_member(kind, before, after) {
        Some(GuardedMember { guard, at }) => Err(Refusal::ResultGuarded { guard, at }),
        None => inspect(after),
    }
}

fn one_record_more(kind: &Kind, before: Value<'_>, after: Value<'_>) -> bool {
    let records = |document: Value<'_>| document.at(&kind.history).map_or(0, |list| list.len());
    let elements = |document| {
        let history = Value::at(&document, &kind.history);
        history.into_iter().flat_map(|list| list.elements())
    };
    records(after) == records(before) + 1
        && elements(before)
            .zip(elements(after))
            .all(|(one, two)| one.raw() == two.raw())
}

/// A document at the target without a new history record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trace {
    pub text: String,
    /// For each transform of the route, in order: true if it changed the document.
    pub changed: Vec<bool>,
}

pub(crate) fn trace(manifest: &Manifest<'_, '_>, route: &Route) -> Result<Trace, Refusal> {
    follow(manifest, route, &effort_of(manifest), |target, effects| {
        Ok(Trace {
            text: target.as_str().to_owned(),
            changed: effects.iter().map(|effect| effect.changed).collect(),
        })
    })
}
