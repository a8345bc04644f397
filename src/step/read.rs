//! Reading the steps of a migration: those in frames are put in their place.
//!
//! Takes values that were scanned; gives offsets, which the caller turns into places of a file.
//!
//! Invariant: a step that is returned was checked against the guarded members.

use super::check::{Guards, check};
use super::frame::Frame;
use super::list::STEPS;
use super::parsed::Parsed;
use super::placed::PlacedStep;
use crate::form::{ReadError, find};
use crate::json::Value;

/// A step in its place, and the offset at which the text names it.
#[derive(Debug)]
pub(crate) struct ReadStep {
    pub(crate) step: PlacedStep,
    pub(crate) offset: usize,
}

/// A step could not be read.
#[derive(Debug)]
pub(crate) struct StepsError {
    pub(crate) error: ReadError,
    /// The offset at which its object begins.
    pub(crate) object: usize,
    /// The offset at which the text names it.
    pub(crate) offset: usize,
}

/// Reads the member `steps` of `migration`, whose form was checked.
///
/// # Errors
/// The first step that cannot be read, or may not stand there.
pub(crate) fn read_steps(
    migration: Value<'_>,
    guards: &Guards<'_>,
) -> Result<Vec<ReadStep>, StepsError> {
    let mut steps = Vec::new();
    read_all(migration, guards, &mut Vec::new(), &mut steps)?;
    Ok(steps)
}

/// Reads the steps of `holder`, which stands in `frames`.
fn read_all(
    holder: Value<'_>,
    guards: &Guards<'_>,
    frames: &mut Vec<Frame>,
    into: &mut Vec<ReadStep>,
) -> Result<(), StepsError> {
    let steps = holder.get("steps");
    for object in steps.into_iter().flat_map(|steps| steps.elements()) {
        let name = object.get("step");
        let offset = name.unwrap_or(object).span().start;
        let wrong = |error| StepsError {
            error,
            object: object.span().start,
            offset,
        };
        let name = name.and_then(|name| name.as_str()).unwrap_or_default();
        match read(&name, object.raw()).map_err(wrong)? {
            Parsed::Step(step) => {
                let placed = PlacedStep::new(frames.clone(), step);
                let step = check(placed, guards).map_err(|problem| wrong(problem.into()))?;
                into.push(ReadStep { step, offset });
            }
            Parsed::Frame(frame) => {
                frames.push(frame);
                read_all(object, guards, frames, into)?;
                frames.pop();
            }
        }
    }
    Ok(())
}

/// Reads the step of that name from the text of its object.
fn read(name: &str, text: &str) -> Result<Parsed, ReadError> {
    (find(STEPS, name)?.read)(text)
}
