//! `map`: replaces a value by its entry in a table.
//! Invariant: in place, no output is looked up again, so a second run changes nothing.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Deserialize;

use super::contract::{Step, StepPlace};
use super::fill::{Fill, FillOptions, Filling, OtherValue, some_value, value_in_words};
use super::parsed::{Definition, Parsed};
use super::view::View;
use crate::form::{Form, ObjectProblem, ReadError};
use crate::json::{Edit, Fragment, Pointer, Value};
use crate::transform::{Change, StepError, Verb};

pub(super) const DEFINITION: Definition = Definition::of::<MapForm>(
    "map",
    "\
Looks the value of the member `at` up in `table`, an object from strings to values, and sets what it finds: in place, or in the member `to`, if that is given; then `at` stays. Only strings are found.

A value that is not in the table refuses the manifest; with `\"else\": \"keep\"` it is kept (with `to`, copied), and with `\"default\": value` that value is set.

Does nothing where `at` is missing. In place, also where the value is one of the outputs; a table in which an output is also an input, with another value, is refused when it is loaded. With `to`, also where `to` has the value already; refused where it has another one.

Inverse: with `to`, takes `to` away; refused where it has another value. In place, looks up the other way round; refused where a value is none of the outputs (or, with `\"else\": \"keep\"`, is an input). None in place with a `default`, or where two inputs have one output.",
);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Map {
    pub at: Pointer,
    /// The member that gets the entry; `None` for the member of the value itself.
    pub to: Option<Pointer>,
    pub table: Vec<(Fragment, Fragment)>,
    pub(crate) unmapped: Unmapped,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unmapped {
    Refuse,
    Keep,
    Default(Fragment),
}

/// Looks values up in a table.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct MapForm {
    /// The value that is looked up.
    at: Pointer,
    /// The member that gets what was found; without it, the value's own.
    #[serde(default)]
    to: Option<Pointer>,
    /// Inputs, which are strings, and outputs.
    table: BTreeMap<String, Fragment>,
    /// What a value becomes that is not in the table.
    #[serde(default, deserialize_with = "some_value")]
    default: Option<Fragment>,
    /// What is done about a value that is not in the table, where there is no default.
    #[serde(default, rename = "else")]
    other: Option<Else>,
}

/// What a file can say of values that are not in the table.
#[derive(Debug, Clone, Copy, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
enum Else {
    /// It refuses the manifest.
    Refuse,
    /// It is kept.
    Keep,
}

impl Form<Parsed> for MapForm {
    fn read(self) -> Result<Parsed, ReadError> {
        let table = self.table.into_iter();
        let step = Map {
            at: self.at,
            to: self.to,
            table: table
                .map(|(input, output)| (Fragment::string(&input), output))
                .collect(),
            unmapped: match (self.other, self.default) {
                (None | Some(Else::Refuse), None) => Unmapped::Refuse,
                (Some(Else::Keep), None) => Unmapped::Keep,
                (None, Some(default)) => Unmapped::Default(default),
                (Some(_), Some(_)) => {
                    let (one, two) = ("default", "else");
                    return Err(ObjectProblem::Contradiction { one, two }.into());
                }
            },
        };
        if step.to.is_none() {
            step.check_chains()?;
        }
        Ok(Parsed::from(step))
    }
}

impl Map {
    /// Refuses a table with an output that is also an input, with another output.
    fn check_chains(&self) -> Result<(), ObjectProblem> {
        for output in self.outputs() {
            let again = self.table.iter().find(|(input, _)| input == output);
            if let Some((input, _)) = again.filter(|(_, again)| again != output) {
                let output = input.as_str().to_owned();
                return Err(ObjectProblem::Chain { output });
            }
        }
        Ok(())
    }

    fn outputs(&self) -> impl Iterator<Item = &Fragment> {
        let default = match &self.unmapped {
            Unmapped::Default(value) => Some(value),
            Unmapped::Refuse | Unmapped::Keep => None,
        };
        self.table.iter().map(|(_, output)| output).chain(default)
    }

    fn look_up(&self, value: Value<'_>) -> Option<&Fragment> {
        let mut rows = self.table.iter();
        rows.find_map(|(input, output)| input.equals(value).then_some(output))
    }

    fn output(&self, view: &View<'_>, value: Value<'_>) -> Result<Option<&Fragment>, StepError> {
        match (self.look_up(value), &self.unmapped) {
            (Some(output), _) | (None, Unmapped::Default(output)) => Ok(Some(output)),
            (None, Unmapped::Keep) => Ok(None),
            (None, Unmapped::Refuse) => Err(self.not_in_table(view, value)),
        }
    }

    fn not_in_table(&self, view: &View<'_>, value: Value<'_>) -> StepError {
        StepError {
            at: view.place(&self.at),
            reason: format!(
                "is {}, which the table does not have",
                value_in_words(value)
            ),
        }
    }

    fn in_place(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
        let Some(found) = view.get(&self.at) else {
            return Ok(vec![]);
        };
        let is_output = self.outputs().any(|output| output.equals(found));
        let output = if is_output {
            None
        } else {
            self.output(view, found)?
        };
        Ok(vec![self.replaced(view, output)])
    }

    fn back_in_place(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
        let Some(found) = view.get(&self.at) else {
            return Ok(vec![]);
        };
        let mut rows = self.table.iter();
        let input = rows.find_map(|(input, output)| output.equals(found).then_some(input));
        let stays = self.unmapped == Unmapped::Keep && self.look_up(found).is_none();
        if input.is_none() && !stays {
            return Err(self.not_in_table(view, found));
        }
        let input = input.filter(|input| !input.equals(found));
        Ok(vec![self.replaced(view, input)])
    }

    fn as_fill(&self) -> Option<FillFromMap<'_>> {
        let to = self.to.as_ref()?;
        Some(FillFromMap { map: self, to })
    }

    fn replaced(&self, view: &View<'_>, value: Option<&Fragment>) -> Change {
        let at = view.place(&self.at);
        match value.cloned() {
            Some(value) => Change::EditAs(Verb::Mapped, Edit::Replace { at, value }),
            None => Change::Kept(at),
        }
    }

    fn has_an_output_twice(&self) -> bool {
        let mut rest = self.table.as_slice();
        while let Some(((_, output), others)) = rest.split_first() {
            if others
                .iter()
                .any(|(_, other)| other.equals_fragment(output))
            {
                return true;
            }
            rest = others;
        }
        false
    }
}

impl Step for Map {
    fn name(&self) -> &'static str {
        DEFINITION.name
    }

    fn places(&self) -> Vec<StepPlace> {
        match self.as_fill() {
            None => vec![StepPlace::write(&self.at)],
            Some(other) => other.places(),
        }
    }

    fn changes(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
        match self.as_fill() {
            None => self.in_place(view),
            Some(other) => other.changes(view),
        }
    }

    fn irreversible(&self) -> Option<&'static str> {
        if self.to.is_some() {
            return None;
        }
        match self.unmapped {
            Unmapped::Default(_) => Some("what became the default is not known"),
            Unmapped::Refuse | Unmapped::Keep => self
                .has_an_output_twice()
                .then_some("which of several inputs an output was is not known"),
        }
    }

    fn undo(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
        match self.as_fill() {
            None => self.back_in_place(view),
            Some(other) => other.undo(view),
        }
    }

    fn destroys(&self) -> Option<&'static str> {
        self.irreversible()
            .map(|_| "which of several values it was")
    }
}

/// A `map` with outputs in a member of their own.
#[derive(Debug)]
struct FillFromMap<'m> {
    map: &'m Map,
    to: &'m Pointer,
}

impl Fill for FillFromMap<'_> {
    fn options(&self) -> FillOptions<'_> {
        FillOptions {
            verb: Some(Verb::Mapped),
            ..FillOptions::new(DEFINITION.name, self.to, OtherValue::Refuse)
        }
    }

    fn reads(&self) -> Vec<&Pointer> {
        vec![&self.map.at]
    }

    fn filling(&self, view: &View<'_>) -> Result<Option<Filling>, StepError> {
        let Some(found) = view.get(&self.map.at) else {
            return Ok(None);
        };
        Ok(Some(match self.map.output(view, found)? {
            Some(output) => output.clone().into(),
            None => Filling::copy(view.place(&self.map.at), found),
        }))
    }
}
