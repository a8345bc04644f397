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
mod pipeline;
mod rules;
#[cfg(test)]
mod samples;
mod splicer;
mod transform;
mod tree_rules;

pub(crate) use decide::{Decision, KindPlan, Plan, PlanError};
pub(crate) use examine::examine_text;
pub use examine::{Unexamined, examine, examine_as};
pub(crate) use manifest::EngineMembers;
pub use manifest::Manifest;
pub(crate) use pipeline::{PendingFacts, Pipeline, Product, Until, Verdicts, transform_checked};
pub(crate) use rules::{
    Failure, Verdict, check_after, check_at_rest, check_before, check_compared, consequence,
};
pub use transform::{Migrated, transform};
pub(crate) use transform::{RecordStamp, effort_of, trace};
pub(crate) use tree_rules::{DocumentFacts, TreeFacts, TreeRules};
