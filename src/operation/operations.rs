//! The list of operations that have written to a tree, from their journals.
//!
//! Invariant: every journal has an entry, even if it cannot be trusted.

use std::collections::HashMap;

use super::ledger;
use super::rollback::can_be_undone;
use crate::clock::Timestamp;
use crate::code::Code;
use crate::digest::Digest;
use crate::journal::{Command, Deed, Operation, OperationId, OperationState};
use crate::report::Stop;
use crate::storage::Storage;
use crate::version::Version;

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationEntry {
    /// The id.
    pub id: OperationId,
    /// The state.
    pub state: OperationState,
    /// The command; `None` if the journal does not say.
    pub command: Option<Command>,
    /// The system's time at its start.
    pub started_at: Option<Timestamp>,
    /// The version that it was to reach.
    pub target_version: Option<Version>,
    /// The digest of its catalog.
    pub catalog_digest: Option<Digest>,
    /// The operation that it undoes.
    pub undoes: Option<OperationId>,
    /// The reason for an early end.
    pub stopped: Option<Code>,
    /// The number of manifests that it replaced.
    pub migrated: u64,
    /// The number of originals that it restored.
    pub restored: u64,
    /// The number of backups that it deleted.
    pub pruned: u64,
    /// The number of its manifests whose original is restored.
    pub rolled_back: u64,
    /// The number of its backups that were deleted since.
    pub backups_pruned: u64,
    /// True if a manifest that it replaced can still be rolled back.
    pub can_be_undone: bool,
    /// The number of findings that it accepted.
    pub accepted: u64,
    /// The size of its journal in bytes.
    pub journal_bytes: u64,
}

/// Lists the operations, in order.
///
/// # Errors
/// The state cannot be read.
pub fn operations(storage: &dyn Storage) -> Result<Vec<OperationEntry>, Stop> {
    let ledger = ledger::required(storage)?;
    let operations = ledger.operations().iter();
    let mut entries: Vec<OperationEntry> = operations
        .map(|operation| OperationEntry {
            can_be_undone: can_be_undone(&ledger, operation),
            ..entry(operation)
        })
        .collect();
    let places: HashMap<OperationId, usize> = entries
        .iter()
        .enumerate()
        .map(|(place, entry)| (entry.id.clone(), place))
        .collect();
    for done in ledger.deeds().filter(|entry| entry.is_done == Some(true)) {
        let of_it = |entries: &mut [OperationEntry],
                     id: &OperationId,
                     count: fn(&mut OperationEntry) -> &mut u64| {
            if let Some(place) = places.get(id) {
                *count(&mut entries[*place]) += 1;
            }
        };
        let by = &done.operation.id;
        match done.deed {
            Deed::Replaced { .. } => of_it(&mut entries, by, |entry| &mut entry.migrated),
            Deed::Restored { undoes, .. } => {
                of_it(&mut entries, by, |entry| &mut entry.restored);
                of_it(&mut entries, undoes, |entry| &mut entry.rolled_back);
            }
            Deed::Removed { of, .. } => {
                of_it(&mut entries, by, |entry| &mut entry.pruned);
                of_it(&mut entries, of, |entry| &mut entry.backups_pruned);
            }
        }
    }
    Ok(entries)
}

fn entry(operation: &Operation) -> OperationEntry {
    let began = operation.began.as_deref();
    let ended = operation.ended.as_deref();
    OperationEntry {
        id: operation.id.clone(),
        state: operation.state,
        command: began.map(|began| began.command),
        started_at: began.map(|began| began.started_at),
        target_version: began.and_then(|began| began.target_version.clone()),
        catalog_digest: began.map(|began| began.catalog.digest),
        undoes: began.and_then(|began| began.undoes.clone()),
        stopped: ended.and_then(|ended| Some(ended.stopped.as_ref()?.code)),
        migrated: 0,
        restored: 0,
        pruned: 0,
        rolled_back: 0,
        backups_pruned: 0,
        can_be_undone: false,
        accepted: operation.accepted,
        journal_bytes: operation.bytes,
    }
}
