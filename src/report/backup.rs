//! One backup, and what came of it.
//! Invariant: a backup names an operation only if the journal of that operation names the backup.

use super::diagnosis::Diagnosis;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::journal::{BackupId, OperationId};
use crate::path::TreePath;

/// A backup that stands beside a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The manifest that it stands beside.
    pub path: TreePath,
    /// Its file name.
    pub name: BackupId,
    /// True if it is a regular file.
    pub is_regular: bool,
    /// Its size in bytes.
    pub size: u64,
    /// The operation that made it; `None` where no journal names it.
    pub operation: Option<OperationId>,
    /// The system's time at the start of that operation.
    pub made_at: Option<Timestamp>,
    /// The SHA-256 of its bytes, if they were read.
    pub digest: Option<Digest>,
    /// The result.
    pub fate: Fate,
}

/// The result for a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It was listed.
    Listed,
    /// It would be removed.
    Prunable,
    /// It was removed.
    Pruned,
    /// It stays, for this reason.
    Kept(Diagnosis),
    /// A copy was made.
    Copied,
    /// A copy with the same bytes was there already.
    Present,
    /// It should have been removed or copied, and could not be.
    Failed(Diagnosis),
    /// The operation ended before its turn.
    NotAttempted,
}

impl Fate {
    /// The fate as reports print it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Prunable => "prunable",
            Self::Pruned => "pruned",
            Self::Kept(_) => "kept",
            Self::Copied => "copied",
            Self::Present => "present",
            Self::Failed(_) => "failed",
            Self::NotAttempted => "not_attempted",
        }
    }

    /// The reason, where there is one.
    pub fn reason(&self) -> Option<&Diagnosis> {
        match self {
            Self::Kept(reason) | Self::Failed(reason) => Some(reason),
            _ => None,
        }
    }

    /// Returns true if somebody has to look at it.
    pub fn is_trouble(&self) -> bool {
        match self {
            Self::Kept(reason) => !reason.is_note(),
            Self::Failed(_) | Self::NotAttempted => true,
            Self::Listed | Self::Prunable | Self::Pruned | Self::Copied | Self::Present => false,
        }
    }
}
