//! Catalogs: schema versions, the migrations between them, and rules, as data.
//!
//! Invariant: a [`Catalog`] is checked, and its digest covers all of it.

mod built_in;
mod catalog_form;
mod choice;
mod dimensions;
mod error;
pub mod graph;
mod kind;
mod layout;
mod loader;
mod migration;
mod migrations;
mod model;
mod place;
pub mod published;
mod registry;
mod route;
mod rules;
mod schemas;
pub mod skeleton;
mod snapshots;
mod source_file;
#[cfg(test)]
mod tests;

pub use choice::choose_kind;
pub use dimensions::Dimension;
pub use error::{CatalogError, CatalogProblem};
pub use kind::Kind;
pub use migration::Migration;
pub use model::{Catalog, Source};
pub use place::Place;
pub use registry::{Registry, RegistryError};
pub use route::Route;
pub(crate) use snapshots::Snapshots;
