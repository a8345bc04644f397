//! What is to be undone, as journals tell it.
//!
//! Reads journals, from the last operation backward, and no manifest.
//!
//! Invariant: what a later rollback has put back already is not chosen again.

use std::collections::{BTreeMap, BTreeSet};

use super::Undo;
use super::since::{Replaced, Since};
use crate::code::Code;
use crate::journal::{Account, Condition, Deed, Entry};
use crate::operation::account;
use crate::operation::nearest::nearest;
use crate::path::TreePath;
use crate::report::{Diagnosis, Stop};
use crate::selection::Selection;
use crate::storage::Storage;
use crate::version::Version;

/// What is to be undone.
#[derive(Debug, Default)]
pub(super) struct Choice {
    /// The operation, where it is one.
    pub(super) undoes: Option<String>,
    /// The target version of that operation.
    pub(super) target: Option<Version>,
    /// The manifests, in path order.
    pub(super) items: Vec<Item>,
    /// How many manifests there are to undo, selected or not.
    pub(super) found: u64,
    /// How many of them `--exclude` left out.
    pub(super) excluded: u64,
    /// What somebody should know.
    pub(super) notices: Vec<Diagnosis>,
}

/// One manifest of a choice.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) path: TreePath,
    pub(super) standing: Standing,
}

/// What journals say of a manifest that was chosen.
#[derive(Debug)]
pub(super) enum Standing {
    /// It was replaced, and its original should be there.
    Replaced(Replaced),
    /// Its original was put back already.
    Restored,
    /// No operation replaced it, or not this one; says which.
    Not(String),
}

impl Choice {
    /// Whether there is a manifest that something may have to be written for.
    pub(super) fn has_work(&self) -> bool {
        let is_work = |item: &Item| matches!(item.standing, Standing::Replaced(_));
        self.items.iter().any(is_work)
    }
}

/// Chooses what `undo` and the selection say.
///
/// # Errors
/// There is no such operation, it cannot be undone, or a journal that says what was done cannot be believed.
pub(super) fn choose<S: Storage>(
    storage: &S,
    undo: &Undo,
    selection: &Selection,
) -> Result<Choice, Stop> {
    let ids = storage
        .operations()
        .map_err(|notice| Stop::new(Code::StateUnusable, notice.message))?;
    let journals = Journals {
        storage,
        unfinished: storage.unfinished().unwrap_or_default(),
        ids,
    };
    match undo {
        Undo::Last => last(&journals, selection),
        Undo::Operation(id) => one(&journals, id, selection),
        Undo::Manifests => manifests(&journals, selection),
    }
}

/// All journals, to be read one at a time.
struct Journals<'s, S: Storage> {
    storage: &'s S,
    ids: Vec<String>,
    unfinished: Vec<String>,
}

impl<S: Storage> Journals<'_, S> {
    /// The account of one operation, if its journal tells all that was done.
    fn believed(&self, id: &str) -> Result<Account, Stop> {
        let account = read(self.storage, id)?;
        self.believe(id, &account)?;
        Ok(account)
    }

    fn believe(&self, id: &str, account: &Account) -> Result<(), Stop> {
        let is_unfinished = self.unfinished.iter().any(|one| one == id);
        believe(id, account, is_unfinished)
    }
}

/// The last migration of which something is left to be undone.
fn last<S: Storage>(journals: &Journals<'_, S>, selection: &Selection) -> Result<Choice, Stop> {
    let mut since = Since::default();
    for id in journals.ids.iter().rev() {
        let account = journals.believed(id)?;
        if account
            .entries
            .iter()
            .any(|entry| since.leaves(id, entry).is_some())
        {
            return Ok(whole(id, &account, &since, selection, Vec::new()));
        }
        since.add(id, &account);
    }
    Ok(Choice::default())
}

/// The operation with that id.
fn one<S: Storage>(
    journals: &Journals<'_, S>,
    wanted: &str,
    selection: &Selection,
) -> Result<Choice, Stop> {
    let ids = &journals.ids;
    if !ids.iter().any(|id| id == wanted) {
        return Err(unknown(wanted, ids));
    }
    let (mut since, mut notices) = (Since::default(), Vec::new());
    for id in ids.iter().rev().take_while(|id| *id != wanted) {
        let account = read(journals.storage, id)?;
        // Bytes decide in the end: what a later journal does not tell any more harms nothing.
        if let Err(stop) = journals.believe(id, &account) {
            notices.push(Diagnosis {
                code: Code::StateUnreadable,
                path: None,
                message: stop.message,
            });
        }
        since.add(id, &account);
    }
    let account = journals.believed(wanted)?;
    let command = account.began.as_ref().map(|began| began.command.as_str());
    let is_migration = |entry: &Entry| matches!(entry.deed, Deed::Replaced { .. });
    match command {
        Some(command) if command != "migrate" && !account.entries.iter().any(is_migration) => {
            let message = format!("operation {wanted} is a {command}, not a migration");
            Err(Stop::new(Code::NotReversible, message))
        }
        _ => Ok(whole(wanted, &account, &since, selection, notices)),
    }
}

/// Of each manifest that was named, the last operation that replaced it and is not undone there.
fn manifests<S: Storage>(
    journals: &Journals<'_, S>,
    selection: &Selection,
) -> Result<Choice, Stop> {
    let mut named: Vec<TreePath> = selection.manifests.clone().unwrap_or_default();
    named.sort_unstable();
    named.dedup();
    let mut choice = Choice::default();
    let mut standings: BTreeMap<TreePath, Standing> = BTreeMap::new();
    for path in named {
        if choice.counts(&path, selection) {
            let nobody = "no operation has replaced it".to_owned();
            standings.insert(path, Standing::Not(nobody));
        }
    }
    let mut since = Since::default();
    for id in journals.ids.iter().rev() {
        // Undone in one operation, it may still be as an earlier one left it.
        let is_open = |standing: &Standing| !matches!(standing, Standing::Replaced(_));
        if !standings.values().any(is_open) {
            break;
        }
        let account = journals.believed(id)?;
        for (path, standing) in standings
            .iter_mut()
            .filter(|(_, standing)| is_open(standing))
        {
            if let Some(entry) = account.of(path).next() {
                if let Some(replaced) = since.leaves(id, entry) {
                    *standing = Standing::Replaced(replaced);
                } else if since.has_restored(id, path) {
                    *standing = Standing::Restored;
                }
            }
        }
        since.add(id, &account);
    }
    choice.items = standings
        .into_iter()
        .map(|(path, standing)| Item { path, standing })
        .collect();
    Ok(choice)
}

/// What is left of one operation.
fn whole(
    id: &str,
    account: &Account,
    since: &Since,
    selection: &Selection,
    notices: Vec<Diagnosis>,
) -> Choice {
    let target = account.began.as_ref();
    let mut choice = Choice {
        undoes: Some(id.to_owned()),
        target: target.and_then(|began| began.target_version.as_ref()?.parse().ok()),
        notices,
        ..Choice::default()
    };
    // What was named gets an answer, whatever it is; all that is left otherwise.
    let paths: BTreeSet<&TreePath> = match &selection.manifests {
        Some(named) => named.iter().collect(),
        None => account.entries.iter().map(|entry| &entry.path).collect(),
    };
    for path in paths {
        let replaced = account.of(path).find_map(|entry| since.leaves(id, entry));
        let standing = match replaced {
            Some(replaced) => Standing::Replaced(replaced),
            None if selection.manifests.is_none() => continue,
            None if since.has_restored(id, path) => Standing::Restored,
            None => Standing::Not(format!("operation {id} has not replaced it")),
        };
        if choice.counts(path, selection) {
            choice.items.push(Item {
                path: path.clone(),
                standing,
            });
        }
    }
    choice
}

impl Choice {
    /// Counts a manifest that could be undone; says whether it is selected, as far as its path decides.
    fn counts(&mut self, path: &TreePath, selection: &Selection) -> bool {
        self.found += 1;
        let is_excluded = selection.excludes(path);
        self.excluded += u64::from(is_excluded);
        !is_excluded && selection.is_within(path) && selection.selects(path)
    }
}

fn read<S: Storage>(storage: &S, id: &str) -> Result<Account, Stop> {
    account(storage, id).map_err(|trouble| Stop::new(Code::StateUnusable, trouble.message))
}

/// Whether a journal tells all that was done. A torn end of what is unfinished is no matter: recovery looks at what it may have told.
fn believe(id: &str, account: &Account, is_unfinished: bool) -> Result<(), Stop> {
    match account.condition {
        Condition::Whole | Condition::Torn if !account.is_cut(is_unfinished) => Ok(()),
        Condition::Whole | Condition::Torn | Condition::Damaged => Err(Stop {
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
        Condition::Unknown => Err(Stop {
            hint: Some("run the version of the program that wrote it, or a newer one".to_owned()),
            ..Stop::new(
                Code::JournalUnknown,
                format!(
                    "the journal of operation {id} says something that this version of the program does not know"
                ),
            )
        }),
    }
}

/// No operation has that id: names those that may have been meant.
fn unknown(wanted: &str, ids: &[String]) -> Stop {
    let message = format!("no operation has the id `{wanted}`");
    let hint = match nearest(wanted, ids).as_slice() {
        [] => "there is no operation in this tree yet".to_owned(),
        near => format!("the nearest are {}", near.join(", ")),
    };
    Stop {
        hint: Some(hint),
        ..Stop::new(Code::OperationUnknown, message)
    }
}
