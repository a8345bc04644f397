//! The graph of versions and migrations of one kind, and the routes through it.
//! Invariant: every migration leads upward, and from every version there is a route to the latest.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::migration::Migration;
use super::route::Route;
use crate::transform::NoWayDown;
use crate::version::Version;

/// The versions of a kind and the migrations between them.
#[derive(Debug, Clone)]
pub struct Registry {
    versions: BTreeSet<Version>,
    latest: Version,
    // Ordered by version at both ends, so that nothing depends on the order of registration.
    edges: BTreeMap<Version, BTreeMap<Version, Arc<Migration>>>,
}

/// The reason why migrations do not make a registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "the message of each variant explains it and names its fields"
)]
pub enum RegistryError {
    #[error("two migrations lead from `{from}` to `{to}`")]
    Duplicate { from: Version, to: Version },
    #[error("the migration from `{from}` to `{to}` does not lead upward")]
    NotUpward { from: Version, to: Version },
    /// A version, the lowest of several, has no route to the latest.
    #[error("no migrations lead from `{version}` to the latest version `{latest}`")]
    DeadEnd { version: Version, latest: Version },
}

impl Registry {
    /// The registry of these migrations. `unversioned` is a version, too, also if no migration names it.
    ///
    /// # Errors
    /// Two migrations have the same versions, one does not lead upward, or a version has no route to the latest.
    pub fn new(migrations: Vec<Migration>, unversioned: Version) -> Result<Self, RegistryError> {
        Self::of(migrations.into_iter().map(Arc::new), unversioned)
    }

    pub(super) fn with(
        &self,
        migration: Migration,
        unversioned: Version,
    ) -> Result<Self, RegistryError> {
        let migrations = self.migrations().cloned().chain([Arc::new(migration)]);
        Self::of(migrations, unversioned)
    }

    fn of(
        migrations: impl Iterator<Item = Arc<Migration>>,
        unversioned: Version,
    ) -> Result<Self, RegistryError> {
        let mut versions = BTreeSet::from([unversioned]);
        let mut edges = BTreeMap::<Version, BTreeMap<Version, Arc<Migration>>>::new();
        for migration in migrations {
            let (from, to) = (migration.from.clone(), migration.to.clone());
            if to <= from {
                return Err(RegistryError::NotUpward { from, to });
            }
            versions.extend([from.clone(), to.clone()]);
            let onward = edges.entry(from.clone()).or_default();
            if onward.insert(to.clone(), migration).is_some() {
                return Err(RegistryError::Duplicate { from, to });
            }
        }
        // The set is never empty, because `unversioned` is in it.
        let latest = versions.last().cloned().unwrap_or(Version::new(0, 0, 0));
        let registry = Self {
            versions,
            latest,
            edges,
        };
        match registry.dead_end() {
            Some(version) => Err(RegistryError::DeadEnd {
                version: version.clone(),
                latest: registry.latest.clone(),
            }),
            None => Ok(registry),
        }
    }

    fn dead_end(&self) -> Option<&Version> {
        // Migrations lead upward, so from the top down, all successors of a version are known.
        let mut arriving = BTreeSet::from([&self.latest]);
        let mut dead_end = None;
        for version in self.versions.iter().rev().skip(1) {
            if self.onward(version).any(|(to, _)| arriving.contains(to)) {
                arriving.insert(version);
            } else {
                dead_end = Some(version);
            }
        }
        dead_end
    }

    /// The greatest version.
    pub fn latest(&self) -> &Version {
        &self.latest
    }

    /// Every version, ascending.
    pub fn versions(&self) -> impl DoubleEndedIterator<Item = &Version> + ExactSizeIterator {
        self.versions.iter()
    }

    /// Returns true if the kind has this version.
    pub fn knows(&self, version: &Version) -> bool {
        self.versions.contains(version)
    }

    /// Every migration, in the order of its versions.
    pub fn migrations(&self) -> impl Iterator<Item = &Arc<Migration>> {
        self.edges.values().flat_map(BTreeMap::values)
    }

    /// The route with the fewest migrations; of several, the one with the lowest versions. `None` if there is none, or if both versions are the same.
    pub fn route(&self, from: &Version, to: &Version) -> Option<Route> {
        self.search(from, to, |_, _| true)
    }

    /// The same route without the migration that leads there directly. A shortcut must give the same result as this route.
    pub(crate) fn detour(&self, from: &Version, to: &Version) -> Option<Route> {
        self.search(from, to, |one, two| (one, two) != (from, to))
    }

    /// The route that consists of one migration.
    pub fn step(&self, from: &Version, to: &Version) -> Option<Route> {
        let migration = self.edges.get(from)?.get(to)?;
        Route::new(vec![Arc::clone(migration)])
    }

    fn search(
        &self,
        from: &Version,
        to: &Version,
        may_take: impl Fn(&Version, &Version) -> bool,
    ) -> Option<Route> {
        // A breadth-first search in ascending order visits each level in the order of the smallest sequences of versions, so the first route to a version is the smallest.
        let mut found_by = BTreeMap::<&Version, &Arc<Migration>>::new();
        let mut queue = VecDeque::from([from]);
        while let Some(version) = queue.pop_front() {
            if version == to {
                break;
            }
            let onward = self.onward(version);
            for (next, migration) in onward.filter(|(next, _)| may_take(version, next)) {
                found_by.entry(next).or_insert_with(|| {
                    queue.push_back(next);
                    migration
                });
            }
        }
        let mut migrations = Vec::new();
        let mut version = to;
        while let Some(migration) = found_by.get(version) {
            migrations.push(Arc::clone(migration));
            version = &migration.from;
        }
        migrations.reverse();
        Route::new(migrations)
    }

    /// The route down: the inverse of the shortest route up. `None` if there is none.
    pub(crate) fn route_down(
        &self,
        from: &Version,
        to: &Version,
    ) -> Result<Option<Route>, NoWayDown> {
        let Some(up) = self.route(to, from) else {
            return Ok(None);
        };
        let down = up.migrations().iter().rev();
        let down = down.map(|migration| migration.inverse().map(Arc::new));
        Ok(Route::new(down.collect::<Result<_, _>>()?))
    }

    fn onward(&self, version: &Version) -> impl Iterator<Item = (&Version, &Arc<Migration>)> {
        self.edges.get(version).into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn version(minor: u64) -> Version {
        Version::new(1, minor, 0)
    }

    fn registry(edges: &[(u64, u64)]) -> Result<Registry, RegistryError> {
        let migrations = edges
            .iter()
            .map(|&(from, to)| Migration::new(version(from), version(to), "test"))
            .collect();
        Registry::new(migrations, version(0))
    }

    fn minors(registry: &Registry, from: u64, to: u64) -> Option<Vec<String>> {
        let route = registry.route(&version(from), &version(to))?;
        let stops = [route.from()]
            .into_iter()
            .chain(route.via())
            .chain([route.to()]);
        Some(stops.map(ToString::to_string).collect())
    }

    #[test]
    fn without_migrations_there_is_just_the_unversioned_version() {
        let registry = registry(&[]).unwrap();
        assert_eq!(registry.latest(), &version(0));
        assert_eq!(registry.versions().collect::<Vec<_>>(), [&version(0)]);
        assert!(registry.route(&version(0), &version(0)).is_none());
    }

    #[test]
    fn two_migrations_for_one_pair_are_refused() {
        let error = registry(&[(0, 1), (0, 1)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "two migrations lead from `1.0.0` to `1.1.0`"
        );
    }

    #[test]
    fn a_migration_that_does_not_lead_upward_is_refused() {
        for (from, to) in [(1, 0), (1, 1)] {
            let error = registry(&[(from, to)]).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("the migration from `1.{from}.0` to `1.{to}.0` does not lead upward")
            );
        }
    }

    #[test]
    fn a_version_from_which_the_latest_cannot_be_reached_is_refused() {
        let error = registry(&[(0, 3), (1, 2), (2, 4)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no migrations lead from `1.0.0` to the latest version `1.4.0`"
        );
        let error = registry(&[(1, 2)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no migrations lead from `1.0.0` to the latest version `1.2.0`"
        );
    }

    #[test]
    fn the_fewest_migrations_win_and_among_equals_the_smallest_versions() {
        let graph = registry(&[(0, 1), (1, 2), (2, 4), (0, 3), (3, 4), (0, 2), (2, 3)]).unwrap();
        assert_eq!(minors(&graph, 0, 4).unwrap(), ["1.0.0", "1.2.0", "1.4.0"]);
        assert_eq!(minors(&graph, 0, 1).unwrap(), ["1.0.0", "1.1.0"]);
        assert_eq!(minors(&graph, 4, 0), None);
        assert_eq!(minors(&graph, 3, 1), None);
        assert_eq!(minors(&graph, 7, 4), None);
    }

    #[test]
    fn versions_are_ordered_as_numbers_not_as_texts() {
        let graph = registry(&[(0, 10), (0, 9), (10, 11), (9, 11)]).unwrap();
        assert_eq!(minors(&graph, 0, 11).unwrap(), ["1.0.0", "1.9.0", "1.11.0"]);
    }

    /// Every path from `from` to `to`, by brute force.
    fn all_paths(edges: &[(u64, u64)], from: u64, to: u64) -> Vec<Vec<u64>> {
        if from == to {
            return vec![vec![to]];
        }
        let onward = edges.iter().filter(|edge| edge.0 == from);
        onward
            .flat_map(|edge| all_paths(edges, edge.1, to))
            .map(|rest| [vec![from], rest].concat())
            .collect()
    }

    proptest! {
        #[test]
        fn a_route_is_the_smallest_of_the_shortest_whatever_the_order_of_registration(
            pairs in proptest::collection::btree_set((0_u64..7, 1_u64..8), 0..16),
            seed in any::<u64>(),
        ) {
            let mut edges: Vec<_> = pairs.into_iter().filter(|(from, to)| from < to).collect();
            // A backbone, so that every version reaches the latest; brute force still finds the rest.
            edges.extend((0..7).map(|from| (from, 7)));
            edges.sort_unstable();
            edges.dedup();
            let mut shuffled = edges.clone();
            let mut state = seed;
            for index in (1..shuffled.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                shuffled.swap(index, usize::try_from(state >> 33).unwrap() % (index + 1));
            }
            let (one, two) = (registry(&edges).unwrap(), registry(&shuffled).unwrap());
            for from in 0..8 {
                for to in 0..8 {
                    let best = all_paths(&edges, from, to)
                        .into_iter()
                        .filter(|path| path.len() > 1)
                        .min_by_key(|path| (path.len(), path.clone()))
                        .map(|path| path.iter().map(|minor| version(*minor).to_string()).collect());
                    prop_assert_eq!(minors(&one, from, to), best.clone());
                    prop_assert_eq!(minors(&two, from, to), best);
                }
            }
        }
    }
}
