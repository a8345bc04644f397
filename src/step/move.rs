//! `move`: moves a value to another object.
//! Invariant: the tokens of the value keep their bytes, and nothing is overwritten.

use serde::Deserialize;

use super::parsed::{Parsed, StepDefinition};
use super::rename::relocation;
use crate::json::{Edit, Pointer};

pub(super) const DEFINITION: StepDefinition = StepDefinition::of::<Move>(
    "move",
    "\
Moves the member `from` to `to`. Its tokens keep their spelling; it is indented as deep as its new place wants it.

Does nothing where `from` is missing. Where there is a value at `to` already, the manifest is refused if the two differ; if they say the same, `from` is taken away. Refused where the object that is to hold the member is missing or is no object.

Inverse: moves the value back; refused where there is another value.",
);

/// Puts a value in another object.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Move {
    /// Where the value is.
    from: Pointer,
    /// Where it is to be.
    to: Pointer,
}

impl From<Move> for Parsed {
    fn from(Move { from, to }: Move) -> Self {
        relocation(from, to, |view, from, to| {
            view.check_parent(to)?;
            let (from, to) = (view.place(from), view.place(to));
            Ok(Edit::Move { from, to })
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::step::trial::{assert_down, assert_up};

    #[test]
    fn a_value_gets_another_place_and_its_tokens_keep_their_spelling() {
        let step = r#"{"step": "move", "from": "/a", "to": "/o/b"}"#;
        assert_up(
            step,
            &[
                (
                    "{\n  \"a\": [\n    1.0\n  ],\n  \"o\": {\n    \"x\": 1\n  }\n}",
                    "{\n  \"o\": {\n    \"x\": 1,\n    \"b\": [\n      1.0\n    ]\n  }\n}",
                    &["moved /a to /o/b"],
                ),
                ("{}", "{}", &[]),
                (r#"{"o":{"b":1}}"#, r#"{"o":{"b":1}}"#, &["kept /o/b"]),
                (
                    r#"{"o":{"b":"x"},"a":"\u0078"}"#,
                    r#"{"o":{"b":"x"}}"#,
                    &["removed /a"],
                ),
                (
                    r#"{"o":{"b":1},"a":2}"#,
                    "!`/o/b` is `1`, expected `2`",
                    &[],
                ),
                (r#"{"a":2}"#, "!`/o` is missing, expected an object", &[]),
                (
                    r#"{"a":2,"o":null}"#,
                    "!`/o` is null, expected an object",
                    &[],
                ),
            ],
        );
        assert_down(
            step,
            &[
                (
                    r#"{"o":{"b":[ 1 ]}}"#,
                    r#"{"o":{},"a":[ 1 ]}"#,
                    &["moved /o/b to /a"],
                ),
                (r#"{"o":{"b":1},"a":2}"#, "!`/a` is `2`, expected `1`", &[]),
            ],
        );
    }
}
