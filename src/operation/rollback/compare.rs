//! Compares one manifest and its backup, to decide whether the original can be restored.
//!
//! Invariant: an original can be restored only if both files have the bytes that the journal names.

use super::super::frame::Frame;
use super::super::walk::open_parent;
use crate::code::Code;
use crate::digest::Digest;
use crate::engine;
use crate::journal::{BackupId, Replacement};
use crate::json::{Text, canonical};
use crate::path::TreePath;
use crate::report::{Diagnosis, Outcome, Status};
use crate::storage::{self, Directory};
use crate::version::Version;

pub(super) struct Open {
    pub(super) backup: BackupId,
    pub(super) manifest: storage::Version,
    pub(super) original: storage::Version,
    pub(super) versions: (Option<Version>, Option<Version>),
}

struct Document {
    version: storage::Version,
    raw: Digest,
    /// The canonical digest, if the text is valid.
    canonical: Option<Digest>,
    /// The schema version, if the catalog knows the kind.
    declared: Option<Version>,
}

/// Examines a manifest and its backup; returns the outcome so far, and the original if it can be put back.
pub(super) fn compare(
    frame: &Frame<'_>,
    path: &TreePath,
    replaced: &Replacement<'_>,
    buffer: &mut Vec<u8>,
) -> (Outcome, Option<Open>) {
    let mut outcome = Outcome {
        backup: replaced.backup.map(str::to_owned),
        ..Outcome::new(path.clone(), Status::Pending)
    };
    match check_files(frame, path, replaced, buffer, &mut outcome) {
        Ok(open) => (outcome, open),
        Err(diagnosis) => (troubled(outcome, diagnosis), None),
    }
}

fn check_files(
    frame: &Frame<'_>,
    path: &TreePath,
    replaced: &Replacement<'_>,
    buffer: &mut Vec<u8>,
    outcome: &mut Outcome,
) -> Result<Option<Open>, Diagnosis> {
    let manifest = open_parent(frame.storage, path).and_then(|directory| {
        let read = |buffer: &mut Vec<u8>, most| directory.read(path.name(), most, buffer);
        let manifest = document(frame, path, buffer, &read)?;
        Ok((directory, manifest))
    });
    let (directory, manifest) = manifest.map_err(|diagnosis| gone(diagnosis, replaced))?;
    outcome.from.clone_from(&manifest.declared);
    outcome.checksum_before = manifest.canonical;
    if manifest.raw == replaced.before {
        outcome.status = Status::Current;
        outcome.backup = None;
        return Ok(None);
    }
    if manifest.raw != replaced.after {
        return Err(changed_since(replaced, manifest.raw));
    }
    let backup = replaced.backup.and_then(BackupId::new);
    let backup = backup.ok_or_else(|| missing(replaced))?;
    let original = read_original(frame, path, &directory, &backup, buffer)
        .map_err(|diagnosis| without_backup(diagnosis, replaced))?;
    if original.raw != replaced.before {
        let message = format!(
            "the backup `{backup}` does not have the bytes that operation {} found",
            replaced.operation.id
        );
        return Err(Diagnosis::new(Code::BackupChanged, message));
    }
    outcome.to.clone_from(&original.declared);
    outcome.checksum_after = original.canonical;
    directory.may_restore(path.name(), &manifest.version, &original.version)?;
    Ok(Some(Open {
        backup,
        manifest: manifest.version,
        original: original.version,
        versions: (manifest.declared, original.declared),
    }))
}

fn read_original(
    frame: &Frame<'_>,
    path: &TreePath,
    directory: &Directory<'_>,
    backup: &BackupId,
    buffer: &mut Vec<u8>,
) -> Result<Document, Diagnosis> {
    let name = path.name();
    let read = |buffer: &mut Vec<u8>, most| directory.read_backup(name, backup, most, buffer);
    document(frame, path, buffer, &read)
}

fn document(
    frame: &Frame<'_>,
    path: &TreePath,
    buffer: &mut Vec<u8>,
    read: &(impl Fn(&mut Vec<u8>, usize) -> Result<Option<storage::Version>, Diagnosis> + Sync),
) -> Result<Document, Diagnosis> {
    frame.large.process(buffer, |bytes, most| {
        let version = match read(bytes, most).transpose()? {
            Ok(version) => version,
            Err(diagnosis) => return Some(Err(diagnosis)),
        };
        let examined = engine::examine(frame.catalog, path.file_name(), bytes);
        let canonical = match &examined {
            Ok(manifest) => Some(canonical::digest(manifest.text().root())),
            Err(unexamined) => unexamined
                .text
                .as_ref()
                .map(Text::root)
                .map(canonical::digest),
        };
        Some(Ok(Document {
            version,
            raw: Digest::of(bytes),
            canonical,
            declared: examined.ok().map(|manifest| manifest.version().clone()),
        }))
    })
}

fn troubled(outcome: Outcome, diagnosis: Diagnosis) -> Outcome {
    // A difference between journal and files is trouble of this manifest, whatever class the code has.
    let status = match diagnosis.code {
        Code::BackupChanged | Code::BackupPruned | Code::BackupMissing => Status::Refused,
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

fn gone(diagnosis: Diagnosis, replaced: &Replacement<'_>) -> Diagnosis {
    match diagnosis.code {
        Code::NotFound => Diagnosis {
            message: format!(
                "the manifest is gone; operation {} kept its original as `{}`",
                replaced.operation.id,
                replaced.backup.unwrap_or_default()
            ),
            ..diagnosis
        },
        _ => diagnosis,
    }
}

fn changed_since(replaced: &Replacement<'_>, found: Digest) -> Diagnosis {
    let by = replaced.later.filter(|(_, wrote)| *wrote == found);
    let operation = &replaced.operation.id;
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

fn without_backup(diagnosis: Diagnosis, replaced: &Replacement<'_>) -> Diagnosis {
    let backup = replaced.backup.unwrap_or_default();
    match (diagnosis.code, replaced.pruned_by) {
        (Code::NotFound, Some(by)) => Diagnosis::new(
            Code::BackupPruned,
            format!("operation {by} removed the backup `{backup}`"),
        ),
        (Code::NotFound, None) => missing(replaced),
        _ => Diagnosis {
            message: format!("the backup `{backup}`: {}", diagnosis.message),
            ..diagnosis
        },
    }
}

fn missing(replaced: &Replacement<'_>) -> Diagnosis {
    let backup = replaced.backup.unwrap_or_default();
    Diagnosis::new(
        Code::BackupMissing,
        format!("the backup `{backup}` is not there"),
    )
}
