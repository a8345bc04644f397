//! Routes: chains of migrations.
//!
//! Data only; the registry finds them.
//!
//! Invariant: each migration of a route starts at the version of the one before.

use std::fmt;
use std::sync::Arc;

use super::migration::Migration;
use crate::version::Version;

/// A chain of at least one migration, all upward or all downward.
#[derive(Debug, Clone)]
pub struct Route {
    migrations: Vec<Arc<Migration>>,
    from: Version,
    to: Version,
}

impl Route {
    pub(super) fn new(migrations: Vec<Arc<Migration>>) -> Option<Self> {
        let from = migrations.first()?.from.clone();
        let to = migrations.last()?.to.clone();
        Some(Self {
            migrations,
            from,
            to,
        })
    }

    /// The migrations, in order.
    #[must_use]
    pub fn migrations(&self) -> &[Arc<Migration>] {
        &self.migrations
    }

    /// The first version.
    #[must_use]
    pub fn from(&self) -> &Version {
        &self.from
    }

    /// The last version.
    #[must_use]
    pub fn to(&self) -> &Version {
        &self.to
    }

    /// Returns true if it leads to a lower version.
    #[must_use]
    pub fn is_down(&self) -> bool {
        self.to < self.from
    }

    /// The versions between, without both ends.
    #[must_use]
    pub fn via(&self) -> Vec<&Version> {
        let inner = self.migrations.iter().skip(1);
        inner.map(|migration| &migration.from).collect()
    }
}

/// Messages name a route like one migration, as in `1.0.0 to 1.2.0`.
impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.from, self.to)
    }
}
