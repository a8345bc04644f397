//! Files outside the tree that a user names: catalogs, and the directory of an export.
//!
//! Files in the tree are accessed only through a [`Storage`](crate::storage::Storage); a path from the command line is opened here, with the standard library, and its links are followed.
//!
//! Invariant: no existing file is overwritten, except a catalog's own file that is still as it was read.

#![expect(
    clippy::disallowed_methods,
    reason = "this room opens what lies outside the tree"
)]

mod catalogs;
mod export;
mod named;
mod new_version;

pub use catalogs::{
    BUILT_IN, CatalogFiles, TreeOfCatalog, change_catalog, load_catalog, read_catalog,
    write_catalog,
};
pub use export::{CopyOutcome, ExportDirectory, Original};
pub use named::{exists, is_directory, open};
pub use new_version::{AddedVersion, add_version};
