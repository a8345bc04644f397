//! The list of backups: which operation made each, when, and how large it is.
//!
//! Invariant: nothing is called a backup of an operation that its journal does not name.

use crate::code::Code;
use crate::journal::Ledger;
use crate::operation::find::Finder;
use crate::operation::frame::Frame;
use crate::operation::ledger::Journals;
use crate::operation::scope::Scope;
use crate::operation::survey::Survey;
use crate::operation::tally::Tally;
use crate::operation::walk::{Visit, VisitFn};
use crate::path::TreePath;
use crate::report::{Backup, Diagnosis, Fate, Sink, Start, Stop, Summary};
use crate::storage;

const GROUP_OF_READS: usize = 64;
/// Each group is flushed as a whole.
const GROUP_OF_WRITES: usize = 256;

/// Lists the backups beside the selected manifests, reporting each to `sink`.
pub fn list(frame: &Frame<'_>, sink: &mut dyn Sink) -> Summary {
    report(frame, sink, &|ledger, visit, _| {
        let backups = beside(frame, visit)?;
        let known = backups.iter().map(|one| known(ledger, visit.path, one));
        Ok(known.collect())
    })
}

/// A function that lists the backups of one manifest.
type VisitBackups<'v> =
    dyn Fn(&Ledger, &Visit<'_>, &mut Vec<u8>) -> Result<Vec<Backup>, Diagnosis> + Sync + 'v;

/// Runs an operation that changes nothing in the tree and reports each backup that `visit` returns.
pub(super) fn report(frame: &Frame<'_>, sink: &mut dyn Sink, visit: &VisitBackups<'_>) -> Summary {
    let mut tally = Tally::new(sink, &Survey::default());
    tally.start(&Start {
        dry_run: true,
        ..frame.head(None)
    });
    let journals = journals(frame, &mut tally);
    let visit = |one: &Visit<'_>, buffer: &mut Vec<u8>| visit(&journals.ledger, one, buffer);
    let ended = each_backup(frame, &mut tally, &visit, &mut |backup, tally| {
        tally.backup(&backup);
        true
    });
    frame.conclude(tally, ended)
}

/// Visits the selected manifests and passes each of their backups to `take`, in path order, until it returns false.
pub(super) fn each_backup<B: Send>(
    frame: &Frame<'_>,
    tally: &mut Tally<'_>,
    visit: &VisitFn<'_, Result<Vec<B>, Diagnosis>>,
    take: &mut dyn FnMut(B, &mut Tally<'_>) -> bool,
) -> Result<(), Stop> {
    let scope = Scope::of(frame.catalog, &frame.request.selection)?;
    let mut finder = Finder::new(frame, &scope)?;
    finder.end_if(tally.output_failed());
    let group = if frame.request.dry_run {
        GROUP_OF_READS
    } else {
        GROUP_OF_WRITES
    };
    finder.for_each(group, visit, |found| {
        let mut goes_on = true;
        match found.manifest(tally) {
            Some(Ok(backups)) => {
                for backup in backups {
                    goes_on &= take(backup, tally);
                }
            }
            Some(Err(diagnosis)) => tally.directory_failed(diagnosis),
            None => {}
        }
        goes_on && !tally.output_failed()
    })?;
    tally.unvisited(finder.rest().0);
    Ok(())
}

pub(super) fn journals(frame: &Frame<'_>, tally: &mut Tally<'_>) -> Journals {
    let journals = Journals::read(frame.storage);
    let findings = journals.findings.iter().map(|one| &one.finding);
    for notice in journals.warnings.iter().chain(findings) {
        tally.warn(notice);
        // Whose backups these are is not known then.
        tally.summary.unknown_journals += u64::from(notice.code == Code::StateUnreadable);
    }
    journals
}

/// The backups of a manifest, even if the manifest is not a regular file.
pub(super) fn beside(
    frame: &Frame<'_>,
    visit: &Visit<'_>,
) -> Result<Vec<storage::BackupEntry>, Diagnosis> {
    let directory = visit.directory.as_ref();
    let backups = match directory {
        Ok(directory) => directory.backups(visit.path.name()),
        Err(diagnosis) => Err((*diagnosis).clone()),
    };
    frame.watch.looked_at();
    backups.map_err(|diagnosis| diagnosis.at(visit.path.clone()))
}

pub(super) fn known(ledger: &Ledger, path: &TreePath, backup: &storage::BackupEntry) -> Backup {
    let witness = ledger.witness(path);
    let made = witness.iter().flat_map(|witness| witness.replaced.iter());
    let made = made
        .rev()
        .find(|one| one.backup == Some(backup.id.as_str()));
    let began = made.and_then(|one| one.operation.began.as_ref());
    Backup {
        path: path.clone(),
        name: backup.id.clone(),
        is_regular: backup.is_regular,
        size: backup.size,
        operation: made.map(|one| one.operation.id.clone()),
        made_at: began.map(|began| began.started_at),
        digest: None,
        fate: Fate::Listed,
    }
}
