//! `unwrap`: takes a value out of the object that holds nothing else.
//!
//! Reads its own object of a migration file and knows no other step.
//!
//! Invariant: the tokens of the value keep their bytes, and nothing but the object around it goes.

use super::form::form;
use super::wrap::Wrap;
use super::{Already, Apply, Back, Definition, Inverse, Place, Step, TwoWays, View};
use crate::json::{Edit, Kind, Pointer, Value};
use crate::transform::{Change, StepError};

/// How the step is listed.
pub const DEFINITION: Definition = Definition::of::<Unwrap>(
    "unwrap",
    "\
Where the member `at` is an object with exactly one member, called `member` (a name, not a pointer), its value takes the place of the object. The tokens of the value keep their spelling; it is indented as deep as its new place wants it.

Does nothing where `at` is missing, or is anything but such an object. Refused where the value is such an object again: a second time it would be unwrapped, too.

Inverse: `wrap`; refused where `at` is an object with exactly that member.",
);

form! {
    /// Takes a value out of the object that holds nothing else.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Unwrap {
        /// The object.
        pub at: Pointer,
        /// The name of its only member, unescaped.
        pub member: String,
    }
}

/// The value of the member `name` of an object that has no other.
pub(super) fn only_member<'t>(object: Value<'t>, name: &str) -> Option<Value<'t>> {
    let is_only = object.kind() == Kind::Object && object.members().nth(1).is_none();
    object.get(name).filter(|_| is_only)
}

impl TwoWays for Unwrap {
    fn take(&self, view: &View<'_>, already: Already) -> Result<Vec<Change>, StepError> {
        let at = view.place(&self.at);
        let Some(found) = view.get(&self.at) else {
            return Ok(vec![]);
        };
        let Self { member, .. } = self;
        match (only_member(found, member), already) {
            (Some(inner), _) if only_member(inner, member).is_some() => Err(StepError {
                at,
                reason: format!("is wrapped in `{member}` twice"),
            }),
            (Some(_), _) => Ok(vec![Change::Edit(Edit::Unwrap { at })]),
            (None, Already::Kept) => Ok(vec![Change::Kept(at)]),
            (None, Already::Refused) => Err(StepError {
                at,
                reason: format!(
                    "is {}, expected an object with only the member `{member}`",
                    found.kind()
                ),
            }),
        }
    }
}

impl Apply for Unwrap {
    fn changes(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
        self.take(view, Already::Kept)
    }
}

impl Step for Unwrap {
    fn name(&self) -> &'static str {
        DEFINITION.name
    }

    fn places(&self) -> Vec<Place> {
        vec![Place::write(&self.at)]
    }

    fn inverse(&self) -> Inverse {
        let Self { at, member } = self.clone();
        Inverse::Step(Box::new(Back(Wrap { at, member })))
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::{assert_down, assert_up};

    #[test]
    fn a_value_is_taken_out_of_an_object_that_holds_nothing_else() {
        let step = r#"{"step": "unwrap", "at": "/a", "member": "v"}"#;
        assert_up(
            step,
            &[
                (
                    r#"{"a":{ "v" : [1.0] }}"#,
                    r#"{"a":[1.0]}"#,
                    &["unwrapped /a"],
                ),
                (
                    r#"{"a":{"v":1,"w":2}}"#,
                    r#"{"a":{"v":1,"w":2}}"#,
                    &["kept /a"],
                ),
                (r#"{"a":[1]}"#, r#"{"a":[1]}"#, &["kept /a"]),
                (
                    r#"{"a":{"v":{"v":1}}}"#,
                    "!`/a` is wrapped in `v` twice",
                    &[],
                ),
                ("{}", "{}", &[]),
            ],
        );
        assert_down(
            step,
            &[
                (r#"{"a":[1]}"#, r#"{"a":{"v":[1]}}"#, &["wrapped /a"]),
                (
                    r#"{"a":{"v":1}}"#,
                    "!`/a` is an object with only the member `v`",
                    &[],
                ),
            ],
        );
    }
}
