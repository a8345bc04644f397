//! Rolls back: restores the originals of replaced manifests.
//!
//! `choose` asks the ledger what to undo, `compare` compares the files, and `run` restores in groups in path order.
//!
//! Invariant: a manifest is touched only while it and its backup have the bytes that the journal names.

mod choose;
mod compare;
mod run;

pub use choose::Undo;
pub(in crate::operation) use choose::can_be_undone;
pub(in crate::operation) use run::rollback_outcome;
pub use run::{Rollback, rollback};
