//! The backups that operations left beside one manifest.
//!
//! Invariant: a backup belongs to a record by its bytes and to an operation by its journal, not by its name alone.

use super::explanation::ExplainedBackup;
use crate::engine::history::HistoryRecord;
use crate::journal::{Deed, Ledger, Operation};
use crate::path::TreePath;
use crate::proof::OriginalEvidence;
use crate::report::{Backup, Diagnosis, Fate};
use crate::storage::Directory;

pub(super) fn backups(
    directory: &Directory<'_>,
    path: &TreePath,
    history: &[HistoryRecord],
    ledger: &Ledger,
) -> Result<Vec<ExplainedBackup>, Diagnosis> {
    let mut bytes = Vec::new();
    let found = directory.backups(path.name())?.into_iter();
    let explained = found.map(|backup| {
        let read = directory.read_backup(path.name(), &backup.id, usize::MAX, &mut bytes);
        let read = read.unwrap_or_else(|larger| Err(larger.into()));
        let original = match &read {
            Ok(_) => OriginalEvidence::new(backup.id.as_str(), &*bytes),
            Err(diagnosis) => {
                OriginalEvidence::unread(backup.id.as_str(), diagnosis.message.clone())
            }
        };
        let left_by = left_by(ledger, path, &original);
        let began = left_by.and_then(|operation| operation.began.as_ref());
        let mut records = history.iter();
        ExplainedBackup {
            record: records.position(|record| Some(record.checksum_before) == original.checksum()),
            backup: Backup {
                path: path.clone(),
                name: backup.id.clone(),
                is_regular: backup.is_regular,
                size: backup.size,
                operation: left_by.map(|operation| operation.id.clone()),
                made_at: began.map(|began| began.started_at),
                digest: original.raw(),
                fate: match read {
                    Ok(_) => Fate::Listed,
                    Err(diagnosis) => Fate::Failed(diagnosis),
                },
            },
        }
    });
    Ok(explained.collect())
}

fn left_by<'l>(
    ledger: &'l Ledger,
    path: &TreePath,
    original: &OriginalEvidence<'_>,
) -> Option<&'l Operation> {
    let entries = ledger.entries(path);
    let left = entries.iter().rfind(|entry| {
        matches!(entry.deed, Deed::Replaced { before, backup, .. }
            if backup == Some(original.name()) && Some(before) == original.raw())
    });
    left.map(|entry| entry.operation)
}
