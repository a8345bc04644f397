//! The result of a check by a schema.
//! Invariant: the number of violations is limited for any document.

use crate::json::Pointer;
use crate::rule::Violation;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SchemaCheck {
    /// The violations, at most 20.
    pub violations: Vec<Violation>,
    /// The numbers that no double can hold; the nearest finite one was checked.
    pub beyond_range: Vec<Pointer>,
}
