//! The result of checking a document by a schema.
//!
//! Data only.
//!
//! Invariant: the number of violations is bounded, whatever the document is.

use crate::json::Pointer;
use crate::rule::Violation;

/// The result of checking a document by a schema.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SchemaCheck {
    /// The violations, at most [`MOST_VIOLATIONS`].
    pub violations: Vec<Violation>,
    /// Numbers that no double holds; they were taken for the nearest finite one.
    pub beyond_range: Vec<Pointer>,
}

/// So many violations of one document are told.
pub const MOST_VIOLATIONS: usize = 20;
