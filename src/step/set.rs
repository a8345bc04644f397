//! `set` and `set_default`: give a member a value.
//! Invariant: `set_default` overwrites no value except null, if the file says so; `set` overwrites only if the file allows it.

use serde::Deserialize;

use super::contract::Access;
use super::fill::{Fill, Gap, OtherValue};
use super::parsed::{Parsed, StepDefinition};
use crate::json::{Fragment, Pointer};

pub(super) const SET_DEFAULT: StepDefinition = StepDefinition::of::<SetDefault>(
    "set_default",
    "\
Gives the member `at` the value `value` where it has none: where it is missing (`\"when\": \"missing\"`, the default), where it is null (`\"null\"`), or either (`\"missing_or_null\"`).

Does nothing where the member has another value. Refused where the object that is to hold the member is missing or is no object. At a protected member only `\"missing\"` is allowed.

`\"backfill\": true` says that the value is not authoritative; the history lists its place.

Inverse: takes the value away, or makes it null again; refused where another value is there. None with `\"missing_or_null\"`, and none at a protected member.",
);

pub(super) const SET: StepDefinition = StepDefinition::of::<Set>(
    "set",
    "\
Gives the member `at` the value `value`.

Does nothing where the member has that value already, however it is spelled. Where it has another one the manifest is refused, or, with `\"allow_destructive\": true`, the value is overwritten. Refused where the object that is to hold the member is missing or is no object.

`\"backfill\": true` says that the value is not authoritative; the history lists its place.

Inverse: takes the value away; refused where another value is there. None with `\"allow_destructive\": true`: what was overwritten is gone.",
);

/// Gives a member a value where it has none.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct SetDefault {
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

impl From<SetDefault> for Parsed {
    fn from(form: SetDefault) -> Self {
        let fill = Fill {
            access: match form.when {
                Gap::Missing => Access::Fill,
                Gap::Null | Gap::MissingOrNull => Access::Write,
            },
            gap: form.when,
            backfill: form.backfill,
            ..Fill::new(form.at, OtherValue::Keep)
        };
        fill.with(vec![], move |_| Ok(Some(form.value.clone().into())))
    }
}

/// Gives a member a value, whatever it had.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Set {
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

impl From<Set> for Parsed {
    fn from(form: Set) -> Self {
        let other = if form.allow_destructive {
            OtherValue::Overwrite
        } else {
            OtherValue::Refuse
        };
        let fill = Fill {
            backfill: form.backfill,
            ..Fill::new(form.at, other)
        };
        fill.with(vec![], move |_| Ok(Some(form.value.clone().into())))
    }
}

#[cfg(test)]
mod tests {
    use crate::json::{Edit, Fragment, Text};
    use crate::step::trial::{assert_down, assert_up, read, up};
    use crate::transform::{Change, Transform as _};

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

    fn set_default(when: &str, at: &str) -> String {
        format!(
            r#"{{"step": "set_default", "at": "{at}", "when": "{when}", "value": {{ "n": 1.50 }}}}"#
        )
    }

    fn words(step: &str, document: &str) -> Vec<String> {
        up(step, document).unwrap().1
    }

    #[test]
    fn a_value_is_set_only_where_there_is_none() {
        for (when, missing, null) in [
            ("missing", "set /x", "kept /x"),
            ("null", "kept /x", "set /x"),
            ("missing_or_null", "set /x", "set /x"),
        ] {
            let step = set_default(when, "/x");
            assert_eq!(words(&step, "{}"), [missing]);
            assert_eq!(words(&step, r#"{"x":null}"#), [null]);
            for there in ["0", "false", "\"\"", "[]", "{}", "\"v\""] {
                assert_eq!(words(&step, &format!("{{\"x\":{there}}}")), ["kept /x"]);
            }
        }
    }

    #[test]
    fn a_null_that_is_to_become_null_is_kept() {
        let step = set_default("missing_or_null", "/x").replace("{ \"n\": 1.50 }", "null");
        assert_eq!(words(&step, r#"{"x":null}"#), ["kept /x"]);
    }

    #[test]
    fn the_object_that_is_to_hold_the_member_must_be_there() {
        let step = set_default("missing", "/a/b/c");
        for (document, message) in [
            ("{}", "`/a/b` is missing, expected an object"),
            (
                r#"{"a":{"b":[]}}"#,
                "`/a/b` is an array, expected an object",
            ),
            (r#"{"a":{"b":null}}"#, "`/a/b` is null, expected an object"),
            (r#"{"a":1}"#, "`/a/b` is missing, expected an object"),
        ] {
            assert_eq!(up(&step, document).unwrap_err(), message);
        }
    }

    #[test]
    fn the_spelling_of_the_value_is_kept() {
        let step = r#"{"step":"set_default","at":"/x","value":[1.50, 1E2, "\u0041"]}"#;
        let text = Text::scan(b"{}").unwrap();
        assert_eq!(
            read(step).unwrap()[0].changes(text.root()).unwrap(),
            [Change::Edit(Edit::Insert {
                at: "/x".parse().unwrap(),
                value: Fragment::parse(r#"[1.50,1E2,"\u0041"]"#).unwrap(),
            })]
        );
    }
}
