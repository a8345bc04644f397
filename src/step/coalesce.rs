//! `coalesce`: gives a member the first existing value of several.
//! Invariant: it overwrites no value except null, if the file says so.

use serde::Deserialize;

use super::fill::{Fill, Filling, Gap, OtherValue, some_value};
use super::parsed::{Parsed, StepDefinition};
use crate::form::{ObjectProblem, check_listed};
use crate::json::{Fragment, Pointer, ValueKind};

pub(super) const DEFINITION: StepDefinition = StepDefinition::of::<Coalesce>(
    "coalesce",
    "\
Gives the member `to` the first value of the members in `from` that is there and not null, as it is spelled, or else `default`, if that is given: where `to` is missing (`\"when\": \"missing\"`, the default), where it is null (`\"null\"`), or either (`\"missing_or_null\"`).

Does nothing where `to` has another value, or where all of `from` are missing or null and there is no `default`. Refused where the object that is to hold the member is missing or is no object.

`\"backfill\": true` says that `default` is not authoritative; where it is set, the history lists the place.

Inverse: takes the value away, or makes it null again; refused where it is not what the step would set. None with `\"missing_or_null\"`.",
);

/// Gives a member the first of several values that is there.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Coalesce {
    /// The values, the preferred one first.
    #[cfg_attr(test, schemars(length(min = 1)))]
    from: Vec<Pointer>,
    /// The member.
    to: Pointer,
    /// The value where none of them is there.
    #[serde(default, deserialize_with = "some_value")]
    default: Option<Fragment>,
    /// Where it is filled.
    #[serde(default)]
    when: Gap,
    /// Whether the default is not authoritative.
    #[serde(default)]
    backfill: bool,
}

impl TryFrom<Coalesce> for Parsed {
    type Error = ObjectProblem;

    fn try_from(form: Coalesce) -> Result<Self, ObjectProblem> {
        let Coalesce { from, default, .. } = form;
        check_listed("from", &from)?;
        let fill = Fill {
            gap: form.when,
            backfill: form.backfill,
            ..Fill::new(form.to, OtherValue::Keep)
        };
        Ok(fill.with(from.clone(), move |view| {
            let found = from.iter().find_map(|from| {
                let value = view.get(from)?;
                let is_null = value.kind() == ValueKind::Null;
                (!is_null).then(|| Filling::copy(view.place(from), value))
            });
            Ok(found.or_else(|| default.clone().map(Filling::from)))
        }))
    }
}

#[cfg(test)]
mod tests {
    use crate::step::trial::{assert_down, assert_up, refusal};

    #[test]
    fn the_first_value_that_is_there_and_not_null_is_taken() {
        let step = r#"{"step": "coalesce", "from": ["/a", "/b"], "to": "/c"}"#;
        assert_up(
            step,
            &[
                (
                    r#"{"a":1.0,"b":2}"#,
                    r#"{"a":1.0,"b":2,"c":1.0}"#,
                    &["copied /a to /c"],
                ),
                (
                    r#"{"a":null,"b":2}"#,
                    r#"{"a":null,"b":2,"c":2}"#,
                    &["copied /b to /c"],
                ),
                (r#"{"b":2}"#, r#"{"b":2,"c":2}"#, &["copied /b to /c"]),
                (r#"{"a":null}"#, r#"{"a":null}"#, &[]),
                (r#"{"a":1,"c":3}"#, r#"{"a":1,"c":3}"#, &["kept /c"]),
                (r#"{"a":1,"c":null}"#, r#"{"a":1,"c":null}"#, &["kept /c"]),
            ],
        );
        assert_down(
            step,
            &[
                (r#"{"a":1,"c":1}"#, r#"{"a":1}"#, &["removed /c"]),
                (r#"{"a":1,"c":3}"#, "!`/c` is `3`, expected `1`", &[]),
                (
                    r#"{"c":3}"#,
                    "!`/c` is `3`, expected nothing to be there",
                    &[],
                ),
            ],
        );
        assert_eq!(
            refusal(r#"{"step": "coalesce", "from": [], "to": "/c"}"#),
            "`from` is empty"
        );
    }

    #[test]
    fn where_none_is_there_the_default_is_taken_and_goes_again() {
        let step = r#"{"step": "coalesce", "from": ["/a"], "to": "/c", "default": 0.0}"#;
        assert_up(
            step,
            &[
                (r#"{"a":0.7}"#, r#"{"a":0.7,"c":0.7}"#, &["copied /a to /c"]),
                (r#"{"a":null}"#, r#"{"a":null,"c":0.0}"#, &["set /c"]),
            ],
        );
        assert_down(
            step,
            &[
                (r#"{"a":0.7,"c":0.7}"#, r#"{"a":0.7}"#, &["removed /c"]),
                (r#"{"a":null,"c":0.0}"#, r#"{"a":null}"#, &["removed /c"]),
                (
                    r#"{"a":0.7,"c":0.0}"#,
                    "!`/c` is `0.0`, expected `0.7`",
                    &[],
                ),
            ],
        );
    }

    #[test]
    fn a_null_is_filled_where_the_step_says_so() {
        let step = r#"{"step": "coalesce", "from": ["/a"], "to": "/c", "when": "null"}"#;
        assert_up(
            step,
            &[
                (
                    r#"{"a":[1],"c":null}"#,
                    r#"{"a":[1],"c":[1]}"#,
                    &["copied /a to /c"],
                ),
                (r#"{"a":1}"#, r#"{"a":1}"#, &["kept /c"]),
            ],
        );
        assert_down(
            step,
            &[
                (r#"{"a":1,"c":1}"#, r#"{"a":1,"c":null}"#, &["set /c"]),
                (r#"{"a":1,"c":null}"#, r#"{"a":1,"c":null}"#, &[]),
                (r#"{"a":1}"#, r#"{"a":1}"#, &[]),
            ],
        );
        let step = step.replace("null", "missing_or_null");
        assert_down(
            &step,
            &[(
                "{}",
                "!whether the member was missing or null cannot be told afterwards",
                &[],
            )],
        );
    }
}
