//! JSON Schemas of documents. This is the only place that knows the schema crate.
//!
//! Invariant: a [`Schema`] is valid. Without the feature `schema` there is none.

#[cfg(feature = "schema")]
mod compiled;
#[cfg(feature = "schema")]
mod instance;
mod model;
mod names;
mod result;
#[cfg(not(feature = "schema"))]
mod without;

pub(crate) use model::Schema;
pub(crate) use names::names;
