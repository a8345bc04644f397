//! The files of a catalog's directory, by their paths.
//!
//! Looks at paths only.
//!
//! Invariant: a JSON file outside of the places listed here is refused.

use super::error::{CatalogError, CatalogProblem};
use super::place::Place;

/// The file that every catalog has.
pub(super) const CATALOG: &str = "catalog.json";
/// The name of the catalog that others can extend.
pub(super) const BUILT_IN_NAME: &str = "run-manifest";

/// Returns true if the file at `path` of a catalog's directory is read with the catalog, false if it stands beside it.
///
/// # Errors
/// No catalog has such a file.
pub(super) fn takes_part(path: &str) -> Result<bool, CatalogError> {
    let is_json = |name: &str| {
        name.strip_suffix(".json")
            .is_some_and(|stem| !stem.is_empty())
    };
    let folder = path.split_once('/');
    match folder {
        None if path == CATALOG => Ok(true),
        Some(("migrations", name)) if is_json(name) && !name.contains('/') => Ok(true),
        // The schemas that a kind names are added once the kinds are read.
        None if path == "rollout.json" => Ok(false),
        Some(("schemas" | "fixtures", _)) => Ok(false),
        _ if !is_json(path) => Ok(false),
        _ => Err(CatalogError {
            place: Place::File(path.to_owned()),
            problem: CatalogProblem::UnexpectedFile,
        }),
    }
}

/// The path of a file in its own catalog's directory, which may be the one that is extended.
pub(super) fn within(path: &str) -> &str {
    let below = path.strip_prefix(BUILT_IN_NAME);
    below
        .and_then(|below| below.strip_prefix('/'))
        .unwrap_or(path)
}

/// Returns true if the path is that of a migration.
pub(super) fn is_migration(path: &str) -> bool {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    folder == "migrations" || folder.ends_with("/migrations")
}
