//! `for_each` and `when`: frames around other steps.
//! Invariant: a step inside `for_each` reads and writes only its element; no step inside `when` writes the member of the condition, so the condition still holds on the way back.

use serde::Deserialize;

use super::parsed::{Parsed, StepDefinition, StepFrame, StepName};
use crate::form::{
    Common, ConditionForm, Object, ReadError, check_member, check_not_end, read_members,
};
use crate::json::Pointer;

pub(super) const FOR_EACH: StepDefinition = StepDefinition::of::<ForEach>(
    "for_each",
    "\
Takes `steps` for each element of the array, or each member of the object, at `at`. The pointers of these steps are seen from the element: `/name` is the `name` of each. (A step alone can also have `*` in its pointers for one level of an array or object; what it reads may then lie outside of the element.)

Does nothing where `at` is missing or null. Refused where it is a scalar.

Inverse: the inverses of its steps, the last first.",
);

pub(super) const WHEN: StepDefinition = StepDefinition {
    name: "when",
    documentation: "\
Takes `steps` only where the member `at` is as one of these says: `\"is\": [values]`, it is there and has one of the values; `\"not\": [values]`, it is there and has none of them; `\"exists\": true` or `false`, it is there or is not; `\"has_value\": true` or `false`, it is there and not null, or is missing or null. Values are compared by what they say, not by how they are spelled. Inside of `for_each`, `at` is seen from the element.

Does nothing elsewhere. None of the steps may write what the condition looks at; that is refused when it is loaded.

Inverse: the inverses of its steps, the last first, under the same condition.",
    read: read_when,
    #[cfg(test)]
    schema: schema_of_when,
};

/// Takes steps for each element of an array or object.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct ForEach {
    /// The array or object.
    at: Pointer,
    /// The steps, whose pointers are seen from the element.
    #[serde(rename = "steps")]
    _steps: Vec<Object<StepName>>,
}

impl From<ForEach> for Parsed {
    fn from(form: ForEach) -> Self {
        Self::StepFrame(StepFrame::ForEach(form.at))
    }
}

/// Reads the members of a condition, then those of the step.
fn read_when(text: &str, common: Common) -> Result<Parsed, ReadError> {
    let last = &["steps"];
    let form = read_members::<ConditionForm>(text, Common { last, ..common })?;
    serde_json::from_str::<Inner>(text)?;
    check_member(&form.at)?;
    check_not_end(&form.at)?;
    Ok(Parsed::StepFrame(StepFrame::When(form.read()?)))
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Inner {
    /// The steps.
    #[serde(rename = "steps")]
    _steps: Vec<Object<StepName>>,
}

#[cfg(test)]
fn schema_of_when(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    use schemars::JsonSchema as _;
    let mut schema = ConditionForm::json_schema(generator);
    let inner = Inner::json_schema(generator);
    let summary = "Takes steps only where something holds of a member.";
    schema.insert("description".to_owned(), summary.into());
    let steps = inner.pointer("/properties/steps").cloned();
    let members = schema.pointer_mut("/properties").unwrap();
    members["steps"] = steps.unwrap();
    let required = schema.pointer_mut("/required").unwrap();
    required.as_array_mut().unwrap().push("steps".into());
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
