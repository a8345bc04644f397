//! Checks a step in its place when a catalog is loaded.
//! Invariant: a checked step writes no guarded member, except that it may fill a missing protected one.

use super::contract::{Access, StepPlace};
use super::placed::PlacedStep;
use super::view::{may_overlap, scope};
use crate::form::{ObjectProblem, check_not_end};
use crate::json::Pointer;
use crate::transform::Transform as _;

/// The members that a migration may not change.
#[derive(Debug, Clone, Copy)]
pub struct GuardedMembers<'k> {
    /// The version, which only the engine sets.
    pub version: &'k Pointer,
    /// The history, which only the engine sets.
    pub history: &'k Pointer,
    /// The members that keep their bytes, and are neither added nor removed.
    pub immutable: &'k [Pointer],
    /// The members that keep their bytes once they are there.
    pub protected: &'k [Pointer],
}

pub(super) fn check(
    step: PlacedStep,
    guards: &GuardedMembers<'_>,
) -> Result<PlacedStep, ObjectProblem> {
    let places = step.own_places();
    for place in places {
        check_not_end(&place.at)?;
    }
    check_scopes(&step)?;
    check_overlaps(&step)?;
    let mut fills_protected = false;
    for place in places {
        fills_protected |= check_guards(&step, place, guards)?;
    }
    for at in step.conditions() {
        check_engine(&step, &at, "read", guards)?;
    }
    Ok(if fills_protected {
        step.without_inverse("the member is protected: once it is there, it stays")
    } else {
        step
    })
}

/// Requires that every `*` stands for one element: a written place has all `*` of the step, a read place the outermost ones or all.
fn check_scopes(step: &PlacedStep) -> Result<(), ObjectProblem> {
    let longest = step.scope.as_slice();
    for place in step.own_places() {
        let own = scope(&place.at);
        let fits = match place.access {
            Access::Read => longest.starts_with(own),
            Access::Fill | Access::Write => own == longest,
        };
        if !fits {
            return Err(ObjectProblem::Elements {
                step: step.name(),
                at: place.at.clone(),
                scope: Pointer::root().join(longest),
            });
        }
    }
    Ok(())
}

/// Refuses a step that reads or writes inside a place that it writes, or that writes the member of a condition around it.
fn check_overlaps(step: &PlacedStep) -> Result<(), ObjectProblem> {
    let places = step.own_places();
    for (count, place) in places.iter().enumerate() {
        if place.access == Access::Read {
            continue;
        }
        let others = places.iter().enumerate();
        let mut others = others
            .filter(|(other, _)| *other != count)
            .map(|(_, place)| &place.at);
        if let Some(two) = others.find(|other| may_overlap(&place.at, other)) {
            let (one, two) = (place.at.clone(), two.clone());
            let step = step.name();
            return Err(ObjectProblem::StepOverlap { step, one, two });
        }
        let written = step.absolute(&place.at);
        if let Some(at) = step.conditions().find(|at| may_overlap(at, &written)) {
            let step = step.name();
            return Err(ObjectProblem::ChangesCondition { step, at });
        }
    }
    Ok(())
}

/// Refuses to write at, above or below a guarded member. Returns true if the step fills a protected one.
fn check_guards(
    step: &PlacedStep,
    place: &StepPlace,
    guards: &GuardedMembers<'_>,
) -> Result<bool, ObjectProblem> {
    let at = step.absolute(&place.at);
    let does = match place.access {
        Access::Read => "read",
        Access::Fill | Access::Write => "write",
    };
    check_engine(step, &at, does, guards)?;
    if place.access == Access::Read {
        return Ok(false);
    }
    let reached = |other: &&Pointer| may_overlap(&at, other);
    if let Some(guarded) = guards.immutable.iter().find(reached) {
        return Err(target(step, does, guarded, "immutable"));
    }
    let mut fills = false;
    for guarded in guards.protected.iter().filter(reached) {
        if place.access != Access::Fill || at != *guarded {
            return Err(target(step, does, guarded, "protected"));
        }
        fills = true;
    }
    Ok(fills)
}

/// Refuses the members that the engine sets. A step may not even read them, because they change on the way.
fn check_engine(
    step: &PlacedStep,
    at: &Pointer,
    does: &'static str,
    guards: &GuardedMembers<'_>,
) -> Result<(), ObjectProblem> {
    let set_by_engine = [
        (guards.version, "the version"),
        (guards.history, "the history"),
    ];
    match set_by_engine.into_iter().find(|one| may_overlap(at, one.0)) {
        Some((guarded, guard)) => Err(target(step, does, guarded, guard)),
        None => Ok(()),
    }
}

fn target(
    step: &PlacedStep,
    does: &'static str,
    at: &Pointer,
    guard: &'static str,
) -> ObjectProblem {
    ObjectProblem::Target {
        step: step.name(),
        does,
        at: at.clone(),
        guard,
    }
}
