//! The operations: engine and storage joined. Nothing here prints.
//!
//! Each operation has a file or a folder; `frame` is common to all, `find` goes through the tree, `ledger` reads the journals, `tally` counts and reports.
//!
//! Invariant: a failure of one manifest is data in the report; only a [`Stop`](crate::report::Stop) ends an operation, and it comes with the report so far.

mod accept;
pub mod backups;
mod budget;
mod evidence;
mod explain;
mod find;
mod frame;
mod ledger;
mod migrate;
mod nearest;
mod operations;
mod order;
mod rehearse;
mod rollback;
mod scope;
mod show;
mod survey;
mod tally;
#[cfg(test)]
mod tests;
mod verify;
mod walk;

pub use explain::{ExplainedBackup, Explanation, FileFacts, Leg, explain};
pub use frame::{Frame, Request};
pub use migrate::{Detail, Migrate, migrate};
pub use operations::{OperationEntry, operations};
pub use rehearse::{TreeRehearsal, rehearse_tree};
pub use rollback::{Rollback, Undo, rollback};
pub use show::show;
pub use survey::Survey;
pub use verify::{Accept, Verify, accept, verify};
