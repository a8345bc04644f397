//! Rules: what must hold of a document, or of the tree, beside its text and its identity.
//!
//! Pure: takes documents that were scanned, gives what they violate. What follows from a violation is for the operation to say.
//!
//! Invariant: the same documents give the same failures, in the same order.

pub mod schema;

pub use schema::Schema;

mod hold;

pub use hold::{Failure, Verdict, hold_at_rest, hold_found, hold_result};

/// What follows where a rule does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
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

/// How an operation takes what does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Enforcement {
    /// As the catalog says.
    #[default]
    AsWritten,
    /// Everything only warns, for this one operation.
    Warn,
    /// As the catalog says, but of rules only those that one document can tell.
    WithoutTree,
}

impl Enforcement {
    /// What follows from a failure that the catalog takes as `on_failure`.
    #[must_use]
    pub fn of(self, on_failure: OnFailure) -> OnFailure {
        match self {
            Self::AsWritten | Self::WithoutTree => on_failure,
            Self::Warn => OnFailure::Warn,
        }
    }
}
