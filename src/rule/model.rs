//! A rule of a kind: its name, when it must hold, what follows from a failure, and its body.
//!
//! Data only; documents are checked elsewhere.
//!
//! Invariant: a rule does not change once it is read.

use std::sync::Arc;

use super::document::DocumentRule;
use super::tree::TreeRule;
use crate::form::{Common, Condition, Entry};
use crate::json::{Pointer, Value};
use crate::version::Version;

/// A rule of a kind.
#[derive(Debug, Clone)]
pub struct Rule {
    /// What messages call it.
    pub name: String,
    /// When it must hold.
    pub check: Check,
    /// What follows where it does not.
    pub on_failure: OnFailure,
    /// The lowest version of which it must hold; of all where `None`.
    pub from: Option<Version>,
    /// The condition on the documents that it is about; `None` is all.
    pub when: Option<Condition>,
    /// What it asks.
    pub body: Body,
}

/// What a rule asks.
#[derive(Debug, Clone)]
pub enum Body {
    /// Something of each document.
    Document(Arc<dyn DocumentRule>),
    /// Something of all documents together.
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
    /// Whether the rule is about a document of this version.
    #[must_use]
    pub fn is_about(&self, version: &Version, document: Value<'_>) -> bool {
        self.from.as_ref().is_none_or(|from| version >= from)
            && self.when.as_ref().is_none_or(|when| when.holds(document))
    }

    /// The members of its own kind that it looks at.
    #[must_use]
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
    pub(super) fn document(rule: impl DocumentRule + 'static) -> Self {
        Self::Document(Arc::new(rule))
    }

    pub(super) fn tree(rule: impl TreeRule + 'static) -> Self {
        Self::Tree(Arc::new(rule))
    }

    pub(crate) fn compares(&self) -> bool {
        match self {
            Self::Document(rule) => rule.compares(),
            Self::Tree(_) => false,
        }
    }
}

impl Entry for Body {
    const NAMED_BY: &'static str = "rule";
    const COMMON: Common = Common {
        first: &["rule", "name", "check", "on_failure", "from", "when"],
        last: &[],
    };
}

/// A definition of the closed list of rules.
pub(super) type Definition = crate::form::Definition<Body>;
