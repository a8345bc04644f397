//! The journal of an operation: its records, the chain that ties them together, and the ledger of all journals.
//!
//! Pure: lines in, state out. A line is one JSON object with a sequence number, a type and, last, the SHA-256 of the chain value before it and of the line up to there. docs/formats.md describes every record.
//!
//! Invariant: what [`Writer`] writes, [`Reader`] reads back; a journal that is not understood in any part is [`Integrity::Unknown`], never read as less than it says.

mod head;
mod id;
mod ledger;
mod opaque;
mod order;
mod paths;
mod reader;
mod record;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
mod values;
mod version1;
mod witness;
mod writer;

pub use head::Head;
pub use id::{IdError, OperationId, TreeId};
pub use ledger::{JournalDamage, Ledger, Operation, OperationState};
pub use opaque::{Memo, Opaque};
pub use order::{HeadState, Heads, JournalLoss, OrderFlaw};
pub use reader::{ChainEnds, Integrity, Reader};
pub use record::{
    Accepted, Began, Cut, Discarded, Ended, FORMAT, Forgotten, Record, Removing, Replacing,
    Restoring, Reverse, Settled, StorageNote,
};
pub use values::{
    Actor, BackupId, CatalogName, ChangeResult, Command, OriginalPiece, Part, Predecessor,
    RulesTaken, Selected, Stopped,
};
pub use witness::{Deed, Entry, Replacement, Witness, Written};
pub use writer::Writer;
