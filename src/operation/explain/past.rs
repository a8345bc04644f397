//! What was done to one manifest before: operations by their journals, and the backups that they left.
//!
//! Invariant: a backup belongs to a record or an operation by its bytes or by a journal, never by its name alone.

use crate::code::Code;
use crate::digest::Digest;
use crate::engine::history::Record;
use crate::journal::Deed;
use crate::json::{Text, canonical};
use crate::operation::account;
use crate::path::TreePath;
use crate::report::Diagnosis;
use crate::storage::Storage;

/// An operation that touched a manifest, or was about to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// Its id.
    pub id: String,
    /// Its command; `None` where its journal does not say.
    pub command: Option<String>,
    /// The system's time at its start.
    pub started_at: Option<String>,
    /// What was to be done to the manifest.
    pub deed: Deed,
    /// Whether it was done; `None` where the journal does not say.
    pub is_done: Option<bool>,
}

/// A file with a backup's name beside a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedBackup {
    /// Its file name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-256 of its bytes, or why it cannot be read.
    pub digest: Result<Digest, Diagnosis>,
    /// The place in the history of the record whose original it is.
    pub record: Option<usize>,
    /// The operation that left it there.
    pub operation: Option<String>,
}

/// The operations that touched the manifest at `path`.
pub(super) fn operations<S: Storage>(
    storage: &S,
    path: &TreePath,
    notices: &mut Vec<Diagnosis>,
) -> Vec<Touched> {
    let ids = storage.operations().unwrap_or_else(|notice| {
        notices.push(notice);
        Vec::new()
    });
    let mut touched = Vec::new();
    for id in ids {
        match account(storage, &id) {
            Ok(account) => {
                let began = account.began.as_ref();
                touched.extend(account.of(path).map(|entry| Touched {
                    command: began.map(|began| began.command.clone()),
                    started_at: began.map(|began| began.started_at.clone()),
                    deed: entry.deed.clone(),
                    is_done: entry.is_done,
                    id: id.clone(),
                }));
            }
            Err(trouble) => notices.push(Diagnosis {
                code: Code::StateUnreadable,
                path: None,
                message: format!("the journal of operation `{id}`: {}", trouble.message),
            }),
        }
    }
    touched
}

/// The backups of the manifest at `path`.
pub(super) fn backups<S: Storage>(
    storage: &S,
    path: &TreePath,
    history: &[Record],
    operations: &[Touched],
    notices: &mut Vec<Diagnosis>,
) -> Vec<ExplainedBackup> {
    let found = storage.backups(path).unwrap_or_else(|trouble| {
        notices.push(Diagnosis {
            code: trouble.code,
            path: Some(path.clone()),
            message: trouble.message,
        });
        Vec::new()
    });
    let mut bytes = Vec::new();
    let explained = found.into_iter().map(|backup| {
        let read = storage.read_backup(path, &backup.name, &mut bytes);
        let digest = read.map(|_| Digest::of(&bytes));
        let text = digest.as_ref().ok().and_then(|_| Text::scan(&bytes).ok());
        let checksum = text.map(|text| canonical::digest(text.root()));
        ExplainedBackup {
            record: checksum.and_then(|checksum| {
                let mut records = history.iter();
                records.position(|record| record.checksum_before == checksum)
            }),
            operation: digest
                .as_ref()
                .ok()
                .and_then(|digest| left_by(operations, &backup.name, *digest)),
            name: backup.name,
            size: backup.size,
            digest,
        }
    });
    explained.collect()
}

/// The last operation that left these bytes under this name.
fn left_by(operations: &[Touched], name: &str, digest: Digest) -> Option<String> {
    let left = operations.iter().rfind(|touched| {
        matches!(&touched.deed, Deed::Replaced { before, backup: Some(backup), .. }
            if &**backup == name && *before == digest)
    });
    left.map(|touched| touched.id.clone())
}
