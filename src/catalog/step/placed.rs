//! Steps in their place: what stands around a step in a migration file, and the transform that both make.
//!
//! Expands `for_each`, `when` and `*` over a document; knows no step.
//!
//! Invariant: all that a placed step changes lies at places that it says of itself.

use super::for_each::ForEach;
use super::view::{EVERY, View, scope_length};
use super::{Apply, Inverse, Step};
use crate::catalog::condition::Condition;
use crate::json::{Pointer, Value};
use crate::transform::{Change, NoInverse, StepError, Transform};

/// What stands around steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// They are taken for each element.
    ForEach(ForEach),
    /// They are taken only where something holds.
    When(Condition),
}

/// Frames, the outermost first, and how far the `*` of what they hold reach.
#[derive(Debug, Clone)]
struct Setting {
    frames: Vec<Frame>,
    /// The longest way to a `*` of the step.
    scope: Vec<String>,
}

impl Setting {
    fn changes(&self, document: Value<'_>, apply: &dyn Apply) -> Result<Vec<Change>, StepError> {
        let mut changes = Vec::new();
        self.visit(&self.frames, &View::of(document), &mut |view| {
            changes.extend(apply.changes(view)?);
            Ok(())
        })?;
        Ok(changes)
    }

    fn visit(
        &self,
        frames: &[Frame],
        view: &View<'_>,
        apply: &mut dyn FnMut(&View<'_>) -> Result<(), StepError>,
    ) -> Result<(), StepError> {
        match frames.split_first() {
            None => view.each(&self.scope, &mut |view| apply(view)),
            Some((Frame::ForEach(each), inner)) => view.each(each.scope().tokens(), &mut |view| {
                self.visit(inner, &view.inner(), apply)
            }),
            Some((Frame::When(condition), inner))
                if condition.test.holds(view.get(&condition.at)) =>
            {
                self.visit(inner, view, apply)
            }
            Some((Frame::When(_), _)) => Ok(()),
        }
    }
}

/// A step of a migration file with what stands around it.
#[derive(Debug)]
pub struct PlacedStep {
    setting: Setting,
    step: Box<dyn Step>,
    /// Why it has no inverse here, whatever the step says.
    irreversible: Option<&'static str>,
}

impl PlacedStep {
    pub(super) fn new(frames: Vec<Frame>, step: Box<dyn Step>) -> Self {
        let places = step.places();
        let longest = places.iter().max_by_key(|place| scope_length(&place.at));
        let scope = longest.map_or_else(Vec::new, |place| {
            place.at.tokens()[..scope_length(&place.at)].to_vec()
        });
        let setting = Setting { frames, scope };
        Self {
            setting,
            step,
            irreversible: None,
        }
    }

    /// The same step, which has no inverse in this place.
    pub(super) fn without_inverse(mut self, reason: &'static str) -> Self {
        self.irreversible = Some(reason);
        self
    }

    /// The step itself; its pointers are seen from what stands around it.
    #[must_use]
    pub fn step(&self) -> &dyn Step {
        &*self.step
    }

    /// What stands around it, the outermost first.
    #[must_use]
    pub fn frames(&self) -> &[Frame] {
        &self.setting.frames
    }

    /// A pointer of the step as seen from the document.
    #[must_use]
    pub fn absolute(&self, at: &Pointer) -> Pointer {
        self.base().join(at.tokens())
    }

    /// What the pointers of the step are seen from.
    fn base(&self) -> Pointer {
        base_of(self.frames())
    }

    /// The members that the conditions around it look at, as seen from the document.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = Pointer> {
        let frames = self.frames();
        frames
            .iter()
            .enumerate()
            .filter_map(|(count, frame)| match frame {
                Frame::When(condition) => {
                    Some(base_of(&frames[..count]).join(condition.at.tokens()))
                }
                Frame::ForEach(_) => None,
            })
    }
}

/// A step with nothing around it; only those of migration files are checked when they are read.
impl<S: Step + 'static> From<S> for PlacedStep {
    fn from(step: S) -> Self {
        Self::new(Vec::new(), Box::new(step))
    }
}

/// What pointers inside of `frames` are seen from.
fn base_of(frames: &[Frame]) -> Pointer {
    frames
        .iter()
        .fold(Pointer::root(), |base, frame| match frame {
            Frame::ForEach(each) => base.join(each.scope().tokens()),
            Frame::When(_) => base,
        })
}

impl Transform for PlacedStep {
    fn name(&self) -> String {
        let name = self.step.name();
        match self.step.places().first() {
            Some(place) => format!("{name} {}", self.absolute(&place.at)),
            None => name.to_owned(),
        }
    }

    fn changes(&self, document: Value<'_>) -> Result<Vec<Change>, StepError> {
        self.setting.changes(document, &*self.step)
    }

    fn footprint(&self) -> Option<Vec<Pointer>> {
        let places = self.step.places();
        let places = places.iter().map(|place| self.absolute(&place.at));
        Some(places.chain(self.conditions()).map(before_every).collect())
    }

    fn backfill(&self) -> bool {
        self.step.backfill()
    }

    fn inverse(&self) -> Result<Box<dyn Transform>, NoInverse> {
        if let Some(reason) = self.irreversible {
            return Err(NoInverse { reason });
        }
        match self.step.inverse() {
            Inverse::None(reason) => Err(NoInverse { reason }),
            Inverse::Step(apply) => Ok(Box::new(WayBack {
                setting: self.setting.clone(),
                name: self.name(),
                footprint: self.footprint(),
                apply,
            })),
        }
    }

    fn as_step(&self) -> Option<&PlacedStep> {
        Some(self)
    }
}

/// A pointer as far as it names one place.
fn before_every(pointer: Pointer) -> Pointer {
    let names = pointer.tokens();
    match names.iter().position(|name| name == EVERY) {
        Some(first) => Pointer::root().join(&names[..first]),
        None => pointer,
    }
}

/// The way back from a placed step: what the step was told stands in the same place.
#[derive(Debug)]
struct WayBack {
    setting: Setting,
    name: String,
    footprint: Option<Vec<Pointer>>,
    apply: Box<dyn Apply>,
}

impl Transform for WayBack {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn changes(&self, document: Value<'_>) -> Result<Vec<Change>, StepError> {
        self.setting.changes(document, &*self.apply)
    }

    fn footprint(&self) -> Option<Vec<Pointer>> {
        self.footprint.clone()
    }
}
