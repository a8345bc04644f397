//! Conditions on one member: some steps and rules apply only to documents where one holds.
//! Invariant: values are compared by their meaning, not by their spelling.

use serde::Deserialize;

use super::pointers::check_member;
use super::problem::ObjectProblem;
use crate::json::{Fragment, Pointer, Value, ValueKind};

/// A test of one member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The member.
    pub at: Pointer,
    /// The test.
    pub test: Test,
}

/// The tests that a condition can make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// The member is there and has one of these values.
    Is(Vec<Fragment>),
    /// The member is there and has none of these values.
    Not(Vec<Fragment>),
    /// The member is there (true) or missing (false).
    Exists(bool),
    /// The member is there and not null (true), or it is missing or null (false).
    HasValue(bool),
}

impl Condition {
    pub(crate) fn holds(&self, document: Value<'_>) -> bool {
        self.test.holds(document.at(&self.at))
    }
}

impl Test {
    pub(crate) fn holds(&self, found: Option<Value<'_>>) -> bool {
        let has =
            |values: &[Fragment]| found.map(|found| values.iter().any(|value| value.equals(found)));
        match self {
            Self::Is(values) => has(values) == Some(true),
            Self::Not(values) => has(values) == Some(false),
            Self::Exists(exists) => found.is_some() == *exists,
            Self::HasValue(has) => {
                found.is_some_and(|found| found.kind() != ValueKind::Null) == *has
            }
        }
    }
}

/// Which documents a rule is about: those of which this holds.
#[derive(Deserialize)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(inline, extend("oneOf" = one_test()))
)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConditionForm {
    /// The member.
    pub(crate) at: Pointer,
    /// It is there and has one of these values.
    #[serde(default)]
    is: Option<Vec<Fragment>>,
    /// It is there and has none of these values.
    #[serde(default)]
    not: Option<Vec<Fragment>>,
    /// It is there, or is not.
    #[serde(default)]
    exists: Option<bool>,
    /// It is there and not null, or is missing or null.
    #[serde(default)]
    has_value: Option<bool>,
}

impl ConditionForm {
    pub(crate) fn read(self) -> Result<Condition, ObjectProblem> {
        check_member(&self.at)?;
        let test = match (self.is, self.not, self.exists, self.has_value) {
            (Some(values), None, None, None) => Test::Is(values),
            (None, Some(values), None, None) => Test::Not(values),
            (None, None, Some(exists), None) => Test::Exists(exists),
            (None, None, None, Some(has)) => Test::HasValue(has),
            _ => return Err(ObjectProblem::Test),
        };
        Ok(Condition { at: self.at, test })
    }
}

#[cfg(test)]
fn one_test() -> serde_json::Value {
    let said = |member: &str| serde_json::json!({"required": [member], "properties": {member: {"not": {"type": "null"}}}});
    ["is", "not", "exists", "has_value"].map(said).into()
}
