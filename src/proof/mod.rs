//! Proofs about a migrated manifest and its run directory.
//!
//! Finds contradictions between texts, journals and backups. Opens no file and decides no outcome.
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
mod witness;

pub use evidence::{Evidence, Original, Proof};
pub use history::check_history;
pub use lost_values::values_lost;
pub use originals::check_backups;
pub use replay::{Replay, check_replay};
pub use run::{check_identity, check_run};
pub use snapshots::Files;
pub use witness::{LastWrite, RecordedReplacement, Witness, Witnesses};
