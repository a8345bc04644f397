//! `wrap`: puts a value into an object of its own.
//!
//! Reads its own object of a migration file and knows no other step.
//!
//! Invariant: the tokens of the value keep their bytes.

use super::form::form;
use super::unwrap::{Unwrap, only_member};
use super::{Already, Apply, Back, Definition, Inverse, Place, Step, TwoWays, View};
use crate::json::{Edit, Pointer};
use crate::transform::{Change, StepError};

/// How the step is listed.
pub const DEFINITION: Definition = Definition::of::<Wrap>(
    "wrap",
    "\
Makes the value `v` of the member `at` an object whose only member is `in`: `{in: v}` (a name, not a pointer). The tokens of the value keep their spelling; it is indented as deep as its new place wants it.

Does nothing where `at` is missing, or is already an object with exactly that member.

Inverse: `unwrap`; refused where `at` is no object with exactly that member.",
);

form! {
    /// Puts a value into an object of its own.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Wrap {
        /// The value.
        pub at: Pointer,
        /// The name that it gets in the object, unescaped.
        #[serde(rename = "in")]
        pub member: String,
    }
}

impl TwoWays for Wrap {
    fn take(&self, view: &View<'_>, already: Already) -> Result<Vec<Change>, StepError> {
        let at = view.place(&self.at);
        let Some(found) = view.get(&self.at) else {
            return Ok(vec![]);
        };
        match (only_member(found, &self.member), already) {
            (None, _) => {
                let name = self.member.clone();
                Ok(vec![Change::Edit(Edit::Wrap { at, name })])
            }
            (Some(_), Already::Kept) => Ok(vec![Change::Kept(at)]),
            (Some(_), Already::Refused) => Err(StepError {
                at,
                reason: format!("is an object with only the member `{}`", self.member),
            }),
        }
    }
}

impl Apply for Wrap {
    fn changes(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
        self.take(view, Already::Kept)
    }
}

impl Step for Wrap {
    fn name(&self) -> &'static str {
        DEFINITION.name
    }

    fn places(&self) -> Vec<Place> {
        vec![Place::write(&self.at)]
    }

    fn inverse(&self) -> Inverse {
        let Self { at, member } = self.clone();
        Inverse::Step(Box::new(Back(Unwrap { at, member })))
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::{assert_down, assert_up};

    #[test]
    fn a_value_is_put_into_an_object_unless_it_is_one_already() {
        let step = r#"{"step": "wrap", "at": "/a", "in": "v"}"#;
        assert_up(
            step,
            &[
                (
                    r#"{"a":[ 1.0 ],"b":2}"#,
                    r#"{"a":{"v":[ 1.0 ]},"b":2}"#,
                    &["wrapped /a"],
                ),
                (
                    "{\n  \"a\": [\n    1\n  ]\n}",
                    "{\n  \"a\": {\n    \"v\": [\n      1\n    ]\n  }\n}",
                    &["wrapped /a"],
                ),
                (r#"{"a":{"v":1}}"#, r#"{"a":{"v":1}}"#, &["kept /a"]),
                (
                    r#"{"a":{"v":1,"w":2}}"#,
                    r#"{"a":{"v":{"v":1,"w":2}}}"#,
                    &["wrapped /a"],
                ),
                (r#"{"a":{}}"#, r#"{"a":{"v":{}}}"#, &["wrapped /a"]),
                ("{}", "{}", &[]),
            ],
        );
        assert_down(
            step,
            &[
                (
                    r#"{"a":{"v":{"v":1,"w":2}}}"#,
                    r#"{"a":{"v":1,"w":2}}"#,
                    &["unwrapped /a"],
                ),
                ("{}", "{}", &[]),
                (
                    r#"{"a":1}"#,
                    "!`/a` is a number, expected an object with only the member `v`",
                    &[],
                ),
                (
                    r#"{"a":{"v":1,"w":2}}"#,
                    "!`/a` is an object, expected an object with only the member `v`",
                    &[],
                ),
            ],
        );
    }
}
