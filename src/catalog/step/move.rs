//! `move`: puts a value in another object.
//!
//! Reads its own object of a migration file and knows no other step.
//!
//! Invariant: the tokens of the value keep their bytes, and nothing is overwritten.

use super::form::form;
use super::rename::relocate;
use super::{Apply, Definition, Inverse, Place, Step, View};
use crate::json::{Edit, Pointer};
use crate::transform::{Change, StepError};

/// How the step is listed.
pub const DEFINITION: Definition = Definition::of::<Move>(
    "move",
    "\
Moves the member `from` to `to`. Its tokens keep their spelling; it is indented as deep as its new place wants it.

Does nothing where `from` is missing. Where there is a value at `to` already, the manifest is refused if the two differ; if they say the same, `from` is taken away. Refused where the object that is to hold the member is missing or is no object.

Inverse: moves the value back; refused where there is another value.",
);

form! {
    /// Puts a value in another object.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Move {
        /// Where the value is.
        pub from: Pointer,
        /// Where it is to be.
        pub to: Pointer,
    }
}

impl Apply for Move {
    fn changes(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
        relocate(view, &self.from, &self.to, |from, to| {
            view.check_parent(&self.to)?;
            Ok(Edit::Move { from, to })
        })
    }
}

impl Step for Move {
    fn name(&self) -> &'static str {
        DEFINITION.name
    }

    fn places(&self) -> Vec<Place> {
        vec![Place::write(&self.from), Place::write(&self.to)]
    }

    fn inverse(&self) -> Inverse {
        Inverse::Step(Box::new(Self {
            from: self.to.clone(),
            to: self.from.clone(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::{assert_down, assert_up};

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
