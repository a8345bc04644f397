//! A step together with the frames around it: a transform.
//! Invariant: a placed step changes only the places that its step states.

use std::sync::Arc;

use super::contract::{Direction, Step, StepPlace};
use super::parsed::StepFrame;
use super::view::{EVERY, View, elements, scope};
use crate::effort::{Effort, EffortLimits, TooCostly, Work};
use crate::json::{Pointer, Value};
use crate::transform::{Change, NoChanges, NoInverse, StepError, Transform};

/// A step at one place takes about as long as so many questions of a schema.
const QUESTIONS_OF_VIEW: u64 = 20;

#[derive(Debug, Clone)]
pub(crate) struct PlacedStep {
    name: &'static str,
    frames: Vec<StepFrame>,
    step: Arc<Step>,
    /// The longest part of a pointer of the step that ends in `*`.
    pub(super) scope: Vec<String>,
    /// The reason why it cannot be undone, or not in this place.
    irreversible: Option<&'static str>,
}

impl PlacedStep {
    pub(super) fn new(name: &'static str, frames: Vec<StepFrame>, step: Step) -> Self {
        let scopes = step.places.iter().map(|place| scope(&place.at));
        let longest = scopes.max_by_key(|scope| scope.len()).unwrap_or_default();
        Self {
            name,
            frames,
            scope: longest.to_vec(),
            irreversible: step.irreversible,
            step: Arc::new(step),
        }
    }

    pub(super) fn without_inverse(mut self, reason: &'static str) -> Self {
        self.irreversible = Some(reason);
        self
    }

    /// The places of the step, relative to the frames around it.
    pub(super) fn own_places(&self) -> &[StepPlace] {
        &self.step.places
    }

    pub(super) fn absolute(&self, at: &Pointer) -> Pointer {
        base(&self.frames).join(at.tokens())
    }

    pub(super) fn conditions(&self) -> impl Iterator<Item = Pointer> {
        let frames = self.frames.iter().enumerate();
        frames.filter_map(|(count, frame)| match frame {
            StepFrame::When(condition) => {
                Some(base(&self.frames[..count]).join(condition.at.tokens()))
            }
            StepFrame::ForEach(_) => None,
        })
    }

    fn visit(
        &self,
        document: Value<'_>,
        direction: Direction,
        effort: &Effort<'_>,
    ) -> Result<Vec<Change>, NoChanges> {
        let (mut changes, mut is_too_costly) = (Vec::new(), false);
        let visited = self.visit_inside(&self.frames, &View::of(document), &mut |view| {
            let first = changes.len();
            changes.extend((self.step.changes)(view, direction)?);
            let mut new = changes[first..].iter();
            let taken = effort
                .take(Work::Questions, QUESTIONS_OF_VIEW)
                .and_then(|()| new.try_for_each(|change| change.take(document, effort)));
            taken.map_err(|TooCostly| {
                is_too_costly = true;
                too_costly()
            })
        });
        match visited {
            Err(_) if is_too_costly => Err(NoChanges::TooCostly),
            Err(error) => Err(NoChanges::Refused(error)),
            Ok(()) => Ok(changes),
        }
    }

    fn all(&self, document: Value<'_>, direction: Direction) -> Result<Vec<Change>, StepError> {
        let effort = EffortLimits::default().of(document.raw().len());
        let changes = self.visit(document, direction, &effort);
        changes.map_err(|none| match none {
            NoChanges::Refused(error) => error,
            NoChanges::TooCostly => too_costly(),
        })
    }

    fn visit_inside(
        &self,
        frames: &[StepFrame],
        view: &View<'_>,
        apply: &mut dyn FnMut(&View<'_>) -> Result<(), StepError>,
    ) -> Result<(), StepError> {
        match frames.split_first() {
            None => view.each(&self.scope, &mut |view| apply(view)),
            Some((StepFrame::ForEach(at), inner)) => view
                .each(elements(at).tokens(), &mut |view| {
                    self.visit_inside(inner, &view.inner(), apply)
                }),
            Some((StepFrame::When(condition), inner))
                if condition.test.holds(view.get(&condition.at)) =>
            {
                self.visit_inside(inner, view, apply)
            }
            Some((StepFrame::When(_), _)) => Ok(()),
        }
    }
}

fn base(frames: &[StepFrame]) -> Pointer {
    let arrays = frames.iter().filter_map(|frame| match frame {
        StepFrame::ForEach(at) => Some(elements(at)),
        StepFrame::When(_) => None,
    });
    arrays.fold(Pointer::root(), |base, elements| {
        base.join(elements.tokens())
    })
}

impl Transform for PlacedStep {
    fn name(&self) -> String {
        match self.step.places.first() {
            Some(place) => format!("{} {}", self.name, self.absolute(&place.at)),
            None => self.name.to_owned(),
        }
    }

    fn changes(&self, document: Value<'_>) -> Result<Vec<Change>, StepError> {
        self.all(document, Direction::Up)
    }

    fn changes_within(
        &self,
        document: Value<'_>,
        effort: &Effort<'_>,
    ) -> Result<Vec<Change>, NoChanges> {
        self.visit(document, Direction::Up, effort)
    }

    fn footprint(&self) -> Option<Vec<Pointer>> {
        let places = self.places().into_iter();
        Some(places.map(before_every).collect())
    }

    fn places(&self) -> Vec<Pointer> {
        let places = self
            .step
            .places
            .iter()
            .map(|place| self.absolute(&place.at));
        places.chain(self.conditions()).collect()
    }

    fn destroys(&self) -> Option<&'static str> {
        self.step.destroys
    }

    fn backfill(&self) -> bool {
        self.step.backfill
    }

    fn inverse(&self) -> Result<Box<dyn Transform>, NoInverse> {
        match self.irreversible {
            Some(reason) => Err(NoInverse { reason }),
            None => Ok(Box::new(UndoneStep(self.clone()))),
        }
    }
}

fn too_costly() -> StepError {
    StepError {
        at: Pointer::root(),
        reason: "would take too many changes".to_owned(),
    }
}

fn before_every(pointer: Pointer) -> Pointer {
    let names = pointer.tokens();
    match names.iter().position(|name| name == EVERY) {
        Some(first) => Pointer::root().join(&names[..first]),
        None => pointer,
    }
}

#[derive(Debug)]
struct UndoneStep(PlacedStep);

impl Transform for UndoneStep {
    fn name(&self) -> String {
        self.0.name()
    }

    fn changes(&self, document: Value<'_>) -> Result<Vec<Change>, StepError> {
        self.0.all(document, Direction::Down)
    }

    fn changes_within(
        &self,
        document: Value<'_>,
        effort: &Effort<'_>,
    ) -> Result<Vec<Change>, NoChanges> {
        self.0.visit(document, Direction::Down, effort)
    }

    fn footprint(&self) -> Option<Vec<Pointer>> {
        self.0.footprint()
    }
}
