//! One manifest of a rollback and its backup, looked at: whether the original can be put back, and if not, why.
//!
//! Writes nothing. Invariant: an original is open to be put back only if both files have the bytes that the journal says.

use super::choose::{Item, Standing};
use super::put_back::PuttingBack;
use super::since::Replaced;
use crate::code::Code;
use crate::digest::Digest;
use crate::engine::examine;
use crate::json::canonical;
use crate::path::TreePath;
use crate::report::{Diagnosis, Outcome, Status};
use crate::storage::Storage;
use crate::version::Version;

/// One manifest on its way through a batch.
pub(super) struct Slot<'i, S: Storage> {
    pub(super) outcome: Outcome,
    /// Where its original can be put back.
    pub(super) open: Option<Open<'i, S>>,
    /// Whether it is announced in the journal.
    pub(super) announced: bool,
}

/// An original that can be put back, as it was read.
pub(super) struct Open<'i, S: Storage> {
    pub(super) replaced: &'i Replaced,
    pub(super) version: S::Version,
    pub(super) original: S::Version,
}

/// What is said of a document that was read.
struct Document {
    raw: Digest,
    /// Where the text is valid.
    canonical: Option<Digest>,
    /// Where the catalog knows such manifests.
    version: Option<Version>,
}

impl<S: Storage> PuttingBack<'_, S> {
    /// Looks at one manifest and its backup.
    pub(super) fn look<'i>(&self, item: &'i Item) -> Slot<'i, S> {
        if self.watch.signal().is_some() {
            return not_attempted(&item.path);
        }
        let replaced = match &item.standing {
            Standing::Replaced(replaced) => replaced,
            Standing::Restored => {
                return settled(Outcome::new(item.path.clone(), Status::Current));
            }
            Standing::Not(message) => {
                let outcome = Outcome::new(item.path.clone(), Status::Refused);
                return settled(refused(outcome, Code::NotReplaced, message.clone()));
            }
        };
        let slot = self.look_at_both(&item.path, replaced);
        self.watch.looked_at();
        slot
    }

    fn look_at_both<'i>(&self, path: &TreePath, replaced: &'i Replaced) -> Slot<'i, S> {
        let mut outcome = Outcome {
            backup: Some(replaced.backup.to_string()),
            ..Outcome::new(path.clone(), Status::Pending)
        };
        let read = |bytes: &mut Vec<u8>, most| self.storage.read_small(path, bytes, most);
        let (version, manifest) = match self.read(path, read) {
            Ok(read) => read,
            Err(trouble) => return settled(troubled(outcome, gone(trouble, replaced))),
        };
        outcome.from = manifest.version;
        outcome.checksum_before = manifest.canonical;
        if manifest.raw == replaced.original {
            outcome.status = Status::Current;
            outcome.backup = None;
            return settled(outcome);
        }
        if manifest.raw != replaced.wrote {
            return settled(troubled(outcome, changed_since(replaced, manifest.raw)));
        }
        let read = |bytes: &mut Vec<u8>, _| {
            let version = self.storage.read_backup(path, &replaced.backup, bytes);
            version.map(Some)
        };
        let (original_version, original) = match self.read(path, read) {
            Ok(read) => read,
            Err(trouble) => return settled(without_backup(outcome, &trouble, replaced)),
        };
        if original.raw != replaced.original {
            let message = format!(
                "the backup `{}` does not have the bytes that operation {} found",
                replaced.backup, replaced.operation
            );
            return settled(refused(outcome, Code::BackupChanged, message));
        }
        outcome.to = original.version;
        outcome.checksum_after = original.canonical;
        if let Err(trouble) = self.storage.may_put_back(path, &version, &original_version) {
            return settled(troubled(outcome, trouble));
        }
        Slot {
            open: Some(Open {
                replaced,
                version,
                original: original_version,
            }),
            ..settled(outcome)
        }
    }

    /// Reads a document, and says what it is.
    fn read(
        &self,
        path: &TreePath,
        read: impl Fn(&mut Vec<u8>, usize) -> Result<Option<S::Version>, Diagnosis> + Sync,
    ) -> Result<(S::Version, Document), Diagnosis> {
        self.turns.take(&mut Vec::new(), |bytes, most| {
            let version = read(bytes, most).transpose()?;
            Some(version.map(|version| (version, self.document(path, bytes))))
        })
    }

    fn document(&self, path: &TreePath, bytes: &[u8]) -> Document {
        let raw = Digest::of(bytes);
        match examine(self.catalog, path.file_name(), bytes) {
            Ok(manifest) => Document {
                raw,
                canonical: Some(canonical::digest(manifest.document())),
                version: Some(manifest.version().clone()),
            },
            Err(unexamined) => Document {
                raw,
                canonical: unexamined.text.map(|text| canonical::digest(text.root())),
                version: None,
            },
        }
    }
}

impl<S: Storage> Slot<'_, S> {
    pub(super) fn was_not_attempted(&mut self) {
        if self.open.take().is_some() {
            self.outcome = Outcome {
                from: self.outcome.from.clone(),
                ..Outcome::new(self.outcome.path.clone(), Status::NotAttempted)
            };
        }
    }

    pub(super) fn fail(&mut self, trouble: Diagnosis) {
        self.outcome = troubled(self.outcome.clone(), trouble);
    }
}

fn settled<'i, S: Storage>(outcome: Outcome) -> Slot<'i, S> {
    Slot {
        outcome,
        open: None,
        announced: false,
    }
}

pub(super) fn not_attempted<'i, S: Storage>(path: &TreePath) -> Slot<'i, S> {
    settled(Outcome::new(path.clone(), Status::NotAttempted))
}

fn troubled(outcome: Outcome, trouble: Diagnosis) -> Outcome {
    Outcome {
        status: trouble.status(),
        to: None,
        checksum_before: None,
        checksum_after: None,
        trouble: Some(trouble),
        ..outcome
    }
}

fn refused(outcome: Outcome, code: Code, message: String) -> Outcome {
    Outcome {
        status: Status::Refused,
        ..troubled(outcome, Diagnosis::new(code, message))
    }
}

/// The trouble of a manifest that cannot be read, with what is left of it.
fn gone(trouble: Diagnosis, replaced: &Replaced) -> Diagnosis {
    match trouble.code {
        Code::NotFound => Diagnosis {
            message: format!(
                "the manifest is gone; operation {} kept its original as `{}`",
                replaced.operation, replaced.backup
            ),
            ..trouble
        },
        _ => trouble,
    }
}

/// The conflict of a manifest that is not what the operation wrote.
fn changed_since(replaced: &Replaced, found: Digest) -> Diagnosis {
    let by = replaced.later.as_ref().filter(|(_, wrote)| *wrote == found);
    let message = match by {
        Some((later, _)) => format!(
            "operation {later} has replaced it since operation {}; roll that back first",
            replaced.operation
        ),
        None => format!(
            "it does not have the bytes that operation {} wrote: somebody changed it since",
            replaced.operation
        ),
    };
    Diagnosis::new(Code::ChangedSince, message)
}

/// A backup cannot be read.
fn without_backup(outcome: Outcome, trouble: &Diagnosis, replaced: &Replaced) -> Outcome {
    let backup = &replaced.backup;
    let (code, message) = match (trouble.code, &replaced.pruned_by) {
        (Code::NotFound, Some(by)) => (
            Code::BackupPruned,
            format!("operation {by} removed the backup `{backup}`"),
        ),
        (Code::NotFound, None) => (
            Code::BackupMissing,
            format!("the backup `{backup}` is not there"),
        ),
        (code, _) => {
            let message = format!("the backup `{backup}`: {}", trouble.message);
            return troubled(outcome, Diagnosis::new(code, message));
        }
    };
    refused(outcome, code, message)
}
