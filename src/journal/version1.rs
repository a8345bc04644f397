//! Reads journals of format 1 as records of format 2.
//! No new journal has this format; old ones stay readable, and recovery ends unfinished ones in it.
//! Invariant: a line that format 1 does not define is not understood.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::id::OperationId;
use super::opaque::Opaque;
use super::record::{Began, Ended, Record, Removing, Replacing, Restoring, Settled, StorageNote};
use super::values::{Actor, BackupId, CatalogName, ChangeResult, Command, RulesTaken, Stopped};
use crate::clock::Timestamp;
use crate::code::Code;
use crate::digest::Digest;
use crate::path::{PathMembers, TreePath};
use crate::version::Version;

pub(super) const FORMAT: &str = "migrate-manifests/journal/1";

pub(super) fn read(kind: &str, members: &str) -> Option<Record> {
    fn of<T: DeserializeOwned>(members: &str) -> Option<T> {
        serde_json::from_str(members).ok()
    }
    match kind {
        "began" => began(of(members)?),
        "intent" => replacing(of(members)?),
        "copying" => copying(of(members)?),
        "restoring" => restoring(of(members)?),
        "pruning" => removing(of(members)?),
        "result" => result(of(members)?),
        "ended" => Some(ended(of(members)?)),
        _ => None,
    }
}

/// Serializes a record of recovery in format 1; returns `false` if that format does not have it.
pub(super) fn write(record: &Record, into: &mut Vec<u8>) -> bool {
    let line = match record {
        Record::Result(settled) => Line::Result {
            path: PathMembers::from(&settled.path),
            outcome: settled.outcome,
            backup: settled.backup.as_ref(),
        },
        Record::Ended(ended) => Line::Ended {
            migrated: ended.counts.get(&ChangeResult::Migrated).map_or(0, |n| *n),
            restored: ended.counts.get(&ChangeResult::Restored).copied(),
            recovered: ended.recovered,
        },
        _ => return false,
    };
    serde_json::to_writer(into, &line).is_ok()
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'r> {
    Result {
        #[serde(flatten)]
        path: PathMembers,
        outcome: ChangeResult,
        #[serde(skip_serializing_if = "Option::is_none")]
        backup: Option<&'r BackupId>,
    },
    Ended {
        migrated: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        restored: Option<u64>,
        recovered: bool,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OldBegan {
    format: String,
    operation: OperationId,
    command: Command,
    started_at: Timestamp,
    now: Timestamp,
    target_version: Option<Version>,
    catalog: String,
    catalog_digest: Digest,
    program: String,
    rules: Option<RulesTaken>,
    undoes: Option<OperationId>,
}

fn began(old: OldBegan) -> Option<Record> {
    let is_known = matches!(
        old.command,
        Command::Migrate | Command::Rollback | Command::Prune
    );
    (is_known && old.format == FORMAT).then(|| {
        Record::Began(Box::new(Began {
            format: old.format,
            operation: old.operation,
            part: None,
            serial: None,
            before: None,
            tree: None,
            command: old.command,
            started_at: old.started_at,
            now: old.now,
            who: Some(Actor {
                program: old.program,
                ..Actor::default()
            }),
            selection: None,
            target_version: old.target_version,
            target_versions: BTreeMap::new(),
            catalog: CatalogName {
                name: old.catalog,
                digest: old.catalog_digest,
            },
            rules: old.rules,
            undoes: old.undoes,
        }))
    })
}

fn path(path: String, path_b64: Option<String>) -> Option<TreePath> {
    PathMembers { path, path_b64 }.to_path()
}

/// Digests have no `sha256:` before them.
fn digest(text: &str) -> Option<Digest> {
    text.parse().ok().filter(|_| text.len() == 64)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Intent {
    path: String,
    path_b64: Option<String>,
    before: String,
    after: String,
    mode: String,
    owner: u32,
    group: u32,
    modified: (i64, u32),
    accessed: (i64, u32),
    backups: Vec<String>,
    staged: String,
    beside: bool,
    inode: Option<u64>,
    way: String,
}

fn replacing(old: Intent) -> Option<Record> {
    let storage = serde_json::json!({
        "mode": old.mode, "owner": old.owner, "group": old.group,
        "modified": old.modified, "accessed": old.accessed,
        "backups": old.backups, "staged": old.staged, "beside": old.beside,
        "inode": old.inode, "way": old.way,
    });
    Some(Record::Replacing(Box::new(Replacing {
        path: path(old.path, old.path_b64)?,
        before: digest(&old.before)?,
        after: digest(&old.after)?,
        storage: Opaque::of(&storage),
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Copying {
    path: String,
    path_b64: Option<String>,
    backup: String,
    inode: u64,
}

fn copying(old: Copying) -> Option<Record> {
    let storage = serde_json::json!({"backup": old.backup, "inode": old.inode});
    Some(Record::Storage(StorageNote {
        path: path(old.path, old.path_b64)?,
        storage: Opaque::of(&storage),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OldRestoring {
    path: String,
    path_b64: Option<String>,
    undoes: OperationId,
    before: String,
    after: String,
    backup: BackupId,
    inode: u64,
    backup_inode: u64,
    staged: Option<String>,
    way: String,
}

fn restoring(old: OldRestoring) -> Option<Record> {
    let storage = serde_json::json!({
        "inode": old.inode, "backup_inode": old.backup_inode,
        "staged": old.staged, "way": old.way,
    });
    Some(Record::Restoring(Box::new(Restoring {
        path: path(old.path, old.path_b64)?,
        undoes: old.undoes,
        before: digest(&old.before)?,
        after: digest(&old.after)?,
        backup: old.backup,
        storage: Opaque::of(&storage),
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pruning {
    path: String,
    path_b64: Option<String>,
    of: OperationId,
    backup: BackupId,
    digest: String,
    inode: u64,
}

fn removing(old: Pruning) -> Option<Record> {
    let storage = serde_json::json!({"inode": old.inode});
    Some(Record::Removing(Box::new(Removing {
        path: path(old.path, old.path_b64)?,
        of: old.of,
        backup: old.backup,
        digest: digest(&old.digest)?,
        storage: Opaque::of(&storage),
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Result {
    path: String,
    path_b64: Option<String>,
    outcome: ChangeResult,
    backup: Option<BackupId>,
    code: Option<Code>,
    from_version: Option<Version>,
    to_version: Option<Version>,
}

fn result(old: Result) -> Option<Record> {
    Some(Record::Result(Settled {
        path: path(old.path, old.path_b64)?,
        outcome: old.outcome,
        backup: old.backup,
        code: old.code,
        from_version: old.from_version,
        to_version: old.to_version,
    }))
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct OldEnded {
    migrated: u64,
    restored: Option<u64>,
    recovered: bool,
    stopped: Option<Code>,
}

fn ended(old: OldEnded) -> Record {
    let mut counts = BTreeMap::from([(ChangeResult::Migrated, old.migrated)]);
    counts.extend(
        old.restored
            .map(|restored| (ChangeResult::Restored, restored)),
    );
    counts.retain(|_, count| *count > 0);
    Record::Ended(Box::new(Ended {
        ended_at: None,
        counts,
        codes: BTreeMap::new(),
        recovered: old.recovered,
        stopped: old.stopped.map(|code| Stopped {
            code,
            message: None,
        }),
    }))
}
