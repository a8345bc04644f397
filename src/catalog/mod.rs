//! Catalogs: schema versions, the migrations between them and the rules they keep, as data.
//!
//! Takes texts and gives checked values; reads no files and no manifests.
//!
//! Invariant: a [`Catalog`] is checked, and its digest covers everything in it.

mod built_in;
mod catalog_form;
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

pub use dimensions::Dimension;
pub use error::{CatalogError, CatalogProblem};
pub use kind::{DeferredWhen, Kind, Mark};
pub use migration::Migration;
pub use model::{Catalog, Source};
pub use place::Place;
pub use registry::{Registry, RegistryError};
pub use route::Route;
pub use snapshots::Snapshots;
