//! Frames: the objects of a migration file that stand around other steps.
//!
//! Data only; steps are put in their frames elsewhere.
//!
//! Invariant: pointers inside of a frame are seen from its elements.

use super::view::EVERY;
use crate::form::Condition;
use crate::json::Pointer;

/// A frame around steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// The steps are taken for each element of this array or object.
    ForEach(Pointer),
    /// The steps are taken only where this holds.
    When(Condition),
}

/// The pointer to the elements of an array or object.
pub(super) fn elements(at: &Pointer) -> Pointer {
    at.child(EVERY)
}
