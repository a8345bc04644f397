//! `convert`: gives a value another type.
//!
//! Reads its own object of a migration file and knows no other step.
//!
//! Invariant: a value is spelled anew only where the new spelling says the same; everything else refuses the manifest.

#[cfg(test)]
mod tests;
mod types;

pub use types::Type;

use super::form::form;
use super::{Already, Apply, Back, Definition, Inverse, Place, Step, TwoWays, View, fill::said};
use crate::catalog::error::CatalogProblem;
use crate::json::{Edit, Kind, Pointer};
use crate::transform::{Change, StepError, Verb};
use types::converted;

/// How the step is listed.
pub const DEFINITION: Definition = Definition::of::<Convert>(
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

form! {
    /// Gives a value another type.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Convert {
        /// The value.
        pub at: Pointer,
        /// The type that it must have, if that matters.
        #[serde(default)]
        pub from: Option<Type>,
        /// The type that it gets.
        pub to: Type,
    }
}

impl Convert {
    fn expected(&self) -> String {
        match self.from {
            Some(from) => format!("{} that can become {}", from.in_words(), self.to.in_words()),
            None => format!("what can become {}", self.to.in_words()),
        }
    }
}

impl TwoWays for Convert {
    fn take(&self, view: &View<'_>, already: Already) -> Result<Vec<Change>, StepError> {
        let at = view.place(&self.at);
        let Some(found) = view.get(&self.at) else {
            return Ok(vec![]);
        };
        let is_null = found.kind() == Kind::Null;
        if is_null || already == Already::Kept && self.to.has(found) {
            return Ok(vec![Change::Kept(at)]);
        }
        let is_source = self.from.is_none_or(|from| from.has(found));
        match converted(found, self.from, self.to).filter(|_| is_source) {
            Some(value) => {
                let edit = Edit::Replace { at, value };
                Ok(vec![Change::Told(Verb::Converted, edit)])
            }
            None => Err(StepError {
                at,
                reason: format!("is {}, expected {}", said(found), self.expected()),
            }),
        }
    }
}

impl Apply for Convert {
    fn changes(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
        self.take(view, Already::Kept)
    }
}

impl Step for Convert {
    fn name(&self) -> &'static str {
        DEFINITION.name
    }

    fn places(&self) -> Vec<Place> {
        vec![Place::write(&self.at)]
    }

    fn inverse(&self) -> Inverse {
        use Type::{Number, String, Timestamp};
        match (self.from, self.to) {
            (None, _) => Inverse::None("what type a value had is not known: `from` could say it"),
            (Some(String), Timestamp) => Inverse::None("the offset that a time had is gone"),
            (Some(Number), Type::Integer) => Inverse::None("how a number was spelled is gone"),
            (Some(from), to) => Inverse::Step(Box::new(Back(Self {
                at: self.at.clone(),
                from: Some(to),
                to: from,
            }))),
        }
    }

    fn check(&self) -> Result<(), CatalogProblem> {
        match self.from.filter(|from| !from.can_become(self.to)) {
            Some(from) => {
                let (from, to) = (from.in_words(), self.to.in_words());
                Err(CatalogProblem::Conversion { from, to })
            }
            None => Ok(()),
        }
    }

    fn destroys(&self) -> Option<&'static str> {
        match self.inverse() {
            Inverse::Step(_) => None,
            Inverse::None(_) => Some("how the value was spelled"),
        }
    }
}
