//! `set_default`: gives a member a value where it has none.
//!
//! Reads its own object of a migration file and knows no other step.
//!
//! Invariant: a value that is there, and is not a null that the step was told to fill, is never overwritten.

use super::fill::{Fill, Filling, Other, When};
use super::form::form;
use super::view::View;
use super::{Access, Definition};
use crate::json::{Fragment, Pointer};
use crate::transform::StepError;

/// How the step is listed.
pub const DEFINITION: Definition = Definition::of::<SetDefault>(
    "set_default",
    "\
Gives the member `at` the value `value` where it has none: where it is missing (`\"when\": \"missing\"`, the default), where it is null (`\"null\"`), or either (`\"missing_or_null\"`).

Does nothing where the member has another value. Refused where the object that is to hold the member is missing or is no object. At a protected member only `\"missing\"` is allowed.

`\"backfill\": true` says that the value is not authoritative; the history lists its place.

Inverse: takes the value away, or makes it null again; refused where another value is there. None with `\"missing_or_null\"`, and none at a protected member.",
);

form! {
    /// Gives a member a value where it has none.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct SetDefault {
        /// The member.
        pub at: Pointer,
        /// The value.
        pub value: Fragment,
        /// Where it is set.
        #[serde(default)]
        pub when: When,
        /// Whether the value is not authoritative.
        #[serde(default)]
        pub backfill: bool,
    }
}

impl Fill for SetDefault {
    fn name(&self) -> &'static str {
        DEFINITION.name
    }

    fn at(&self) -> &Pointer {
        &self.at
    }

    fn access(&self) -> Access {
        match self.when {
            When::Missing => Access::Fill,
            When::Null | When::MissingOrNull => Access::Write,
        }
    }

    fn when(&self) -> When {
        self.when
    }

    fn other(&self) -> Other {
        Other::Kept
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
    use super::*;
    use crate::catalog::step::{Apply as _, form::Members as _};
    use crate::json::{Edit, Text};
    use crate::transform::Change;

    fn step(when: When, at: &str) -> SetDefault {
        SetDefault {
            at: at.parse().unwrap(),
            value: Fragment::parse("{ \"n\": 1.50 }").unwrap(),
            when,
            backfill: false,
        }
    }

    fn words(step: &SetDefault, document: &str) -> Vec<String> {
        let text = Text::scan(document.as_bytes()).unwrap();
        let changes = step.changes(&View::of(text.root())).unwrap();
        changes.iter().map(Change::in_words).collect()
    }

    #[test]
    fn a_value_is_set_only_where_there_is_none() {
        for (when, missing, null) in [
            (When::Missing, "set /x", "kept /x"),
            (When::Null, "kept /x", "set /x"),
            (When::MissingOrNull, "set /x", "set /x"),
        ] {
            let step = step(when, "/x");
            assert_eq!(words(&step, "{}"), [missing]);
            assert_eq!(words(&step, r#"{"x":null}"#), [null]);
            for there in ["0", "false", "\"\"", "[]", "{}", "\"v\""] {
                assert_eq!(words(&step, &format!("{{\"x\":{there}}}")), ["kept /x"]);
            }
        }
    }

    #[test]
    fn a_null_that_is_to_become_null_is_kept() {
        let mut step = step(When::MissingOrNull, "/x");
        step.value = Fragment::parse("null").unwrap();
        assert_eq!(words(&step, r#"{"x":null}"#), ["kept /x"]);
    }

    #[test]
    fn the_object_that_is_to_hold_the_member_must_be_there() {
        let step = step(When::Missing, "/a/b/c");
        for (document, message) in [
            ("{}", "`/a/b` is missing, expected an object"),
            (
                r#"{"a":{"b":[]}}"#,
                "`/a/b` is an array, expected an object",
            ),
            (r#"{"a":{"b":null}}"#, "`/a/b` is null, expected an object"),
            (r#"{"a":1}"#, "`/a/b` is missing, expected an object"),
        ] {
            let text = Text::scan(document.as_bytes()).unwrap();
            assert_eq!(
                step.changes(&View::of(text.root()))
                    .unwrap_err()
                    .to_string(),
                message
            );
        }
    }

    #[test]
    fn the_spelling_of_the_value_is_kept() {
        let step = r#"{"step":"set_default","at":"/x","value":[1.50, 1E2, "\u0041"]}"#;
        let step = SetDefault::parse(step).unwrap();
        let text = Text::scan(b"{}").unwrap();
        assert_eq!(
            step.changes(&View::of(text.root())).unwrap(),
            [Change::Edit(Edit::Insert {
                at: "/x".parse().unwrap(),
                value: Fragment::parse(r#"[1.50,1E2,"\u0041"]"#).unwrap(),
            })]
        );
    }
}
