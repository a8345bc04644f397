//! Conditions: what must hold of a member for steps to be taken, or for a rule to be about its document.
//!
//! Knows values only; where a condition stands, and from where its pointer is seen, is for others to say.
//!
//! Invariant: values are compared by what they say, not by how they are spelled.

use crate::json::{Fragment, Kind, Pointer, Value};

/// What must hold of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The member.
    pub at: Pointer,
    /// What must hold of it.
    pub test: Test,
}

/// What can be asked of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// It is there and has one of these values.
    Is(Vec<Fragment>),
    /// It is there and has none of these values.
    Not(Vec<Fragment>),
    /// It is there, or is not.
    Exists(bool),
    /// It is there and not null, or is missing or null.
    HasValue(bool),
}

impl Test {
    /// What a file asks, if that is exactly one thing.
    pub(crate) fn one_of(
        is: Option<Vec<Fragment>>,
        not: Option<Vec<Fragment>>,
        exists: Option<bool>,
        has_value: Option<bool>,
    ) -> Option<Self> {
        match (is, not, exists, has_value) {
            (Some(values), None, None, None) => Some(Self::Is(values)),
            (None, Some(values), None, None) => Some(Self::Not(values)),
            (None, None, Some(exists), None) => Some(Self::Exists(exists)),
            (None, None, None, Some(has)) => Some(Self::HasValue(has)),
            _ => None,
        }
    }

    /// What editors are told: one thing is asked.
    #[cfg(test)]
    pub(crate) fn schemas() -> serde_json::Value {
        let asked = |member: &str| serde_json::json!({"required": [member], "properties": {member: {"not": {"type": "null"}}}});
        ["is", "not", "exists", "has_value"].map(asked).into()
    }

    /// Whether it holds of what was found of a member.
    pub(crate) fn holds(&self, found: Option<Value<'_>>) -> bool {
        let has =
            |values: &[Fragment]| found.map(|found| values.iter().any(|value| value.says(found)));
        match self {
            Self::Is(values) => has(values) == Some(true),
            Self::Not(values) => has(values) == Some(false),
            Self::Exists(exists) => found.is_some() == *exists,
            Self::HasValue(has) => found.is_some_and(|found| found.kind() != Kind::Null) == *has,
        }
    }
}
