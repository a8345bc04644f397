//! Decides which backups may be deleted: the migration of the backup, computed again, gives the manifest, and the manifest has all its values.
//!
//! Writes nothing.
//!
//! Invariant: a backup without this proof stays, with the reason.

use std::collections::HashMap;

use super::list::known;
use crate::code::{Class, Code};
use crate::digest::Digest;
use crate::engine::examine;
use crate::journal::{BackupId, Ledger, OperationId, Replacement, Witness};
use crate::json::Text;
use crate::operation::budget::SMALL;
use crate::operation::evidence::{BackupReader, KeptBytes};
use crate::operation::frame::Frame;
use crate::operation::ledger::Catalogs;
use crate::operation::walk::Visit;
use crate::path::TreePath;
use crate::proof::{Evidence, OriginalEvidence, Replay, check_history, values_lost};
use crate::report::{Backup, Diagnosis, Fate};
use crate::storage::{self, LargerDocument, ReadVersion};

/// A pruning.
#[derive(Debug, Clone, Copy)]
pub struct Prune {
    /// Only backups that were made at least so many seconds before the start.
    pub older_than_seconds: i64,
    /// True if backups with the only copy of a value are deleted, too.
    pub include_destructive: bool,
}

pub(super) struct Decider<'j> {
    pub(super) frame: &'j Frame<'j>,
    pub(super) catalogs: &'j Catalogs<'j>,
    pub(super) ledger: &'j Ledger,
    pub(super) options: Prune,
}

pub(super) struct Decided {
    pub(super) backup: Backup,
    /// Present if the backup may be deleted.
    pub(super) removable: Option<Removable>,
}

pub(super) struct Removable {
    pub(super) id: BackupId,
    pub(super) of: OperationId,
    pub(super) version: ReadVersion,
    pub(super) digest: Digest,
}

struct PruneCase<'r> {
    path: &'r TreePath,
    bytes: &'r [u8],
    witness: Option<Witness<'r>>,
    originals: &'r [OriginalEvidence<'r>],
}

impl Decider<'_> {
    pub(super) fn manifest(
        &self,
        visit: &Visit<'_>,
        backups: &[storage::BackupEntry],
        buffer: &mut Vec<u8>,
    ) -> Vec<Decided> {
        if backups.is_empty() {
            return Vec::new();
        }
        let path = visit.path;
        let stays = |diagnosis: &Diagnosis| -> Vec<Decided> {
            let all = backups.iter();
            all.map(|backup| self.stays(path, backup, diagnosis.clone()))
                .collect()
        };
        let directory = match visit.readable() {
            Ok(directory) => directory,
            Err(diagnosis) => return stays(&diagnosis),
        };
        self.frame.budget.process(buffer, |bytes, most| {
            let has_waited = most > SMALL;
            if has_waited && self.frame.watch.signal().is_some() {
                let all = backups.iter();
                return Ok(all
                    .map(|one| self.with_fate(path, one, Fate::NotAttempted))
                    .collect());
            }
            let reader = BackupReader {
                directory,
                manifest: path.name(),
                most,
            };
            match directory.read(path.name(), most, bytes)? {
                Ok(_) => self.all(path, reader, backups, bytes),
                Err(diagnosis) => Ok(stays(&diagnosis)),
            }
        })
    }

    fn stays(&self, path: &TreePath, backup: &storage::BackupEntry, why: Diagnosis) -> Decided {
        self.with_fate(path, backup, Fate::Kept(why))
    }

    fn with_fate(&self, path: &TreePath, backup: &storage::BackupEntry, fate: Fate) -> Decided {
        Decided {
            backup: Backup {
                operation: None,
                fate,
                ..known(self.ledger, path, backup)
            },
            removable: None,
        }
    }

    fn all(
        &self,
        path: &TreePath,
        reader: BackupReader<'_>,
        backups: &[storage::BackupEntry],
        bytes: &[u8],
    ) -> Result<Vec<Decided>, LargerDocument> {
        let (mut versions, mut originals) = (Vec::new(), Vec::new());
        let (mut unread, mut kept) = (HashMap::new(), KeptBytes::default());
        let again = |name: &str, into: &mut Vec<u8>| reader.again(name, into);
        for backup in backups {
            let mut text = Vec::new();
            let read = match reader.read(&backup.id, &mut text)? {
                Ok(version) => {
                    versions.push(Some(version));
                    Ok(text)
                }
                Err(diagnosis) => {
                    versions.push(None);
                    if diagnosis.code.class() == Class::Failed {
                        unread.insert(&backup.id, diagnosis.clone());
                    }
                    Err(diagnosis)
                }
            };
            originals.push(kept.original(backup.id.as_str(), read, &again));
        }
        let read = PruneCase {
            path,
            bytes,
            witness: self.ledger.witness(path),
            originals: &originals,
        };
        let all = backups.iter().enumerate().zip(versions);
        let decided = all.map(|((place, backup), version)| {
            let decided = unread.remove(&backup.id).map_or(Ok(()), Err);
            let decided = decided.and_then(|()| self.backup(&read, place));
            let decided = decided.and_then(|(of, digest)| {
                let version = version.ok_or_else(|| unrelated(backup.id.as_str()))?;
                let id = backup.id.clone();
                Ok(Removable {
                    id,
                    of,
                    version,
                    digest,
                })
            });
            match decided {
                Ok(removable) => Decided {
                    backup: Backup {
                        operation: Some(removable.of.clone()),
                        fate: Fate::Prunable,
                        ..known(self.ledger, path, backup)
                    },
                    removable: Some(removable),
                },
                Err(why) => self.stays(path, backup, why),
            }
        });
        Ok(decided.collect())
    }

    fn backup(
        &self,
        read: &PruneCase<'_>,
        place: usize,
    ) -> Result<(OperationId, Digest), Diagnosis> {
        let original = &read.originals[place];
        let witness = read.witness.as_ref();
        if let Some(changed) = changed(original, witness) {
            return Err(changed);
        }
        let replaced = original
            .replaced(witness)
            .filter(|one| one.backup == Some(original.name()) && one.is_kept)
            .ok_or_else(|| unrelated(original.name()))?;
        self.check_age(replaced)?;
        let raw = Digest::of(read.bytes);
        if !leads_to(witness, replaced, raw) {
            return Err(Diagnosis::new(
                Code::ChangedSince,
                "the manifest is not what the operation left any more",
            ));
        }
        let manifest = examine(self.frame.catalog, read.path.file_name(), read.bytes)
            .map_err(|one| Diagnosis::from(&one.refusal))?;
        let evidence = Evidence {
            raw,
            witness,
            originals: read.originals,
            is_superseded: false,
        };
        let proof = check_history(&manifest, &evidence);
        let mut of_records = proof.originals.iter();
        let record = of_records
            .position(|at| *at == Some(place))
            .and_then(|record| proof.records.get(record))
            .ok_or_else(|| unrelated(original.name()))?;
        let operation = replaced.operation.id.as_str();
        let used = replaced.operation.began.as_ref();
        let catalog = used
            .ok_or_else(|| format!("the journal of `{operation}` names no catalog"))
            .and_then(|began| self.catalogs.of(began.catalog.digest))
            .map_err(|why| Diagnosis::new(Code::NotReplayable, why))?;
        let replay = Replay {
            path: read.path,
            catalog,
            operation,
            original: original.name(),
            record,
            after: replaced.after,
        };
        let again = original.with_text(|before| replay.prove(before));
        let again = again.ok_or_else(|| unrelated(original.name()))??;
        if !self.options.include_destructive {
            let lost = if replaced.after == raw {
                original.with_text(|before| refuse_lost(&before, manifest.text()))
            } else {
                let after = Text::scan(again.as_bytes());
                let after = after
                    .map_err(|error| Diagnosis::new(error.problem.code(), error.to_string()))?;
                original.with_text(|before| refuse_lost(&before, &after))
            };
            lost.unwrap_or_else(|| Err(unrelated(original.name())))?;
        }
        Ok((replaced.operation.id.clone(), replaced.before))
    }

    fn check_age(&self, replaced: &Replacement<'_>) -> Result<(), Diagnosis> {
        let now = self.frame.request.started.unix_seconds();
        let began = replaced.operation.began.as_ref();
        let age = began.map(|began| now - began.started_at.unix_seconds());
        if age.is_some_and(|age| age >= self.options.older_than_seconds) {
            return Ok(());
        }
        let operation = &replaced.operation.id;
        Err(Diagnosis::new(
            Code::BackupTooYoung,
            format!("operation `{operation}` made it later than that"),
        ))
    }
}

/// Returns true if the current bytes are those that the operation wrote, or follow from them by later operations.
fn leads_to(witness: Option<&Witness<'_>>, replaced: &Replacement<'_>, raw: Digest) -> bool {
    let all = witness.map_or(&[][..], |witness| &witness.replaced);
    let later = all.iter().skip_while(|one| *one != replaced).skip(1);
    let mut stands = replaced.after;
    for one in later {
        if one.before == stands {
            stands = one.after;
        }
    }
    stands == raw
}

fn refuse_lost(before: &Text<'_>, after: &Text<'_>) -> Result<(), Diagnosis> {
    let Some(lost) = values_lost(before, after) else {
        return Ok(());
    };
    let (first, more) = match lost.number {
        1 => (lost.first, String::new()),
        several => (lost.first, format!(", and of {} more", several - 1)),
    };
    Err(Diagnosis::new(
        Code::OnlyCopy,
        format!("it has the only copy of the value at `{first}`{more}"),
    ))
}

/// The diagnosis of a backup whose bytes differ from the journal's.
fn changed(original: &OriginalEvidence<'_>, witness: Option<&Witness<'_>>) -> Option<Diagnosis> {
    let all = witness.map_or(&[][..], |witness| &witness.replaced);
    let is_named = |one: &&Replacement<'_>| one.is_kept && one.backup == Some(original.name());
    let mut named = all.iter().filter(is_named);
    let expected = named.next_back()?.before;
    let found = original.raw()?;
    (found != expected).then(|| {
        let message =
            format!("it has the SHA-256 {found}, expected {expected}, that of the original");
        Diagnosis::new(Code::BackupChanged, message)
    })
}

fn unrelated(name: &str) -> Diagnosis {
    Diagnosis::new(
        Code::BackupUnrelated,
        format!("no journal and no history says that `{name}` is an original"),
    )
}
