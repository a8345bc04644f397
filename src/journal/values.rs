//! The values in the records of a journal.
//! Invariant: a value that exists has the form that its journal asks for.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::id::OperationId;
use crate::code::Code;
use crate::digest::Digest;
use crate::path::{FileName, Name, TreePath};

/// The purpose of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Command {
    /// To migrate manifests.
    Migrate,
    /// To put originals back.
    Rollback,
    /// To remove backups.
    Prune,
    /// To restore manifests that are missing or damaged.
    Repair,
    /// To accept findings.
    Accept,
    /// To build the run index.
    Index,
    /// To install a catalog in the tree.
    Install,
    /// To remove journals.
    Forget,
}

impl Command {
    /// The command as reports print it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Migrate => "migrate",
            Self::Rollback => "rollback",
            Self::Prune => "prune",
            Self::Repair => "repair",
            Self::Accept => "accept",
            Self::Index => "index",
            Self::Install => "install",
            Self::Forget => "forget",
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The operation before another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predecessor {
    /// The id.
    pub operation: OperationId,
    /// The chain value of its journal's last line.
    pub chain: Digest,
}

/// The user and the host that began the operation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// The number of the user.
    pub user_id: u32,
    /// The user, if known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub user: Option<String>,
    /// The host, if known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub host: Option<String>,
    /// The number of the process.
    pub process: u32,
    /// The version of the program.
    pub program: String,
    /// The arguments as typed, without passwords in addresses.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub arguments: Vec<String>,
}

/// The selection of an operation, in the words of the flags.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Selected {
    /// Only manifests below this directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<TreePath>,
    /// The number of manifests that were named one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named: Option<u64>,
    /// Patterns of directories of jobs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<String>,
    /// Kinds of the catalog.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// Conditions on members.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
    /// The share that was drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample: Option<String>,
    /// The part of a partition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<String>,
    /// The most manifests to be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Patterns of excluded paths.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
}

/// A catalog by name and digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogName {
    /// The name.
    pub name: String,
    /// The digest.
    pub digest: Digest,
}

/// The strictness of schemas and rules, if it differs from the catalog's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RulesTaken {
    /// Violations were only warnings.
    Warn,
}

/// The name of a backup; its storage finds the backup by it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BackupId(FileName);

impl BackupId {
    /// Takes a text as the name of a backup; `None` if it is no plain name.
    pub fn new(text: &str) -> Option<Self> {
        FileName::new(text).map(Self)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The name, for a storage that keeps backups in files.
    pub fn name(&self) -> Name<'_> {
        self.0.name()
    }
}

impl fmt::Display for BackupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The place of one part among several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The number, from 0.
    pub number: u32,
    /// True if it is the last.
    pub last: bool,
}

/// One piece of an original.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum OriginalPiece {
    /// A range of the migrated text.
    Keep {
        /// The offset.
        at: u64,
        /// The number of bytes.
        bytes: u64,
    },
    /// This text.
    Put(String),
}

/// The result of an announced change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeResult {
    /// The manifest was replaced.
    Migrated,
    /// The original was restored.
    Restored,
    /// The backup was deleted.
    Pruned,
    /// Recovery found it done.
    Finished,
    /// Recovery found it as it was, or undid it.
    Undone,
    /// Another program has changed it since, and theirs stays.
    Left,
    /// The manifest may not be changed.
    Refused,
    /// Another program changed it at that moment.
    Conflict,
    /// The system returned an error; the bytes show the result.
    Failed,
    /// The operation ended first.
    NotAttempted,
}

impl ChangeResult {
    /// `None` if only the bytes can show it.
    pub fn is_done(self) -> Option<bool> {
        match self {
            Self::Migrated | Self::Restored | Self::Pruned | Self::Finished => Some(true),
            Self::Undone | Self::Left => Some(false),
            Self::Refused | Self::Conflict | Self::Failed | Self::NotAttempted => None,
        }
    }
}

/// The reason for an early end of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stopped {
    /// The code of the reason.
    pub code: Code,
    /// The reason in words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
}
