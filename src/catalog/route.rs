//! Routes: chains of migrations.
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
    pub fn migrations(&self) -> &[Arc<Migration>] {
        &self.migrations
    }

    /// The first version.
    pub fn from(&self) -> &Version {
        &self.from
    }

    /// The last version.
    pub fn to(&self) -> &Version {
        &self.to
    }

    pub(crate) fn is_down(&self) -> bool {
        self.to < self.from
    }

    /// The versions between, without both ends.
    pub fn via(&self) -> Vec<&Version> {
        let inner = self.migrations.iter().skip(1);
        inner.map(|migration| &migration.from).collect()
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.from, self.to)
    }
}
