//! Rules: what must hold of a document, or of the tree, beside its text and its identity.
//!
//! Each rule stands in a file of its own, with its check, its form and its documentation side by side. A new rule is a new file and a line in [`RULES`].
//!
//! Pure: takes documents that were scanned, gives their violations. The engine decides which documents are checked; what follows from a failure is for the operation to say.
//!
//! Invariant: the same documents give the same failures, in the same order.

mod append_only;
mod count_equals;
mod decimal;
mod document;
mod list;
mod model;
mod read;
mod references;
#[cfg(test)]
mod samples;
pub mod schema;
mod starts_with;
mod sum_equals;
mod totals;
mod tree;
mod unchanged;
mod unique;

pub use decimal::Decimal;
pub use document::{DocumentRule, Violation};
pub use list::RULES;
pub use model::{Body, Check, OnFailure, Rule};
#[cfg(test)]
pub(crate) use read::CommonForm;
pub(crate) use read::{RuleName, read};
pub use schema::Schema;
pub use tree::{Fact, Key, TreeRule};
