//! A step: its places, its changes, and the way to undo them.
//! Invariant: a second run of a step changes nothing, and undoing a step restores the document.

use std::fmt;

use super::view::View;
use crate::json::Pointer;
use crate::transform::{Change, StepError};

/// A step of a migration file. Its pointers are relative to the frames around it.
pub struct Step {
    /// Every place that it may read or write in any document. Messages name the step by the first one.
    pub(super) places: Vec<StepPlace>,
    /// The reason why it cannot be undone; `None` if it can.
    pub(super) irreversible: Option<&'static str>,
    /// The values that it may destroy, in words; `None` if it destroys nothing.
    pub(super) destroys: Option<&'static str>,
    /// True if the values that it sets are not authoritative.
    pub(super) backfill: bool,
    pub(super) changes: Box<Changes>,
}

/// Computes the changes of a step, in order, with pointers of the document. A document that has been changed before needs no edits. [`Direction::Down`] is asked only of a step that can be undone.
pub(super) type Changes =
    dyn Fn(&View<'_>, Direction) -> Result<Vec<Change>, StepError> + Send + Sync;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// Apply the step: a value that is already as it should be is kept.
    Up,
    /// Undo the step: only a value that it can have left is accepted.
    Down,
}

impl Step {
    /// A step that can be undone, destroys nothing and sets authoritative values.
    pub(super) fn new(
        places: Vec<StepPlace>,
        changes: impl Fn(&View<'_>, Direction) -> Result<Vec<Change>, StepError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            places,
            irreversible: None,
            destroys: None,
            backfill: false,
            changes: Box::new(changes),
        }
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.places.fmt(f)
    }
}

/// A place that a step reads or writes. `*` stands for one level of an array or object.
#[derive(Debug, Clone)]
pub(super) struct StepPlace {
    /// The pointer, relative to the frames around the step.
    pub(super) at: Pointer,
    pub(super) access: Access,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    /// The step writes it only if no value is there. It may therefore fill a protected member.
    Fill,
    Write,
}

impl StepPlace {
    pub(super) fn read(at: Pointer) -> Self {
        let access = Access::Read;
        Self { at, access }
    }

    pub(super) fn write(at: Pointer) -> Self {
        let access = Access::Write;
        Self { at, access }
    }
}
