//! `coalesce`: gives a member the first of several values that is there.
//!
//! Reads its own object of a migration file and knows no other step.
//!
//! Invariant: a value that is there, and is not a null that the step was told to fill, is never overwritten.

use serde::Deserialize;

use super::fill::{self, Fill, Filling, Other, When};
use super::{Apply, Definition, Inverse, Place, Read, ReadError, Step, View};
use crate::catalog::error::CatalogProblem;
use crate::json::{Fragment, Kind, Pointer};
use crate::transform::{Change, StepError};

/// How the step is listed.
pub const DEFINITION: Definition = Definition {
    name: "coalesce",
    documentation: "\
Gives the member `to` the first value of the members in `from` that is there and not null, as it is spelled, or else `default`, if that is given: where `to` is missing (`\"when\": \"missing\"`, the default), where it is null (`\"null\"`), or either (`\"missing_or_null\"`).

Does nothing where `to` has another value, or where all of `from` are missing or null and there is no `default`. Refused where the object that is to hold the member is missing or is no object.

`\"backfill\": true` says that `default` is not authoritative; where it is set, the history lists the place.

Inverse: takes the value away, or makes it null again; refused where it is not what the step would set. None with `\"missing_or_null\"`.",
    read,
};

/// Gives a member the first of several values that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coalesce {
    /// The values, the preferred one first.
    pub from: Vec<Pointer>,
    /// The member.
    pub to: Pointer,
    /// The value where none of them is there.
    pub default: Option<Fragment>,
    /// Where it is filled.
    pub when: When,
    /// Whether the default is not authoritative.
    pub backfill: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Form {
    #[serde(rename = "step")]
    _step: String,
    from: Vec<Pointer>,
    to: Pointer,
    #[serde(default, deserialize_with = "fill::said_value")]
    default: Option<Fragment>,
    #[serde(default)]
    when: When,
    #[serde(default)]
    backfill: bool,
}

fn read(text: &str) -> Result<Read, ReadError> {
    let form: Form = serde_json::from_str(text)?;
    if form.from.is_empty() {
        let member = "from".to_owned();
        return Err(CatalogProblem::EmptyText { member }.into());
    }
    let step = Coalesce {
        from: form.from,
        to: form.to,
        default: form.default,
        when: form.when,
        backfill: form.backfill,
    };
    Ok(step.into())
}

impl Fill for Coalesce {
    fn at(&self) -> &Pointer {
        &self.to
    }

    fn when(&self) -> When {
        self.when
    }

    fn other(&self) -> Other {
        Other::Kept
    }

    fn filling(&self, view: &View<'_>) -> Result<Option<Filling>, StepError> {
        let found = self.from.iter().find_map(|from| {
            let value = view.get(from)?;
            let is_null = value.kind() == Kind::Null;
            (!is_null).then(|| Filling::copy(view.place(from), value))
        });
        Ok(found.or_else(|| self.default.clone().map(Filling::from)))
    }
}

impl Apply for Coalesce {
    fn changes(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
        fill::fill(self, view)
    }
}

impl Step for Coalesce {
    fn name(&self) -> &'static str {
        DEFINITION.name
    }

    fn places(&self) -> Vec<Place> {
        let from = self.from.iter().map(Place::read);
        std::iter::once(Place::write(&self.to))
            .chain(from)
            .collect()
    }

    fn inverse(&self) -> Inverse {
        fill::inverse(self)
    }

    fn backfill(&self) -> bool {
        self.backfill
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::{assert_down, assert_up, refusal};

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
