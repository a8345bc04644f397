//! The result of a check by a schema.
//!
//! Data only.
//!
//! Invariant: the number of violations is limited for any document.

use crate::json::Pointer;
use crate::rule::Violation;

/// The result of a check by a schema.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SchemaCheck {
    /// The violations, at most [`MOST_VIOLATIONS`].
    pub violations: Vec<Violation>,
    /// The numbers that no double can hold; the nearest finite one was checked.
    pub beyond_range: Vec<Pointer>,
}

/// The largest number of violations that one check returns.
pub const MOST_VIOLATIONS: usize = 20;
