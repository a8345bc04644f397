//! Rules: what must hold of a document, or of the tree, beside its text and its identity.
//!
//! Each rule stands in a file of its own, with its check, its form and its documentation side by side. A new rule is a new file and a line in [`RULES`].
//!
//! Pure: takes documents that were scanned, gives their violations. What follows from one is for the operation to say.
//!
//! Invariant: the same documents give the same failures, in the same order.

mod append_only;
mod count_equals;
mod decimal;
mod document;
mod hold;
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
pub mod whole;

pub use decimal::Decimal;
pub use document::{DocumentRule, Violation};
pub use hold::{Failure, Verdict, hold_at_rest, hold_compared, hold_found, hold_result};
pub use list::RULES;
pub use model::{Body, Check, OnFailure, Rule};
#[cfg(test)]
pub(crate) use read::CommonForm;
pub(crate) use read::{RuleName, read};
pub use schema::Schema;
pub use tree::{Clash, Fact, Gathered, Key, Role, TreeRule};
