//! `for_each` and `when`: frames around other steps.
//! Invariant: a step inside `for_each` reads and writes only its element; no step inside `when` writes the member of the condition, so the condition still holds on the way back.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::parsed::{Definition, Frame, Parsed, StepName};
use crate::form::{
    Common, ConditionForm, EditorSchema, Entry as _, Object, ObjectProblem, ReadError,
    check_member, check_not_end, read_members,
};
use crate::json::Pointer;

pub(super) const FOR_EACH: Definition = around::<ForEach>(
    "for_each",
    "\
Takes `steps` for each element of the array, or each member of the object, at `at`. The pointers of these steps are seen from the element: `/name` is the `name` of each. (A step alone can also have `*` in its pointers for one level of an array or object; what it reads may then lie outside of the element.)

Does nothing where `at` is missing or null. Refused where it is a scalar.

Inverse: the inverses of its steps, the last first.",
);

pub(super) const WHEN: Definition = around::<ConditionForm>(
    "when",
    "\
Takes `steps` only where the member `at` is as one of these says: `\"is\": [values]`, it is there and has one of the values; `\"not\": [values]`, it is there and has none of them; `\"exists\": true` or `false`, it is there or is not; `\"has_value\": true` or `false`, it is there and not null, or is missing or null. Values are compared by what they say, not by how they are spelled. Inside of `for_each`, `at` is seen from the element.

Does nothing elsewhere. None of the steps may write what the condition looks at; that is refused when it is loaded.

Inverse: the inverses of its steps, the last first, under the same condition.",
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

pub(super) trait FrameForm: DeserializeOwned + EditorSchema {
    /// Editors show this as the description of the step.
    #[cfg(test)]
    const SUMMARY: &'static str;

    /// Editors show this as the description of `steps`.
    #[cfg(test)]
    const STEPS: &'static str;

    fn frame(self) -> Result<Frame, ObjectProblem>;
}

pub(super) const fn around<F: FrameForm>(
    name: &'static str,
    documentation: &'static str,
) -> Definition {
    Definition {
        name,
        documentation,
        read: read::<F>,
        #[cfg(test)]
        schema: schema::<F>,
    }
}

fn read<F: FrameForm>(text: &str) -> Result<Parsed, ReadError> {
    let common = Common {
        last: &["steps"],
        ..Parsed::COMMON
    };
    let form = read_members::<F>(text, common)?;
    serde_json::from_str::<Inner>(text)?;
    Ok(Parsed::Frame(form.frame()?))
}

#[derive(Deserialize)]
struct Inner {
    #[serde(rename = "steps")]
    _steps: Vec<Object<StepName>>,
}

#[cfg(test)]
fn schema<F: FrameForm>(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    use schemars::JsonSchema as _;
    let mut schema = F::json_schema(generator);
    schema.insert("description".to_owned(), F::SUMMARY.into());
    let mut steps = Vec::<Object<StepName>>::json_schema(generator);
    steps.insert("description".to_owned(), F::STEPS.into());
    if let Some(properties) = schema
        .get_mut("properties")
        .and_then(|properties| properties.as_object_mut())
    {
        properties.insert("steps".to_owned(), steps.to_value());
    }
    if let Some(required) = schema
        .get_mut("required")
        .and_then(|list| list.as_array_mut())
    {
        required.push("steps".into());
    }
    schema
}

#[cfg(test)]
mod tests {
    use crate::step::trial::{assert_down, assert_up, refusal};

    const FOR_EACH: &str = r#"{"step": "for_each", "at": "/list", "steps": [
        {"step": "rename", "at": "/a", "to": "b"},
        {"step": "for_each", "at": "/inner", "steps": [{"step": "set_default", "at": "/n", "value": 0}]}
    ]}"#;

    #[test]
    fn the_steps_are_taken_for_each_element_and_see_nothing_else() {
        assert_up(
            FOR_EACH,
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
            FOR_EACH,
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
