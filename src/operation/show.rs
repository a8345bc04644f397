//! One manifest as it would be at a version: migration on read, from a storage.
//!
//! Reads only, takes no lock.
//!
//! Invariant: what is shown is what a migration would write, byte for byte.

use super::named;
use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::engine::Plan;
use crate::path::TreePath;
use crate::read::{self, Reading};
use crate::report::{Diagnosis, Stop};
use crate::storage::Storage;
use crate::version::Version;

/// Reads the manifest at `path` into `buffer`, as it is at `target` or at the latest version of its kind.
///
/// # Errors
/// The target does not exist, the manifest cannot be read, or it would be refused: the code says which.
pub fn show<'b, S: Storage>(
    storage: &S,
    catalog: &Catalog,
    path: &TreePath,
    target: Option<&Version>,
    now: Timestamp,
    buffer: &'b mut Vec<u8>,
) -> Result<Reading<'b>, Stop> {
    Plan::new(catalog, target.cloned(), true)
        .map_err(|error| Stop::new(error.code(), error.to_string()))?;
    let found = named::find(storage, catalog, path)?;
    let read = match found.trouble {
        Some(trouble) => Err(trouble),
        None => storage.read(path, buffer).map(drop),
    };
    read.and_then(|()| {
        let reading = read::of(catalog, path.file_name(), target, buffer, now);
        reading.map_err(|refusal| Diagnosis::new(refusal.code(), refusal.to_string()))
    })
    .map_err(|trouble| named::stop_of(path, &trouble))
}
