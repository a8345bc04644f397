//! `remove`: removes a member.
//! Invariant: the step exists only if the file allows it to destroy values.

use serde::Deserialize;

use super::contract::{Step, StepPlace};
use super::parsed::{Definition, Parsed};
use super::view::View;
use crate::form::{Form, ObjectProblem, ReadError};
use crate::json::{Edit, Pointer};
use crate::transform::{Change, StepError};

pub(super) const DEFINITION: Definition = Definition::of::<RemoveForm>(
    "remove",
    "\
Takes the member `at` away. `\"allow_destructive\": true` must be there: it says that this is meant.

Does nothing where the member is missing.

Inverse: none, the value is gone. The backup has it.",
);

/// Takes a member away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remove {
    pub at: Pointer,
}

/// Takes a member away.
#[derive(Deserialize)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(extend("allOf" = [{"required": ["allow_destructive"]}]))
)]
#[serde(deny_unknown_fields)]
struct RemoveForm {
    /// The member.
    at: Pointer,
    /// Says that destroying its value is meant.
    #[serde(default)]
    #[cfg_attr(test, schemars(extend("const" = true)))]
    allow_destructive: bool,
}

impl Form<Parsed> for RemoveForm {
    fn read(self) -> Result<Parsed, ReadError> {
        if !self.allow_destructive {
            let step = DEFINITION.name;
            return Err(ObjectProblem::NotAllowed { step }.into());
        }
        Ok(Parsed::from(Remove { at: self.at }))
    }
}

impl Step for Remove {
    fn name(&self) -> &'static str {
        DEFINITION.name
    }

    fn places(&self) -> Vec<StepPlace> {
        vec![StepPlace::write(&self.at)]
    }

    fn changes(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
        if view.get(&self.at).is_none() {
            return Ok(vec![]);
        }
        view.check_parent(&self.at)?;
        let at = view.place(&self.at);
        Ok(vec![Change::Edit(Edit::Remove { at })])
    }

    fn irreversible(&self) -> Option<&'static str> {
        Some("what it removed is gone")
    }

    fn destroys(&self) -> Option<&'static str> {
        Some("the value that was there")
    }
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
