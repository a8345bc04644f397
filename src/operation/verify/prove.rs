//! One manifest: read, validate, and prove with all that speaks for it.
//!
//! Invariant: nothing is opened but the manifest, its backups, and files below its run directory.

use super::super::evaluate::refused;
use super::super::turns::Turns;
use super::super::witnesses::Catalogs;
use super::VerifyOptions;
use crate::catalog::{Catalog, Route};
use crate::code::Code;
use crate::digest::Digest;
use crate::engine::{Decision, Manifest, Plan, check_at_rest, examine};
use crate::proof::{
    Evidence, Original, Witnesses, check_backups, check_history, check_replay, check_run,
};
use crate::report::{Diagnosis, Outcome, Status, Verified, Watch};
use crate::storage::{Found, Storage};

/// What came of proving one manifest.
pub(super) struct Proved<'p> {
    pub(super) verified: Verified,
    /// The route of a pending manifest.
    pub(super) route: Option<&'p Route>,
    /// When a deferred manifest was modified.
    pub(super) modified: Option<i64>,
    /// Whether it has a history.
    pub(super) has_history: bool,
}

impl Proved<'_> {
    /// It was not looked at.
    pub(super) fn not_attempted(found: &Found) -> Self {
        Self::of(
            Outcome::new(found.path.clone(), Status::NotAttempted),
            Vec::new(),
        )
    }

    /// Whether anything in it could come of an operation that has written since the journals were read.
    pub(super) fn differs_from_journals(&self) -> bool {
        let codes = [
            Code::BytesDifferFromJournal,
            Code::BackupMissing,
            Code::BackupChanged,
            Code::BackupUnrelated,
            Code::NotFound,
        ];
        let findings = &self.verified.findings;
        findings.iter().any(|finding| codes.contains(&finding.code))
    }

    fn of(outcome: Outcome, findings: Vec<Diagnosis>) -> Self {
        Self {
            verified: Verified { outcome, findings },
            route: None,
            modified: None,
            has_history: false,
        }
    }

    /// It could not be taken for a manifest at all.
    fn troubled(found: &Found, trouble: Diagnosis, mut findings: Vec<Diagnosis>) -> Self {
        findings.push(trouble.clone());
        Self::of(Outcome::troubled(found.path.clone(), trouble), findings)
    }
}

/// What all proofs of one operation share.
pub(super) struct Prover<'w, 'o, S: Storage> {
    pub(super) storage: &'o S,
    pub(super) catalog: &'o Catalog,
    pub(super) plan: &'o Plan<'o>,
    pub(super) options: &'o VerifyOptions,
    pub(super) witnesses: &'w Witnesses,
    pub(super) catalogs: &'o Catalogs<'o>,
    pub(super) watch: &'o dyn Watch,
    pub(super) turns: &'w Turns,
}

impl<'o, S: Storage> Prover<'_, 'o, S> {
    /// Proves one manifest. `buffer` is scratch space.
    pub(super) fn prove(&self, found: &Found, buffer: &mut Vec<u8>) -> Proved<'o> {
        if self.watch.signal().is_some() {
            return Proved::not_attempted(found);
        }
        if let Some(trouble) = &found.trouble {
            return Proved::troubled(found, trouble.clone(), Vec::new());
        }
        let proved = self.turns.take(buffer, |buffer, most| {
            let read = self.storage.read_small(&found.path, buffer, most);
            Some(self.prove_read(found, buffer, read.transpose()?))
        });
        if self.watch.signal().is_some() {
            // It may not have been looked at to the end.
            return Proved::not_attempted(found);
        }
        proved
    }

    fn prove_read(
        &self,
        found: &Found,
        buffer: &[u8],
        read: Result<S::Version, Diagnosis>,
    ) -> Proved<'o> {
        let version = match read {
            Ok(version) => version,
            Err(trouble) => return Proved::troubled(found, trouble, Vec::new()),
        };
        let raw = Digest::of(buffer);
        let witness = self.witnesses.of(&found.path);
        let left = witness.and_then(|witness| witness.check(raw, self.witnesses));
        let mut findings: Vec<Diagnosis> = left.into_iter().collect();
        let manifest = match examine(self.catalog, found.path.file_name(), buffer) {
            Ok(manifest) => manifest,
            Err(unexamined) => {
                findings.extend(self.backups(found, raw));
                return Proved::troubled(found, refused(&unexamined.refusal), findings);
            }
        };
        let mut proved = self.decided(found, &manifest);
        if proved.verified.outcome.status == Status::Deferred {
            proved.modified = Some(self.storage.modified(&version));
        }
        findings.append(&mut proved.verified.findings);
        findings.extend(rules(&manifest));
        findings.extend(self.history(found, &manifest, raw));
        findings.extend(self.run(found, &manifest));
        proved.verified.findings = findings;
        proved
    }

    /// What a plan says of it.
    fn decided(&self, found: &Found, manifest: &Manifest<'_, '_>) -> Proved<'o> {
        let (status, route, trouble) = match self.plan.decide(manifest) {
            Ok(Decision::Current) => (Status::Current, None, None),
            Ok(Decision::Ahead) => (Status::Ahead, None, None),
            Ok(Decision::Deferred { .. }) => (Status::Deferred, None, None),
            Ok(Decision::Pending(route)) => (Status::Pending, Some(route), None),
            Err(refusal) => {
                let trouble = refused(&refusal);
                (trouble.status(), None, Some(trouble))
            }
        };
        let findings = trouble.clone().into_iter().collect();
        let outcome = Outcome {
            from: Some(manifest.version().clone()),
            to: route.map(|route| route.to().clone()),
            trouble,
            ..Outcome::new(found.path.clone(), status)
        };
        Proved {
            route,
            has_history: manifest.history_len() > 0,
            ..Proved::of(outcome, findings)
        }
    }

    /// Proves the history, with the backups where anything speaks of some.
    fn history(&self, found: &Found, manifest: &Manifest<'_, '_>, raw: Digest) -> Vec<Diagnosis> {
        if manifest.history_len() == 0 && !self.was_replaced(found) {
            return Vec::new();
        }
        self.with_evidence(found, raw, |evidence| {
            let mut proof = check_history(manifest, evidence);
            if self.options.replay {
                proof.findings.extend(check_replay(
                    &found.path,
                    &manifest.kind().history,
                    &proof,
                    evidence,
                    self.witnesses,
                    &|digest| self.catalogs.of(digest),
                ));
            }
            proof.findings
        })
    }

    /// Proves the backups of a manifest that cannot be read itself: somebody will want to restore it.
    fn backups(&self, found: &Found, raw: Digest) -> Vec<Diagnosis> {
        if self.was_replaced(found) {
            self.with_evidence(found, raw, check_backups)
        } else {
            Vec::new()
        }
    }

    fn was_replaced(&self, found: &Found) -> bool {
        let witness = self.witnesses.of(&found.path);
        witness.is_some_and(|witness| !witness.replaced.is_empty())
    }

    /// Reads what stands beside a manifest under backup names.
    fn with_evidence(
        &self,
        found: &Found,
        raw: Digest,
        check: impl FnOnce(&Evidence<'_>) -> Vec<Diagnosis>,
    ) -> Vec<Diagnosis> {
        let backups = match self.storage.backups(&found.path) {
            Ok(backups) => backups,
            Err(trouble) => return vec![trouble],
        };
        let read = |name: String| {
            let mut bytes = Vec::new();
            let read = self.storage.read_backup(&found.path, &name, &mut bytes);
            (name, read.map(|_| bytes))
        };
        let read: Vec<_> = backups
            .into_iter()
            .map(|backup| read(backup.name))
            .collect();
        let originals: Vec<_> = read.iter().map(original).collect();
        check(&Evidence {
            raw,
            witness: self.witnesses.of(&found.path),
            originals: &originals,
        })
    }

    /// Proves the run directory, unless its writer is still at work in it.
    fn run(&self, found: &Found, manifest: &Manifest<'_, '_>) -> Vec<Diagnosis> {
        let (kind, document) = (manifest.kind(), manifest.document());
        let mut deferring = kind.deferred_when.iter();
        let is_deferred = deferring.any(|when| when.applies(document).is_some());
        match &kind.snapshots {
            Some(rules) if self.options.snapshots && !is_deferred => {
                check_run(&found.path, document, rules, &|name, feed| {
                    // However long a file is, a signal ends the look at it.
                    let mut piece_by_piece = |piece: &[u8]| {
                        feed(piece);
                        self.watch.signal().is_none()
                    };
                    let storage = self.storage;
                    storage.read_below(&found.path, name, &mut piece_by_piece)
                })
            }
            _ => Vec::new(),
        }
    }
}

/// What the schema and the rules of its version say of it.
fn rules(manifest: &Manifest<'_, '_>) -> Vec<Diagnosis> {
    let document = manifest.document();
    let verdict = check_at_rest(manifest.kind(), manifest.version(), document);
    verdict.failures.iter().map(Diagnosis::from).collect()
}

/// A backup as it was read.
fn original((name, read): &(String, Result<Vec<u8>, Diagnosis>)) -> Original<'_> {
    match read {
        Ok(bytes) => Original::new(name, bytes),
        Err(trouble) => Original::unread(name, trouble.message.clone()),
    }
}
