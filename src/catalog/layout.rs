//! The files of a catalog's directory, by their paths.
//! Invariant: a JSON file in any other place is refused.

use super::error::{CatalogError, CatalogProblem};
use super::place::Place;

pub(super) const CATALOG: &str = "catalog.json";
pub(super) const BUILT_IN_NAME: &str = "run-manifest";

/// Returns true if the catalog includes the file at `path` of its directory, and false if the file is for other purposes. Fails if no catalog has such a path.
pub(super) fn takes_part(path: &str) -> Result<bool, CatalogError> {
    let is_json = |name: &str| {
        name.strip_suffix(".json")
            .is_some_and(|stem| !stem.is_empty())
    };
    let folder = path.split_once('/');
    match folder {
        None if path == CATALOG => Ok(true),
        Some(("migrations", name)) if is_json(name) && !name.contains('/') => Ok(true),
        // The schemas that a kind names are added after the kinds are read.
        None if path == "rollout.json" => Ok(false),
        Some(("schemas" | "fixtures", _)) => Ok(false),
        _ if !is_json(path) => Ok(false),
        _ => Err(CatalogError {
            place: Place::File(path.to_owned()),
            problem: CatalogProblem::UnexpectedFile,
        }),
    }
}

pub(super) fn within(path: &str) -> &str {
    let below = path.strip_prefix(BUILT_IN_NAME);
    below
        .and_then(|below| below.strip_prefix('/'))
        .unwrap_or(path)
}

pub(super) fn is_migration(path: &str) -> bool {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    folder == "migrations" || folder.ends_with("/migrations")
}
