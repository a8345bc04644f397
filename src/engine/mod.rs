//! The engine: examines a document, decides on it, and transforms it along a route.
//!
//! Guards the members that no migration may change, checks schemas and rules before and after, and writes the history record. Touches no files.
//!
//! Invariant: a migrated manifest was checked as a whole before it is returned.

#[cfg(test)]
mod attacks;
mod decide;
mod examine;
mod guard;
pub mod history;
#[cfg(test)]
mod laws;
mod manifest;
mod rules;
#[cfg(test)]
mod samples;
mod splicer;
mod transform;
mod tree_rules;

pub(crate) use decide::compare_with_target;
pub use decide::{Decision, Plan, PlanError};
pub use examine::{Unexamined, examine};
pub use manifest::{MAX_RECORDS, Manifest};
pub(crate) use manifest::{declared_version, history_len};
pub use rules::{
    Failure, Verdict, check_after, check_at_rest, check_before, check_compared, consequence,
};
pub use transform::{Migrated, Trace, trace, transform};
pub(crate) use transform::{check_transform, transform_inspected};
pub use tree_rules::{DocumentFacts, Moment, TreeFacts, TreeRules};
