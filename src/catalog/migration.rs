//! Migrations: one edge of the graph of versions, with its transforms.
//! Invariant: a migration does not change after it was made.

use std::fmt;

use super::place::Place;
use crate::transform::{NoWayDown, Transform};
use crate::version::Version;

/// A migration between two versions, as an ordered list of transforms. On the way down, `from` is the higher version.
#[derive(Debug)]
pub struct Migration {
    /// The version before.
    pub from: Version,
    /// The version after.
    pub to: Version,
    /// The purpose, in a sentence for people.
    pub summary: String,
    /// The transforms, in order. Each reads the result of those before.
    pub transforms: Vec<Box<dyn Transform>>,
    /// The place of the file, then the place of each transform; empty if there is no file.
    pub(super) places: Vec<Place>,
}

impl Migration {
    /// A migration without transforms, which only sets the version.
    pub fn new(from: Version, to: Version, summary: impl Into<String>) -> Self {
        Self {
            from,
            to,
            summary: summary.into(),
            transforms: Vec::new(),
            places: Vec::new(),
        }
    }

    /// The beginning of its file, if it has one.
    pub fn place(&self) -> Option<&Place> {
        self.places.first()
    }

    pub(crate) fn place_of(&self, transform: usize) -> Option<&Place> {
        self.places.get(transform + 1)
    }

    /// The same migration with one more transform at its end.
    #[must_use]
    pub fn with(mut self, transform: impl Transform + 'static) -> Self {
        self.transforms.push(Box::new(transform));
        self
    }

    /// The migration in the other direction: the inverse of each transform, the last first.
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
