//! Routes: chains of migrations.
//!
//! Data only; the registry finds them.
//!
//! Invariant: each migration of a route leads on from the one before.

use std::fmt;
use std::sync::Arc;

use super::migration::Migration;
use crate::version::Version;

/// A chain of migrations, each leading on from the one before, all upward or all downward. There is at least one.
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

    /// The version that it leads from.
    #[must_use]
    pub fn from(&self) -> &Version {
        &self.from
    }

    /// The version that it leads to.
    #[must_use]
    pub fn to(&self) -> &Version {
        &self.to
    }

    /// Whether it leads to a lower version.
    #[must_use]
    pub fn is_down(&self) -> bool {
        self.to < self.from
    }

    /// The versions strictly between.
    #[must_use]
    pub fn via(&self) -> Vec<&Version> {
        let inner = self.migrations.iter().skip(1);
        inner.map(|migration| &migration.from).collect()
    }
}

/// The route as messages name it, as if it were one migration: `1.0.0 to 1.2.0`.
impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.from, self.to)
    }
}
