//! The evidence about one manifest, and the proof that it leads to.
//!
//! Data only; journals and backups were read by the caller.
//!
//! Invariant: evidence is about the bytes of the manifest with this digest, and about no others.

use super::original::Original;
use super::witness::Witness;
use crate::digest::Digest;
use crate::engine::history::Applied;
use crate::report::Diagnosis;

/// The evidence about a manifest beside its own text.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'e> {
    /// The SHA-256 of the manifest's bytes.
    pub raw: Digest,
    /// The statements of journals about it, if there are any.
    pub witness: Option<&'e Witness>,
    /// The files beside it that have backup names.
    pub originals: &'e [Original<'e>],
}

/// The result of proving a history.
#[derive(Debug, Clone)]
pub struct Proof {
    /// The records.
    pub records: Vec<Applied>,
    /// For each record its original, by index in the evidence.
    pub originals: Vec<Option<usize>>,
    /// Findings and notes.
    pub findings: Vec<Diagnosis>,
}
