//! `convert`: converts a value to another type.
//! Invariant: the converted value means the same; a value for which that is not possible refuses the manifest.

#[cfg(test)]
mod tests;

use serde::Deserialize;

use super::contract::{Direction, Step, StepPlace};
use super::fill::value_in_words;
use super::parsed::Definition;
pub(crate) use super::types::Type;
use super::types::converted;
use super::view::View;
use crate::form::ObjectProblem;
use crate::json::{Edit, Pointer, ValueKind};
use crate::transform::{Change, StepError, Verb};

pub(super) const DEFINITION: Definition = Definition::of::<Convert>(
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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Convert {
    /// The value.
    pub at: Pointer,
    /// The type that it must have, if that matters.
    #[serde(default)]
    pub from: Option<Type>,
    /// The type that it gets.
    pub to: Type,
}

/// Converts the value to the type `to`; on the way down it must have the type `from`.
fn convert(
    view: &View<'_>,
    pointer: &Pointer,
    from: Option<Type>,
    to: Type,
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

impl Step for Convert {
    fn name(&self) -> &'static str {
        DEFINITION.name
    }

    fn places(&self) -> Vec<StepPlace> {
        vec![StepPlace::write(&self.at)]
    }

    fn changes(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
        convert(view, &self.at, self.from, self.to, Direction::Up)
    }

    fn irreversible(&self) -> Option<&'static str> {
        use Type::{Integer, Number, String, Timestamp};
        match (self.from, self.to) {
            (None, _) => Some("what type a value had is not known: `from` could say it"),
            (Some(String), Timestamp) => Some("the offset that a time had is gone"),
            (Some(Number), Integer) => Some("how a number was spelled is gone"),
            (Some(_), _) => None,
        }
    }

    fn undo(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
        // `from` is always there, because a step without it is irreversible.
        let to = self.from.unwrap_or(self.to);
        convert(view, &self.at, Some(self.to), to, Direction::Down)
    }

    fn check(&self) -> Result<(), ObjectProblem> {
        match self.from.filter(|from| !from.can_become(self.to)) {
            Some(from) => {
                let (from, to) = (from.in_words(), self.to.in_words());
                Err(ObjectProblem::Conversion { from, to })
            }
            None => Ok(()),
        }
    }

    fn destroys(&self) -> Option<&'static str> {
        self.irreversible().map(|_| "how the value was spelled")
    }
}
