//! The contract of a step: its places, its changes, and the way to undo them.
//! Invariant: a second run of a step changes nothing, and undoing a step restores the document.

use std::fmt::Debug;

use super::view::View;
use crate::form::ObjectProblem;
use crate::json::Pointer;
use crate::transform::{Change, StepError};

/// A step of a migration file.
pub trait Step: Debug + Send + Sync {
    /// The value of `"step"` in migration files.
    fn name(&self) -> &'static str;

    /// Every place that it may read or write in any document. Messages name the step by the first one.
    fn places(&self) -> Vec<StepPlace>;

    /// The changes, in order, with pointers of the document. A document that has been changed before needs no edits.
    fn changes(&self, view: &View<'_>) -> Result<Vec<Change>, StepError>;

    /// The reason why the step cannot be undone; `None` if [`undo`](Self::undo) can undo it.
    fn irreversible(&self) -> Option<&'static str> {
        None
    }

    /// The changes that undo the step. It is called only if the step is not irreversible.
    fn undo(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
        let at = self.places().into_iter().next();
        Err(StepError {
            at: at.map_or_else(Pointer::root, |place| view.place(&place.at)),
            reason: "cannot be undone".to_owned(),
        })
    }

    /// Checks the members of the step, without its place in a catalog.
    fn check(&self) -> Result<(), ObjectProblem> {
        Ok(())
    }

    /// The values that it may destroy, in words; `None` if it destroys nothing.
    fn destroys(&self) -> Option<&'static str> {
        None
    }

    /// Returns true if the values that it sets are not authoritative.
    fn backfill(&self) -> bool {
        false
    }
}

/// A place that a step reads or writes. `*` stands for one level of an array or object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepPlace {
    /// The pointer, relative to the frames around the step.
    pub at: Pointer,
    pub(crate) access: Access,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    /// The step writes it only if no value is there. It may therefore fill a protected member.
    Fill,
    Write,
}

impl StepPlace {
    pub(super) fn read(at: &Pointer) -> Self {
        let (at, access) = (at.clone(), Access::Read);
        Self { at, access }
    }

    pub(super) fn write(at: &Pointer) -> Self {
        let (at, access) = (at.clone(), Access::Write);
        Self { at, access }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// Apply the step: a value that is already as it should be is kept.
    Up,
    /// Undo the step: only a value that it can have left is accepted.
    Down,
}
