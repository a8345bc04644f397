//! `remove`: removes a member.
//! Invariant: the step exists only if the file allows it to destroy values.

use serde::Deserialize;

use super::contract::{Step, StepPlace};
use super::parsed::{Parsed, StepDefinition};
use super::view::View;
use crate::form::ObjectProblem;
use crate::json::{Edit, Pointer};
use crate::transform::{Change, StepError};

pub(super) const DEFINITION: StepDefinition = StepDefinition::of::<Remove>(
    "remove",
    "\
Takes the member `at` away. `\"allow_destructive\": true` must be there: it says that this is meant.

Does nothing where the member is missing.

Inverse: none, the value is gone. The backup has it.",
);

/// Takes a member away.
#[derive(Deserialize)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(extend("allOf" = [{"required": ["allow_destructive"]}]))
)]
#[serde(deny_unknown_fields)]
struct Remove {
    /// The member.
    at: Pointer,
    /// Says that destroying its value is meant.
    #[serde(default)]
    #[cfg_attr(test, schemars(extend("const" = true)))]
    allow_destructive: bool,
}

impl TryFrom<Remove> for Parsed {
    type Error = ObjectProblem;

    fn try_from(form: Remove) -> Result<Self, ObjectProblem> {
        if !form.allow_destructive {
            let step = DEFINITION.name;
            return Err(ObjectProblem::NotAllowed { step });
        }
        let place = StepPlace::write(form.at.clone());
        Ok(Self::Step(Step {
            irreversible: Some("what it removed is gone"),
            destroys: Some("the value that was there"),
            ..Step::new(vec![place], move |view, _| remove(view, &form.at))
        }))
    }
}

fn remove(view: &View<'_>, pointer: &Pointer) -> Result<Vec<Change>, StepError> {
    if view.get(pointer).is_none() {
        return Ok(vec![]);
    }
    view.check_parent(pointer)?;
    let at = view.place(pointer);
    Ok(vec![Change::Edit(Edit::Remove { at })])
}

#[cfg(test)]
mod tests {
    use crate::step::trial::{assert_down, assert_up, refusal};

    #[test]
    fn a_member_goes_only_where_that_is_allowed() {
        let step = r#"{"step": "remove", "at": "/a", "allow_destructive": true}"#;
        assert_up(
            step,
            &[
                (r#"{"a":1,"b":2}"#, r#"{"b":2}"#, &["removed /a"]),
                ("{}", "{}", &[]),
            ],
        );
        assert_down(step, &[("{}", "!what it removed is gone", &[])]);
        assert_eq!(
            refusal(&step.replace("true", "false")),
            "`remove` destroys values: expected `\"allow_destructive\": true`, if that is meant"
        );
    }
}
