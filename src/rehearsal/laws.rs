//! The laws of migrations, checked on one document.
//! Invariant: a document that the engine refuses breaks no law.

use super::remark::{Remark, StepId, place_of};
use crate::catalog::{Kind, Migration, Route};
use crate::code::Code;
use crate::engine::{Manifest, examine_as, trace};
use crate::json::{Edit, Fragment, Pointer, Text, Value, apply, canonical};
use crate::refusal::Refusal;
use crate::transform::{Change, Transform};
use crate::version::Version;

/// A document that was migrated in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rehearsal {
    /// The text at the end, without the history records.
    pub text: String,
    /// The steps that changed something.
    pub changed: Vec<StepId>,
    /// The laws that this document breaks.
    pub broken: Vec<Remark>,
}

/// Migrates a manifest along a route, and checks the laws for each migration.
///
/// # Errors
/// The manifest would be refused.
pub fn rehearse(manifest: &Manifest<'_, '_>, route: &Route) -> Result<Rehearsal, Refusal> {
    let kind = manifest.kind();
    let mut rehearsed = Rehearsal {
        text: manifest.text().as_str().to_owned(),
        ..Rehearsal::default()
    };
    for migration in route.migrations() {
        let text = std::mem::take(&mut rehearsed.text);
        let manifest = examine_as(kind, text.as_bytes())?;
        let Some(edge) = kind.registry.step(&migration.from, &migration.to) else {
            return Err(no_route(&migration.from, &migration.to));
        };
        let after = trace(&manifest, &edge)?;
        let changed = after.changed.iter().enumerate();
        let changed = changed.filter(|(_, changed)| **changed);
        let steps = changed.map(|(index, _)| StepId::new(&kind.name, migration, index));
        rehearsed.changed.extend(steps);
        let broken = [
            check_twice(manifest.text(), migration, kind),
            check_shortcut(&manifest, migration, &after.text),
            check_way_back(kind, migration, &edge, &after.text),
        ];
        rehearsed.broken.extend(broken.into_iter().flatten());
        rehearsed.text = after.text;
    }
    Ok(rehearsed)
}

fn no_route(from: &Version, to: &Version) -> Refusal {
    let (from, to) = (from.clone(), to.clone());
    Refusal::NoRoute { from, to }
}

fn check_twice(text: &Text<'_>, migration: &Migration, kind: &Kind) -> Option<Remark> {
    let mut current = text.as_str().to_owned();
    for (index, transform) in migration.transforms.iter().enumerate() {
        current = apply_step(transform.as_ref(), &current)?.0;
        let (_, changed) = apply_step(transform.as_ref(), &current)?;
        if changed {
            let message = format!(
                "`{}` changes a document again that it has changed",
                transform.name()
            );
            let remark = Remark::new(Code::NotIdempotent, place_of(migration), message);
            return Some(remark.on_step(kind, migration, index));
        }
    }
    None
}

/// The text after a transform, and true if it changed; `None` if the transform refuses it.
pub(super) fn apply_step(transform: &dyn Transform, text: &str) -> Option<(String, bool)> {
    let text = Text::scan(text.as_bytes()).ok()?;
    let changes = transform.changes(text.root()).ok()?;
    let edits: Vec<Edit> = changes.iter().filter_map(Change::edit).cloned().collect();
    Some((apply(&text, &edits).ok()?, !edits.is_empty()))
}

pub(super) fn check_shortcut(
    manifest: &Manifest<'_, '_>,
    migration: &Migration,
    direct: &str,
) -> Option<Remark> {
    let registry = &manifest.kind().registry;
    let detour = registry.detour(&migration.from, &migration.to)?;
    let via: Vec<_> = detour.via().iter().map(ToString::to_string).collect();
    let differs = |how: &str| {
        let via = via.join(", ");
        let message = format!("the migration {migration} does not give what {via} gives: {how}");
        Remark::new(Code::ShortcutDiffers, place_of(migration), message)
    };
    match trace(manifest, &detour) {
        Err(refusal) => Some(differs(&format!("there, a document is refused: {refusal}"))),
        Ok(composed) if composed.text == direct => None,
        Ok(composed) => {
            let difference = difference(direct, &composed.text);
            Some(differs(&difference.unwrap_or_else(|| {
                "the same members stand in another order".to_owned()
            })))
        }
    }
}

fn check_way_back(kind: &Kind, migration: &Migration, edge: &Route, up: &str) -> Option<Remark> {
    let down = kind
        .registry
        .route_down(&migration.to, &migration.from)
        .ok()??;
    let low = along(kind, &down, up).ok()?;
    let differs = |how: &str| {
        let message = format!("the migration {migration}, down and up again, {how}");
        Some(Remark::new(
            Code::WayBackDiffers,
            place_of(migration),
            message,
        ))
    };
    match along(kind, edge, &low) {
        Err(refusal) => differs(&format!("refuses a document: {refusal}")),
        Ok(again) => difference(&again, up).and_then(|how| differs(&how)),
    }
}

fn along(kind: &Kind, route: &Route, text: &str) -> Result<String, Refusal> {
    Ok(trace(&examine_as(kind, text.as_bytes())?, route)?.text)
}

pub(super) fn difference(found: &str, expected: &str) -> Option<String> {
    let (found, expected) = (
        Text::scan(found.as_bytes()).ok()?,
        Text::scan(expected.as_bytes()).ok()?,
    );
    let (at, found, expected) = first_difference(Pointer::root(), found.root(), expected.root())?;
    let said = |value: Option<Value<'_>>| match value {
        Some(value) => format!("`{}`", Fragment::from(value).as_str()),
        None => "nothing".to_owned(),
    };
    Some(format!(
        "`{at}` is {}, expected {}",
        said(found),
        said(expected)
    ))
}

type MemberDifference<'t> = (Pointer, Option<Value<'t>>, Option<Value<'t>>);

fn first_difference<'t>(
    at: Pointer,
    found: Value<'t>,
    expected: Value<'t>,
) -> Option<MemberDifference<'t>> {
    if canonical::same(found, expected) {
        return None;
    }
    let names = |value: Value<'t>| value.members().map(|member| member.name().into_owned());
    let mut all: Vec<String> = names(found).collect();
    all.extend(names(expected).filter(|name| found.get(name).is_none()));
    for name in all {
        let inner = at.child(name.as_str());
        match (found.get(&name), expected.get(&name)) {
            (Some(one), Some(two)) => {
                let difference = first_difference(inner, one, two);
                if difference.is_some() {
                    return difference;
                }
            }
            (one, two) => return Some((inner, one, two)),
        }
    }
    Some((at, Some(found), Some(expected)))
}
