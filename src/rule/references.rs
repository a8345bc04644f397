//! `references`: a value in one kind exists as a value in another.
//! Invariant: a document without a value refers to nothing and does not violate the rule.

use std::sync::Arc;

use serde::Deserialize;

use super::contract::{Fact, TreeRule, Violation, key, list, sort};
use super::model::{Body, RuleDefinition};
use crate::form::{ObjectProblem, check_members};
use crate::json::{Pointer, Value};

pub(super) const DEFINITION: RuleDefinition = RuleDefinition::of::<References>(
    "references",
    "\
What a document says at `at` (a list of pointers), some document of the kind `kind` says at `to` (a list of as many). One that lacks one of the members, or has null there, refers to nothing.",
);

/// What a document says, some document of another kind says.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct References {
    /// Where the document says it.
    #[cfg_attr(test, schemars(length(min = 1)))]
    at: Vec<Pointer>,
    /// The other kind.
    kind: String,
    /// Where documents of that kind say it, one for each of `at`.
    #[cfg_attr(test, schemars(length(min = 1)))]
    to: Vec<Pointer>,
}

impl TryFrom<References> for Body {
    type Error = ObjectProblem;

    fn try_from(rule: References) -> Result<Self, ObjectProblem> {
        check_members("at", &rule.at)?;
        check_members("to", &rule.to)?;
        if rule.at.len() != rule.to.len() {
            let (found, expected) = (rule.to.len(), rule.at.len());
            let reason = format!("`to` has {found} pointers, expected {expected}, as `at` has");
            return Err(ObjectProblem::malformed(reason));
        }
        Ok(Self::Tree(Arc::new(rule)))
    }
}

impl TreeRule for References {
    fn other(&self) -> Option<(&str, Vec<&Pointer>)> {
        Some((&self.kind, self.to.iter().collect()))
    }

    fn own_fact(&self, document: Value<'_>) -> Result<Option<Fact>, Violation> {
        Ok(key(document, &self.at).map(Fact::from))
    }

    fn other_fact(&self, document: Value<'_>) -> Result<Option<Fact>, Violation> {
        Ok(key(document, &self.to).map(Fact::from))
    }

    fn judge(
        &self,
        own: &mut [(u32, Fact)],
        others: &mut [(u32, Fact)],
        _: &dyn Fn(u32) -> String,
    ) -> Vec<(u32, String)> {
        sort(own);
        sort(others);
        let (at, to) = (list(&self.at), list(&self.to));
        let reason = format!("what {at} says, no `{}` says as {to}", self.kind);
        let is_there = |key| {
            others
                .binary_search_by_key(&key, |(_, one)| one.key)
                .is_ok()
        };
        let dangling = own.iter().filter(|(_, fact)| !is_there(fact.key));
        dangling
            .map(|(manifest, _)| (*manifest, reason.clone()))
            .collect()
    }

    fn pointers(&self) -> Vec<&Pointer> {
        self.at.iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::samples::{Doc, clashes, wrong};

    #[test]
    fn a_value_must_be_there_in_the_other_kind() {
        let rule = r#"{"rule":"references","at":["/event"],"kind":"event","to":["/id"]}"#;
        let documents = [
            Doc::Own(r#"{"event":"e1"}"#),
            Doc::Own(r#"{"event":"e2"}"#),
            Doc::Own(r#"{"event":null}"#),
            Doc::Other(r#"{"id":"e1"}"#),
            Doc::Other(r#"{"id":null}"#),
        ];
        assert_eq!(
            clashes(rule, &documents),
            ["1: what `/event` says, no `event` says as `/id`"]
        );
    }

    #[test]
    fn as_many_pointers_there_as_here() {
        let rule = r#"{"rule":"references","at":["/a"],"kind":"k","to":["/b","/c"]}"#;
        assert_eq!(wrong(rule), "`to` has 2 pointers, expected 1, as `at` has");
    }
}
