//! Batches: the transforms of a route on a text, with as few splices as give the same bytes.
//!
//! Evaluates, guards and splices; knows neither checksums nor history records.
//!
//! Invariant: edits wait for each other only where no transform could tell the difference, so the result is the one of splicing after each.

use super::engine;
use super::guard::{self, Look, Violation};
use super::{Change, StepError, Transform, Verb};
use crate::catalog::{Kind, Migration, Route};
use crate::json::{Edit, EditError, Fragment, PointerSet, Text, apply};
use crate::manifest::Manifest;
use crate::refusal::Refusal;

/// What one transform did.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) changes: Vec<String>,
    /// Whether it changed anything.
    pub(super) changed: bool,
    pub(super) backfilled: Vec<String>,
}

/// Edits of one author among those that wait to be spliced.
#[derive(Debug)]
struct Group {
    /// The transform, or `None` for the engine, which sets the version.
    step: Option<usize>,
    /// Where its edits begin.
    start: usize,
}

/// The transforms of a route, and how far they have come.
pub(super) struct Batches<'m> {
    kind: &'m Kind,
    route: &'m Route,
    steps: Vec<(&'m Migration, &'m dyn Transform)>,
    /// What the transforms before the next one did.
    pub(super) done: Vec<Done>,
    waiting: Vec<Edit>,
    groups: Vec<Group>,
    /// The places that waiting edits reach.
    reached: PointerSet,
}

impl<'m> Batches<'m> {
    pub(super) fn new(manifest: &'m Manifest<'_>, route: &'m Route) -> Self {
        let steps = route.migrations().iter().flat_map(|migration| {
            let transforms = migration.transforms.iter();
            transforms.map(move |transform| (&**migration, &**transform))
        });
        let kind = manifest.kind();
        let (at, value) = (
            kind.version.clone(),
            Fragment::string(&route.to().to_string()),
        );
        let version = if manifest.version_is_declared() {
            Edit::Replace { at, value }
        } else {
            Edit::Insert { at, value }
        };
        let mut batches = Self {
            kind,
            route,
            steps: steps.collect(),
            done: Vec::new(),
            waiting: Vec::new(),
            groups: Vec::new(),
            reached: PointerSet::default(),
        };
        batches.wait(None, vec![version]);
        batches
    }

    /// The text with the version set, and with what the first transforms do.
    pub(super) fn start(&mut self, text: &Text<'_>) -> Result<String, Refusal> {
        match self.collect(text)? {
            Some(spliced) => Ok(spliced),
            None => self.splice(text),
        }
    }

    /// The text with what the next transforms do, or `None` if there is no more to do.
    pub(super) fn advance(&mut self, text: &Text<'_>) -> Result<Option<String>, Refusal> {
        match self.collect(text)? {
            Some(spliced) => Ok(Some(spliced)),
            None if self.waiting.is_empty() => Ok(None),
            None => self.splice(text).map(Some),
        }
    }

    /// Evaluates transforms on `text` for as long as they cannot tell that edits of others are still waiting.
    ///
    /// Returns the spliced text where a transform had to be spliced at once to be judged.
    fn collect(&mut self, text: &Text<'_>) -> Result<Option<String>, Refusal> {
        while let Some(&(migration, transform)) = self.steps.get(self.done.len()) {
            if !self.may_be_evaluated(transform) {
                return Ok(None);
            }
            let changes = transform
                .changes(text.root())
                .map_err(|error| self.refused(migration, transform, error))?;
            let edits: Vec<Edit> = changes.iter().filter_map(Change::edit).cloned().collect();
            let mut reached = edits.iter().flat_map(guard::reached);
            if !self.waiting.is_empty() && reached.any(|at| self.reached.overlaps(&at)) {
                // It said too little about itself: it must see what the others do.
                return Ok(None);
            }
            match guard::look(self.kind, text.root(), &edits) {
                Look::Harmless => {
                    self.wait(Some(self.done.len()), edits);
                    self.done.push(done(transform, &changes));
                }
                Look::Doubtful if self.waiting.is_empty() => {
                    let spliced = self.splice_and_compare(text, &edits)?;
                    self.done.push(done(transform, &changes));
                    return Ok(Some(spliced));
                }
                Look::Doubtful => return Ok(None),
                Look::Wrong(violation) => return Err(refusal(violation, migration, transform)),
            }
        }
        Ok(None)
    }

    fn refused(
        &self,
        migration: &Migration,
        transform: &dyn Transform,
        error: StepError,
    ) -> Refusal {
        let (migration, transform) = (migration.to_string(), transform.name());
        let StepError { at, reason } = error;
        if self.route.is_down() {
            return Refusal::DowngradeLossy {
                migration,
                transform,
                at,
                reason,
            };
        }
        Refusal::Step {
            migration,
            transform,
            at,
            reason,
        }
    }

    fn may_be_evaluated(&self, transform: &dyn Transform) -> bool {
        self.waiting.is_empty()
            || transform
                .footprint()
                .is_some_and(|footprint| !footprint.iter().any(|at| self.reached.overlaps(at)))
    }

    fn wait(&mut self, step: Option<usize>, edits: Vec<Edit>) {
        if edits.is_empty() {
            return;
        }
        let start = self.waiting.len();
        self.groups.push(Group { step, start });
        self.reached.extend(edits.iter().flat_map(guard::reached));
        self.waiting.extend(edits);
    }

    /// Splices what waits.
    fn splice(&mut self, text: &Text<'_>) -> Result<String, Refusal> {
        let spliced = match apply(text, &self.waiting) {
            Ok(spliced) => spliced,
            Err(error) => self.splice_less(text, error)?,
        };
        self.waiting.clear();
        self.groups.clear();
        self.reached.clear();
        Ok(spliced)
    }

    /// Splices as many groups as go together, and returns to the transform after them: it is judged by its own edits only.
    fn splice_less(&mut self, text: &Text<'_>, mut error: EditError) -> Result<String, Refusal> {
        for group in self.groups.iter().skip(1).rev() {
            match apply(text, &self.waiting[..group.start]) {
                Ok(spliced) => {
                    self.done.truncate(group.step.unwrap_or(0));
                    return Ok(spliced);
                }
                Err(earlier) => error = earlier,
            }
        }
        let author = self.groups.first().and_then(|group| group.step);
        let (migration, transform) = match author.and_then(|step| self.steps.get(step)) {
            Some((migration, transform)) => (migration.to_string(), transform.name()),
            None => (engine::whole(self.route), "set the version".to_owned()),
        };
        Err(Refusal::Edit {
            migration,
            transform,
            error,
        })
    }

    /// Splices the edits of the next transform and lets the bytes tell whether a guarded member is touched.
    fn splice_and_compare(&self, text: &Text<'_>, edits: &[Edit]) -> Result<String, Refusal> {
        let (migration, transform) = self.steps[self.done.len()];
        let spliced = apply(text, edits).map_err(|error| Refusal::Edit {
            migration: migration.to_string(),
            transform: transform.name(),
            error,
        })?;
        let after = Text::scan(spliced.as_bytes()).map_err(Refusal::Result)?;
        match guard::compare(self.kind, text.root(), after.root()) {
            Some(violation) => Err(refusal(violation, migration, transform)),
            None => Ok(spliced),
        }
    }
}

fn done(transform: &dyn Transform, changes: &[Change]) -> Done {
    let mut backfilled = Vec::new();
    if transform.backfill() {
        // What was copied is as authoritative as it was.
        let copied = |change: &&Change| matches!(change, Change::EditAs(Verb::Copied { .. }, _));
        let made_up = changes.iter().filter(|change| !copied(change));
        for edit in made_up.filter_map(Change::edit) {
            if let Edit::Insert { at, .. } | Edit::Replace { at, .. } = edit {
                backfilled.push(at.to_string());
            }
        }
    }
    Done {
        changes: changes.iter().map(Change::in_words).collect(),
        changed: changes.iter().any(|change| change.edit().is_some()),
        backfilled,
    }
}

fn refusal(violation: Violation, migration: &Migration, transform: &dyn Transform) -> Refusal {
    let (migration, transform) = (migration.to_string(), transform.name());
    match violation {
        Violation::Immutable(at) => Refusal::ImmutableChanged {
            at,
            migration,
            transform,
        },
        Violation::Protected(at) => Refusal::ProtectedChanged {
            at,
            migration,
            transform,
        },
        Violation::Engine(at) => Refusal::EngineMemberChanged {
            at,
            migration,
            transform,
        },
    }
}
