//! History records: what a migration writes into a manifest about itself.
//!
//! [`Record`] builds the text of a record, [`Applied`] is one that was read back, whoever wrote it.
//!
//! Invariant: a record that is read says the same as the one that was written.

mod applied;
mod record;

pub use applied::{Applied, Malformed, read};
pub use record::Record;
