//! The list of operations that have written to a tree, as their journals tell.
//!
//! Reads only, and one journal at a time.
//!
//! Invariant: every journal has an entry, also one that cannot be believed.

use std::collections::HashMap;

use crate::code::Code;
use crate::journal::{Account, Condition, Deed};
use crate::report::{Diagnosis, Stop};
use crate::storage::Storage;

/// How an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OperationState {
    /// It has ended, or what was left of it has been settled.
    Finished,
    /// It is still at work, or was interrupted.
    Unfinished,
    /// Its journal was edited or has lost lines.
    Damaged,
    /// A newer version of the program wrote its journal.
    Unknown,
    /// Its journal cannot be read.
    Unreadable,
}

impl OperationState {
    /// The state as reports print it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Unfinished => "unfinished",
            Self::Damaged => "damaged",
            Self::Unknown => "unknown",
            Self::Unreadable => "unreadable",
        }
    }
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationEntry {
    /// Its id.
    pub id: String,
    /// How it stands.
    pub state: OperationState,
    /// The command; `None` where the journal does not say.
    pub command: Option<String>,
    /// The system's time at its start.
    pub started_at: Option<String>,
    /// The version that it was to reach.
    pub target_version: Option<String>,
    /// The digest of its catalog, `sha256:...`.
    pub catalog_digest: Option<String>,
    /// The operation that it undoes.
    pub undoes: Option<String>,
    /// Why it ended early: a code.
    pub stopped: Option<String>,
    /// How many manifests it has replaced.
    pub migrated: u64,
    /// How many originals it has put back.
    pub restored: u64,
    /// How many backups it has removed.
    pub pruned: u64,
    /// Of the manifests that it has replaced: how many have their original back.
    pub rolled_back: u64,
    /// Of the backups that it has made: how many were removed.
    pub backups_pruned: u64,
    /// The size of its journal in bytes.
    pub journal_bytes: u64,
}

/// Lists the operations, in the order in which they began.
///
/// # Errors
/// The state directory cannot be read.
pub fn operations<S: Storage>(storage: &S) -> Result<Vec<OperationEntry>, Stop> {
    let ids = storage
        .operations()
        .map_err(|notice| Stop::new(Code::StateUnusable, notice.message))?;
    let unfinished = storage
        .unfinished()
        .map_err(|notice| Stop::new(Code::StateUnusable, notice.message))?;
    let mut later = Later::default();
    let mut entries = Vec::with_capacity(ids.len());
    for id in ids {
        let is_unfinished = unfinished.contains(&id);
        entries.push(entry(storage, id, is_unfinished, &mut later));
    }
    for entry in &mut entries {
        let of = |counts: &HashMap<Box<str>, u64>| counts.get(&*entry.id).copied().unwrap_or(0);
        (entry.rolled_back, entry.backups_pruned) = (of(&later.rolled_back), of(&later.pruned));
    }
    Ok(entries)
}

/// Reads the account of one operation.
///
/// # Errors
/// There is no such operation, or its journal cannot be read.
pub fn account<S: Storage>(storage: &S, id: &str) -> Result<Account, Diagnosis> {
    let mut account = Account::default();
    storage.journal(id, &mut |piece| account.feed(piece))?;
    Ok(of_its_own(id, account))
}

/// A journal under the name of another operation tells nothing of this one.
fn of_its_own(id: &str, account: Account) -> Account {
    let is_own = account
        .began
        .as_ref()
        .is_none_or(|began| began.operation == id);
    if is_own {
        return account;
    }
    let mut foreign = Account::default();
    foreign.condition = Condition::Damaged;
    foreign
}

/// What later operations did to the work of earlier ones, by id.
#[derive(Default)]
struct Later {
    rolled_back: HashMap<Box<str>, u64>,
    pruned: HashMap<Box<str>, u64>,
}

fn entry<S: Storage>(
    storage: &S,
    id: String,
    is_unfinished: bool,
    later: &mut Later,
) -> OperationEntry {
    let mut journal_bytes = 0;
    let mut account = Account::default();
    let read = storage.journal(&id, &mut |piece| {
        journal_bytes += piece.len() as u64;
        account.feed(piece);
    });
    let account = of_its_own(&id, account);
    let state = match account.condition {
        _ if read.is_err() => OperationState::Unreadable,
        Condition::Damaged => OperationState::Damaged,
        _ if account.is_cut(is_unfinished) => OperationState::Damaged,
        Condition::Unknown => OperationState::Unknown,
        _ if is_unfinished => OperationState::Unfinished,
        Condition::Whole | Condition::Torn => OperationState::Finished,
    };
    let (mut migrated, mut restored, mut pruned) = (0, 0, 0);
    for entry in &account.entries {
        if entry.is_done != Some(true) {
            continue;
        }
        match &entry.deed {
            Deed::Replaced { .. } => migrated += 1,
            Deed::Restored { undoes, .. } => {
                restored += 1;
                *later.rolled_back.entry(undoes.clone()).or_default() += 1;
            }
            Deed::Pruned { of, .. } => {
                pruned += 1;
                *later.pruned.entry(of.clone()).or_default() += 1;
            }
        }
    }
    let began = account.began;
    OperationEntry {
        id,
        state,
        command: began.as_ref().map(|began| began.command.clone()),
        started_at: began.as_ref().map(|began| began.started_at.clone()),
        target_version: began
            .as_ref()
            .and_then(|began| began.target_version.clone()),
        catalog_digest: began.as_ref().map(|began| began.catalog_digest.clone()),
        undoes: began.and_then(|began| began.undoes),
        stopped: account.ended.and_then(|ended| ended.stopped),
        migrated,
        restored,
        pruned,
        rolled_back: 0,
        backups_pruned: 0,
        journal_bytes,
    }
}
