//! Rules: what must hold of a document, or of the tree, beside its text and its identity.
//!
//! Each rule stands in a file of its own, with what it asks, how it is read and its documentation side by side; here they are only listed. A new rule is a new file and a line in [`RULES`].
//!
//! Pure: takes documents that were scanned, gives what they violate. What follows from a violation is for the operation to say.
//!
//! Invariant: the same documents give the same failures, in the same order.

mod append_only;
mod count_equals;
mod decimal;
mod guard;
mod hold;
mod read;
mod references;
#[cfg(test)]
mod samples;
pub mod schema;
mod starts_with;
mod sum_equals;
mod totals;
pub mod tree;
mod unchanged;
mod unique;
pub mod whole;

pub use decimal::Decimal;
pub use guard::Guard;
pub use hold::{Failure, Verdict, hold_at_rest, hold_compared, hold_found, hold_result};
#[cfg(test)]
pub(crate) use read::Common;
use read::Form;
pub(crate) use read::{ReadError, read};
pub use schema::Schema;

use std::fmt;
use std::sync::Arc;

use crate::json::{Kind, Pointer, Value};
use crate::report::Enforcement;
use crate::version::Version;
use tree::TreeRule;

/// What a rule is called, what it asks, and how it is read.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// The value of `"rule"` in catalogs.
    pub name: &'static str,
    /// What it asks, and when it asks nothing, in Markdown.
    pub documentation: &'static str,
    read: fn(&str) -> Result<Body, ReadError>,
    #[cfg(test)]
    pub(crate) schema: fn(&mut schemars::SchemaGenerator) -> schemars::Schema,
}

impl Definition {
    /// The rule of that name, whose object has the form `F`.
    const fn of<F: Form>(name: &'static str, documentation: &'static str) -> Self {
        Self {
            name,
            documentation,
            read: |text| F::parse(text)?.body(),
            #[cfg(test)]
            schema: F::schema,
        }
    }
}

/// Every rule, in the order of the documentation.
pub const RULES: &[Definition] = &[
    unchanged::DEFINITION,
    append_only::DEFINITION,
    starts_with::DEFINITION,
    sum_equals::DEFINITION,
    count_equals::DEFINITION,
    unique::DEFINITION,
    references::DEFINITION,
];

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
    /// Which documents it is about; all where `None`.
    pub guard: Option<Guard>,
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

/// A rule inside one document.
pub trait DocumentRule: Send + Sync + fmt::Debug {
    /// Holds a document against the rule; `before` is the document as it was found, where it is known.
    ///
    /// # Errors
    /// The rule does not hold.
    fn check(&self, before: Option<Value<'_>>, document: Value<'_>) -> Result<(), Violation>;

    /// The members that it looks at.
    fn pointers(&self) -> Vec<&Pointer>;

    /// Whether it compares with the document before.
    fn compares(&self) -> bool {
        false
    }
}

/// Something in which a document, or a schema itself, is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where in the text.
    pub at: Pointer,
    /// What is wrong there, in words.
    pub reason: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.at, self.reason)
    }
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

impl OnFailure {
    /// What follows in an operation with this enforcement.
    #[must_use]
    pub fn under(self, enforcement: Enforcement) -> Self {
        match enforcement {
            Enforcement::AsWritten | Enforcement::AsOfWhole => self,
            Enforcement::Warn => Self::Warn,
        }
    }
}

impl Rule {
    /// Whether the rule is about a document of this version.
    #[must_use]
    pub fn is_about(&self, version: &Version, document: Value<'_>) -> bool {
        self.from.as_ref().is_none_or(|from| version >= from)
            && self
                .guard
                .as_ref()
                .is_none_or(|guard| guard.holds(document))
    }

    /// The members of its own kind that it looks at.
    #[must_use]
    pub fn pointers(&self) -> Vec<&Pointer> {
        let mut pointers = match &self.body {
            Body::Document(rule) => rule.pointers(),
            Body::Tree(rule) => rule.pointers(),
        };
        pointers.extend(self.guard.as_ref().map(Guard::at));
        pointers
    }
}

impl Body {
    fn document(rule: impl DocumentRule + 'static) -> Self {
        Self::Document(Arc::new(rule))
    }

    fn tree(rule: impl TreeRule + 'static) -> Self {
        Self::Tree(Arc::new(rule))
    }

    fn compares(&self) -> bool {
        match self {
            Self::Document(rule) => rule.compares(),
            Self::Tree(_) => false,
        }
    }
}

/// The value at a pointer, unless it is null.
fn value_at<'t>(document: Value<'t>, at: &Pointer) -> Option<Value<'t>> {
    document.at(at).filter(|value| value.kind() != Kind::Null)
}
