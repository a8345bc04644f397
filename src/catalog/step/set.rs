//! `set`: gives a member a value, whatever it had.
//!
//! Reads its own object of a migration file and knows no other step.
//!
//! Invariant: another value that is there is overwritten only where the file allows it.

use super::Definition;
use super::fill::{Fill, Filling, Other};
use super::form::form;
use super::view::View;
use crate::json::{Fragment, Pointer};
use crate::transform::StepError;

/// How the step is listed.
pub const DEFINITION: Definition = Definition::of::<Set>(
    "set",
    "\
Gives the member `at` the value `value`.

Does nothing where the member has that value already, however it is spelled. Where it has another one the manifest is refused, or, with `\"allow_destructive\": true`, the value is overwritten. Refused where the object that is to hold the member is missing or is no object.

`\"backfill\": true` says that the value is not authoritative; the history lists its place.

Inverse: takes the value away; refused where another value is there. None with `\"allow_destructive\": true`: what was overwritten is gone.",
);

form! {
    /// Gives a member a value, whatever it had.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Set {
        /// The member.
        pub at: Pointer,
        /// The value.
        pub value: Fragment,
        /// Whether another value may be overwritten.
        #[serde(default)]
        pub allow_destructive: bool,
        /// Whether the value is not authoritative.
        #[serde(default)]
        pub backfill: bool,
    }
}

impl Fill for Set {
    fn name(&self) -> &'static str {
        DEFINITION.name
    }

    fn at(&self) -> &Pointer {
        &self.at
    }

    fn other(&self) -> Other {
        if self.allow_destructive {
            Other::Overwritten
        } else {
            Other::Refused
        }
    }

    fn filling(&self, _: &View<'_>) -> Result<Option<Filling>, StepError> {
        Ok(Some(self.value.clone().into()))
    }

    fn backfill(&self) -> bool {
        self.backfill
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::{assert_down, assert_up};

    #[test]
    fn another_value_is_overwritten_only_where_that_is_allowed() {
        let step = r#"{"step": "set", "at": "/a", "value": 1.50}"#;
        assert_up(
            step,
            &[
                ("{}", r#"{"a": 1.50}"#, &["set /a"]),
                (r#"{"a":1.5}"#, r#"{"a":1.5}"#, &["kept /a"]),
                (r#"{"a":2}"#, "!`/a` is `2`, expected `1.50`", &[]),
                (r#"{"a":null}"#, "!`/a` is `null`, expected `1.50`", &[]),
            ],
        );
        let step = r#"{"step": "set", "at": "/a", "value": 1.50, "allow_destructive": true}"#;
        assert_up(
            step,
            &[
                ("{}", r#"{"a": 1.50}"#, &["set /a"]),
                (r#"{"a":1.5}"#, r#"{"a":1.5}"#, &["kept /a"]),
                (r#"{"a":[2]}"#, r#"{"a":1.50}"#, &["set /a"]),
            ],
        );
    }

    #[test]
    fn the_value_is_taken_away_again_unless_it_may_have_overwritten_another() {
        assert_down(
            r#"{"step": "set", "at": "/a", "value": 1.50}"#,
            &[
                (r#"{"a":1.5}"#, "{}", &["removed /a"]),
                ("{}", "{}", &[]),
                (r#"{"a":2}"#, "!`/a` is `2`, expected `1.50`", &[]),
            ],
        );
        assert_down(
            r#"{"step": "set", "at": "/a", "value": 1, "allow_destructive": true}"#,
            &[("{}", "!what it overwrote is gone", &[])],
        );
    }
}
