//! The backups that operations left beside one manifest.
//!
//! Invariant: a backup belongs to a record by its bytes and to an operation by its journal, not by its name alone.

use super::explanation::ExplainedBackup;
use crate::digest::Digest;
use crate::engine::history::Record;
use crate::journal::{Deed, Ledger, Operation};
use crate::json::{Text, canonical};
use crate::path::TreePath;
use crate::report::{Backup, Diagnosis, Fate};
use crate::storage::{self, Directory};

pub(super) fn backups(
    directory: &Directory<'_>,
    path: &TreePath,
    history: &[Record],
    ledger: &Ledger,
) -> Result<Vec<ExplainedBackup>, Diagnosis> {
    let found = directory.backups(path.name())?;
    let mut bytes = Vec::new();
    let explained = found.into_iter().map(|backup| {
        let read = directory.read_backup(path.name(), &backup.id, usize::MAX, &mut bytes);
        explained(path, &backup, read.map(|_| &*bytes), history, ledger)
    });
    Ok(explained.collect())
}

fn explained(
    path: &TreePath,
    backup: &storage::Backup,
    read: Result<&[u8], Diagnosis>,
    history: &[Record],
    ledger: &Ledger,
) -> ExplainedBackup {
    let bytes = read.as_ref().ok();
    let digest = bytes.map(|bytes| Digest::of(bytes));
    let text = bytes.and_then(|bytes| Text::scan(bytes).ok());
    let checksum = text.map(|text| canonical::digest(text.root()));
    let left_by = digest.and_then(|digest| left_by(ledger, path, backup, digest));
    let began = left_by.and_then(|operation| operation.began.as_ref());
    ExplainedBackup {
        record: checksum.and_then(|checksum| {
            let mut records = history.iter();
            records.position(|record| record.checksum_before == checksum)
        }),
        backup: Backup {
            path: path.clone(),
            name: backup.id.as_str().to_owned(),
            is_regular: backup.is_regular,
            size: backup.size,
            operation: left_by.map(|operation| operation.id.to_string()),
            made_at: began.map(|began| began.started_at),
            digest,
            fate: match read {
                Ok(_) => Fate::Listed,
                Err(diagnosis) => Fate::Failed(diagnosis),
            },
        },
    }
}

fn left_by<'l>(
    ledger: &'l Ledger,
    path: &TreePath,
    backup: &storage::Backup,
    digest: Digest,
) -> Option<&'l Operation> {
    let name = backup.id.as_str();
    let entries = ledger.entries(path);
    let left = entries.iter().rfind(|entry| {
        matches!(entry.deed, Deed::Replaced { before, backup, .. }
            if backup == Some(name) && before == digest)
    });
    left.map(|entry| entry.operation)
}
