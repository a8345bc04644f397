//! The records of a journal, format 2.
//! Invariant: a record with a member or a value that is not known is not understood.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::id::{OperationId, TreeId};
use super::opaque::Opaque;
use super::values::{
    Actor, BackupId, CatalogName, ChangeResult, Command, OriginalPiece, Part, Predecessor,
    RulesTaken, Selected, Stopped,
};
use crate::clock::Timestamp;
use crate::code::Code;
use crate::digest::Digest;
use crate::path::{FileName, TreePath};
use crate::version::Version;

/// The format that the first record names.
pub const FORMAT: &str = "migrate-manifests/journal/2";

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Record {
    /// The operation has begun.
    Began(Box<Began>),
    /// A manifest is about to be replaced.
    Replacing(Box<Replacing>),
    /// An original is about to be put back.
    Restoring(Box<Restoring>),
    /// A backup is about to be removed.
    Removing(Box<Removing>),
    /// A part of the edit that leads from a migrated manifest back to its original.
    Reverse(Box<Reverse>),
    /// Something that only the storage understands.
    Storage(StorageNote),
    /// The result for a manifest or a backup that was announced.
    Result(Settled),
    /// An accepted finding.
    Accepted(Accepted),
    /// The journal of another operation is about to be removed.
    Forgotten(Forgotten),
    /// Recovery has cut a torn end off this journal.
    Cut(Cut),
    /// Recovery has removed or moved a file that this operation left.
    Discarded(Discarded),
    /// The operation has ended, or recovery has finished it.
    Ended(Box<Ended>),
}

impl Record {
    pub(super) fn read(kind: &str, members: &str) -> Option<Self> {
        fn of<T: DeserializeOwned>(members: &str) -> Option<T> {
            serde_json::from_str(members).ok()
        }
        Some(match kind {
            "began" => Self::Began(of(members)?),
            "replacing" => Self::Replacing(of(members)?),
            "restoring" => Self::Restoring(of(members)?),
            "removing" => Self::Removing(of(members)?),
            "reverse" => Self::Reverse(of(members)?),
            "storage" => Self::Storage(of(members)?),
            "result" => Self::Result(of(members)?),
            "accepted" => Self::Accepted(of(members)?),
            "forgotten" => Self::Forgotten(of(members)?),
            "cut" => Self::Cut(of(members)?),
            "discarded" => Self::Discarded(of(members)?),
            "ended" => Self::Ended(of(members)?),
            _ => return None,
        })
    }
}

/// The operation has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Began {
    /// [`FORMAT`].
    pub format: String,
    /// The operation's id.
    pub operation: OperationId,
    /// The part of a joint operation that this journal is of.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub part: Option<u32>,
    /// The operation's place in the order of all; journals of format 1 have none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub serial: Option<u64>,
    /// The operation before this one, and how its journal ended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<Predecessor>,
    /// The tree's own id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tree: Option<TreeId>,
    /// The purpose.
    pub command: Command,
    /// The system's time at the start, as the id has it.
    pub started_at: Timestamp,
    /// The clock that history records get.
    pub now: Timestamp,
    /// The user and the host that began the operation.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub who: Option<Actor>,
    /// The selection.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub selection: Option<Selected>,
    /// The target version; `None` if kinds have different ones.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub target_version: Option<Version>,
    /// The target version of each kind that was given one of its own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub target_versions: BTreeMap<String, Version>,
    /// The catalog; the state directory keeps a copy under its digest.
    pub catalog: CatalogName,
    /// The strictness of schemas and rules, if it differs from the catalog's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rules: Option<RulesTaken>,
    /// The operation that is undone, if a whole one is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub undoes: Option<OperationId>,
}

/// A manifest is about to be replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replacing {
    /// The manifest.
    pub path: TreePath,
    /// SHA-256 of the bytes as found.
    pub before: Digest,
    /// SHA-256 of the bytes to come.
    pub after: Digest,
    /// The part that only the storage understands.
    pub storage: Opaque,
}

/// An original is about to be put back in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restoring {
    /// The manifest.
    pub path: TreePath,
    /// The operation that replaced it.
    pub undoes: OperationId,
    /// SHA-256 of the current bytes.
    pub before: Digest,
    /// SHA-256 of the original's bytes.
    pub after: Digest,
    /// The backup that is the original.
    pub backup: BackupId,
    /// The part that only the storage understands.
    pub storage: Opaque,
}

/// A backup is about to be removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Removing {
    /// The manifest that it is a backup of.
    pub path: TreePath,
    /// The operation that made it.
    pub of: OperationId,
    /// The backup.
    pub backup: BackupId,
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// The part that only the storage understands.
    pub storage: Opaque,
}

/// A part of the edit that leads from a migrated manifest back to its original, so that a backup can go. Parts of one backup follow each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reverse {
    /// The manifest.
    pub path: TreePath,
    /// The backup that may go because of it.
    pub backup: BackupId,
    /// SHA-256 of the migrated bytes that it begins with.
    pub from: Digest,
    /// SHA-256 of the original's bytes that it leads to.
    pub to: Digest,
    /// The number of this part, from 0, and whether more follow.
    pub part: Part,
    /// Pieces of the migrated bytes and of new ones, in the order of the original.
    pub edits: Vec<OriginalPiece>,
    /// Mode, owner, times and attributes of the original, as the storage keeps them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub storage: Option<Opaque>,
}

/// Something that only the storage understands, about one manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorageNote {
    /// The manifest.
    pub path: TreePath,
    /// The part that only the storage understands.
    pub storage: Opaque,
}

/// The result of one manifest, or of one backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settled {
    /// The manifest.
    pub path: TreePath,
    /// The result of it.
    pub outcome: ChangeResult,
    /// The backup.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub backup: Option<BackupId>,
    /// The code, if there is trouble.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<Code>,
    /// The version found.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from_version: Option<Version>,
    /// The version it has now.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to_version: Option<Version>,
}

/// A finding that was accepted and is not reported again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// The code of the finding.
    pub code: Code,
    /// The manifest, if the finding is about one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path: Option<TreePath>,
    /// SHA-256 of the bytes for which it was accepted, if there are any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub digest: Option<Digest>,
    /// The operation that the finding is about, if there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub operation: Option<OperationId>,
    /// The reason that the user gave.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// The journal of another operation is about to be removed, because nothing needs it any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forgotten {
    /// The other operation.
    pub operation: OperationId,
    /// The serial number; journals of format 1 have none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub serial: Option<u64>,
    /// The chain value of its last line.
    pub last_chain: Digest,
    /// SHA-256 of the whole journal.
    pub digest: Digest,
}

/// Recovery has cut a torn end off this journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// The number of bytes that were whole lines of an unbroken chain.
    pub at_bytes: u64,
    /// The number of bytes that followed.
    pub dropped_bytes: u64,
}

/// Recovery has removed or moved a file that this operation left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Discarded {
    /// The manifest that the file belongs to, if any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path: Option<TreePath>,
    /// The file name; bytes that are not UTF-8 are U+FFFD.
    pub name: FileName,
    /// SHA-256 of the bytes, if they could be read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub digest: Option<Digest>,
    /// The new place of the file, beside the manifest or in the tree; `None` if it was removed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kept_as: Option<TreePath>,
}

/// The operation has ended, or recovery has finished it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// The system's time at the end.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended_at: Option<Timestamp>,
    /// The number of results by outcome.
    #[serde(default)]
    pub counts: BTreeMap<ChangeResult, u64>,
    /// The number of results by code.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub codes: BTreeMap<Code, u64>,
    /// True if recovery wrote this record.
    pub recovered: bool,
    /// The reason for an early end.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stopped: Option<Stopped>,
}
