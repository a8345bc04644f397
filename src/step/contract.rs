//! The contract of a step: what it says of itself, what it does, and how that is undone.
//!
//! Owns the trait and its words; knows no step.
//!
//! Invariant: a step that is taken twice changes nothing the second time, and undoing what it changed gives the document as it was.

use std::fmt::Debug;

use super::view::View;
use crate::form::ObjectProblem;
use crate::json::Pointer;
use crate::transform::{Change, StepError};

/// A step that a migration file can ask for.
pub trait Step: Debug + Send + Sync {
    /// The value of `"step"` in migration files.
    fn name(&self) -> &'static str;

    /// Every place that it may read or write, whatever the document; first the one by which messages name it.
    fn places(&self) -> Vec<StepPlace>;

    /// The changes to make, in order; no edits where they were made before. Pointers are those of the document.
    ///
    /// # Errors
    /// The step cannot be applied to this document.
    fn changes(&self, view: &View<'_>) -> Result<Vec<Change>, StepError>;

    /// The reason why the step cannot be undone; `None` if [`undo`](Self::undo) can undo it.
    fn irreversible(&self) -> Option<&'static str> {
        None
    }

    /// The changes that undo the step, asked only if it is not irreversible.
    ///
    /// # Errors
    /// A value is another than the step would have left.
    fn undo(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
        let at = self.places().into_iter().next();
        Err(StepError {
            at: at.map_or_else(Pointer::root, |place| view.place(&place.at)),
            reason: "cannot be undone".to_owned(),
        })
    }

    /// Checks the step alone, when it is read.
    ///
    /// # Errors
    /// Its members do not fit together.
    fn check(&self) -> Result<(), ObjectProblem> {
        Ok(())
    }

    /// What it may destroy, in words; `None` if the document after still tells everything.
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
    /// The pointer, as seen from the frames around the step.
    pub at: Pointer,
    /// The way in which the step uses the place.
    pub access: Access,
}

/// The way in which a step uses a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It reads only.
    Read,
    /// It writes only where no value is, so it may also fill a protected member.
    Fill,
    /// It writes.
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

/// The direction in which a document goes through a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// The step is taken: a value that is as it should become already is kept.
    Up,
    /// The step is undone: only what it left is accepted.
    Down,
}
