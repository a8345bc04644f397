//! What no step may do, found when a catalog is loaded.
//!
//! Looks at what a step says of itself; the engine's guard believes none of it and looks again.
//!
//! Invariant: a step that passed writes no guarded member but by filling the very gap.

use super::placed::PlacedStep;
use super::view::{may_overlap, scope_length};
use super::{Access, Place};
use crate::catalog::Kind;
use crate::catalog::error::CatalogProblem;
use crate::json::Pointer;
use crate::transform::Transform as _;

/// Checks a step in its place against the kind whose manifests it is for.
pub(super) fn check(step: PlacedStep, kind: &Kind) -> Result<PlacedStep, CatalogProblem> {
    let places = step.step().places();
    for place in &places {
        check_pointer(&place.at)?;
    }
    check_scopes(&step, &places)?;
    check_apart(&step, &places)?;
    let mut fills_protected = false;
    for place in &places {
        fills_protected |= check_guards(&step, place, kind)?;
    }
    for at in step.conditions() {
        check_engine(&step, &at, "read", kind)?;
    }
    Ok(if fills_protected {
        step.without_inverse("the member is protected: once it is there, it stays")
    } else {
        step
    })
}

/// Refuses the pointer to the whole document, and the end of an array.
pub(super) fn check_pointer(pointer: &Pointer) -> Result<(), CatalogProblem> {
    if pointer.tokens().is_empty() {
        return Err(CatalogProblem::WholeDocument);
    }
    if pointer.tokens().iter().any(|name| name == "-") {
        let pointer = pointer.clone();
        return Err(CatalogProblem::EndOfArray { pointer });
    }
    Ok(())
}

/// Refuses a list without pointers.
pub(super) fn check_some(member: &str, pointers: &[Pointer]) -> Result<(), CatalogProblem> {
    if pointers.is_empty() {
        let member = member.to_owned();
        return Err(CatalogProblem::EmptyText { member });
    }
    Ok(())
}

/// Makes sure that every `*` stands for one element: what is written has all of the step's, what is read some of them, from the outermost in.
fn check_scopes(step: &PlacedStep, places: &[Place]) -> Result<(), CatalogProblem> {
    let scope = |place: &Place| place.at.tokens()[..scope_length(&place.at)].to_vec();
    let longest = places.iter().map(scope).max_by_key(Vec::len);
    let longest = longest.unwrap_or_default();
    for place in places {
        let own = scope(place);
        let fits = match place.access {
            Access::Read => longest.starts_with(&own),
            Access::Fill | Access::Write => own == longest,
        };
        if !fits {
            return Err(CatalogProblem::Elements {
                step: step.name(),
                at: place.at.clone(),
                scope: Pointer::root().join(&longest),
            });
        }
    }
    Ok(())
}

/// Refuses a step that reads or writes in what it writes, or changes what a condition around it looks at.
fn check_apart(step: &PlacedStep, places: &[Place]) -> Result<(), CatalogProblem> {
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
            return Err(CatalogProblem::StepOverlap { step, one, two });
        }
        let written = step.absolute(&place.at);
        if let Some(at) = step.conditions().find(|at| may_overlap(at, &written)) {
            let step = step.name();
            return Err(CatalogProblem::ChangesCondition { step, at });
        }
    }
    Ok(())
}

/// Refuses a place at, above or below a guarded member; says whether it fills a protected one.
fn check_guards(step: &PlacedStep, place: &Place, kind: &Kind) -> Result<bool, CatalogProblem> {
    let at = step.absolute(&place.at);
    let does = match place.access {
        Access::Read => "read",
        Access::Fill | Access::Write => "write",
    };
    check_engine(step, &at, does, kind)?;
    if place.access == Access::Read {
        return Ok(false);
    }
    let refused = |guarded: &Pointer, guard| {
        Err(CatalogProblem::Target {
            step: step.name(),
            does,
            at: guarded.clone(),
            guard,
        })
    };
    if let Some(guarded) = kind.immutable.iter().find(|other| may_overlap(&at, other)) {
        return refused(guarded, "immutable");
    }
    let mut fills = false;
    for guarded in kind
        .protected
        .iter()
        .filter(|other| may_overlap(&at, other))
    {
        if place.access != Access::Fill || at != *guarded {
            return refused(guarded, "protected");
        }
        fills = true;
    }
    Ok(fills)
}

/// Refuses what only the engine may set, and what changes under a step because the engine sets it.
fn check_engine(
    step: &PlacedStep,
    at: &Pointer,
    does: &'static str,
    kind: &Kind,
) -> Result<(), CatalogProblem> {
    for (guarded, guard) in [
        (&kind.version, "the version"),
        (&kind.history, "the history"),
    ] {
        if may_overlap(at, guarded) {
            return Err(CatalogProblem::Target {
                step: step.name(),
                does,
                at: guarded.clone(),
                guard,
            });
        }
    }
    Ok(())
}
