//! One manifest: read, validate, decide, transform, and stage if the operation writes.
//!
//! Invariant: a manifest is transformed and validated whole before anything of it is written.

use std::cell::OnceCell;
use std::sync::atomic::{AtomicU64, Ordering};

use super::as_planned::{self, Executing, Standing};
use super::first_pass::Judged;
use super::migrate::{Depth, Options};
use super::settle::Settling;
use super::survey::Answer;
use super::turns::Turns;
use super::writing::Writing;
use crate::catalog::{Catalog, Route};
use crate::code::Code;
use crate::digest::Digest;
use crate::engine::{
    Decision, Manifest, Migrated, Plan, check_after, check_before, check_transform, examine,
    transform, transform_inspected,
};
use crate::json::Value;
use crate::plan::PlanEntry;
use crate::refusal::Refusal;
use crate::report::{Diagnosis, Difference, Outcome, Status, Watch};
use crate::storage::{Found, Guard, ReadError, Replacement, Storage, Transaction};

/// How many new bytes one batch may stage, or keep for differences.
const BATCH_BYTES: u64 = 64 * 1024 * 1024;

/// Staged replacements of a storage.
pub(super) type StagedOf<S> =
    <<<S as Storage>::Guard as Guard>::Transaction as Transaction>::Staged;

/// What came of looking at one manifest.
pub(super) struct Evaluated<'p, T> {
    pub(super) outcome: Outcome,
    /// The route of a pending manifest.
    pub(super) route: Option<&'p Route>,
    /// When a deferred manifest was modified.
    pub(super) modified: Option<i64>,
    /// The new file, where the operation writes.
    pub(super) staged: Option<T>,
    /// Whether it has to wait for the next batch, because this one is full.
    pub(super) postponed: bool,
    /// What it answers to the survey.
    pub(super) answer: Option<Box<Answer>>,
    /// What somebody should know of it.
    pub(super) notices: Vec<Diagnosis>,
}

impl<T> Evaluated<'_, T> {
    fn settled(outcome: Outcome) -> Self {
        Self {
            outcome,
            route: None,
            modified: None,
            staged: None,
            postponed: false,
            answer: None,
            notices: Vec::new(),
        }
    }
}

/// What all evaluations of one operation share.
pub(super) struct Evaluation<'o, S: Storage> {
    pub(super) storage: &'o S,
    pub(super) catalog: &'o Catalog,
    pub(super) plan: &'o Plan<'o>,
    /// The plan from a file that is executed, where one is.
    pub(super) executing: Option<Executing>,
    pub(super) options: &'o Options,
    pub(super) writing: &'o Writing<'o, S>,
    pub(super) watch: &'o dyn Watch,
    /// What the first pass found, where there was one.
    pub(super) judged: Option<&'o Judged>,
    pub(super) turns: Turns,
    /// Bytes staged, or kept for differences, in the batch at work.
    pub(super) staged_bytes: AtomicU64,
}

impl<'o, S: Storage> Evaluation<'o, S> {
    /// Looks at one manifest. The `first` of a batch is never postponed. `buffer` is scratch space.
    pub(super) fn evaluate(
        &self,
        found: &Found,
        depth: Depth,
        first: bool,
        buffer: &mut Vec<u8>,
    ) -> Evaluated<'o, StagedOf<S>> {
        let new = |status| Outcome::new(found.path.clone(), status);
        if self.watch.signal().is_some() || self.writing.has_stopped() {
            return Evaluated::settled(new(Status::NotAttempted));
        }
        if !first && self.staged_bytes.load(Ordering::Relaxed) > BATCH_BYTES {
            return Evaluated {
                postponed: true,
                ..Evaluated::settled(new(Status::NotAttempted))
            };
        }
        if let Some(trouble) = &found.trouble {
            return Evaluated::settled(Outcome::troubled(found.path.clone(), trouble.clone()));
        }
        // Decided again where the lock had to be taken first: what was read before it may have changed.
        loop {
            let began = self.writing.has_begun();
            let evaluated = self.turns.take(buffer, |buffer, most| {
                let read = self.storage.read_small(&found.path, buffer, most);
                Some(self.look(found, depth, buffer, read.transpose()?))
            });
            let must_write =
                evaluated.route.is_some() && depth == Depth::Write && evaluated.staged.is_none();
            if !must_write || evaluated.outcome.trouble.is_some() {
                return evaluated;
            }
            if began || self.writing.begin().is_none() {
                return Evaluated::settled(new(Status::NotAttempted));
            }
        }
    }

    fn look(
        &self,
        found: &Found,
        depth: Depth,
        buffer: &[u8],
        read: Result<S::Version, Diagnosis>,
    ) -> Evaluated<'o, StagedOf<S>> {
        let troubled = |trouble| Evaluated::settled(Outcome::troubled(found.path.clone(), trouble));
        let version = match read {
            Ok(version) => version,
            Err(trouble) => return troubled(trouble),
        };
        let expected = match self.standing(found, buffer) {
            None => None,
            Some(Standing::AsPlanned(expected)) => Some(expected),
            Some(Standing::Done(version)) => {
                return Evaluated::settled(Outcome {
                    from: Some(version),
                    ..Outcome::new(found.path.clone(), Status::Current)
                });
            }
            Some(Standing::Drifted(trouble)) => return troubled(trouble),
        };
        let manifest = match examine(self.catalog, found.path.file_name(), buffer) {
            Ok(manifest) => manifest,
            Err(unexamined) => return troubled(refused(&unexamined.refusal)),
        };
        let answer = self.options.survey.ask(&manifest);
        let read = Read {
            digest: OnceCell::new(),
            found,
            bytes: buffer,
            version,
            expected,
        };
        let decided = self.decide_on(&read, depth, &manifest);
        Evaluated { answer, ..decided }
    }

    /// Decides on a manifest that was read, and takes it along if it is pending.
    fn decide_on(
        &self,
        read: &Read<'_, S::Version>,
        depth: Depth,
        manifest: &Manifest<'_, '_>,
    ) -> Evaluated<'o, StagedOf<S>> {
        let known = |status| Outcome {
            from: Some(manifest.version().clone()),
            ..Outcome::new(read.found.path.clone(), status)
        };
        let in_trouble = |trouble: Diagnosis| Outcome {
            trouble: Some(trouble.clone()),
            ..known(trouble.status())
        };
        let route = match self.plan.decide(manifest) {
            Err(refusal) => return Evaluated::settled(in_trouble(refused(&refusal))),
            Ok(Decision::Current) => return Evaluated::settled(known(Status::Current)),
            Ok(Decision::Ahead) => return Evaluated::settled(known(Status::Ahead)),
            Ok(Decision::Deferred { .. }) => {
                return Evaluated {
                    modified: Some(self.storage.modified(&read.version)),
                    ..Evaluated::settled(known(Status::Deferred))
                };
            }
            Ok(Decision::Pending(route)) => route,
        };
        if let Err(trouble) = self.storage.replaceable(&read.version) {
            return Evaluated::settled(in_trouble(trouble));
        }
        let pending = Evaluated {
            route: Some(route),
            ..Evaluated::settled(Outcome {
                to: Some(route.to().clone()),
                ..known(Status::Pending)
            })
        };
        self.take_along(read, manifest, route, depth, pending)
            .unwrap_or_else(|error| {
                Evaluated::settled(match error {
                    ReadError::Trouble(trouble) => in_trouble(trouble),
                    ReadError::Stop(stop) => {
                        self.writing.stop(stop);
                        known(Status::NotAttempted)
                    }
                })
            })
    }

    /// What the plan that is executed says of a manifest, where one is.
    fn standing(&self, found: &Found, bytes: &[u8]) -> Option<Standing> {
        let executing = self.executing.as_ref()?;
        Some(executing.compare(&found.path, bytes, self.plan))
    }

    /// Transforms a pending manifest as far as `depth` goes, and stages it where there is something to write into.
    fn take_along(
        &self,
        read: &Read<'_, S::Version>,
        manifest: &Manifest<'_, '_>,
        route: &'o Route,
        depth: Depth,
        mut pending: Evaluated<'o, StagedOf<S>>,
    ) -> Result<Evaluated<'o, StagedOf<S>>, ReadError> {
        let transaction = match depth {
            Depth::Decide => return Ok(pending),
            Depth::Write => self.writing.transaction(),
            Depth::Rehearse | Depth::Predict | Depth::Difference => None,
        };
        let mut settling = Settling::new(&read.found.path, self.options.rules);
        let is_text_wanted = transaction.is_some()
            || matches!(depth, Depth::Predict | Depth::Difference)
            || read.expected.is_some();
        let migrated = self
            .transform(read, manifest, route, is_text_wanted, &mut settling)
            .map_err(ReadError::Trouble)?;
        pending.notices = settling.notices();
        if let (Some(expected), Some(migrated)) = (read.expected, &migrated) {
            as_planned::check_result(expected, migrated).map_err(ReadError::Trouble)?;
        }
        if transaction.is_none() {
            self.storage
                .has_place(&read.found.path, &read.version, read.bytes)
                .map_err(ReadError::Trouble)?;
        }
        let Some(migrated) = migrated else {
            return Ok(pending);
        };
        let before = read.digest();
        pending.outcome.digest_before = Some(before);
        pending.outcome.checksum_before = Some(migrated.checksum_before);
        pending.outcome.checksum_after = Some(migrated.checksum_after);
        if let Some(transaction) = transaction {
            let size = migrated.text.len() as u64;
            self.staged_bytes.fetch_add(size, Ordering::Relaxed);
            pending.staged = Some(transaction.stage(&Replacement {
                path: &read.found.path,
                version: &read.version,
                before,
                bytes: migrated.text.as_bytes(),
            })?);
        } else if depth == Depth::Difference {
            let both = (read.bytes.len() + migrated.text.len()) as u64;
            self.staged_bytes.fetch_add(both, Ordering::Relaxed);
            pending.outcome.diff = Some(Box::new(Difference {
                before: manifest.text().as_str().to_owned(),
                after: migrated.text,
            }));
        }
        Ok(pending)
    }

    /// Takes a manifest along its route and holds it against schemas and rules; gives what came of it where that `is_text_wanted`.
    fn transform(
        &self,
        read: &Read<'_, S::Version>,
        manifest: &Manifest<'_, '_>,
        route: &Route,
        is_text_wanted: bool,
        settling: &mut Settling<'_>,
    ) -> Result<Option<Migrated>, Diagnosis> {
        let is_silent = match self.judged {
            Some(judged) => judged.check(&read.found.path, read.digest(), settling)?,
            None => false,
        };
        let (kind, document) = (manifest.kind(), manifest.document());
        let refuse = |refusal| refused(&refusal);
        if is_silent {
            // The first pass has asked everything, and rehearsed this very text.
            return is_text_wanted
                .then(|| transform(manifest, route, self.options.now))
                .transpose()
                .map_err(refuse);
        }
        settling
            .take(check_before(kind, manifest.version(), document))
            .map_err(refuse)?;
        let inspect =
            |after: Value<'_>| settling.take(check_after(kind, route.to(), document, after));
        if is_text_wanted {
            let now = self.options.now;
            return transform_inspected(manifest, route, now, inspect)
                .map(Some)
                .map_err(refuse);
        }
        check_transform(manifest, route, inspect).map_err(refuse)?;
        Ok(None)
    }
}

/// A manifest that was read.
struct Read<'r, V> {
    digest: OnceCell<Digest>,
    found: &'r Found,
    bytes: &'r [u8],
    version: V,
    /// What the plan that is executed says of it.
    expected: Option<PlanEntry>,
}

impl<V> Read<'_, V> {
    /// The SHA-256 of what was read.
    fn digest(&self) -> Digest {
        *self.digest.get_or_init(|| Digest::of(self.bytes))
    }
}

/// The trouble that a refusal is.
pub(super) fn refused(refusal: &Refusal) -> Diagnosis {
    Diagnosis::new(refusal.code(), refusal.to_string())
}

/// The trouble of a manifest for which no way to replace it was found.
pub(super) fn no_way() -> Diagnosis {
    Diagnosis::new(
        Code::IoError,
        "no way to replace it works on this file system".to_owned(),
    )
}
