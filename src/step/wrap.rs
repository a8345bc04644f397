//! `wrap` and `unwrap`: put a value into an object of its own, and take it out again.
//! Invariant: the tokens of the value keep their bytes.

use serde::Deserialize;

use super::contract::{Direction, Step, StepPlace};
use super::parsed::{Parsed, StepDefinition};
use super::view::View;
use crate::json::{Edit, Pointer, Value, ValueKind};
use crate::transform::{Change, StepError};

pub(super) const WRAP: StepDefinition = StepDefinition::of::<Wrap>(
    "wrap",
    "\
Makes the value `v` of the member `at` an object whose only member is `in`: `{in: v}` (a name, not a pointer). The tokens of the value keep their spelling; it is indented as deep as its new place wants it.

Does nothing where `at` is missing, or is already an object with exactly that member.

Inverse: `unwrap`; refused where `at` is no object with exactly that member.",
);

pub(super) const UNWRAP: StepDefinition = StepDefinition::of::<Unwrap>(
    "unwrap",
    "\
Where the member `at` is an object with exactly one member, called `member` (a name, not a pointer), its value takes the place of the object. The tokens of the value keep their spelling; it is indented as deep as its new place wants it.

Does nothing where `at` is missing, or is anything but such an object. Refused where the value is such an object again: a second time it would be unwrapped, too.

Inverse: `wrap`; refused where `at` is an object with exactly that member.",
);

/// Puts a value into an object of its own.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Wrap {
    /// The value.
    at: Pointer,
    /// The name that it gets in the object, unescaped.
    #[serde(rename = "in")]
    member: String,
}

/// Takes a value out of the object that holds nothing else.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Unwrap {
    /// The object.
    at: Pointer,
    /// The name of its only member, unescaped.
    member: String,
}

impl From<Wrap> for Parsed {
    fn from(Wrap { at, member }: Wrap) -> Self {
        both_ways(at, member, wrap, unwrap)
    }
}

impl From<Unwrap> for Parsed {
    fn from(Unwrap { at, member }: Unwrap) -> Self {
        both_ways(at, member, unwrap, wrap)
    }
}

type WrapFn = fn(&View<'_>, &Pointer, &str, Direction) -> Result<Vec<Change>, StepError>;

fn both_ways(at: Pointer, member: String, up: WrapFn, down: WrapFn) -> Parsed {
    let place = StepPlace::write(at.clone());
    Parsed::Step(Step::new(vec![place], move |view, direction| {
        let way = match direction {
            Direction::Up => up,
            Direction::Down => down,
        };
        way(view, &at, &member, direction)
    }))
}

fn wrap(
    view: &View<'_>,
    pointer: &Pointer,
    member: &str,
    direction: Direction,
) -> Result<Vec<Change>, StepError> {
    let at = view.place(pointer);
    let Some(found) = view.get(pointer) else {
        return Ok(vec![]);
    };
    match (only_member(found, member), direction) {
        (None, _) => {
            let name = member.to_owned();
            Ok(vec![Change::Edit(Edit::Wrap { at, name })])
        }
        (Some(_), Direction::Up) => Ok(vec![Change::Kept(at)]),
        (Some(_), Direction::Down) => Err(StepError {
            at,
            reason: format!("is an object with only the member `{member}`"),
        }),
    }
}

fn unwrap(
    view: &View<'_>,
    pointer: &Pointer,
    member: &str,
    direction: Direction,
) -> Result<Vec<Change>, StepError> {
    let at = view.place(pointer);
    let Some(found) = view.get(pointer) else {
        return Ok(vec![]);
    };
    let refuse = |at, reason| Err(StepError { at, reason });
    match (only_member(found, member), direction) {
        (Some(inner), _) if only_member(inner, member).is_some() => {
            refuse(at, format!("is wrapped in `{member}` twice"))
        }
        (Some(_), _) => Ok(vec![Change::Edit(Edit::Unwrap { at })]),
        (None, Direction::Up) => Ok(vec![Change::Kept(at)]),
        (None, Direction::Down) => {
            let found = found.kind();
            refuse(
                at,
                format!("is {found}, expected an object with only the member `{member}`"),
            )
        }
    }
}

fn only_member<'t>(object: Value<'t>, name: &str) -> Option<Value<'t>> {
    let is_only = object.kind() == ValueKind::Object && object.members().nth(1).is_none();
    object.get(name).filter(|_| is_only)
}

#[cfg(test)]
mod tests {
    use crate::step::trial::{assert_down, assert_up};

    #[test]
    fn a_value_is_put_into_an_object_unless_it_is_one_already() {
        let step = r#"{"step": "wrap", "at": "/a", "in": "v"}"#;
        assert_up(
            step,
            &[
                (
                    r#"{"a":[ 1.0 ],"b":2}"#,
                    r#"{"a":{"v":[ 1.0 ]},"b":2}"#,
                    &["wrapped /a"],
                ),
                (
                    "{\n  \"a\": [\n    1\n  ]\n}",
                    "{\n  \"a\": {\n    \"v\": [\n      1\n    ]\n  }\n}",
                    &["wrapped /a"],
                ),
                (r#"{"a":{"v":1}}"#, r#"{"a":{"v":1}}"#, &["kept /a"]),
                (
                    r#"{"a":{"v":1,"w":2}}"#,
                    r#"{"a":{"v":{"v":1,"w":2}}}"#,
                    &["wrapped /a"],
                ),
                (r#"{"a":{}}"#, r#"{"a":{"v":{}}}"#, &["wrapped /a"]),
                ("{}", "{}", &[]),
            ],
        );
        assert_down(
            step,
            &[
                (
                    r#"{"a":{"v":{"v":1,"w":2}}}"#,
                    r#"{"a":{"v":1,"w":2}}"#,
                    &["unwrapped /a"],
                ),
                ("{}", "{}", &[]),
                (
                    r#"{"a":1}"#,
                    "!`/a` is a number, expected an object with only the member `v`",
                    &[],
                ),
                (
                    r#"{"a":{"v":1,"w":2}}"#,
                    "!`/a` is an object, expected an object with only the member `v`",
                    &[],
                ),
            ],
        );
    }

    #[test]
    fn a_value_is_taken_out_of_an_object_that_holds_nothing_else() {
        let step = r#"{"step": "unwrap", "at": "/a", "member": "v"}"#;
        assert_up(
            step,
            &[
                (
                    r#"{"a":{ "v" : [1.0] }}"#,
                    r#"{"a":[1.0]}"#,
                    &["unwrapped /a"],
                ),
                (
                    r#"{"a":{"v":1,"w":2}}"#,
                    r#"{"a":{"v":1,"w":2}}"#,
                    &["kept /a"],
                ),
                (r#"{"a":[1]}"#, r#"{"a":[1]}"#, &["kept /a"]),
                (
                    r#"{"a":{"v":{"v":1}}}"#,
                    "!`/a` is wrapped in `v` twice",
                    &[],
                ),
                ("{}", "{}", &[]),
            ],
        );
        assert_down(
            step,
            &[
                (r#"{"a":[1]}"#, r#"{"a":{"v":[1]}}"#, &["wrapped /a"]),
                (
                    r#"{"a":{"v":1}}"#,
                    "!`/a` is an object with only the member `v`",
                    &[],
                ),
            ],
        );
    }
}
