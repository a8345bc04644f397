//! `convert`: converts a value to another type.
//! Invariant: the converted value means the same; a value for which that is not possible refuses the manifest.

#[cfg(test)]
mod tests;

use serde::Deserialize;

use super::contract::{Direction, Step, StepPlace};
use super::fill::value_in_words;
use super::parsed::{Parsed, StepDefinition};
use super::types::{Type, converted};
use super::view::View;
use crate::form::ObjectProblem;
use crate::json::{Edit, Pointer, ValueKind};
use crate::transform::{Change, StepError, Verb};

pub(super) const DEFINITION: StepDefinition = StepDefinition::of::<Convert>(
    "convert",
    "\
Gives the value of the member `at` the type `to`: `string`, `integer`, `number`, `boolean` or `timestamp`.

- To `string`: a number or boolean as it is spelled.
- To `integer` or `number`: a string that is spelled like one in JSON. To `integer` also a number that is followed by nothing but zeros, as in `2.00`.
- To `boolean`: the strings `\"true\"` and `\"false\"`.
- To `timestamp`, RFC 3339 in UTC with `Z`, as in `\"2026-02-28T10:30:00Z\"`: a string in RFC 3339 with any offset, or an integer, seconds since 1970. Fractions of seconds stay as they are. And from `timestamp` to `integer`, if `from` says so and there is no fraction.

Does nothing where the member is missing, null, or of that type already. Any other value refuses the manifest.

`\"from\"` says the type that a value must have to be converted; then another one refuses the manifest, too.

Inverse: with `from`, converts back: from `string` to `integer`, `number` or `boolean` and the other way round, and from `integer` to `timestamp` and the other way round; refused where a value is not of the type `to`. None without `from`, and where the spelling is gone.",
);

/// Gives a value another type.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Convert {
    /// The value.
    at: Pointer,
    /// The type that it must have, if that matters.
    #[serde(default)]
    from: Option<Type>,
    /// The type that it gets.
    to: Type,
}

impl TryFrom<Convert> for Parsed {
    type Error = ObjectProblem;

    fn try_from(Convert { at, from, to }: Convert) -> Result<Self, ObjectProblem> {
        if let Some(from) = from.filter(|from| !from.can_become(to)) {
            let (from, to) = (from.in_words(), to.in_words());
            return Err(ObjectProblem::Conversion { from, to });
        }
        let irreversible = irreversible(from, to);
        let place = StepPlace::write(at.clone());
        Ok(Self::Step(Step {
            irreversible,
            destroys: irreversible.map(|_| "how the value was spelled"),
            ..Step::new(vec![place], move |view, direction| {
                let (from, to) = match direction {
                    Direction::Up => (from, to),
                    // `from` is always there, because a step without it is irreversible.
                    Direction::Down => (Some(to), from.unwrap_or(to)),
                };
                convert(view, &at, (from, to), direction)
            })
        }))
    }
}

fn irreversible(from: Option<Type>, to: Type) -> Option<&'static str> {
    use Type::{Integer, Number, String, Timestamp};
    match (from, to) {
        (None, _) => Some("what type a value had is not known: `from` could say it"),
        (Some(String), Timestamp) => Some("the offset that a time had is gone"),
        (Some(Number), Integer) => Some("how a number was spelled is gone"),
        (Some(_), _) => None,
    }
}

/// Converts the value to the type `to`; on the way down it must have the type `from`.
fn convert(
    view: &View<'_>,
    pointer: &Pointer,
    (from, to): (Option<Type>, Type),
    direction: Direction,
) -> Result<Vec<Change>, StepError> {
    let at = view.place(pointer);
    let Some(found) = view.get(pointer) else {
        return Ok(vec![]);
    };
    let is_null = found.kind() == ValueKind::Null;
    if is_null || direction == Direction::Up && to.has(found) {
        return Ok(vec![Change::Kept(at)]);
    }
    let is_source = from.is_none_or(|from| from.has(found));
    if let Some(value) = converted(found, from, to).filter(|_| is_source) {
        let edit = Edit::Replace { at, value };
        return Ok(vec![Change::EditAs(Verb::Converted, edit)]);
    }
    let (found, to) = (value_in_words(found), to.in_words());
    let expected = match from {
        Some(from) => format!("{} that can become {to}", from.in_words()),
        None => format!("what can become {to}"),
    };
    let reason = format!("is {found}, expected {expected}");
    Err(StepError { at, reason })
}
