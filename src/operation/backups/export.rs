//! Export: copies backups to a directory outside the tree.
//!
//! Invariant: an existing copy with the same bytes is not written again, so a repeated export completes an interrupted one.

use super::list::{self, beside, known};
use crate::code::Code;
use crate::digest::Digest;
use crate::journal::Ledger;
use crate::operation::frame::Frame;
use crate::operation::walk::Visit;
use crate::outside::{CopyOutcome, ExportDirectory, Original};
use crate::path::TreePath;
use crate::report::{Backup, Diagnosis, Fate, Sink, Summary};
use crate::storage;

/// Copies the backups beside the selected manifests to `directory`, reporting each result to `sink`.
pub fn export(frame: &Frame<'_>, directory: &ExportDirectory, sink: &mut dyn Sink) -> Summary {
    list::report(frame, sink, &|ledger, visit, buffer| {
        let copying = Exporter {
            frame,
            directory,
            ledger,
        };
        copying.manifest(visit, buffer)
    })
}

struct Exporter<'c> {
    frame: &'c Frame<'c>,
    directory: &'c ExportDirectory,
    ledger: &'c Ledger,
}

impl Exporter<'_> {
    fn manifest(&self, visit: &Visit<'_>, buffer: &mut Vec<u8>) -> Result<Vec<Backup>, Diagnosis> {
        let backups = beside(self.frame, visit)?;
        let is_over = || self.frame.watch.signal().is_some();
        let copied = backups.iter().map(|backup| {
            let mut reported = known(self.ledger, visit.path, backup);
            if is_over() {
                reported.fate = Fate::NotAttempted;
                return reported;
            }
            let copied = self.copy(visit, backup, &mut reported, buffer);
            reported.fate = match copied {
                Ok(CopyOutcome::Made) => Fate::Copied,
                Ok(CopyOutcome::Present) => Fate::Present,
                Err(diagnosis) => Fate::Failed(diagnosis),
            };
            reported
        });
        Ok(copied.collect())
    }

    fn copy(
        &self,
        visit: &Visit<'_>,
        backup: &storage::BackupEntry,
        reported: &mut Backup,
        buffer: &mut Vec<u8>,
    ) -> Result<CopyOutcome, Diagnosis> {
        let (path, directory) = (visit.path, visit.directory.clone()?);
        let name = reported.name.as_str();
        let (digest, copied) = self.frame.budget.process(buffer, |bytes, most| {
            let read = directory.read_backup(path.name(), &backup.id, most, bytes)?;
            Ok(read.map(|version| {
                let digest = Digest::of(bytes);
                let checked = check(self.ledger, path, name, digest);
                let original = Original {
                    bytes,
                    digest,
                    attributes: version.attributes,
                };
                let copy = || self.directory.copy(path, name, &original);
                (digest, checked.and_then(|()| copy()))
            }))
        })?;
        reported.digest = Some(digest);
        copied
    }
}

fn check(ledger: &Ledger, path: &TreePath, name: &str, digest: Digest) -> Result<(), Diagnosis> {
    let witness = ledger.witness(path);
    let all = witness.iter().flat_map(|witness| witness.replaced.iter());
    let mut named = all.filter(|one| one.is_kept && one.backup == Some(name));
    match named.next_back() {
        Some(one) if one.before != digest => Err(Diagnosis::new(
            Code::BackupChanged,
            format!(
                "it has the SHA-256 {digest}, expected {}, that of the original",
                one.before
            ),
        )),
        _ => Ok(()),
    }
}
