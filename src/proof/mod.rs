//! Proofs about a migrated manifest and its run directory.
//!
//! Invariant: a problem is a finding; a fact that cannot be proved is a note.

mod chain;
mod comparison;
mod evidence;
mod guarded_members;
mod history;
mod lost_values;
mod originals;
mod replay;
mod run;
mod snapshots;
mod superseded;

pub(crate) use evidence::{Evidence, OriginalEvidence, ReadAgain};
pub(crate) use history::check_history;
pub(crate) use lost_values::values_lost;
pub(crate) use originals::check_backups;
pub(crate) use replay::{Replay, check_replay};
pub(crate) use run::{check_identity, check_run};
pub(crate) use superseded::is_superseded;
