//! `copy`: gives a member the value of another.
//! Invariant: the copy has the same bytes, and no value is overwritten.

use serde::Deserialize;

use super::fill::{Fill, Filling, OtherValue};
use super::parsed::{Parsed, StepDefinition};
use crate::json::Pointer;

pub(super) const DEFINITION: StepDefinition = StepDefinition::of::<Copy>(
    "copy",
    "\
Gives the member `to` the value of `from`, as it is spelled.

Does nothing where `from` is missing, or where `to` has the same value already. Refused where `to` has another one (`coalesce` keeps it), or where the object that is to hold the member is missing or is no object.

Inverse: takes `to` away; refused where it has not the value of `from`.",
);

/// Gives a member the value of another.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Copy {
    /// The value.
    from: Pointer,
    /// The member that gets it, too.
    to: Pointer,
}

impl From<Copy> for Parsed {
    fn from(Copy { from, to }: Copy) -> Self {
        Fill::new(to, OtherValue::Refuse).with(vec![from.clone()], move |view| {
            let found = view.get(&from);
            Ok(found.map(|value| Filling::copy(view.place(&from), value)))
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::step::trial::{assert_down, assert_up};

    #[test]
    fn the_copy_has_the_tokens_of_the_value_and_overwrites_nothing() {
        let step = r#"{"step": "copy", "from": "/a", "to": "/o/b"}"#;
        assert_up(
            step,
            &[
                (
                    "{\n\t\"a\": {\n\t\t\"y\": 1E2, \"x\": \"\\u0041\"\n\t},\n\t\"o\": {}\n}",
                    "{\n\t\"a\": {\n\t\t\"y\": 1E2, \"x\": \"\\u0041\"\n\t},\n\t\"o\": {\n\t\t\"b\": {\n\t\t\t\"y\": 1E2, \"x\": \"\\u0041\"\n\t\t}\n\t}\n}",
                    &["copied /a to /o/b"],
                ),
                ("{}", "{}", &[]),
                (r#"{"o":{"b":1}}"#, r#"{"o":{"b":1}}"#, &["kept /o/b"]),
                (
                    r#"{"a":[1],"o":{"b":[ 1 ]}}"#,
                    r#"{"a":[1],"o":{"b":[ 1 ]}}"#,
                    &["kept /o/b"],
                ),
                (
                    r#"{"a":1,"o":{"b":2}}"#,
                    "!`/o/b` is `2`, expected `1`",
                    &[],
                ),
                (r#"{"a":1}"#, "!`/o` is missing, expected an object", &[]),
            ],
        );
        assert_down(
            step,
            &[
                (
                    r#"{"a":1,"o":{"b":1}}"#,
                    r#"{"a":1,"o":{}}"#,
                    &["removed /o/b"],
                ),
                ("{}", "{}", &[]),
                (
                    r#"{"a":1,"o":{"b":2}}"#,
                    "!`/o/b` is `2`, expected `1`",
                    &[],
                ),
                (
                    r#"{"o":{"b":2}}"#,
                    "!`/o/b` is `2`, expected nothing to be there",
                    &[],
                ),
            ],
        );
    }
}
