//! The JSON Schemas of a catalog's files, for editors.
//!
//! They say the form only; what must fit together is for the loader to say. Here they are texts: tests derive them from the types that read the files, so that the program itself carries nothing for it.
//!
//! Invariant: each is what `derived` makes of those types.

#[cfg(test)]
mod derived;
#[cfg(test)]
mod tests;

/// The schema of `catalog.json`.
pub const CATALOG: &str = include_str!("../../docs/catalog.schema.json");
/// The schema of a file in `migrations/`.
pub const MIGRATION: &str = include_str!("../../docs/migration.schema.json");
