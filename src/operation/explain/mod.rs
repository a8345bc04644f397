//! Explains one manifest: its content, the outcome of a migration, past operations, and the outcome of a rollback.
//!
//! `run` examines the manifest and calls the other operations; `past` reads the ledger; `explanation` is the result. Writes nothing and takes no lock.

mod explanation;
mod past;
mod run;

pub use explanation::{ExplainedBackup, Explanation, FileFacts, Leg};
pub use run::explain;
