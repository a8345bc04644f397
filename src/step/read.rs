//! Reads the steps of a migration, also those in frames.
//! Invariant: a step that is returned was checked against the guarded members.

use super::check::{GuardedMembers, check};
use super::list::STEPS;
use super::parsed::{Parsed, StepFrame};
use super::placed::PlacedStep;
use crate::form::{Common, ReadError, find};
use crate::json::Value;

const COMMON: Common = Common {
    first: &["step"],
    last: &[],
};

#[derive(Debug)]
pub(crate) struct ReadStep {
    pub(crate) step: PlacedStep,
    /// The offset of its name.
    pub(crate) name: usize,
}

#[derive(Debug)]
pub(crate) struct StepsError {
    pub(crate) error: ReadError,
    /// The offset of the object.
    pub(crate) object: usize,
    /// The offset of its name.
    pub(crate) name: usize,
}

pub(crate) fn read_steps(
    migration: Value<'_>,
    guarded: &GuardedMembers<'_>,
) -> Result<Vec<ReadStep>, StepsError> {
    let mut steps = Vec::new();
    read_all(migration, guarded, &mut Vec::new(), &mut steps)?;
    Ok(steps)
}

fn read_all(
    holder: Value<'_>,
    guarded: &GuardedMembers<'_>,
    frames: &mut Vec<StepFrame>,
    into: &mut Vec<ReadStep>,
) -> Result<(), StepsError> {
    let steps = holder.get("steps");
    for object in steps.into_iter().flat_map(|steps| steps.elements()) {
        let named = object.get("step");
        let name = named.unwrap_or(object).span().start;
        let wrong = |error| StepsError {
            error,
            object: object.span().start,
            name,
        };
        let named = named.and_then(|name| name.as_str()).unwrap_or_default();
        let definition = find(STEPS, "step", &named).map_err(|problem| wrong(problem.into()))?;
        match (definition.read)(object.raw(), COMMON).map_err(wrong)? {
            Parsed::Step(step) => {
                let placed = PlacedStep::new(definition.name, frames.clone(), step);
                let step = check(placed, guarded).map_err(|problem| wrong(problem.into()))?;
                into.push(ReadStep { step, name });
            }
            Parsed::StepFrame(frame) => {
                frames.push(frame);
                read_all(object, guarded, frames, into)?;
                frames.pop();
            }
        }
    }
    Ok(())
}
