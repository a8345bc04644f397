//! Lints: possible mistakes in a catalog, for its author.
//!
//! Invariant: a finding is certain; a guess is a note.

mod catalog;
mod migration;
mod schemas;
mod tree;

pub use catalog::lint;
pub use tree::lint_tree;
