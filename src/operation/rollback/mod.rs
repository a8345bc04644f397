//! Rolls back: restores the originals of replaced manifests.
//!
//! `choose` asks the ledger what to undo, `compare` compares the files, and `run` restores in groups in path order.

mod choose;
mod compare;
mod run;

pub use choose::Undo;
pub(in crate::operation) use run::rollback_outcome;
pub use run::{Rollback, rollback};
