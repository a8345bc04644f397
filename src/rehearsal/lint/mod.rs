//! Lints: what an author should look at before a catalog is used.
//!
//! Pure: fixtures come in as texts, a tree as numbers.
//!
//! Invariant: a finding is certain; a guess is a note.

mod catalog;
mod migration;
mod schemas;
mod tree;

pub use catalog::lint;
pub use tree::lint_tree;
