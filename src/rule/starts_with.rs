//! `starts_with`: the text of one member begins with the text of another.
//! Invariant: a document in which one of the members is missing or null does not violate the rule.

use std::sync::Arc;

use serde::Deserialize;

use super::contract::{DocumentRule, Violation, value_at};
use super::model::{Body, RuleDefinition};
use crate::form::{ObjectProblem, check_member};
use crate::json::{Pointer, Value};

pub(super) const DEFINITION: RuleDefinition = RuleDefinition::of::<StartsWith>(
    "starts_with",
    "\
The text of the member `at` begins with the text of the member `prefix`, followed by `separator` where there is one. Nothing is asked where either is missing or null; what is no text is not right.",
);

/// One member's text begins with another's.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct StartsWith {
    /// The text.
    at: Pointer,
    /// What it begins with.
    prefix: Pointer,
    /// What follows in the text then.
    #[serde(default)]
    separator: String,
}

impl TryFrom<StartsWith> for Body {
    type Error = ObjectProblem;

    fn try_from(rule: StartsWith) -> Result<Self, ObjectProblem> {
        check_member(&rule.at)?;
        check_member(&rule.prefix)?;
        Ok(Self::Document(Arc::new(rule)))
    }
}

impl DocumentRule for StartsWith {
    fn check(&self, _: Option<Value<'_>>, document: Value<'_>) -> Result<(), Violation> {
        let text = |at: &Pointer| match value_at(document, at) {
            None => Ok(None),
            Some(value) => value.as_str().map(Some).ok_or_else(|| Violation {
                at: at.clone(),
                reason: format!("is {}, expected a string", value.kind()),
            }),
        };
        let (Some(whole), Some(prefix)) = (text(&self.at)?, text(&self.prefix)?) else {
            return Ok(());
        };
        let rest = whole.strip_prefix(&*prefix);
        if rest.is_some_and(|rest| rest.starts_with(&self.separator)) {
            return Ok(());
        }
        let found = document.at(&self.at).map(|value| value.in_words());
        Err(Violation {
            at: self.at.clone(),
            reason: format!(
                "is {}, expected it to begin with `{prefix}{}`, after `{}`",
                found.unwrap_or_default(),
                self.separator,
                self.prefix
            ),
        })
    }

    fn pointers(&self) -> Vec<&Pointer> {
        vec![&self.at, &self.prefix]
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::samples::{broken, holds};

    const RULE: &str = r#"{"rule":"starts_with","at":"/scope","prefix":"/domain","separator":":"}"#;

    #[test]
    fn a_text_begins_with_another_and_the_separator() {
        for document in [
            "{}",
            r#"{"scope":null,"domain":"d"}"#,
            r#"{"scope":"d:1","domain":"\u0064"}"#,
        ] {
            assert!(holds(RULE, None, document), "{document}");
        }
        for (document, reason) in [
            (
                r#"{"scope":"dd:1","domain":"d"}"#,
                "`/scope` is `dd:1`, expected it to begin with `d:`, after `/domain`",
            ),
            (
                r#"{"scope":1,"domain":"d"}"#,
                "`/scope` is a number, expected a string",
            ),
        ] {
            assert_eq!(broken(RULE, None, document), reason);
        }
    }
}
