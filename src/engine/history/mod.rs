//! The history of a manifest: the records that migrations leave in it.
//!
//! [`Record`] is a record that was read, whoever wrote it; the engine alone writes new ones.
//!
//! Invariant: a record is read with the values with which it was written.

mod new_record;
mod record;

pub(super) use new_record::NewRecord;
pub use record::{Record, RecordError, read};
