//! `remove`: takes a member away.
//!
//! Reads its own object of a migration file and knows no other step.
//!
//! Invariant: there is no such step but where the file says that destroying is meant.

use super::form::{self, form};
use super::{Apply, Definition, Inverse, Place, Read, ReadError, Step, View};
use crate::catalog::error::CatalogProblem;
use crate::json::{Edit, Pointer};
use crate::transform::{Change, StepError};

/// How the step is listed.
pub const DEFINITION: Definition = Definition::of::<Form>(
    "remove",
    "\
Takes the member `at` away. `\"allow_destructive\": true` must be there: it says that this is meant.

Does nothing where the member is missing.

Inverse: none, the value is gone. The backup has it.",
);

/// Takes a member away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remove {
    /// The member.
    pub at: Pointer,
}

form! {
    /// Takes a member away.
    #[schemars(extend("allOf" = [{"required": ["allow_destructive"]}]))]
    struct Form {
        /// The member.
        at: Pointer,
        /// Says that destroying its value is meant.
        #[serde(default)]
        #[schemars(extend("const" = true))]
        allow_destructive: bool,
    }
}

impl form::Form for Form {
    fn read(self) -> Result<Read, ReadError> {
        if !self.allow_destructive {
            let step = DEFINITION.name;
            return Err(CatalogProblem::NotAllowed { step }.into());
        }
        Ok(Remove { at: self.at }.into())
    }
}

impl Apply for Remove {
    fn changes(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
        if view.get(&self.at).is_none() {
            return Ok(vec![]);
        }
        view.check_parent(&self.at)?;
        let at = view.place(&self.at);
        Ok(vec![Change::Edit(Edit::Remove { at })])
    }
}

impl Step for Remove {
    fn name(&self) -> &'static str {
        DEFINITION.name
    }

    fn places(&self) -> Vec<Place> {
        vec![Place::write(&self.at)]
    }

    fn inverse(&self) -> Inverse {
        Inverse::None("what it removed is gone")
    }

    fn destroys(&self) -> Option<&'static str> {
        Some("the value that was there")
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::{assert_down, assert_up, refusal};

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
