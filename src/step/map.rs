//! `map`: replaces a value by its entry in a table.
//! Invariant: in place, no output is looked up again, so a second run changes nothing.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Deserialize;

use super::contract::{Direction, Step, StepPlace};
use super::fill::{Fill, Filling, OtherValue, some_value, value_in_words};
use super::parsed::{Parsed, StepDefinition};
use super::view::View;
use crate::form::ObjectProblem;
use crate::json::{Edit, Fragment, Pointer, Value};
use crate::transform::{Change, StepError, Verb};

pub(super) const DEFINITION: StepDefinition = StepDefinition::of::<MapForm>(
    "map",
    "\
Looks the value of the member `at` up in `table`, an object from strings to values, and sets what it finds: in place, or in the member `to`, if that is given; then `at` stays. Only strings are found.

A value that is not in the table refuses the manifest; with `\"else\": \"keep\"` it is kept (with `to`, copied), and with `\"default\": value` that value is set.

Does nothing where `at` is missing. In place, also where the value is one of the outputs; a table in which an output is also an input, with another value, is refused when it is loaded. With `to`, also where `to` has the value already; refused where it has another one.

Inverse: with `to`, takes `to` away; refused where it has another value. In place, looks up the other way round; refused where a value is none of the outputs (or, with `\"else\": \"keep\"`, is an input). None in place with a `default`, or where two inputs have one output.",
);

struct Map {
    at: Pointer,
    table: Vec<(Fragment, Fragment)>,
    unmapped: Unmapped,
}

#[derive(PartialEq)]
enum Unmapped {
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
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
enum Else {
    /// It refuses the manifest.
    Refuse,
    /// It is kept.
    Keep,
}

impl TryFrom<MapForm> for Parsed {
    type Error = ObjectProblem;

    fn try_from(form: MapForm) -> Result<Self, ObjectProblem> {
        let table = form.table.into_iter();
        let map = Map {
            at: form.at,
            table: table
                .map(|(input, output)| (Fragment::string(&input), output))
                .collect(),
            unmapped: match (form.other, form.default) {
                (None | Some(Else::Refuse), None) => Unmapped::Refuse,
                (Some(Else::Keep), None) => Unmapped::Keep,
                (None, Some(default)) => Unmapped::Default(default),
                (Some(_), Some(_)) => {
                    let (one, two) = ("default", "else");
                    return Err(ObjectProblem::Contradiction { one, two });
                }
            },
        };
        match form.to {
            None => map.in_place(),
            Some(to) => Ok(map.in_member(to)),
        }
    }
}

impl Map {
    fn in_place(self) -> Result<Parsed, ObjectProblem> {
        self.check_chains()?;
        let irreversible = self.irreversible();
        let place = StepPlace::write(self.at.clone());
        Ok(Parsed::Step(Step {
            irreversible,
            destroys: irreversible.map(|_| "which of several values it was"),
            ..Step::new(vec![place], move |view, direction| match direction {
                Direction::Up => self.replace_input(view),
                Direction::Down => self.replace_output(view),
            })
        }))
    }

    /// The step that sets the output in the member `to`.
    fn in_member(self, to: Pointer) -> Parsed {
        let fill = Fill {
            verb: Some(Verb::Mapped),
            ..Fill::new(to, OtherValue::Refuse)
        };
        fill.with(vec![self.at.clone()], move |view| {
            let Some(found) = view.get(&self.at) else {
                return Ok(None);
            };
            Ok(Some(match self.output(view, found)? {
                Some(output) => output.clone().into(),
                None => Filling::copy(view.place(&self.at), found),
            }))
        })
    }

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

    fn replace_input(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
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

    fn replace_output(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
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

    fn replaced(&self, view: &View<'_>, value: Option<&Fragment>) -> Change {
        let at = view.place(&self.at);
        match value.cloned() {
            Some(value) => Change::EditAs(Verb::Mapped, Edit::Replace { at, value }),
            None => Change::Kept(at),
        }
    }

    fn irreversible(&self) -> Option<&'static str> {
        match self.unmapped {
            Unmapped::Default(_) => Some("what became the default is not known"),
            Unmapped::Refuse | Unmapped::Keep => self
                .has_an_output_twice()
                .then_some("which of several inputs an output was is not known"),
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
