//! Migrations: one edge of the graph of versions, with the transforms that lead along it, or back.
//!
//! Data only: a migration runs nothing by itself, and may not know how it is run.
//!
//! Invariant: a migration does not change once it is made.

use std::fmt;

use super::place::Place;
use crate::transform::{NoWayDown, Transform};
use crate::version::Version;

/// One edge: from a version, to a version, by an ordered list of transforms. On the way down, `from` is the higher version.
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
    /// Where its file says so, if it has one; then where that says each transform.
    pub(super) places: Vec<Place>,
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
            places: Vec::new(),
        }
    }

    /// Where its file begins, if it has one.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.places.first()
    }

    /// Where its file says the transform at this place in the list.
    #[must_use]
    pub fn place_of(&self, transform: usize) -> Option<&Place> {
        self.places.get(transform + 1)
    }

    /// The same migration with one more transform at its end.
    #[must_use]
    pub fn with(mut self, transform: impl Transform + 'static) -> Self {
        self.transforms.push(Box::new(transform));
        self
    }
}

impl Migration {
    /// The way back: the inverse of each transform, the last first.
    ///
    /// # Errors
    /// A transform has no inverse.
    pub fn inverse(&self) -> Result<Self, NoWayDown> {
        let mut transforms = Vec::with_capacity(self.transforms.len());
        for transform in self.transforms.iter().rev() {
            let inverse = transform.inverse().map_err(|none| NoWayDown {
                migration: self.to_string(),
                transform: transform.name(),
                reason: none.reason,
            })?;
            transforms.push(inverse);
        }
        Ok(Self {
            from: self.to.clone(),
            to: self.from.clone(),
            summary: self.summary.clone(),
            transforms,
            places: Vec::new(),
        })
    }
}

/// The migration as messages name it, whichever way it is gone: `1.0.0 to 1.1.0`.
impl fmt::Display for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lower, higher) = if self.from < self.to {
            (&self.from, &self.to)
        } else {
            (&self.to, &self.from)
        };
        write!(f, "{lower} to {higher}")
    }
}
