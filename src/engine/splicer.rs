//! Applies the transforms of a route to a text, with as few splices as possible.
//! Invariant: edits are collected only as long as no transform can notice, so the result is the same as with a splice after each transform.

use super::guard::{self, GuardedMember, Safety};
use super::manifest::Manifest;
use crate::catalog::{Kind, Migration, Route};
use crate::effort::Effort;
use crate::json::{Edit, EditError, Fragment, PointerSet, Text, apply};
use crate::refusal::Refusal;
use crate::transform::{Change, NoChanges, StepError, Transform, Verb};

#[derive(Debug, Default)]
pub(super) struct Effect {
    pub(super) changes: Vec<String>,
    pub(super) changed: bool,
    pub(super) backfilled: Vec<String>,
}

/// The waiting edits of one transform.
#[derive(Debug)]
struct EditGroup {
    /// `None` for the engine, which sets the version.
    step: Option<usize>,
    start: usize,
}

pub(super) struct Splicer<'m> {
    kind: &'m Kind,
    route: &'m Route,
    effort: &'m Effort<'m>,
    steps: Vec<(&'m Migration, &'m dyn Transform)>,
    /// The effects of the transforms that are done; their number is the index of the next one.
    pub(super) effects: Vec<Effect>,
    waiting: Vec<Edit>,
    groups: Vec<EditGroup>,
    reached: PointerSet,
}

impl<'m> Splicer<'m> {
    pub(super) fn new(
        manifest: &'m Manifest<'_, '_>,
        route: &'m Route,
        effort: &'m Effort<'m>,
    ) -> Self {
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
        let mut splicer = Self {
            kind,
            route,
            effort,
            steps: steps.collect(),
            effects: Vec::new(),
            waiting: Vec::new(),
            groups: Vec::new(),
            reached: PointerSet::default(),
        };
        splicer.wait(None, vec![version]);
        splicer
    }

    pub(super) fn start(&mut self, text: &Text<'_>) -> Result<String, Refusal> {
        match self.collect(text)? {
            Some(spliced) => Ok(spliced),
            None => self.splice(text),
        }
    }

    pub(super) fn advance(&mut self, text: &Text<'_>) -> Result<Option<String>, Refusal> {
        match self.collect(text)? {
            Some(spliced) => Ok(Some(spliced)),
            None if self.waiting.is_empty() => Ok(None),
            None => self.splice(text).map(Some),
        }
    }

    /// Evaluates transforms on `text` as long as none can notice that earlier edits still wait.
    ///
    /// Returns a spliced text if a transform could only be judged by its result.
    fn collect(&mut self, text: &Text<'_>) -> Result<Option<String>, Refusal> {
        while let Some(&(migration, transform)) = self.steps.get(self.effects.len()) {
            if !self.may_be_evaluated(transform) {
                return Ok(None);
            }
            let changes = transform
                .changes_within(text.root(), self.effort)
                .map_err(|none| self.refused(migration, transform, none))?;
            let edits: Vec<Edit> = changes.iter().filter_map(Change::edit).cloned().collect();
            let overlaps = |edit| guard::reached(edit).any(|at| self.reached.overlaps(&at));
            if !self.waiting.is_empty() && edits.iter().any(overlaps) {
                // Its footprint was incomplete, so it must see the earlier edits.
                return Ok(None);
            }
            match guard::classify(self.kind, text.root(), &edits) {
                Safety::Harmless => {
                    self.wait(Some(self.effects.len()), edits);
                    self.effects.push(effect(transform, &changes));
                }
                Safety::Doubtful if self.waiting.is_empty() => {
                    let spliced = self.splice_and_compare(text, &edits)?;
                    self.effects.push(effect(transform, &changes));
                    return Ok(Some(spliced));
                }
                Safety::Doubtful => return Ok(None),
                Safety::Forbidden(member) => return Err(refusal(member, migration, transform)),
            }
        }
        Ok(None)
    }

    fn refused(
        &self,
        migration: &Migration,
        transform: &dyn Transform,
        none: NoChanges,
    ) -> Refusal {
        let (migration, transform) = (migration.to_string(), transform.name());
        let StepError { at, reason } = match none {
            NoChanges::Refused(error) => error,
            NoChanges::TooCostly => {
                let work = format!("`{transform}` of migration `{migration}`");
                return Refusal::TooCostly { work };
            }
        };
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
        self.groups.push(EditGroup { step, start });
        self.reached.extend(edits.iter().flat_map(guard::reached));
        self.waiting.extend(edits);
    }

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

    /// Splices as many groups as fit together, and goes back to the first transform that does not fit, to judge it by its own edits only.
    fn splice_less(&mut self, text: &Text<'_>, mut error: EditError) -> Result<String, Refusal> {
        for group in self.groups.iter().skip(1).rev() {
            match apply(text, &self.waiting[..group.start]) {
                Ok(spliced) => {
                    self.effects.truncate(group.step.unwrap_or(0));
                    return Ok(spliced);
                }
                Err(earlier) => error = earlier,
            }
        }
        let author = self.groups.first().and_then(|group| group.step);
        let (migration, transform) = match author.and_then(|step| self.steps.get(step)) {
            Some((migration, transform)) => (migration.to_string(), transform.name()),
            None => (self.route.to_string(), "set the version".to_owned()),
        };
        Err(Refusal::Edit {
            migration,
            transform,
            error,
        })
    }

    fn splice_and_compare(&self, text: &Text<'_>, edits: &[Edit]) -> Result<String, Refusal> {
        let (migration, transform) = self.steps[self.effects.len()];
        let spliced = apply(text, edits).map_err(|error| Refusal::Edit {
            migration: migration.to_string(),
            transform: transform.name(),
            error,
        })?;
        let after = Text::scan(spliced.as_bytes()).map_err(Refusal::Result)?;
        match guard::find_changed(self.kind, text.root(), after.root()) {
            Some(member) => Err(refusal(member, migration, transform)),
            None => Ok(spliced),
        }
    }
}

fn effect(transform: &dyn Transform, changes: &[Change]) -> Effect {
    let mut backfilled = Vec::new();
    if transform.backfill() {
        // A copy is as authoritative as its source.
        let copied = |change: &&Change| matches!(change, Change::EditAs(Verb::Copied { .. }, _));
        let made_up = changes.iter().filter(|change| !copied(change));
        for edit in made_up.filter_map(Change::edit) {
            if let Edit::Insert { at, .. } | Edit::Replace { at, .. } = edit {
                backfilled.push(at.to_string());
            }
        }
    }
    Effect {
        changes: changes.iter().map(Change::in_words).collect(),
        changed: changes.iter().any(|change| change.edit().is_some()),
        backfilled,
    }
}

fn refusal(member: GuardedMember, migration: &Migration, transform: &dyn Transform) -> Refusal {
    let GuardedMember { guard, at } = member;
    Refusal::GuardedChanged {
        guard,
        at,
        migration: migration.to_string(),
        transform: transform.name(),
    }
}
