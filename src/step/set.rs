//! `set` and `set_default`: give a member a value.
//! Invariant: `set_default` overwrites no value except null, if the file says so; `set` overwrites only if the file allows it.

use serde::Deserialize;

use super::contract::Access;
use super::fill::{Fill, FillOptions, Filling, Gap, OtherValue};
use super::parsed::{Definition, Parsed};
use super::view::View;
use crate::form::{Form, ReadError};
use crate::json::{Fragment, Pointer};
use crate::transform::StepError;

pub(super) const SET_DEFAULT: Definition = Definition::of::<SetDefaultForm>(
    "set_default",
    "\
Gives the member `at` the value `value` where it has none: where it is missing (`\"when\": \"missing\"`, the default), where it is null (`\"null\"`), or either (`\"missing_or_null\"`).

Does nothing where the member has another value. Refused where the object that is to hold the member is missing or is no object. At a protected member only `\"missing\"` is allowed.

`\"backfill\": true` says that the value is not authoritative; the history lists its place.

Inverse: takes the value away, or makes it null again; refused where another value is there. None with `\"missing_or_null\"`, and none at a protected member.",
);

pub(super) const SET: Definition = Definition::of::<SetForm>(
    "set",
    "\
Gives the member `at` the value `value`.

Does nothing where the member has that value already, however it is spelled. Where it has another one the manifest is refused, or, with `\"allow_destructive\": true`, the value is overwritten. Refused where the object that is to hold the member is missing or is no object.

`\"backfill\": true` says that the value is not authoritative; the history lists its place.

Inverse: takes the value away; refused where another value is there. None with `\"allow_destructive\": true`: what was overwritten is gone.",
);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Set {
    pub at: Pointer,
    pub value: Fragment,
    pub when: Gap,
    /// The fate of another value: only `set_default` keeps it.
    pub other: OtherValue,
    /// True if the value is not authoritative.
    pub backfill: bool,
}

/// Gives a member a value where it has none.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct SetDefaultForm {
    /// The member.
    at: Pointer,
    /// The value.
    value: Fragment,
    /// Where it is set.
    #[serde(default)]
    when: Gap,
    /// Whether the value is not authoritative.
    #[serde(default)]
    backfill: bool,
}

impl Form<Parsed> for SetDefaultForm {
    fn read(self) -> Result<Parsed, ReadError> {
        Ok(Parsed::from(Set {
            at: self.at,
            value: self.value,
            when: self.when,
            other: OtherValue::Keep,
            backfill: self.backfill,
        }))
    }
}

/// Gives a member a value, whatever it had.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct SetForm {
    /// The member.
    at: Pointer,
    /// The value.
    value: Fragment,
    /// Whether another value may be overwritten.
    #[serde(default)]
    allow_destructive: bool,
    /// Whether the value is not authoritative.
    #[serde(default)]
    backfill: bool,
}

impl Form<Parsed> for SetForm {
    fn read(self) -> Result<Parsed, ReadError> {
        Ok(Parsed::from(Set {
            at: self.at,
            value: self.value,
            when: Gap::Missing,
            other: if self.allow_destructive {
                OtherValue::Overwrite
            } else {
                OtherValue::Refuse
            },
            backfill: self.backfill,
        }))
    }
}

impl Set {
    fn definition(&self) -> Definition {
        match self.other {
            OtherValue::Keep => SET_DEFAULT,
            OtherValue::Refuse | OtherValue::Overwrite => SET,
        }
    }
}

impl Fill for Set {
    fn options(&self) -> FillOptions<'_> {
        FillOptions {
            access: match (self.other, self.when) {
                (OtherValue::Keep, Gap::Missing) => Access::Fill,
                _ => Access::Write,
            },
            gap: self.when,
            backfill: self.backfill,
            ..FillOptions::new(self.definition().name, &self.at, self.other)
        }
    }

    fn filling(&self, _: &View<'_>) -> Result<Option<Filling>, StepError> {
        Ok(Some(self.value.clone().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Edit, Text};
    use crate::step::Step as _;
    use crate::step::trial::{assert_down, assert_up};
    use crate::transform::Change;

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

    fn step(when: Gap, at: &str) -> Set {
        Set {
            at: at.parse().unwrap(),
            value: Fragment::parse("{ \"n\": 1.50 }").unwrap(),
            when,
            other: OtherValue::Keep,
            backfill: false,
        }
    }

    fn words(step: &Set, document: &str) -> Vec<String> {
        let text = Text::scan(document.as_bytes()).unwrap();
        let changes = step.changes(&View::of(text.root())).unwrap();
        changes.iter().map(Change::in_words).collect()
    }

    #[test]
    fn a_value_is_set_only_where_there_is_none() {
        for (when, missing, null) in [
            (Gap::Missing, "set /x", "kept /x"),
            (Gap::Null, "kept /x", "set /x"),
            (Gap::MissingOrNull, "set /x", "set /x"),
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
        let mut step = step(Gap::MissingOrNull, "/x");
        step.value = Fragment::parse("null").unwrap();
        assert_eq!(words(&step, r#"{"x":null}"#), ["kept /x"]);
    }

    #[test]
    fn the_object_that_is_to_hold_the_member_must_be_there() {
        let step = step(Gap::Missing, "/a/b/c");
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
        let Ok(Parsed::Step(step)) = (SET_DEFAULT.read)(step) else {
            panic!("{step}")
        };
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
