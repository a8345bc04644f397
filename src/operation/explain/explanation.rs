//! The result of `explain`. Data only.
//!
//! Invariant: a part that cannot be determined is empty, and a notice has the reason.

use crate::digest::Digest;
use crate::engine::history::HistoryRecord;
use crate::journal::{Entry, Ledger};
use crate::json::Pointer;
use crate::path::TreePath;
use crate::report::{Backup, Diagnosis, Outcome};
use crate::version::Version;

/// The explanation of one manifest.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The path in the tree.
    pub path: TreePath,
    /// The kind, if it can be determined.
    pub kind: Option<String>,
    /// The target of its kind.
    pub target: Option<Version>,
    /// The content, if it can be read.
    pub content: Option<FileFacts>,
    /// The outcome of a migration, with the difference.
    pub outcome: Outcome,
    /// The number of manifests that were checked against rules over the tree or rules that halt.
    pub judged: Option<u64>,
    /// The member that says that the run is still being written, and its value.
    pub deferred_by: Option<(Pointer, String)>,
    /// The migrations that lead to the target, even for a deferred manifest.
    pub route: Vec<Leg>,
    /// The records of its history.
    pub history: Vec<HistoryRecord>,
    /// The reason why the history ends here.
    pub history_trouble: Option<String>,
    /// The files with names of backups beside it.
    pub backups: Vec<ExplainedBackup>,
    /// The outcome of a rollback: `pending` if it is possible.
    pub rollback: Outcome,
    /// Warnings, and reasons for missing parts.
    pub notices: Vec<Diagnosis>,
    pub(super) ledger: Ledger,
}

impl Explanation {
    /// The deeds of operations on it, in the order of the operations.
    pub fn operations(&self) -> Vec<Entry<'_>> {
        match self.content {
            Some(_) => self.ledger.entries(&self.path),
            None => Vec::new(),
        }
    }
}

/// The bytes of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// The number of bytes.
    pub size: u64,
    /// Their SHA-256.
    pub digest: Digest,
    /// When they were last modified, in seconds since 1970.
    pub modified: i64,
    /// The version; `None` if it cannot be reported.
    pub version: Option<Version>,
    /// True if the version is a member of the manifest.
    pub version_is_declared: bool,
}

/// One migration of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// The version that it leads from.
    pub from: Version,
    /// The version that it leads to.
    pub to: Version,
    /// The summary of the migration.
    pub summary: String,
    /// The changes to this manifest in the words of the history; empty if the migration would be refused.
    pub changes: Vec<String>,
}

/// A backup of the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedBackup {
    /// The backup and its operation; the fate has the reason if it cannot be read.
    pub backup: Backup,
    /// The place in the history of the record whose original it is.
    pub record: Option<usize>,
}
