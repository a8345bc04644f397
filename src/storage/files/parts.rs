//! The parts of journal records that only this storage understands: modes, owners, times, inodes, names, the way that is taken.
//! Invariant: a record is understood only if every name in it is one that its operation could have made for this manifest.

use serde::{Deserialize, Serialize};

use super::disk::{FileTime, Stat};
use super::names;
use crate::digest::Digest;
use crate::journal::{BackupId, OperationId, Record, Replacing, Restoring};
use crate::path::{FileName, TreePath};

/// The ways to replace a manifest; docs/durability.md has the protocol of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Way {
    /// New file and manifest are exchanged, then the original is moved to its backup name.
    Exchange,
    /// The original gets its backup name as a second name, then the new file is renamed over the manifest.
    Link,
    /// The original is copied to its backup name, then the new file is renamed over the manifest.
    Copy,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplacingPart {
    pub(crate) mode: Octal,
    pub(crate) owner: u32,
    pub(crate) group: u32,
    pub(crate) modified: FileTime,
    pub(crate) accessed: FileTime,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) attributes: Option<Digest>,
    pub(crate) backups: Vec<BackupId>,
    pub(crate) staged: FileName,
    /// True if the new file stands beside the manifest, not in the state directory.
    pub(crate) beside: bool,
    /// The inode of the new file; `None` in a record that announces a file beside the manifest.
    pub(crate) inode: Option<u64>,
    pub(crate) way: Way,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RestoringPart {
    pub(crate) inode: u64,
    pub(crate) backup_inode: u64,
    /// The name beside the manifest that the original gets before it takes its place, by the ways that need one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) staged: Option<FileName>,
    pub(crate) way: Way,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemovingPart {
    pub(crate) inode: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CopyingPart {
    pub(crate) backup: BackupId,
    pub(crate) inode: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Octal(pub(crate) u32);

impl From<Octal> for String {
    fn from(mode: Octal) -> Self {
        format!("{:04o}", mode.0)
    }
}

impl TryFrom<String> for Octal {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let mode = u32::from_str_radix(&text, 8).ok().map(Self);
        mode.filter(|mode| mode.0 <= 0o7777 && String::from(*mode) == text)
            .ok_or("expected permission bits as four octal digits")
    }
}

impl ReplacingPart {
    pub(super) fn of(stat: &Stat, backups: Vec<BackupId>, staged: FileName, way: Way) -> Self {
        Self {
            mode: Octal(stat.mode),
            owner: stat.owner,
            group: stat.group,
            modified: stat.modified,
            accessed: stat.accessed,
            attributes: None,
            backups,
            staged,
            beside: false,
            inode: None,
            way,
        }
    }

    fn fits(&self, operation: &OperationId, record: &Replacing) -> bool {
        let Replacing {
            path,
            before,
            after,
            ..
        } = record;
        let staged = if self.beside {
            unprefixed(operation, &self.staged)
        } else {
            Some(self.staged.as_str())
        };
        let is_backup = |name: &BackupId| names::is_backup(path.name(), *before, name);
        (1..=2).contains(&self.backups.len())
            && self.backups.iter().all(is_backup)
            && staged.is_some_and(|name| names::is_staged(path, *before, *after, name))
    }
}

impl RestoringPart {
    fn fits(&self, operation: &OperationId, record: &Restoring) -> bool {
        let backup = names::is_backup(record.path.name(), record.after, &record.backup);
        let staged = match (&self.staged, self.way) {
            (None, way) => way == Way::Exchange,
            (Some(_), Way::Exchange) => false,
            (Some(staged), Way::Link | Way::Copy) => {
                unprefixed(operation, staged).is_some_and(|name| {
                    names::is_staged(&record.path, record.after, record.before, name)
                })
            }
        };
        backup && staged
    }
}

fn unprefixed<'n>(operation: &OperationId, name: &'n FileName) -> Option<&'n str> {
    name.as_str().strip_prefix(&names::beside(operation))
}

/// A record that could not have been written by its operation, or of which not everything is understood.
pub(super) struct NotUnderstood;

/// Reads the part of this storage in a record; returns it where a manifest is to be replaced.
pub(super) fn understand(
    operation: &OperationId,
    record: &Record,
) -> Result<Option<ReplacingPart>, NotUnderstood> {
    let mut replacing = None;
    let (path, fits) = match record {
        Record::Replacing(one) => {
            let part = one.storage.read::<ReplacingPart>();
            replacing = part.filter(|part| part.fits(operation, one));
            (&one.path, replacing.is_some())
        }
        Record::Restoring(one) => {
            let part = one.storage.read::<RestoringPart>();
            (
                &one.path,
                part.is_some_and(|part| part.fits(operation, one)),
            )
        }
        Record::Removing(one) => {
            let part = one.storage.read::<RemovingPart>();
            let is_backup = names::is_backup(one.path.name(), one.digest, &one.backup);
            (&one.path, part.is_some() && is_backup)
        }
        Record::Storage(note) => {
            let part = note.storage.read::<CopyingPart>();
            let named = part.map(|part| part.backup);
            (
                &note.path,
                named.is_some_and(|name| may_be_of(&note.path, &name)),
            )
        }
        Record::Result(one) => {
            let named = one.backup.as_ref();
            (
                &one.path,
                named.is_none_or(|name| may_be_of(&one.path, name)),
            )
        }
        _ => return Ok(None),
    };
    if fits && !path.is_hidden() {
        Ok(replacing)
    } else {
        Err(NotUnderstood)
    }
}

fn may_be_of(path: &TreePath, backup: &BackupId) -> bool {
    names::looks_like_backup(path.name(), backup.name())
}
