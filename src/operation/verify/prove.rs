//! One manifest: read, examine, and prove with all that speaks for it.
//!
//! Invariant: nothing is opened but the manifest, its backups, and files below its run directory.

use super::metadata::{Compared, File};
use crate::catalog::Route;
use crate::code::Code;
use crate::digest::{Digest, Hasher};
use crate::effort::EffortLimits;
use crate::engine::{Manifest, Pipeline, Plan, check_at_rest, examine};
use crate::journal::{BackupId, Ledger, Replacement, Witness};
use crate::operation::evidence::{BackupReader, KeptBytes};
use crate::operation::frame::Frame;
use crate::operation::ledger::Catalogs;
use crate::operation::walk::Visit;
use crate::path::TreePath;
use crate::proof::{
    Evidence, check_backups, check_history, check_identity, check_replay, check_run, is_superseded,
};
use crate::report::{Diagnosis, Enforcement, Outcome, Status, Verified};
use crate::storage::{Directory, LargerDocument, ReadVersion};

/// A verification. A limit in the selection is a number of manifests, whatever is to be done with them.
#[derive(Debug, Clone, Copy)]
pub struct Verify {
    /// True if run directories and their input snapshots are examined.
    pub snapshots: bool,
    /// True if migrations are computed again.
    pub replay: bool,
}

pub(super) struct Proved<'p> {
    pub(super) verified: Verified,
    pub(super) route: Option<&'p Route>,
    /// When a deferred manifest was modified.
    pub(super) modified: Option<i64>,
    pub(super) has_history: bool,
    /// The SHA-256 of its bytes, if they could be read.
    pub(super) raw: Option<Digest>,
    /// The files whose mode, owner and so on were compared with the journals.
    pub(super) compared: Vec<Compared>,
}

impl Proved<'_> {
    pub(super) fn not_attempted(path: &TreePath) -> Self {
        let outcome = Outcome::new(path.clone(), Status::NotAttempted);
        Self::of(outcome, Vec::new())
    }

    /// Returns true if an operation that has written since the journals were read could explain a difference.
    pub(super) fn differs_from_journals(&self) -> bool {
        let codes = [
            Code::BytesDifferFromJournal,
            Code::BackupMissing,
            Code::BackupChanged,
            Code::BackupUnrelated,
            Code::NotFound,
        ];
        let findings = &self.verified.findings;
        // Where names cannot be exchanged, an operation at work gives files a second name.
        findings.iter().any(|finding| codes.contains(&finding.code))
            || self.compared.iter().any(Compared::has_second_name)
    }

    fn of(outcome: Outcome, findings: Vec<Diagnosis>) -> Self {
        Self {
            verified: Verified { outcome, findings },
            route: None,
            modified: None,
            has_history: false,
            raw: None,
            compared: Vec::new(),
        }
    }

    fn troubled(path: &TreePath, trouble: Diagnosis, mut findings: Vec<Diagnosis>) -> Self {
        findings.push(trouble.clone());
        Self::of(Outcome::troubled(path.clone(), trouble), findings)
    }
}

pub(super) struct Prover<'l, 'p> {
    pub(super) frame: &'p Frame<'p>,
    pub(super) plan: &'p Plan<'p>,
    pub(super) options: Verify,
    pub(super) ledger: &'l Ledger,
    pub(super) catalogs: &'p Catalogs<'p>,
}

struct ManifestToProve<'r> {
    path: &'r TreePath,
    directory: &'r Directory<'r>,
    version: ReadVersion,
    bytes: &'r [u8],
    raw: Digest,
    /// The most bytes that a backup may have.
    most: usize,
}

/// The result of looking at the backups of a manifest.
#[derive(Default)]
struct CheckedBackups {
    findings: Vec<Diagnosis>,
    compared: Vec<Compared>,
    is_superseded: bool,
}

impl<'p> Prover<'_, 'p> {
    pub(super) fn prove(&self, visit: &Visit<'_>, buffer: &mut Vec<u8>) -> Proved<'p> {
        let (path, watch) = (visit.path, self.frame.watch);
        if watch.signal().is_some() {
            return Proved::not_attempted(path);
        }
        let directory = match &visit.directory {
            Ok(directory) => *directory,
            Err(trouble) => return Proved::troubled(path, trouble.clone(), Vec::new()),
        };
        let proved = self.frame.budget.process(buffer, |bytes, most| {
            if watch.signal().is_some() {
                // It may have come while this document waited for its turn.
                return Ok(Proved::not_attempted(path));
            }
            match directory.read(path.name(), most, bytes)? {
                Err(trouble) => Ok(Proved::troubled(path, trouble, Vec::new())),
                Ok(version) => self.prove_read(&ManifestToProve {
                    path,
                    directory,
                    version,
                    raw: Digest::of(bytes),
                    bytes,
                    most,
                }),
            }
        });
        watch.looked_at();
        if watch.signal().is_some() {
            // A signal may have ended it early.
            return Proved::not_attempted(path);
        }
        proved
    }

    fn prove_read(&self, read: &ManifestToProve<'_>) -> Result<Proved<'p>, LargerDocument> {
        let left = self.left(read);
        let mut findings: Vec<Diagnosis> = rescued(read).collect();
        let catalog = self.frame.catalog;
        let manifest = match examine(catalog, read.path.file_name(), read.bytes) {
            Ok(manifest) => manifest,
            Err(unexamined) => {
                let checked = self.backups(read)?;
                findings.extend(left);
                findings.extend(checked.findings);
                let trouble = Diagnosis::from(&unexamined.refusal);
                return Ok(Proved {
                    compared: checked.compared,
                    raw: Some(read.raw),
                    ..Proved::troubled(read.path, trouble, findings)
                });
            }
        };
        let mut proved = self.decided(read, &manifest);
        findings.append(&mut proved.verified.findings);
        let limits = EffortLimits::watched(self.frame.watch);
        let effort = limits.of(read.bytes.len());
        let at_rest = check_at_rest(
            manifest.kind(),
            manifest.version(),
            manifest.document(),
            &effort,
        );
        findings.extend(at_rest.failures.iter().map(Diagnosis::from));
        let run = self.run(read, &manifest);
        let is_sound = findings.iter().chain(&run).all(Diagnosis::is_note);
        let checked = self.history(read, &manifest, (left.is_some(), is_sound))?;
        if checked.is_superseded {
            findings.insert(0, superseded());
        } else {
            findings.splice(0..0, left);
        }
        findings.extend(checked.findings);
        findings.extend(run);
        match self.manifest_metadata(read) {
            Ok(compared) => proved.compared.extend(compared),
            Err(trouble) => findings.push(trouble),
        }
        proved.compared.extend(checked.compared);
        proved.raw = Some(read.raw);
        proved.verified.findings = findings;
        Ok(proved)
    }

    fn left(&self, read: &ManifestToProve<'_>) -> Option<Diagnosis> {
        let last = self.ledger.witness(read.path)?.last?;
        (last.is_certain && last.digest != read.raw).then(|| {
            let (found, left, operation) = (read.raw, last.digest, &last.operation.id);
            Diagnosis::new(
                Code::BytesDifferFromJournal,
                format!("its bytes have the SHA-256 {found}, expected {left}, as operation `{operation}` left it"),
            )
        })
    }

    fn decided(&self, read: &ManifestToProve<'_>, manifest: &Manifest<'_, '_>) -> Proved<'p> {
        let pipeline = Pipeline {
            plan: self.plan,
            now: self.frame.request.now,
            rules: Enforcement::AsWritten,
            effort: EffortLimits::watched(self.frame.watch),
            tree: None,
        };
        let product = pipeline.decide(manifest);
        let findings = product.trouble.clone().into_iter().collect();
        let outcome = Outcome {
            from: Some(manifest.version().clone()),
            to: product.route.map(|route| route.to().clone()),
            trouble: product.trouble,
            ..Outcome::new(read.path.clone(), product.status)
        };
        let is_deferred = product.status == Status::Deferred;
        Proved {
            route: product.route,
            modified: is_deferred.then_some(read.version.modified),
            has_history: manifest.history_len() > 0,
            ..Proved::of(outcome, findings)
        }
    }

    /// Compares a migrated manifest with what it took over from its original.
    fn manifest_metadata(&self, read: &ManifestToProve<'_>) -> Result<Option<Compared>, Diagnosis> {
        let witness = self.ledger.witness(read.path);
        let left = witness.as_ref().and_then(|witness| {
            let (last, replaced) = (witness.last?, witness.replaced.last()?);
            let is_its = last.operation.id == replaced.operation.id;
            (is_its && last.is_certain && last.digest == read.raw).then_some(replaced)
        });
        let Some((replaced, recorded)) = left.and_then(|left| Some((left, left.memo?))) else {
            return Ok(None);
        };
        let file = File::Manifest;
        let differences = read
            .directory
            .compare(&read.version, recorded, file.properties())?;
        Ok(Some(Compared {
            operation: replaced.operation.id.clone(),
            file,
            differences,
        }))
    }

    /// `differs` says whether it is not what the last operation left, `is_sound` whether it is a sound document all the same.
    fn history(
        &self,
        read: &ManifestToProve<'_>,
        manifest: &Manifest<'_, '_>,
        (differs, is_sound): (bool, bool),
    ) -> Result<CheckedBackups, LargerDocument> {
        if manifest.history_len() == 0 && !self.was_replaced(read.path) && !differs {
            return Ok(CheckedBackups::default());
        }
        self.with_evidence(read, |evidence| {
            let catalog = self.frame.catalog;
            evidence.is_superseded =
                differs && is_sound && is_superseded(manifest, read.path, catalog, evidence);
            let mut proof = check_history(manifest, evidence);
            if self.options.replay {
                proof.findings.extend(check_replay(
                    (read.path, &manifest.kind().history),
                    &proof,
                    evidence,
                    &|digest| self.catalogs.of(digest),
                ));
            }
            proof.findings
        })
    }

    /// Checks the backups of a manifest that cannot be read, because they are needed to restore it.
    fn backups(&self, read: &ManifestToProve<'_>) -> Result<CheckedBackups, LargerDocument> {
        if self.was_replaced(read.path) {
            self.with_evidence(read, |evidence| check_backups(evidence))
        } else {
            Ok(CheckedBackups::default())
        }
    }

    fn was_replaced(&self, path: &TreePath) -> bool {
        let witness = self.ledger.witness(path);
        witness.is_some_and(|witness| !witness.replaced.is_empty())
    }

    fn with_evidence(
        &self,
        read: &ManifestToProve<'_>,
        check: impl FnOnce(&mut Evidence<'_>) -> Vec<Diagnosis>,
    ) -> Result<CheckedBackups, LargerDocument> {
        let name = read.path.name();
        let backups = match read.directory.backups(name) {
            Ok(backups) => backups,
            Err(trouble) => {
                return Ok(CheckedBackups {
                    findings: vec![trouble],
                    ..CheckedBackups::default()
                });
            }
        };
        let witness = self.ledger.witness(read.path);
        let (mut compared, mut troubles) = (Vec::new(), Vec::new());
        let (reader, mut kept) = (read.reader(), KeptBytes::default());
        let again = |name: &str, into: &mut Vec<u8>| reader.again(name, into);
        let mut originals = Vec::with_capacity(backups.len());
        for backup in &backups {
            let mut bytes = Vec::new();
            let found = reader.read(&backup.id, &mut bytes)?;
            if let (Ok(version), Some(witness)) = (&found, &witness) {
                match backup_metadata(read.directory, witness, &backup.id, (version, &bytes)) {
                    Ok(one) => compared.extend(one),
                    Err(trouble) => troubles.push(trouble),
                }
            }
            originals.push(kept.original(backup.id.as_str(), found.map(|_| bytes), &again));
        }
        let mut evidence = Evidence {
            raw: read.raw,
            witness: witness.as_ref(),
            originals: &originals,
            is_superseded: false,
        };
        let mut findings = check(&mut evidence);
        findings.append(&mut troubles);
        Ok(CheckedBackups {
            is_superseded: evidence.is_superseded,
            findings,
            compared,
        })
    }

    fn run(&self, read: &ManifestToProve<'_>, manifest: &Manifest<'_, '_>) -> Vec<Diagnosis> {
        let (kind, document) = (manifest.kind(), manifest.document());
        let mut deferring = kind.deferred_when.iter();
        let is_deferred = deferring.any(|when| when.applies(document).is_some());
        match &kind.snapshots {
            Some(rules) if self.options.snapshots && !is_deferred => {
                check_run(read.path, document, rules, &|name, feed| {
                    // A signal ends the reading of a large file.
                    let mut piece_by_piece = |piece: &[u8]| {
                        feed(piece);
                        self.frame.watch.signal().is_none()
                    };
                    read.directory.read_below(name, &mut piece_by_piece)
                })
            }
            // Without the files, the identity at least.
            Some(rules) if !is_deferred => check_identity(document, rules),
            _ => Vec::new(),
        }
    }
}

fn superseded() -> Diagnosis {
    let message = "a producer wrote it anew after the last operation";
    Diagnosis::new(Code::Superseded, message)
}

/// The files that recovery kept beside the manifest and that nobody has dealt with.
fn rescued(read: &ManifestToProve<'_>) -> impl Iterator<Item = Diagnosis> {
    let rescued = read.directory.rescued(read.path.name()).into_iter();
    rescued.map(|name| {
        let mut hasher = Hasher::new();
        let found = read.directory.read_below(&name, &mut |piece| {
            hasher.update(piece);
            true
        });
        let found = match found {
            Ok(()) => format!("the SHA-256 {}", hasher.finish()),
            Err(_) => "bytes that cannot be read".to_owned(),
        };
        let message =
            format!("`{name}` beside it, with {found}, may be the only copy of somebody's version");
        Diagnosis::new(Code::Rescued, message)
    })
}

impl<'r> ManifestToProve<'r> {
    fn reader(&self) -> BackupReader<'r> {
        BackupReader {
            directory: self.directory,
            manifest: self.path.name(),
            most: self.most,
        }
    }
}

/// Compares a backup with what its journal says of the original, if it must be there and has the original's bytes.
fn backup_metadata(
    directory: &Directory<'_>,
    witness: &Witness<'_>,
    backup: &BackupId,
    (version, bytes): (&ReadVersion, &[u8]),
) -> Result<Option<Compared>, Diagnosis> {
    let its = |one: &&Replacement<'_>| one.is_kept && one.backup == Some(backup.as_str());
    let replaced = witness.replaced.iter().rfind(its);
    let Some((replaced, recorded)) = replaced.and_then(|one| Some((one, one.memo?))) else {
        return Ok(None);
    };
    let file = File::Backup(backup.clone());
    let differences = directory.compare(version, recorded, file.properties())?;
    // Other bytes are a finding already, and who wrote them changed the time, too.
    let is_original = differences.is_empty() || Digest::of(bytes) == replaced.before;
    Ok(is_original.then(|| Compared {
        operation: replaced.operation.id.clone(),
        file,
        differences,
    }))
}
