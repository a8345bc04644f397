//! The evidence about one manifest, and the proof that follows from it.
//!
//! Data only; the caller reads journals and backups.
//!
//! Invariant: evidence belongs to the bytes of the manifest with this digest.

use super::original::Original;
use super::witness::Witness;
use crate::digest::Digest;
use crate::engine::history::Record;
use crate::report::Diagnosis;

/// The evidence about a manifest, without its own text.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'e> {
    /// The SHA-256 of the manifest's bytes.
    pub raw: Digest,
    /// The statements of journals about it, if there are any.
    pub witness: Option<&'e Witness>,
    /// The files beside it with the names of backups.
    pub originals: &'e [Original<'e>],
}

/// The result of the checks of a history.
#[derive(Debug, Clone)]
pub struct Proof {
    /// The records.
    pub records: Vec<Record>,
    /// For each record the index of its original in the evidence.
    pub originals: Vec<Option<usize>>,
    /// The findings and notes.
    pub findings: Vec<Diagnosis>,
}
