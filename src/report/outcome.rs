//! The outcome of one manifest.
//!
//! Owns the data that every report has about a manifest; prints nothing.
//!
//! Invariant: an outcome whose status is trouble says why.

use super::diagnosis::Diagnosis;
use super::status::Status;
use crate::digest::Digest;
use crate::path::TreePath;
use crate::version::Version;

/// One manifest and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its path in the tree.
    pub path: TreePath,
    /// What came of it.
    pub status: Status,
    /// The version found, where it could be read.
    pub from: Option<Version>,
    /// The version that it has or would have afterwards, where it is migrated or pending.
    pub to: Option<Version>,
    /// Why, where the status is trouble.
    pub trouble: Option<Diagnosis>,
    /// The digest of the bytes as found, where it was taken.
    pub digest_before: Option<Digest>,
    /// Canonical checksum as found, where it was taken.
    pub checksum_before: Option<Digest>,
    /// Canonical checksum as its history records it, where it was taken.
    pub checksum_after: Option<Digest>,
    /// The file name of its backup, beside it.
    pub backup: Option<String>,
    /// The difference as text, where it was asked for.
    pub diff: Option<Box<Difference>>,
}

/// A manifest before and after, for those who want to see the difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The text as found.
    pub before: String,
    /// The text as it would be.
    pub after: String,
}

impl Outcome {
    /// An outcome of which nothing more is known than its status.
    #[must_use]
    pub fn new(path: TreePath, status: Status) -> Self {
        Self {
            path,
            status,
            from: None,
            to: None,
            trouble: None,
            digest_before: None,
            checksum_before: None,
            checksum_after: None,
            backup: None,
            diff: None,
        }
    }

    /// The outcome of a manifest that is in trouble.
    #[must_use]
    pub fn troubled(path: TreePath, trouble: Diagnosis) -> Self {
        let status = trouble.status();
        Self {
            trouble: Some(trouble),
            ..Self::new(path, status)
        }
    }
}
