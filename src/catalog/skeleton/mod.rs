//! The files of a new version, for an author to fill in.
//!
//! Makes texts; writes no file.
//!
//! Invariant: a catalog with these files is valid.

mod files;
mod schema;

pub use files::extension;
pub(crate) use files::{fixture, migration, put};
pub use schema::NewSchema;
pub(crate) use schema::new_schema;
