//! Visits one manifest while its directory is open: reads it, takes it through the pipeline, and hands it to the storage if the operation writes.
//!
//! Invariant: a manifest is handed over only after it is transformed and validated completely.

use std::cell::OnceCell;
use std::sync::{Arc, OnceLock};

use super::execution::Execution;
use super::facts::{ExaminedManifest, FirstPassFacts, Pending};
use super::options::{Detail, Migrate};
use crate::catalog::Route;
use crate::code::Code;
use crate::digest::Digest;
use crate::effort::EffortLimits;
use crate::engine::{
    DocumentFacts, Manifest, PendingFacts, Pipeline, Plan, Product, Until, examine,
};
use crate::operation::frame::{Frame, Writing};
use crate::operation::survey;
use crate::operation::walk::Visit;
use crate::path::TreePath;
use crate::report::{Diagnosis, Difference, Outcome, Status};
use crate::storage::{Answer, Directory, ReadVersion, ReplaceManifest, StorageChange};

#[derive(Clone, Copy)]
pub(in crate::operation) enum Mode<'m> {
    DryRun(Detail),
    /// Find the first manifest to be written.
    Preview,
    Write(&'m Writing),
}

impl Mode<'_> {
    fn until(self) -> Until {
        match self {
            Self::DryRun(Detail::Versions) => Until::Decided,
            Self::DryRun(Detail::Outcomes) | Self::Preview => Until::Checked,
            Self::DryRun(Detail::Checksums | Detail::Differences) | Self::Write(_) => {
                Until::Transformed
            }
        }
    }
}

pub(super) struct VisitedManifest<'p> {
    pub(super) outcome: Outcome,
    pub(super) route: Option<&'p Route>,
    /// When a deferred manifest was modified.
    pub(super) modified: Option<i64>,
    /// The storage's answer, if it was handed over.
    pub(super) answer: Option<Arc<OnceLock<Answer>>>,
    pub(super) survey: Option<Box<survey::SurveyedManifest>>,
    pub(super) warnings: Vec<Diagnosis>,
    pub(super) kept_bytes: usize,
    /// True if its difference is to be made once more when it is reported, because there was no room.
    pub(super) is_postponed: bool,
    /// The findings for a first pass.
    pass_input: Option<Box<PassInput>>,
}

struct PassInput {
    pending: Option<Digest>,
    facts: DocumentFacts,
    halts: bool,
}

impl VisitedManifest<'_> {
    pub(super) fn of(outcome: Outcome) -> Self {
        Self {
            outcome,
            route: None,
            modified: None,
            answer: None,
            survey: None,
            warnings: Vec::new(),
            kept_bytes: 0,
            is_postponed: false,
            pass_input: None,
        }
    }

    pub(super) fn not_attempted(path: &TreePath) -> Self {
        Self::of(Outcome::new(path.clone(), Status::NotAttempted))
    }

    pub(super) fn troubled(path: &TreePath, diagnosis: Diagnosis) -> Self {
        Self::of(Outcome::troubled(path.clone(), diagnosis))
    }
}

pub(in crate::operation) struct Visitor<'v> {
    pub(super) frame: &'v Frame<'v>,
    pub(super) options: &'v Migrate,
    pub(in crate::operation) pipeline: Pipeline<'v>,
    pub(super) execution: Option<&'v Execution>,
    pub(in crate::operation) pass_facts: Option<&'v FirstPassFacts>,
    /// True if the storage is asked whether a pending manifest can be replaced.
    pub(in crate::operation) asks_permission: bool,
    /// True if differences are kept without a limit in bytes.
    pub(super) keeps_all: bool,
}

impl<'v> Visitor<'v> {
    pub(in crate::operation) fn new(
        frame: &'v Frame<'v>,
        options: &'v Migrate,
        plan: &'v Plan<'v>,
    ) -> Self {
        Self {
            frame,
            options,
            pipeline: Pipeline {
                plan,
                now: frame.request.now,
                rules: options.rules,
                effort: EffortLimits::watched(frame.watch),
                tree: None,
            },
            execution: None,
            pass_facts: None,
            asks_permission: true,
            keeps_all: false,
        }
    }

    pub(in crate::operation) fn foretell(
        &self,
        visit: &Visit<'_>,
        buffer: &mut Vec<u8>,
    ) -> (Outcome, Vec<Diagnosis>) {
        let visited = self.visit(visit, Mode::DryRun(Detail::Differences), buffer);
        (visited.outcome, visited.warnings)
    }

    pub(super) fn visit(
        &self,
        visit: &Visit<'_>,
        mode: Mode<'_>,
        buffer: &mut Vec<u8>,
    ) -> VisitedManifest<'v> {
        let path = visit.path;
        if self.frame.watch.signal().is_some() {
            return VisitedManifest::not_attempted(path);
        }
        let directory = match visit.readable() {
            Ok(directory) => directory,
            Err(diagnosis) => return VisitedManifest::troubled(path, diagnosis),
        };
        self.frame.budget.process(buffer, |bytes, most| {
            if self.frame.watch.signal().is_some() {
                // It may have come while this document waited for its turn.
                return Ok(VisitedManifest::not_attempted(path));
            }
            let read = directory.read(path.name(), most, bytes)?;
            let read = read.map(|version| OpenedManifest {
                path,
                directory,
                version,
                bytes,
                digest: OnceCell::new(),
            });
            Ok(match read {
                Ok(read) => self.examine(read, mode),
                Err(diagnosis) => VisitedManifest::troubled(path, diagnosis),
            })
        })
    }

    pub(super) fn foresee(&self, visit: &Visit<'_>, buffer: &mut Vec<u8>) -> ExaminedManifest {
        let visited = self.visit(visit, Mode::Preview, buffer);
        self.frame.watch.looked_at();
        let is_clean = visited.warnings.is_empty() && visited.outcome.trouble.is_none();
        let mut examined = ExaminedManifest {
            path: visited.outcome.path,
            is_selected: true,
            pending: None,
            facts: DocumentFacts::default(),
            trouble: visited.outcome.trouble,
            halts: false,
        };
        if let Some(input) = visited.pass_input {
            examined.pending = input.pending.map(|digest| Pending { digest, is_clean });
            examined.facts = input.facts;
            examined.halts = input.halts;
        }
        examined
    }

    fn examine(&self, read: OpenedManifest<'_>, mode: Mode<'_>) -> VisitedManifest<'v> {
        let path = read.path;
        let done = self.execution.map_or(Ok(None), |execution| {
            execution.compare(path, read.bytes, self.pipeline.plan)
        });
        match done {
            Ok(None) => {}
            Ok(Some(version)) => {
                return VisitedManifest::of(Outcome {
                    from: Some(version),
                    ..Outcome::new(path.clone(), Status::Current)
                });
            }
            Err(diagnosis) => return VisitedManifest::troubled(path, diagnosis),
        }
        let manifest = match examine(self.frame.catalog, path.file_name(), read.bytes) {
            Ok(manifest) => manifest,
            Err(one) => return VisitedManifest::troubled(path, Diagnosis::from(&one.refusal)),
        };
        let mut visited = self.take_through(read, &manifest, mode);
        visited.survey = self.options.survey.ask(&manifest);
        visited
    }

    fn take_through(
        &self,
        read: OpenedManifest<'_>,
        manifest: &Manifest<'_, '_>,
        mode: Mode<'_>,
    ) -> VisitedManifest<'v> {
        let until = match self.execution {
            // The result is compared with the plan's.
            Some(_) => Until::Transformed,
            None => mode.until(),
        };
        let mut product = self.pipeline.run(manifest, until, || self.admit(&read));
        let is_unchecked = |trouble: &Diagnosis| trouble.code == Code::TooCostly;
        if product.trouble.as_ref().is_some_and(is_unchecked) && self.frame.watch.signal().is_some()
        {
            // The signal ended the work on it.
            return VisitedManifest::not_attempted(read.path);
        }
        let known = |status| Outcome {
            from: Some(manifest.version().clone()),
            ..Outcome::new(read.path.clone(), status)
        };
        let mut visited = VisitedManifest::of(known(product.status));
        if self.pipeline.tree.is_some() {
            visited.pass_input = Some(Box::new(PassInput {
                pending: product.route.map(|_| read.digest()),
                facts: std::mem::take(&mut product.verdicts.facts),
                halts: product.verdicts.halts,
            }));
        }
        if product.status == Status::Deferred {
            visited.modified = Some(read.version.modified);
        }
        if let Some(diagnosis) = product.trouble {
            visited.outcome.trouble = Some(diagnosis);
            return visited;
        }
        let Product {
            route: Some(route),
            migrated,
            verdicts,
            ..
        } = product
        else {
            return visited;
        };
        visited.route = Some(route);
        visited.outcome.to = Some(route.to().clone());
        let warnings = verdicts.warnings.into_iter();
        let warnings = warnings.map(|(code, message)| Diagnosis::new(code, message));
        visited.warnings = warnings.map(|one| one.at(read.path.clone())).collect();
        let Some(migrated) = migrated else {
            return visited;
        };
        if let Some(execution) = self.execution
            && let Err(diagnosis) = execution.check_result(read.path, route, &migrated)
        {
            return VisitedManifest::of(Outcome {
                trouble: Some(diagnosis.clone()),
                ..known(diagnosis.status())
            });
        }
        visited.outcome.digest_before = Some(read.digest());
        visited.outcome.checksum_before = Some(migrated.checksum_before);
        visited.outcome.checksum_after = Some(migrated.checksum_after);
        match mode {
            Mode::Write(writing) => hand_over(writing, read, migrated.text.as_bytes(), visited),
            Mode::DryRun(Detail::Differences) => {
                let before = manifest.text().as_str();
                self.keep_difference(before, migrated.text, visited)
            }
            Mode::DryRun(_) | Mode::Preview => visited,
        }
    }

    /// Checks that the storage can replace a pending manifest, and that its bytes are those of the first pass.
    fn admit(&self, read: &OpenedManifest<'_>) -> Result<PendingFacts<'v>, Diagnosis> {
        if self.asks_permission {
            let digest = || read.digest();
            let name = read.path.name();
            read.directory.may_replace(name, &read.version, &digest)?;
        }
        let Some(pass_facts) = self.pass_facts else {
            return Ok(PendingFacts::default());
        };
        let pending = pass_facts.pending(read.path, read.digest());
        pending.ok_or_else(|| {
            let message = "it is not what it was when the rules over the tree were checked";
            Diagnosis::new(Code::ChangedMeanwhile, message)
        })
    }

    fn keep_difference(
        &self,
        before: &str,
        after: String,
        mut visited: VisitedManifest<'v>,
    ) -> VisitedManifest<'v> {
        let bytes = before.len() + after.len();
        let is_room = self.frame.reserve(bytes);
        visited.kept_bytes = if is_room { bytes } else { 0 };
        visited.is_postponed = !is_room && !self.keeps_all;
        if !visited.is_postponed {
            let before = before.to_owned();
            visited.outcome.diff = Some(Box::new(Difference { before, after }));
        }
        visited
    }
}

fn hand_over<'v>(
    writing: &Writing,
    read: OpenedManifest<'_>,
    bytes: &[u8],
    mut visited: VisitedManifest<'v>,
) -> VisitedManifest<'v> {
    let replace = ReplaceManifest {
        path: read.path,
        before: read.digest(),
        version: read.version,
        bytes,
        versions: (visited.outcome.from.clone(), visited.outcome.to.clone()),
    };
    visited.answer = writing.ask(StorageChange::ReplaceManifest(replace));
    if visited.answer.is_none() {
        visited.outcome = Outcome {
            from: visited.outcome.from,
            ..Outcome::new(read.path.clone(), Status::NotAttempted)
        };
    }
    visited
}

struct OpenedManifest<'r> {
    path: &'r TreePath,
    directory: &'r Directory<'r>,
    version: ReadVersion,
    bytes: &'r [u8],
    digest: OnceCell<Digest>,
}

impl OpenedManifest<'_> {
    fn digest(&self) -> Digest {
        *self.digest.get_or_init(|| Digest::of(self.bytes))
    }
}
