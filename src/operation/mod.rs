//! The use cases: pure rules and storage joined, no printing.
//!
//! Invariant: one manifest's failure is data in the report; only a [`Stop`](crate::report::Stop) ends an operation, and the report so far comes with it.

mod as_planned;
mod backups;
mod batches;
mod beforehand;
mod evaluate;
mod explain;
mod first_pass;
mod listing;
mod migrate;
mod named;
mod nearest;
mod operations;
mod rehearse;
mod rollback;
mod settle;
mod show;
mod survey;
mod tally;
mod turns;
mod verify;
mod witnesses;
mod writing;

pub use backups::{
    BackupList, BackupsOptions, Copied, ExportOptions, Exported, KeptBackup, PruneOptions, Pruned,
    Pruning, Verdict, export_backups, list_backups, prune_backups,
};
pub use explain::{Content, ExplainOptions, ExplainedBackup, Explanation, Leg, Touched, explain};
pub use migrate::{Depth, Options, migrate};
pub use operations::{OperationEntry, OperationState, account, operations};
pub use rehearse::{TreeRehearsal, rehearse_tree};
pub use rollback::{RollbackMode, RollbackOptions, Undo, rollback};
pub use show::show;
pub use survey::Survey;
pub use verify::{VerifyOptions, verify};
