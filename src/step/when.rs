//! `when`: steps that apply only where a condition holds.
//!
//! A frame around other steps, which it does not know.
//!
//! Invariant: no step inside writes the member of the condition, so the condition still holds on the way back.

use super::frame_form::{FrameForm, around};
use super::parsed::{Definition, Frame};
use crate::form::{ConditionForm, ObjectProblem, check_member, check_not_end};

pub(super) const DEFINITION: Definition = around::<ConditionForm>(
    "when",
    "\
Takes `steps` only where the member `at` is as one of these says: `\"is\": [values]`, it is there and has one of the values; `\"not\": [values]`, it is there and has none of them; `\"exists\": true` or `false`, it is there or is not; `\"has_value\": true` or `false`, it is there and not null, or is missing or null. Values are compared by what they say, not by how they are spelled. Inside of `for_each`, `at` is seen from the element.

Does nothing elsewhere. None of the steps may write what the condition looks at; that is refused when it is loaded.

Inverse: the inverses of its steps, the last first, under the same condition.",
);

impl FrameForm for ConditionForm {
    #[cfg(test)]
    const SUMMARY: &'static str = "Takes steps only where something holds of a member.";
    #[cfg(test)]
    const STEPS: &'static str = "The steps.";

    fn frame(self) -> Result<Frame, ObjectProblem> {
        check_member(&self.at)?;
        check_not_end(&self.at)?;
        Ok(Frame::When(self.read()?))
    }
}

#[cfg(test)]
mod tests {
    use crate::step::trial::{assert_down, assert_up, refusal};

    fn when(test: &str) -> String {
        format!(
            r#"{{"step": "when", "at": "/c", {test}, "steps": [{{"step": "set_default", "at": "/x", "value": 1}}]}}"#
        )
    }

    #[test]
    fn the_steps_are_taken_only_where_the_condition_holds() {
        for (test, holds) in [
            (
                r#""is": ["a", 1.0, null]"#,
                [true, true, true, false, false],
            ),
            (r#""not": ["a", null]"#, [false, true, false, true, false]),
            (r#""exists": true"#, [true, true, true, true, false]),
            (r#""exists": false"#, [false, false, false, false, true]),
            (r#""has_value": true"#, [true, true, false, true, false]),
            (r#""has_value": false"#, [false, false, true, false, true]),
        ] {
            for (value, holds) in [r#""\u0061""#, "1.00", "null", "{}", ""]
                .into_iter()
                .zip(holds)
            {
                let member = if value.is_empty() {
                    String::new()
                } else {
                    format!(r#","c":{value}"#)
                };
                let without = format!(r#"{{"y":0{member}}}"#);
                let with = format!(r#"{{"y":0{member},"x":1}}"#);
                if holds {
                    assert_up(&when(test), &[(&without, &with, &["set /x"])]);
                    assert_down(&when(test), &[(&with, &without, &["removed /x"])]);
                } else {
                    assert_up(&when(test), &[(&without, &without, &[])]);
                    assert_down(&when(test), &[(&with, &with, &[])]);
                }
            }
        }
    }

    #[test]
    fn a_condition_asks_one_thing_of_a_member_that_no_step_inside_changes() {
        for test in [
            r#""is": [], "exists": true"#,
            r#""is": [1], "not": [2]"#,
            r#""$": 1"#,
        ] {
            let message = refusal(&when(test));
            let expected = if test.contains('$') {
                "unknown member `$`, expected one of `step`, `at`, `is`, `not`, `exists`, `has_value`, `steps`"
            } else {
                "expected exactly one of `is`, `not`, `exists` and `has_value`"
            };
            assert_eq!(message, expected);
        }
        assert_eq!(
            refusal(&when(r#""exists": false"#).replace("/x", "/c/d")),
            "`set_default /c/d` may not write `/c`: a `when` around it looks at that"
        );
    }
}
