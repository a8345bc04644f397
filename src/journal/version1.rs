//! Reads journals of format 1 as records of format 2.
//! No new journal has this format; old ones stay readable, and recovery ends unfinished ones in it.
//! Invariant: a line that format 1 does not define is not understood.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::id::OperationId;
use super::opaque::Opaque;
use super::record::{Began, Ended, Record, Removing, Replacing, Restoring, Settled, StorageNote};
use super::values::{Actor, BackupId, CatalogName, Command, Outcome, RulesTaken, Stopped};
use crate::clock::Timestamp;
use crate::code::Code;
use crate::digest::Digest;
use crate::path::{PathMembers, TreePath};
use crate::version::Version;

pub(super) const FORMAT: &str = "migrate-manifests/journal/1";

pub(super) fn read(kind: &str, members: &[u8]) -> Option<Record> {
    fn of<T: DeserializeOwned>(members: &[u8]) -> Option<T> {
        serde_json::from_slice(members).ok()
    }
    match kind {
        "began" => of::<OldBegan>(members)?.record(),
        "intent" => of::<Intent>(members)?.record(),
        "copying" => of::<Copying>(members)?.record(),
        "restoring" => of::<OldRestoring>(members)?.record(),
        "pruning" => of::<Pruning>(members)?.record(),
        "result" => of::<Result>(members)?.record(),
        "ended" => Some(of::<OldEnded>(members)?.record()),
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
            migrated: ended.counts.get(&Outcome::Migrated).map_or(0, |n| *n),
            restored: ended.counts.get(&Outcome::Restored).copied(),
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
        outcome: Outcome,
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

impl OldBegan {
    fn record(self) -> Option<Record> {
        let is_known = self.format == FORMAT
            && matches!(
                self.command,
                Command::Migrate | Command::Rollback | Command::Prune
            );
        is_known.then(|| {
            Record::Began(Box::new(Began {
                format: self.format,
                operation: self.operation,
                part: None,
                serial: None,
                before: None,
                tree: None,
                command: self.command,
                started_at: self.started_at,
                now: self.now,
                who: Some(Actor {
                    program: self.program,
                    ..Actor::default()
                }),
                selection: None,
                target_version: self.target_version,
                target_versions: BTreeMap::new(),
                catalog: CatalogName {
                    name: self.catalog,
                    digest: self.catalog_digest,
                },
                rules: self.rules,
                undoes: self.undoes,
            }))
        })
    }
}

fn path(text: &str, exact: Option<&String>) -> Option<TreePath> {
    match exact {
        Some(encoded) => TreePath::from_base64(encoded),
        None => TreePath::new(text.as_bytes()),
    }
}

fn digest(text: &str) -> Option<Digest> {
    if text.len() == 64 {
        text.parse().ok()
    } else {
        None
    }
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

impl Intent {
    fn record(self) -> Option<Record> {
        let storage = serde_json::json!({
            "mode": self.mode, "owner": self.owner, "group": self.group,
            "modified": self.modified, "accessed": self.accessed,
            "backups": self.backups, "staged": self.staged, "beside": self.beside,
            "inode": self.inode, "way": self.way,
        });
        Some(Record::Replacing(Box::new(Replacing {
            path: path(&self.path, self.path_b64.as_ref())?,
            before: digest(&self.before)?,
            after: digest(&self.after)?,
            storage: Opaque::of(&storage),
        })))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Copying {
    path: String,
    path_b64: Option<String>,
    backup: String,
    inode: u64,
}

impl Copying {
    fn record(self) -> Option<Record> {
        let storage = serde_json::json!({"backup": self.backup, "inode": self.inode});
        Some(Record::Storage(StorageNote {
            path: path(&self.path, self.path_b64.as_ref())?,
            storage: Opaque::of(&storage),
        }))
    }
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

impl OldRestoring {
    fn record(self) -> Option<Record> {
        let storage = serde_json::json!({
            "inode": self.inode, "backup_inode": self.backup_inode,
            "staged": self.staged, "way": self.way,
        });
        Some(Record::Restoring(Box::new(Restoring {
            path: path(&self.path, self.path_b64.as_ref())?,
            undoes: self.undoes,
            before: digest(&self.before)?,
            after: digest(&self.after)?,
            backup: self.backup,
            storage: Opaque::of(&storage),
        })))
    }
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

impl Pruning {
    fn record(self) -> Option<Record> {
        let storage = serde_json::json!({"inode": self.inode});
        Some(Record::Removing(Box::new(Removing {
            path: path(&self.path, self.path_b64.as_ref())?,
            of: self.of,
            backup: self.backup,
            digest: digest(&self.digest)?,
            storage: Opaque::of(&storage),
        })))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Result {
    path: String,
    path_b64: Option<String>,
    outcome: Outcome,
    backup: Option<BackupId>,
    code: Option<Code>,
    from_version: Option<Version>,
    to_version: Option<Version>,
}

impl Result {
    fn record(self) -> Option<Record> {
        Some(Record::Result(Settled {
            path: path(&self.path, self.path_b64.as_ref())?,
            outcome: self.outcome,
            backup: self.backup,
            code: self.code,
            from_version: self.from_version,
            to_version: self.to_version,
        }))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OldEnded {
    migrated: u64,
    restored: Option<u64>,
    recovered: bool,
    stopped: Option<Code>,
}

impl OldEnded {
    fn record(self) -> Record {
        let mut counts = BTreeMap::from([(Outcome::Migrated, self.migrated)]);
        counts.extend(self.restored.map(|restored| (Outcome::Restored, restored)));
        counts.retain(|_, count| *count > 0);
        Record::Ended(Box::new(Ended {
            ended_at: None,
            counts,
            codes: BTreeMap::new(),
            recovered: self.recovered,
            stopped: self.stopped.map(|code| Stopped {
                code,
                message: None,
            }),
        }))
    }
}
