//! Plan files: the decisions on a tree, for a later execution.
//!
//! Invariant: a plan that was cut off, edited or joined is refused.

mod format;
mod reader;
mod writer;

pub use format::{CatalogId, FORMAT, PlanHead};
pub use reader::{PlanEntry, PlanFile, PlanFileError, PlanProblem};
pub use writer::PlanWriter;
