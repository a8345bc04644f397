//! Compares one manifest and its backup, to decide whether the original can be restored.
//!
//! Invariant: an original can be restored only if both files have the bytes that the journal names.

use super::super::frame::Frame;
use super::super::walk::open_parent;
use crate::code::Code;
use crate::digest::Digest;
use crate::engine;
use crate::journal::{BackupId, Replacement};
use crate::json::canonical;
use crate::path::TreePath;
use crate::report::{Diagnosis, Outcome, Status};
use crate::storage::{self, Directory, LargerDocument, Property};
use crate::version::Version;

pub(super) struct Restorable {
    pub(super) manifest: storage::ReadVersion,
    pub(super) original: storage::ReadVersion,
    pub(super) versions: (Option<Version>, Option<Version>),
}

struct ReadDocument {
    version: storage::ReadVersion,
    raw: Digest,
    /// The canonical digest, if the text is valid.
    canonical: Option<Digest>,
    /// The schema version, if the catalog knows the kind.
    declared: Option<Version>,
}

/// One manifest and the operation that replaced it.
pub(super) struct Comparison<'c> {
    pub(super) frame: &'c Frame<'c>,
    pub(super) path: &'c TreePath,
    pub(super) replaced: &'c Replacement<'c>,
    /// The backup that the operation made.
    pub(super) backup: &'c BackupId,
    pub(super) allow_changed_metadata: bool,
}

/// The properties that a restored manifest must have again.
const RESTORED: &[Property] = &[
    Property::Mode,
    Property::Owner,
    Property::Modified,
    Property::Attributes,
];

impl Comparison<'_> {
    /// Examines a manifest and its backup; returns the outcome so far, and the original if it can be put back.
    pub(super) fn compare(&self, buffer: &mut Vec<u8>) -> (Outcome, Option<Restorable>) {
        let mut outcome = Outcome {
            backup: Some(self.backup.clone()),
            ..Outcome::new(self.path.clone(), Status::Pending)
        };
        match self.check_files(&mut outcome, buffer) {
            Ok(open) => (outcome, open),
            Err(diagnosis) => (troubled(outcome, diagnosis), None),
        }
    }

    fn check_files(
        &self,
        outcome: &mut Outcome,
        buffer: &mut Vec<u8>,
    ) -> Result<Option<Restorable>, Diagnosis> {
        let (replaced, name) = (self.replaced, self.path.name());
        let found = open_parent(self.frame.storage, self.path, Ok).and_then(|directory| {
            let manifest = self.document(buffer, |bytes, most| directory.read(name, most, bytes));
            Ok((manifest?, directory))
        });
        let (manifest, directory) = found.map_err(|diagnosis| self.gone(diagnosis))?;
        outcome.from.clone_from(&manifest.declared);
        outcome.checksum_before = manifest.canonical;
        if manifest.raw == replaced.before {
            outcome.status = Status::Current;
            outcome.backup = None;
            return Ok(None);
        }
        if manifest.raw != replaced.after {
            return Err(self.changed_since(manifest.raw));
        }
        let backup = self.backup;
        let read = |bytes: &mut Vec<u8>, most| directory.read_backup(name, backup, most, bytes);
        let original = self.document(buffer, read);
        let original = original.map_err(|diagnosis| self.without_backup(diagnosis))?;
        if original.raw != replaced.before {
            let message = format!(
                "the backup `{backup}` does not have the bytes that operation {} found",
                replaced.operation.id
            );
            return Err(Diagnosis::new(Code::BackupChanged, message));
        }
        outcome.to.clone_from(&original.declared);
        outcome.checksum_after = original.canonical;
        directory.may_restore(name, &manifest.version, &original.version)?;
        self.check_metadata(&directory, &original.version)?;
        Ok(Some(Restorable {
            manifest: manifest.version,
            original: original.version,
            versions: (manifest.declared, original.declared),
        }))
    }

    fn check_metadata(
        &self,
        directory: &Directory<'_>,
        original: &storage::ReadVersion,
    ) -> Result<(), Diagnosis> {
        let recorded = self.replaced.memo;
        let Some(recorded) = recorded.filter(|_| !self.allow_changed_metadata) else {
            return Ok(());
        };
        let differences = directory.compare(original, recorded, RESTORED)?;
        if differences.is_empty() {
            return Ok(());
        }
        let words: Vec<String> = differences.into_iter().map(|one| one.words).collect();
        let message = format!(
            "the backup `{}` has the bytes of the original, but {}",
            self.backup,
            words.join("; ")
        );
        Err(Diagnosis::new(Code::BackupMetadataChanged, message))
    }

    fn document(
        &self,
        buffer: &mut Vec<u8>,
        read: impl Fn(
            &mut Vec<u8>,
            usize,
        ) -> Result<Result<storage::ReadVersion, Diagnosis>, LargerDocument>,
    ) -> Result<ReadDocument, Diagnosis> {
        self.frame.budget.process(buffer, |bytes, most| {
            let version = match read(bytes, most)? {
                Ok(version) => version,
                Err(diagnosis) => return Ok(Err(diagnosis)),
            };
            let examined = engine::examine(self.frame.catalog, self.path.file_name(), bytes);
            let text = match &examined {
                Ok(manifest) => Some(manifest.text()),
                Err(unexamined) => unexamined.text.as_ref(),
            };
            Ok(Ok(ReadDocument {
                version,
                raw: Digest::of(bytes),
                canonical: text.map(|text| canonical::digest(text.root())),
                declared: examined.ok().map(|manifest| manifest.version().clone()),
            }))
        })
    }

    fn gone(&self, diagnosis: Diagnosis) -> Diagnosis {
        match diagnosis.code {
            Code::NotFound => Diagnosis {
                message: format!(
                    "the manifest is gone; operation {} kept its original as `{}`",
                    self.replaced.operation.id, self.backup
                ),
                ..diagnosis
            },
            _ => diagnosis,
        }
    }

    fn changed_since(&self, found: Digest) -> Diagnosis {
        let by = self.replaced.later.filter(|(_, wrote)| *wrote == found);
        let operation = &self.replaced.operation.id;
        let message = match by {
            Some((later, _)) => format!(
                "operation {later} has replaced it since operation {operation}; roll that back first"
            ),
            None => format!(
                "it does not have the bytes that operation {operation} wrote: somebody changed it since"
            ),
        };
        Diagnosis::new(Code::ChangedSince, message)
    }

    fn without_backup(&self, diagnosis: Diagnosis) -> Diagnosis {
        let backup = self.backup;
        match (diagnosis.code, self.replaced.pruned_by) {
            (Code::NotFound, Some(by)) => Diagnosis::new(
                Code::BackupPruned,
                format!("operation {by} removed the backup `{backup}`"),
            ),
            (Code::NotFound, None) => self.missing(),
            _ => Diagnosis {
                message: format!("the backup `{backup}`: {}", diagnosis.message),
                ..diagnosis
            },
        }
    }

    fn missing(&self) -> Diagnosis {
        let message = format!("the backup `{}` is not there", self.backup);
        Diagnosis::new(Code::BackupMissing, message)
    }
}

fn troubled(outcome: Outcome, diagnosis: Diagnosis) -> Outcome {
    // A difference between journal and files is trouble of this manifest, whatever class the code has.
    let status = match diagnosis.code {
        Code::BackupChanged
        | Code::BackupMetadataChanged
        | Code::BackupPruned
        | Code::BackupMissing => Status::Refused,
        _ => diagnosis.status(),
    };
    Outcome {
        status,
        to: None,
        checksum_before: None,
        checksum_after: None,
        trouble: Some(diagnosis),
        ..outcome
    }
}
