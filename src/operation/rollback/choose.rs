//! The manifests that are to be undone, as the ledger reports.
//!
//! Pure. Invariant: an original that a later rollback has put back already is not chosen again.

use super::super::nearest::nearest;
use crate::code::Code;
use crate::journal::{
    BackupId, Command, Deed, Ledger, Operation, OperationId, OperationState, Replacement,
};
use crate::path::TreePath;
use crate::report::{Diagnosis, Stop};
use crate::selection::Selection;
use crate::version::Version;

/// The operations that are to be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undo {
    /// The last migration that has replaced manifests and is not rolled back wholly.
    Last,
    /// The operation with this id.
    Operation(String),
    /// For each selected manifest, the last operation that replaced it and is not rolled back.
    Manifests,
}

/// The manifests that are to be undone.
#[derive(Debug, Default)]
pub(super) struct Choice {
    pub(super) undoes: Option<OperationId>,
    /// The target version of that operation.
    pub(super) target: Option<Version>,
    pub(super) items: Vec<Item>,
    /// The number of manifests that could be undone, selected or not.
    pub(super) found: u64,
    /// The number that `--exclude` left out.
    pub(super) excluded: u64,
    pub(super) notices: Vec<Diagnosis>,
}

#[derive(Debug)]
pub(super) struct Item {
    pub(super) path: TreePath,
    pub(super) standing: Standing,
}

#[derive(Debug)]
pub(super) enum Standing {
    /// An operation replaced the manifest, so the original should exist.
    Replaced,
    Restored,
    /// No operation replaced it, or not this one; the message says which.
    Not(String),
}

pub(super) fn choose(ledger: &Ledger, undo: &Undo, selection: &Selection) -> Result<Choice, Stop> {
    match undo {
        Undo::Last => last(ledger, selection),
        Undo::Operation(id) => one(ledger, id, selection),
        Undo::Manifests => manifests(ledger, selection),
    }
}

/// The replacement of a manifest that is to be undone, with its backup: by this operation, else the last one that is left.
pub(super) fn replacement<'l>(
    ledger: &'l Ledger,
    path: &TreePath,
    by: Option<&OperationId>,
) -> Option<(Replacement<'l>, BackupId)> {
    let left = ledger.witness(path)?.replaced.into_iter();
    let mut left = left.filter_map(|one| one.backup.and_then(BackupId::new).map(|id| (one, id)));
    match by {
        Some(id) => left.find(|(one, _)| one.operation.id == *id),
        None => left.next_back(),
    }
}

fn has_restored(ledger: &Ledger, path: &TreePath, undone: Option<&OperationId>) -> bool {
    ledger.entries(path).iter().any(|entry| match entry.deed {
        Deed::Restored { undoes, .. } => {
            entry.is_done == Some(true) && undone.is_none_or(|undone| undone == undoes)
        }
        _ => false,
    })
}

fn last(ledger: &Ledger, selection: &Selection) -> Result<Choice, Stop> {
    for operation in ledger.operations().iter().rev() {
        check_trusted(operation)?;
        let paths = ledger.touched_by(&operation.id);
        if is_left(ledger, operation, &paths) {
            return Ok(whole(ledger, operation, paths, selection));
        }
    }
    Ok(Choice::default())
}

fn is_left(ledger: &Ledger, operation: &Operation, paths: &[TreePath]) -> bool {
    let mut paths = paths.iter();
    paths.any(|path| replacement(ledger, path, Some(&operation.id)).is_some())
}

/// Returns true if a manifest that the operation replaced can still be rolled back.
pub(in crate::operation) fn can_be_undone(ledger: &Ledger, operation: &Operation) -> bool {
    is_left(ledger, operation, &ledger.touched_by(&operation.id))
}

fn one(ledger: &Ledger, wanted: &str, selection: &Selection) -> Result<Choice, Stop> {
    let operations = ledger.operations();
    let place = operations
        .iter()
        .position(|operation| operation.id.as_str() == wanted);
    let Some(place) = place else {
        return Err(unknown(wanted, operations));
    };
    // The bytes of the files are compared later, so an incomplete later journal does no harm.
    let untrusted = operations[place + 1..].iter().rev().map(check_trusted);
    let notices = untrusted
        .filter_map(Result::err)
        .map(|stop| Diagnosis::new(Code::StateUnreadable, stop.message))
        .collect();
    let operation = &operations[place];
    check_trusted(operation)?;
    let paths = ledger.touched_by(&operation.id);
    let command = operation.began.as_ref().map(|began| began.command);
    let is_migration = ledger
        .deeds()
        .any(|entry| entry.operation == operation && matches!(entry.deed, Deed::Replaced { .. }));
    match command {
        Some(command) if command != Command::Migrate && !is_migration => {
            let article = match command {
                Command::Accept | Command::Index | Command::Install => "an",
                _ => "a",
            };
            let message = format!("operation {wanted} is {article} {command}, not a migration");
            Err(Stop::new(Code::NotReversible, message))
        }
        _ => Ok(Choice {
            notices,
            ..whole(ledger, operation, paths, selection)
        }),
    }
}

/// For each named manifest, the last operation that replaced it and is not undone.
fn manifests(ledger: &Ledger, selection: &Selection) -> Result<Choice, Stop> {
    let mut named: Vec<TreePath> = selection.manifests.clone().unwrap_or_default();
    named.sort_unstable();
    named.dedup();
    let mut choice = Choice::default();
    for path in named {
        if !choice.counts(&path, selection) {
            continue;
        }
        let found = replacement(ledger, &path, None);
        // Every later journal must be trusted; without an operation, all of them.
        let since = found.as_ref().map(|(found, _)| &found.operation.id);
        for operation in ledger.operations().iter().rev() {
            check_trusted(operation)?;
            if Some(&operation.id) == since {
                break;
            }
        }
        let standing = match found {
            Some(_) => Standing::Replaced,
            None if has_restored(ledger, &path, None) => Standing::Restored,
            None => Standing::Not("no operation has replaced it".to_owned()),
        };
        choice.items.push(Item { path, standing });
    }
    Ok(choice)
}

fn whole(
    ledger: &Ledger,
    operation: &Operation,
    touched: Vec<TreePath>,
    selection: &Selection,
) -> Choice {
    let id = &operation.id;
    let began = operation.began.as_ref();
    let mut choice = Choice {
        undoes: Some(id.clone()),
        target: began.and_then(|began| began.target_version.clone()),
        ..Choice::default()
    };
    // A named manifest always gets an answer.
    let is_named = selection.manifests.is_some();
    let mut paths = selection.manifests.clone().unwrap_or(touched);
    paths.sort_unstable();
    paths.dedup();
    for path in paths {
        let standing = match replacement(ledger, &path, Some(id)) {
            Some(_) => Standing::Replaced,
            None if !is_named => continue,
            None if has_restored(ledger, &path, Some(id)) => Standing::Restored,
            None => Standing::Not(format!("operation {id} has not replaced it")),
        };
        if choice.counts(&path, selection) {
            choice.items.push(Item { path, standing });
        }
    }
    choice
}

impl Choice {
    /// Counts a manifest that could be undone. Returns true if its path is selected.
    fn counts(&mut self, path: &TreePath, selection: &Selection) -> bool {
        self.found += 1;
        let is_excluded = selection.excludes(path);
        self.excluded += u64::from(is_excluded);
        !is_excluded && selection.is_within(path) && selection.selects(path)
    }
}

/// Stops if the journal is not complete. A torn end of an unfinished operation is fine, because recovery examines its files.
fn check_trusted(operation: &Operation) -> Result<(), Stop> {
    let id = &operation.id;
    match operation.state {
        OperationState::Finished | OperationState::Unfinished => Ok(()),
        OperationState::Damaged => Err(Stop {
            hint: Some(
                "restore the journal from a copy; or move the backups that stand beside the manifests back by hand"
                    .to_owned(),
            ),
            ..Stop::new(
                Code::JournalDamaged,
                format!(
                    "the journal of operation {id} was edited, cut off or is damaged: what it did cannot be told for certain"
                ),
            )
        }),
        OperationState::Unknown => Err(Stop {
            hint: Some("run the version of the program that wrote it, or a newer one".to_owned()),
            ..Stop::new(
                Code::JournalUnknown,
                format!(
                    "the journal of operation {id} says something that this version of the program does not know"
                ),
            )
        }),
        OperationState::Missing => Err(Stop {
            hint: Some(
                "restore the journal from a copy; or give the id of the operation to undo: what was changed since it is left alone"
                    .to_owned(),
            ),
            ..Stop::new(
                Code::JournalMissing,
                format!("the journal of operation {id} is gone: what it did cannot be told"),
            )
        }),
        OperationState::Unreadable => Err(Stop::new(
            Code::StateUnusable,
            format!("the journal of operation {id} cannot be read"),
        )),
    }
}

fn unknown(wanted: &str, operations: &[Operation]) -> Stop {
    let message = format!("no operation has the id `{wanted}`");
    let ids: Vec<&str> = operations.iter().map(|one| one.id.as_str()).collect();
    let hint = match nearest(wanted, &ids).as_slice() {
        [] => "there is no operation in this tree yet".to_owned(),
        near => format!("the nearest are {}", near.join(", ")),
    };
    Stop {
        hint: Some(hint),
        ..Stop::new(Code::OperationUnknown, message)
    }
}
