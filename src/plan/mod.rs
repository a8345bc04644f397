//! Plan files: the decisions on a tree, written down to be executed later.
//!
//! Lines of JSON in one pass, of any number; opens no file and decides nothing.
//!
//! Invariant: a plan that was cut off, edited or put together is refused.

mod format;
mod reader;
mod writer;

pub use format::{CatalogId, FORMAT, PlanHead};
pub use reader::{PlanEntry, PlanFile, PlanFileError, PlanProblem};
pub use writer::PlanWriter;
