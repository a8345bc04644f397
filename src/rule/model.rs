//! A rule of a kind: its name, its moment, its consequence, and its body.
//! Invariant: a rule does not change after it was read.

use std::sync::Arc;

use super::contract::{DocumentRule, TreeRule};
use crate::form::Condition;
use crate::json::{Pointer, Value};
use crate::version::Version;

/// A rule of a kind.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The name in messages.
    pub name: String,
    /// The moment at which it must hold.
    pub check: Check,
    /// The consequence of a violation.
    pub on_failure: OnFailure,
    /// The lowest version that it concerns; `None` for all.
    pub from: Option<Version>,
    /// The condition on documents that it concerns; `None` for all.
    pub when: Option<Condition>,
    /// The rule itself.
    pub body: Body,
}

/// The rule itself: about single documents, or about the tree.
#[derive(Debug, Clone)]
pub enum Body {
    /// It concerns each document.
    Document(Arc<dyn DocumentRule>),
    /// It concerns all documents together.
    Tree(Arc<dyn TreeRule>),
}

/// When a rule must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Before a document is migrated.
    Require,
    /// Once it is migrated.
    #[default]
    Ensure,
}

/// What follows where a rule does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The operation stops before it writes anything.
    Halt,
    /// The manifest is refused.
    #[default]
    Refuse,
    /// A warning is given.
    Warn,
}

impl Rule {
    /// Returns true if the rule concerns this document at this version.
    pub fn is_about(&self, version: &Version, document: Value<'_>) -> bool {
        self.from.as_ref().is_none_or(|from| version >= from)
            && self.when.as_ref().is_none_or(|when| when.holds(document))
    }

    /// The members of its own kind that it reads.
    pub fn pointers(&self) -> Vec<&Pointer> {
        let mut pointers = match &self.body {
            Body::Document(rule) => rule.pointers(),
            Body::Tree(rule) => rule.pointers(),
        };
        pointers.extend(self.when.as_ref().map(|when| &when.at));
        pointers
    }
}

impl Body {
    pub(crate) fn compares(&self) -> bool {
        match self {
            Self::Document(rule) => rule.compares(),
            Self::Tree(_) => false,
        }
    }
}

pub(super) type RuleDefinition = crate::form::Definition<Body>;
