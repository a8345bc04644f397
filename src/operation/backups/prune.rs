//! Pruning: deletes backups that can be computed again.
//!
//! `decider` decides; this file passes the backups to the storage and reports the results.
//!
//! Invariant: a backup is deleted only if its migration, computed again, gives the bytes of the manifest.

use std::sync::{Arc, OnceLock};

use super::decide::{Decided, Decider, Prune};
use super::list::{beside, journals};
use crate::journal::Command;
use crate::operation::find::Finder;
use crate::operation::frame::{Frame, Writing};
use crate::operation::ledger::Catalogs;
use crate::operation::scope::Scope;
use crate::operation::survey::Survey;
use crate::operation::tally::Tally;
use crate::operation::walk::{Found, Visit};
use crate::report::{Backup, Diagnosis, Fate, Sink, Stop, Summary};
use crate::storage::{Answer, Change, Remove};

const GROUP: usize = 256;

/// Deletes backups of the selected manifests, or reports which would be deleted.
///
/// After a signal the current group is finished and the rest is not visited.
pub fn prune(frame: &Frame<'_>, options: Prune, sink: &mut dyn Sink) -> Summary {
    let mut tally = Tally::new(sink, &Survey::default());
    tally.start(&frame.head(None));
    let ended = if frame.request.dry_run {
        run(frame, options, None, &mut tally).map(drop)
    } else {
        frame.write(
            frame.opening(Command::Prune),
            &mut tally,
            // If the state exists but cannot be opened for writing, this fails with the reason.
            |tally| run(frame, options, None, tally),
            |writing, tally| run(frame, options, Some(writing), tally).map(drop),
        )
    };
    frame.conclude(tally, ended)
}

struct Slot {
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
    let scope = Scope::of(frame.catalog, &frame.request.selection)?;
    let decider = Decider {
        frame,
        catalogs: &catalogs,
        ledger: &journals.ledger,
        options,
    };
    let visit = |visit: &Visit<'_>, buffer: &mut Vec<u8>| -> Result<Vec<Slot>, Diagnosis> {
        let backups = beside(frame, visit)?;
        let verdict = decider.manifest(visit, &backups, buffer);
        let slots = verdict
            .into_iter()
            .map(|one| hand_over(visit, one, writing));
        Ok(slots.collect())
    };
    let mut finder = Finder::new(frame, &scope)?;
    let (mut stop, mut may_some_go) = (None, false);
    finder.end_if(tally.output_failed());
    while let Some(found) = finder.next(GROUP, &visit)? {
        if let Some(writing) = writing {
            writing.settle();
            if let Some(operation) = writing.operation() {
                tally.began(operation.as_str());
            }
        }
        for one in found {
            match one {
                Found::Manifest(Ok(slots)) => {
                    let is_prunable = |slot: &Slot| slot.backup.fate == Fate::Prunable;
                    may_some_go |= slots.iter().any(is_prunable);
                    for slot in slots {
                        report(slot, tally);
                    }
                }
                Found::Manifest(Err(diagnosis)) | Found::DirectoryFailed(diagnosis) => {
                    tally.directory_failed(diagnosis);
                }
                Found::Warning(diagnosis) => tally.warn(&diagnosis),
            }
        }
        stop = writing.and_then(Writing::failure);
        finder.end_if(stop.is_some() || tally.output_failed());
    }
    tally.unvisited(finder.rest().0);
    stop.map_or(Ok(may_some_go), Err)
}

/// Passes a deletable backup to the storage, if the operation writes.
fn hand_over(visit: &Visit<'_>, verdict: Decided, writing: Option<&Writing>) -> Slot {
    let Decided {
        mut backup,
        removable,
    } = verdict;
    let (Some(writing), Some(removable)) = (writing, removable) else {
        return Slot {
            backup,
            answer: None,
        };
    };
    let Ok(session) = writing.session() else {
        backup.fate = Fate::NotAttempted;
        return Slot {
            backup,
            answer: None,
        };
    };
    let answer = Arc::new(OnceLock::new());
    let given_to = Arc::clone(&answer);
    session.change(
        Change::Remove(Remove {
            path: visit.path,
            of: &removable.of,
            backup: &removable.id,
            version: removable.version,
            digest: removable.digest,
        }),
        Box::new(move |given| {
            // Each cell is set once.
            let _answered = given_to.set(given);
        }),
    );
    Slot {
        backup,
        answer: Some(answer),
    }
}

fn report(slot: Slot, tally: &mut Tally<'_>) {
    let Slot { mut backup, answer } = slot;
    match answer.as_ref().map(|answer| answer.get()) {
        None => {}
        Some(Some(Answer::Done(_))) => backup.fate = Fate::Pruned,
        Some(Some(Answer::Not(diagnosis))) => backup.fate = Fate::Failed(diagnosis.clone()),
        Some(Some(Answer::NotAttempted) | None) => backup.fate = Fate::NotAttempted,
    }
    tally.backup(&backup);
}
