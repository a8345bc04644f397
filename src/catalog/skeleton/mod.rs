//! The beginning of a new version: files for an author to fill in.
//!
//! Makes texts, writes nothing.
//!
//! Invariant: a catalog with these files added can be loaded.

mod files;
mod schema;

pub use files::extension;
pub(crate) use files::{fixture, migration};
pub use schema::NewSchema;
pub(crate) use schema::new_schema;
