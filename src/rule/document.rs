//! Rules inside one document: the trait, and the violation that breaks one.
//!
//! Owns the contract; knows no rule.
//!
//! Invariant: a violation says where the document is wrong, and what was expected.

use std::fmt;

use crate::json::{Kind, Pointer, Value};

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

/// The value at a pointer, unless it is null.
pub(super) fn value_at<'t>(document: Value<'t>, at: &Pointer) -> Option<Value<'t>> {
    document.at(at).filter(|value| value.kind() != Kind::Null)
}
