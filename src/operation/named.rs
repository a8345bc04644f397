//! One manifest that somebody named, as commands about a single one look for it.
//!
//! Invariant: what an operation would not look at is not found here either.

use super::listing;
use crate::catalog::Catalog;
use crate::code::Code;
use crate::path::TreePath;
use crate::report::{Diagnosis, Stop};
use crate::selection::Selection;
use crate::storage::{Found, Storage};

/// Finds the manifest at `path`; whether it can be read does not show yet.
///
/// # Errors
/// The catalog excludes it, or the tree is not one of its own.
pub(super) fn find<S: Storage>(
    storage: &S,
    catalog: &Catalog,
    path: &TreePath,
) -> Result<Found, Stop> {
    let selection = Selection {
        manifests: Some(vec![path.clone()]),
        ..Selection::default()
    };
    let pool = listing::pool(1)?;
    let listing = listing::find(storage, catalog, &selection, &pool, &|| None)?;
    listing
        .manifests
        .range(0..listing.manifests.len())
        .next()
        .ok_or_else(|| {
            let message = format!("`{path}` is excluded by the catalog `{}`", catalog.name());
            Stop::new(Code::SelectionInvalid, message)
        })
}

/// The stop that trouble with the only manifest is.
pub(super) fn stop_of(path: &TreePath, trouble: &Diagnosis) -> Stop {
    Stop::new(trouble.code, format!("`{path}`: {}", trouble.message))
}
