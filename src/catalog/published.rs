//! The JSON Schemas of a catalog's files, for editors.
//! Owns the texts only. They describe the form; the loader checks more than that.
//! Invariant: a test derives the same texts from the types that read the files.

#[cfg(test)]
mod derived;
#[cfg(test)]
mod tests;

/// The schema of `catalog.json`.
pub const CATALOG: &str = include_str!("../../docs/catalog.schema.json");
/// The schema of a file in `migrations/`.
pub const MIGRATION: &str = include_str!("../../docs/migration.schema.json");
