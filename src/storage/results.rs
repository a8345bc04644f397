//! Changes and their results, as journals record them.
//! Invariant: a result names the version that a manifest has now only if the change was made.

use std::collections::BTreeMap;

use super::seam::{Answer, RemoveBackup, Respond, RestoreManifest, StorageChange};
use crate::clock::Timestamp;
use crate::code::{Class, Code};
use crate::journal::{
    BackupId, ChangeResult, Ended, Opaque, Removing, Restoring, Settled, Stopped,
};
use crate::path::TreePath;
use crate::report::Diagnosis;
use crate::version::Version;

/// A change that was requested and is not answered yet.
pub(super) struct Ticket {
    pub(super) path: TreePath,
    versions: (Option<Version>, Option<Version>),
    respond: Respond,
}

impl Ticket {
    pub(super) fn new(change: &StorageChange<'_>, respond: Respond) -> Self {
        Self {
            path: change.path().clone(),
            versions: match change {
                StorageChange::ReplaceManifest(replace) => replace.versions.clone(),
                StorageChange::RestoreManifest(restore) => restore.versions.clone(),
                StorageChange::RemoveBackup(_) => (None, None),
            },
            respond,
        }
    }

    pub(super) fn result(
        &self,
        outcome: ChangeResult,
        backup: Option<BackupId>,
        code: Option<Code>,
    ) -> Settled {
        let (from_version, to_version) = self.versions.clone();
        Settled {
            path: self.path.clone(),
            outcome,
            backup,
            code,
            to_version: to_version.filter(|_| outcome.is_done() == Some(true)),
            from_version,
        }
    }

    pub(super) fn respond(self, answer: Answer) {
        (self.respond)(answer);
    }
}

/// The announcement of a restore, with the part that only the storage understands.
pub(super) fn restoring(restore: &RestoreManifest<'_>, storage: Opaque) -> Restoring {
    Restoring {
        path: restore.path.clone(),
        undoes: restore.undoes.clone(),
        before: restore.before,
        after: restore.after,
        backup: restore.backup.clone(),
        storage,
    }
}

/// The announcement of a deletion, with the part that only the storage understands.
pub(super) fn removing(remove: &RemoveBackup<'_>, storage: Opaque) -> Removing {
    Removing {
        path: remove.path.clone(),
        of: remove.of.clone(),
        backup: remove.backup.clone(),
        digest: remove.digest,
        storage,
    }
}

/// The outcome of a change that was not made.
pub(super) fn outcome_of(diagnosis: &Diagnosis) -> ChangeResult {
    match diagnosis.code.class() {
        Class::Refused => ChangeResult::Refused,
        Class::Conflict => ChangeResult::Conflict,
        _ => ChangeResult::Failed,
    }
}

/// The number of results by outcome and by code.
#[derive(Debug, Clone, Default)]
pub(super) struct Totals {
    counts: BTreeMap<ChangeResult, u64>,
    codes: BTreeMap<Code, u64>,
}

impl Totals {
    pub(super) fn add(&mut self, result: &Settled) {
        *self.counts.entry(result.outcome).or_default() += 1;
        if let Some(code) = result.code {
            *self.codes.entry(code).or_default() += 1;
        }
    }

    /// The last record of an operation that ends now.
    pub(super) fn ended(&self, stopped: Option<Stopped>) -> Ended {
        Ended {
            ended_at: Some(Timestamp::now()),
            counts: self.counts.clone(),
            codes: self.codes.clone(),
            recovered: false,
            stopped,
        }
    }
}
