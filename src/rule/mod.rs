//! Rules about documents, or about all documents of the tree together.
//!
//! Each rule has its own file with its members, its check and its documentation. A new rule is a new file and a line in [`RULES`].
//!
//! Finds violations in scanned documents. The engine chooses the documents; the operation decides about the consequences.
//!
//! Invariant: the same documents give the same failures, in the same order.

mod append_only;
mod contract;
mod decimal;
mod list;
mod model;
mod read;
mod references;
#[cfg(test)]
mod samples;
pub(crate) mod schema;
mod starts_with;
mod sums;
mod totals;
mod unchanged;
mod unique;

pub(crate) use contract::{Fact, TreeRule, Violation};
#[cfg(test)]
pub(crate) use list::RULES;
pub(crate) use model::{Body, Check, OnFailure, Rule};
#[cfg(test)]
pub(crate) use read::CommonForm;
pub(crate) use read::{RuleName, read};
pub(crate) use schema::Schema;
