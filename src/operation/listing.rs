//! Diagnosis the manifests of an operation, and what is said of unfinished ones by those that only read.
//!
//! Invariant: what the catalog excludes is excluded for every command.

use rayon::ThreadPool;

use crate::catalog::Catalog;
use crate::code::Code;
use crate::path::TreePath;
use crate::report::{Diagnosis, Stop, Watch};
use crate::selection::Selection;
use crate::storage::{Listing, Scope, Storage};

/// The threads of an operation.
///
/// # Errors
/// The system does not give so many.
pub(super) fn pool(jobs: usize) -> Result<ThreadPool, Stop> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(jobs)
        .build()
        .map_err(|error| Stop::new(Code::Usage, format!("cannot start {jobs} threads: {error}")))
}

/// Lists what is selected and not excluded.
///
/// # Errors
/// The tree cannot be listed, or what the catalog excludes is no glob.
pub(super) fn find<S: Storage>(
    storage: &S,
    catalog: &Catalog,
    selection: &Selection,
    pool: &ThreadPool,
    watch: &dyn Watch,
) -> Result<Listing, Stop> {
    let selection = with_excludes(catalog, selection)?;
    let scope = Scope {
        names: catalog.file_names(),
        opaque: catalog.opaque(),
        selection: &selection,
    };
    let interrupted = || watch.signal().is_some();
    pool.install(|| storage.list(&scope, &interrupted))
}

/// A selection, and what the catalog excludes.
///
/// # Errors
/// What the catalog excludes is no glob.
pub(super) fn with_excludes(catalog: &Catalog, selection: &Selection) -> Result<Selection, Stop> {
    let mut selection = selection.clone();
    for text in catalog.exclude() {
        let glob = text.parse().map_err(|error| {
            let message = format!("`exclude` of the catalog `{}`: {error}", catalog.name());
            Stop::new(Code::CatalogInvalid, message)
        })?;
        selection.exclude.push(glob);
    }
    Ok(selection)
}

/// The warning that operations are unfinished.
pub(super) fn unfinished(ids: &[String]) -> Diagnosis {
    Diagnosis {
        code: Code::UnfinishedOperation,
        path: None,
        message: format!(
            "not finished, or still at work: operation {}",
            ids.join(", ")
        ),
    }
}

/// The warning that an unfinished operation left a file beside a manifest.
pub(super) fn leftover(path: &TreePath) -> Diagnosis {
    Diagnosis {
        code: Code::UnfinishedOperation,
        path: Some(path.clone()),
        message: "an unfinished operation left this file beside a manifest".to_owned(),
    }
}
