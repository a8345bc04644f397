//! Pruning: deletes backups that can be computed again.
//!
//! `decider` decides; this file passes the backups to the storage and reports the results.
//!
//! Invariant: a backup is deleted only if its migration, computed again, gives the bytes of the manifest.

use std::sync::{Arc, OnceLock};

use super::decide::{Decided, Decider, Prune};
use super::list::{beside, each_backup, journals};
use crate::journal::Command;
use crate::operation::frame::{Frame, Writing};
use crate::operation::ledger::Catalogs;
use crate::operation::survey::Survey;
use crate::operation::tally::Tally;
use crate::operation::walk::Visit;
use crate::report::{Backup, Diagnosis, Fate, Sink, Stop, Summary};
use crate::storage::{Answer, RemoveBackup, StorageChange};

/// Deletes backups of the selected manifests, or reports which would be deleted.
///
/// After a signal the current group is finished and the rest is not visited.
pub fn prune(frame: &Frame<'_>, options: Prune, sink: &mut dyn Sink) -> Summary {
    let mut tally = Tally::new(sink, &Survey::default());
    tally.start(&frame.head(None));
    let opening = frame.opening(Command::Prune);
    let ended = frame.write(opening, &mut tally, |writing, tally| {
        run(frame, options, writing, tally)
    });
    frame.conclude(tally, ended)
}

struct PendingBackup {
    backup: Backup,
    answer: Option<Arc<OnceLock<Answer>>>,
}

fn run(
    frame: &Frame<'_>,
    options: Prune,
    writing: Option<&Writing>,
    tally: &mut Tally<'_>,
) -> Result<bool, Stop> {
    let journals = journals(frame, tally);
    let (catalogs, damaged) = Catalogs::load(frame.storage, frame.catalog, &journals.ledger);
    for finding in &damaged {
        tally.warn(finding);
    }
    let decider = Decider {
        frame,
        catalogs: &catalogs,
        ledger: &journals.ledger,
        options,
    };
    let visit =
        |visit: &Visit<'_>, buffer: &mut Vec<u8>| -> Result<Vec<PendingBackup>, Diagnosis> {
            let backups = beside(frame, visit)?;
            let verdicts = decider.manifest(visit, &backups, buffer).into_iter();
            Ok(verdicts.map(|one| hand_over(visit, one, writing)).collect())
        };
    let mut may_some_go = false;
    each_backup(frame, tally, &visit, &mut |slot, tally| {
        may_some_go |= slot.backup.fate == Fate::Prunable;
        report(slot, writing, tally);
        writing.is_none_or(|writing| writing.failure().is_none())
    })?;
    let failure = writing.and_then(Writing::failure);
    failure.map_or(Ok(may_some_go), Err)
}

/// Passes a deletable backup to the storage, if the operation writes.
fn hand_over(visit: &Visit<'_>, decided: Decided, writing: Option<&Writing>) -> PendingBackup {
    let Decided {
        mut backup,
        removable,
    } = decided;
    let mut answer = None;
    if let (Some(writing), Some(removable)) = (writing, removable) {
        let remove = RemoveBackup {
            path: visit.path,
            of: &removable.of,
            backup: &removable.id,
            version: removable.version,
            digest: removable.digest,
        };
        answer = writing.ask(StorageChange::RemoveBackup(remove));
        if answer.is_none() {
            backup.fate = Fate::NotAttempted;
        }
    }
    PendingBackup { backup, answer }
}

fn report(slot: PendingBackup, writing: Option<&Writing>, tally: &mut Tally<'_>) {
    let PendingBackup { mut backup, answer } = slot;
    if let Some(writing) = writing {
        tally.began(writing.operation());
        match answer.map(|answer| writing.answer(&answer)) {
            None => {}
            Some(Answer::Done(_)) => backup.fate = Fate::Pruned,
            Some(Answer::Not(diagnosis)) => backup.fate = Fate::Failed(diagnosis),
            Some(Answer::NotAttempted) => backup.fate = Fate::NotAttempted,
        }
    }
    tally.backup(&backup);
}
