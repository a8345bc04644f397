//! Remarks about a catalog.
//! Invariant: the class of the code says whether a remark is a finding or a note.

use crate::catalog::{Kind, Migration, Place};
use crate::code::{Class, Code};
use crate::version::Version;

/// A remark about a catalog, for its author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The code. Its class is a finding if something is wrong, or else a note.
    pub code: Code,
    /// The place in the catalog.
    pub place: Place,
    /// The step, if the remark concerns one.
    pub step: Option<StepId>,
    /// The message.
    pub message: String,
}

impl Remark {
    pub(super) fn new(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self {
            code,
            place,
            step: None,
            message: message.into(),
        }
    }

    /// The same remark about the step with this index.
    pub(super) fn on_step(self, kind: &Kind, migration: &Migration, index: usize) -> Self {
        let place = migration.place_of(index).cloned();
        Self {
            step: Some(StepId::new(&kind.name, migration, index)),
            place: place.unwrap_or(Place::Catalog),
            ..self
        }
    }

    /// Returns true if something is wrong.
    pub fn is_finding(&self) -> bool {
        self.code.class() == Class::Finding
    }
}

/// A step of a migration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StepId {
    /// The name of the kind.
    pub kind: String,
    /// The version before the migration.
    pub from: Version,
    /// The version after it.
    pub to: Version,
    /// The index of the step in the migration.
    pub index: usize,
}

impl StepId {
    pub(super) fn new(kind: &str, migration: &Migration, index: usize) -> Self {
        Self {
            kind: kind.to_owned(),
            from: migration.from.clone(),
            to: migration.to.clone(),
            index,
        }
    }
}

/// The place of a migration; the whole catalog, if the migration was compiled into a program.
pub(super) fn place_of(migration: &Migration) -> Place {
    migration.place().cloned().unwrap_or(Place::Catalog)
}
