//! Migrations: one edge of the graph of versions, with the transforms that lead along it.
//!
//! Data only: a migration runs nothing by itself, and may not know how it is run.
//!
//! Invariant: a migration does not change once it is made.

use std::fmt;

use crate::transform::Transform;
use crate::version::Version;

/// One edge: from a version, to a version, by an ordered list of transforms.
#[derive(Debug)]
pub struct Migration {
    /// The version that it leads from.
    pub from: Version,
    /// The version that it leads to.
    pub to: Version,
    /// What it is for, in a sentence for people.
    pub summary: String,
    /// What it does, in order; each sees the result of the ones before.
    pub transforms: Vec<Box<dyn Transform>>,
}

impl Migration {
    /// A migration from `from` to `to` that does nothing yet but set the version.
    #[must_use]
    pub fn new(from: Version, to: Version, summary: impl Into<String>) -> Self {
        Self {
            from,
            to,
            summary: summary.into(),
            transforms: Vec::new(),
        }
    }

    /// The same migration with one more transform at its end.
    #[must_use]
    pub fn with(mut self, transform: impl Transform + 'static) -> Self {
        self.transforms.push(Box::new(transform));
        self
    }
}

/// The migration as messages name it: `1.0.0 to 1.1.0`.
impl fmt::Display for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.from, self.to)
    }
}
