//! The contract of a rule about one document, and its violation.
//!
//! Owns the trait; knows no rule.
//!
//! Invariant: a violation names the place, the value found and the value expected.

use std::fmt;

use crate::json::{Pointer, Value, ValueKind};

/// A rule about one document.
pub trait DocumentRule: Send + Sync + fmt::Debug {
    /// Checks a document. `before` is the document before the migration, if it is known.
    ///
    /// # Errors
    /// The document violates the rule.
    fn check(&self, before: Option<Value<'_>>, document: Value<'_>) -> Result<(), Violation>;

    /// The members that it reads.
    fn pointers(&self) -> Vec<&Pointer>;

    /// Returns true if it compares the document with the one before the migration.
    fn compares(&self) -> bool {
        false
    }
}

/// A violation of a rule or a schema, or a problem in the text of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The place in the text.
    pub at: Pointer,
    /// The problem in words that follow the pointer.
    pub reason: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.at, self.reason)
    }
}

/// The value at a pointer; `None` if it is missing or null.
pub(super) fn value_at<'t>(document: Value<'t>, at: &Pointer) -> Option<Value<'t>> {
    document
        .at(at)
        .filter(|value| value.kind() != ValueKind::Null)
}
