//! The outcome of one manifest, and the findings of one that was verified.
//! Invariant: an outcome whose status is trouble has a diagnosis.

use super::diagnosis::Diagnosis;
use super::status::Status;
use crate::digest::Digest;
use crate::journal::BackupId;
use crate::path::TreePath;
use crate::version::Version;

/// One manifest and its status at the end of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The path in the tree.
    pub path: TreePath,
    /// The status, under which it is counted.
    pub status: Status,
    /// The version found, where it could be read.
    pub from: Option<Version>,
    /// The version that it has or would have afterwards, where it is migrated or pending.
    pub to: Option<Version>,
    /// The reason, where the status is trouble.
    pub trouble: Option<Diagnosis>,
    /// The digest of the bytes as found, where it was taken.
    pub digest_before: Option<Digest>,
    /// The canonical checksum as found, where it was taken.
    pub checksum_before: Option<Digest>,
    /// The canonical checksum that its history records, where it was taken.
    pub checksum_after: Option<Digest>,
    /// The file name of its backup, beside it.
    pub backup: Option<BackupId>,
    /// Both texts, where the caller wants to show the difference.
    pub diff: Option<Box<Difference>>,
}

/// The text of a manifest before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The text as found.
    pub before: String,
    /// The text as it would be.
    pub after: String,
}

impl Outcome {
    /// An outcome without any of the optional parts.
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

    /// An outcome whose status follows from the diagnosis.
    pub fn troubled(path: TreePath, trouble: Diagnosis) -> Self {
        let status = trouble.status();
        Self {
            trouble: Some(trouble),
            ..Self::new(path, status)
        }
    }
}

/// One manifest and the findings about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The outcome that a plan for the latest version predicts.
    pub outcome: Outcome,
    /// Findings and notes, in the order in which they were made.
    pub findings: Vec<Diagnosis>,
}

impl Verified {
    /// The findings that say that something is wrong.
    pub fn wrong(&self) -> impl Iterator<Item = &Diagnosis> {
        self.findings.iter().filter(|finding| !finding.is_note())
    }

    /// The notes on what could not be proved.
    pub fn notes(&self) -> impl Iterator<Item = &Diagnosis> {
        self.findings.iter().filter(|finding| finding.is_note())
    }
}
