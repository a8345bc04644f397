//! `unchanged`: members that have the same canonical form before and after.
//! Invariant: a member that is added or removed has changed.

use std::sync::Arc;

use serde::Deserialize;

use super::contract::{DocumentRule, Violation};
use super::model::{Body, RuleDefinition};
use crate::form::{ObjectProblem, check_members};
use crate::json::{Pointer, Value, canonical};

pub(super) const DEFINITION: RuleDefinition = RuleDefinition::of::<Unchanged>(
    "unchanged",
    "\
The members `at` (a list of pointers) say the same after the migration as before: their canonical forms are equal. A member that is added or removed has changed. Where bytes matter, name the member in `immutable` or `protected`.",
);

/// Members that say the same after as before.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Unchanged {
    /// The members.
    #[cfg_attr(test, schemars(length(min = 1)))]
    at: Vec<Pointer>,
}

impl TryFrom<Unchanged> for Body {
    type Error = ObjectProblem;

    fn try_from(rule: Unchanged) -> Result<Self, ObjectProblem> {
        check_members("at", &rule.at)?;
        Ok(Self::Document(Arc::new(rule)))
    }
}

impl DocumentRule for Unchanged {
    fn check(&self, before: Option<Value<'_>>, document: Value<'_>) -> Result<(), Violation> {
        let Some(before) = before else { return Ok(()) };
        for at in &self.at {
            let reason = match (before.at(at), document.at(at)) {
                (None, None) => continue,
                (Some(one), Some(two)) if canonical::same(one, two) => continue,
                (Some(_), None) => "would be removed".to_owned(),
                (None, Some(_)) => "would be added".to_owned(),
                (Some(one), Some(two)) => {
                    format!("would be {}, expected {}", two.in_words(), one.in_words())
                }
            };
            return Err(Violation {
                at: at.clone(),
                reason,
            });
        }
        Ok(())
    }

    fn pointers(&self) -> Vec<&Pointer> {
        self.at.iter().collect()
    }

    fn compares(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::samples::{broken, holds};

    const RULE: &str = r#"{"rule":"unchanged","at":["/a","/b"]}"#;

    #[test]
    fn members_that_say_the_same_are_unchanged() {
        for (before, after) in [
            ("{}", r#"{"c":1}"#),
            (r#"{"a":{"x":1,"y":"\u0061"}}"#, r#"{"a":{"y":"a", "x":1}}"#),
        ] {
            assert!(holds(RULE, Some(before), after), "{after}");
        }
        for (before, after, reason) in [
            (
                r#"{"a":"x"}"#,
                r#"{"a":"y"}"#,
                "`/a` would be `y`, expected `x`",
            ),
            (r#"{"b":1}"#, "{}", "`/b` would be removed"),
            ("{}", r#"{"a":null}"#, "`/a` would be added"),
        ] {
            assert_eq!(broken(RULE, Some(before), after), reason);
        }
    }
}
