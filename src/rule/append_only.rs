//! `append_only`: an array that grows at its end only.
//! Invariant: every element of the array before is in the array after, at the same place, with the same canonical form.

use std::sync::Arc;

use serde::Deserialize;

use super::contract::{DocumentRule, Violation};
use super::model::{Body, RuleDefinition};
use crate::form::{ObjectProblem, check_member};
use crate::json::{Pointer, Value, ValueKind, canonical};

pub(super) const DEFINITION: RuleDefinition = RuleDefinition::of::<AppendOnly>(
    "append_only",
    "\
The array `at` begins after the migration with the elements that it had before; each says the same. Nothing is asked where there was no array before. An array that is gone has lost its elements.",
);

/// An array that grows at its end only.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct AppendOnly {
    /// The array.
    at: Pointer,
}

impl TryFrom<AppendOnly> for Body {
    type Error = ObjectProblem;

    fn try_from(rule: AppendOnly) -> Result<Self, ObjectProblem> {
        check_member(&rule.at)?;
        Ok(Self::Document(Arc::new(rule)))
    }
}

impl DocumentRule for AppendOnly {
    fn check(&self, before: Option<Value<'_>>, document: Value<'_>) -> Result<(), Violation> {
        let is_array = |value: &Value<'_>| value.kind() == ValueKind::Array;
        let before = before.and_then(|before| before.at(&self.at));
        let Some(before) = before.filter(is_array) else {
            return Ok(());
        };
        let broken = |reason| {
            Err(Violation {
                at: self.at.clone(),
                reason,
            })
        };
        let Some(after) = document.at(&self.at) else {
            return broken("would be removed".to_owned());
        };
        if !is_array(&after) {
            return broken(format!("would be {}, expected an array", after.in_words()));
        }
        if after.len() < before.len() {
            let (found, expected) = (after.len(), before.len());
            return broken(format!(
                "would have {found} elements, expected at least {expected}"
            ));
        }
        let pairs = before.elements().zip(after.elements());
        match pairs
            .into_iter()
            .position(|(one, two)| !canonical::same(one, two))
        {
            Some(index) => Err(Violation {
                at: self.at.child(index.to_string()),
                reason: "would not be as it was: elements are only appended".to_owned(),
            }),
            None => Ok(()),
        }
    }

    fn pointers(&self) -> Vec<&Pointer> {
        vec![&self.at]
    }

    fn compares(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::samples::{broken, holds};

    const RULE: &str = r#"{"rule":"append_only","at":"/log"}"#;

    #[test]
    fn an_array_may_grow_at_its_end() {
        for (before, after) in [
            ("{}", "{}"),
            (r#"{"log":null}"#, r#"{"log":[1]}"#),
            (r#"{"log":[1]}"#, r#"{"log":[1]}"#),
            (r#"{"log":[{"a":1.50}]}"#, r#"{"log":[{"a":1.5},2]}"#),
        ] {
            assert!(holds(RULE, Some(before), after), "{after}");
        }
        for (after, reason) in [
            ("{}", "`/log` would be removed"),
            (r#"{"log":"x"}"#, "`/log` would be `x`, expected an array"),
            (
                r#"{"log":[1]}"#,
                "`/log` would have 1 elements, expected at least 2",
            ),
            (
                r#"{"log":[1,3,2]}"#,
                "`/log/1` would not be as it was: elements are only appended",
            ),
        ] {
            assert_eq!(broken(RULE, Some(r#"{"log":[1,2]}"#), after), reason);
        }
    }
}
