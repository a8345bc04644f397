//! `for_each`: steps for every element of an array or member of an object.
//!
//! A frame around other steps, which it does not know.
//!
//! Invariant: a step inside reads and writes only its element.

use serde::Deserialize;

use super::frame_form::{FrameForm, around};
use super::parsed::{Definition, Frame};
use crate::form::ObjectProblem;
use crate::json::Pointer;

pub(super) const DEFINITION: Definition = around::<ForEach>(
    "for_each",
    "\
Takes `steps` for each element of the array, or each member of the object, at `at`. The pointers of these steps are seen from the element: `/name` is the `name` of each. (A step alone can also have `*` in its pointers for one level of an array or object; what it reads may then lie outside of the element.)

Does nothing where `at` is missing or null. Refused where it is a scalar.

Inverse: the inverses of its steps, the last first.",
);

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct ForEach {
    /// The array or object.
    at: Pointer,
}

impl FrameForm for ForEach {
    #[cfg(test)]
    const SUMMARY: &'static str = "Takes steps for each element of an array or object.";
    #[cfg(test)]
    const STEPS: &'static str = "The steps, whose pointers are seen from the element.";

    fn frame(self) -> Result<Frame, ObjectProblem> {
        Ok(Frame::ForEach(self.at))
    }
}

#[cfg(test)]
mod tests {
    use crate::step::trial::{assert_down, assert_up};

    const STEP: &str = r#"{"step": "for_each", "at": "/list", "steps": [
        {"step": "rename", "at": "/a", "to": "b"},
        {"step": "for_each", "at": "/inner", "steps": [{"step": "set_default", "at": "/n", "value": 0}]}
    ]}"#;

    #[test]
    fn the_steps_are_taken_for_each_element_and_see_nothing_else() {
        assert_up(
            STEP,
            &[
                (
                    r#"{"list":[{"a":1},{"inner":{"x":{},"y":{"n":1}}},{}],"a":2}"#,
                    r#"{"list":[{"b":1},{"inner":{"x":{"n":0},"y":{"n":1}}},{}],"a":2}"#,
                    &[
                        "renamed /list/0/a to /list/0/b",
                        "set /list/1/inner/x/n",
                        "kept /list/1/inner/y/n",
                    ],
                ),
                (
                    r#"{"list":{"k/":{"a":1}}}"#,
                    r#"{"list":{"k/":{"b":1}}}"#,
                    &["renamed /list/k~1/a to /list/k~1/b"],
                ),
                (r#"{"list":null}"#, r#"{"list":null}"#, &[]),
                ("{}", "{}", &[]),
                (
                    r#"{"list":1}"#,
                    "!`/list` is a number, expected an array or object",
                    &[],
                ),
            ],
        );
        assert_down(
            STEP,
            &[(
                r#"{"list":[{"b":1,"inner":[{"n":0}]}]}"#,
                r#"{"list":[{"a":1,"inner":[{}]}]}"#,
                &[
                    "removed /list/0/inner/0/n",
                    "renamed /list/0/b to /list/0/a",
                ],
            )],
        );
    }
}
