//! The steps that migration files can have.
//!
//! Each step stands in a file of its own: what it does, the way back from it, what it may destroy, how it is read and its documentation side by side; here they are only listed. A new step is a new file and a line in [`STEPS`].
//!
//! Invariant: a step changes a document by edits of the places that it names, so that all else keeps its bytes.

mod check;
pub mod coalesce;
pub mod convert;
pub mod copy;
pub mod derive;
mod fill;
pub mod for_each;
mod form;
pub mod hash;
#[cfg(test)]
pub(crate) mod laws;
pub mod map;
pub mod r#move;
mod placed;
pub mod remove;
pub mod rename;
pub mod set;
pub mod set_default;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod trial;
pub mod unwrap;
mod view;
pub mod when;
pub mod wrap;

pub use fill::When;
pub use placed::{Frame, PlacedStep};
pub use view::View;

use std::fmt::Debug;

use serde::Deserialize;

use form::Form;

use crate::catalog::Kind;
use crate::catalog::error::CatalogProblem;
use crate::json::Pointer;
use crate::transform::{Change, StepError};

/// What is done to a document, seen from one element: by a step, or on the way back from one.
pub trait Apply: Debug + Send + Sync {
    /// What is to be done, in order; nothing where it has been done before. Places are the document's.
    ///
    /// # Errors
    /// It cannot be done to this document.
    fn changes(&self, view: &View<'_>) -> Result<Vec<Change>, StepError>;
}

/// A step that a migration file can ask for.
pub trait Step: Apply {
    /// The value of `"step"` in migration files.
    fn name(&self) -> &'static str;

    /// Every place that it may read or write, whatever the document; first the one by which messages name it.
    fn places(&self) -> Vec<Place>;

    /// The way back from it. The way back from what it changed leads to the document as it was.
    fn inverse(&self) -> Inverse;

    /// Asked where it is read: whether what it says can be meant.
    ///
    /// # Errors
    /// It says what no step of its kind may say.
    fn check(&self) -> Result<(), CatalogProblem> {
        Ok(())
    }

    /// What it may destroy, in words; `None` if everything that was there can be told from what is there afterwards.
    fn destroys(&self) -> Option<&'static str> {
        None
    }

    /// Whether the values that it sets are not authoritative.
    fn backfill(&self) -> bool {
        false
    }
}

/// A place that a step reads or writes. `*` stands for one level of an array or object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Where it is.
    pub at: Pointer,
    /// What the step does there.
    pub access: Access,
}

/// What a step does at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It only looks.
    Read,
    /// It writes only where nothing is, and overwrites nothing: so it may also fill a protected member.
    Fill,
    /// It writes.
    Write,
}

impl Place {
    fn read(at: &Pointer) -> Self {
        let (at, access) = (at.clone(), Access::Read);
        Self { at, access }
    }

    fn write(at: &Pointer) -> Self {
        let (at, access) = (at.clone(), Access::Write);
        Self { at, access }
    }
}

/// The way back from a step.
#[derive(Debug)]
pub enum Inverse {
    /// What undoes it. It refuses any value other than one that the step would have left.
    Step(Box<dyn Apply>),
    /// There is none: why.
    None(&'static str),
}

/// What is done about a value that is as it should become already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Already {
    /// It is kept: so a step may be taken twice.
    Kept,
    /// It refuses the document: the way back leads from what the step leaves only.
    Refused,
}

/// A step that is also the way back from another.
trait TwoWays: Debug + Send + Sync {
    /// What is to be done, by the step or on the way back.
    fn take(&self, view: &View<'_>, already: Already) -> Result<Vec<Change>, StepError>;
}

/// A step as the way back from another.
#[derive(Debug)]
struct Back<S>(S);

impl<S: TwoWays> Apply for Back<S> {
    fn changes(&self, view: &View<'_>) -> Result<Vec<Change>, StepError> {
        self.0.take(view, Already::Refused)
    }
}

/// What a step is called, what it does, and how it is read.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// The value of `"step"` in migration files.
    pub name: &'static str,
    /// What it does, when it does nothing, and its inverse, in Markdown.
    pub documentation: &'static str,
    read: fn(&str) -> Result<Read, ReadError>,
    #[cfg(test)]
    pub(super) schema: fn(&mut schemars::SchemaGenerator) -> schemars::Schema,
}

impl Definition {
    /// The step of that name, whose object has the form `F`.
    const fn of<F: Form>(name: &'static str, documentation: &'static str) -> Self {
        Self {
            name,
            documentation,
            read: |text| F::parse(text)?.read(),
            #[cfg(test)]
            schema: F::schema,
        }
    }
}

/// Every step, in the order of the documentation.
pub const STEPS: &[Definition] = &[
    set_default::DEFINITION,
    set::DEFINITION,
    rename::DEFINITION,
    r#move::DEFINITION,
    copy::DEFINITION,
    coalesce::DEFINITION,
    map::DEFINITION,
    convert::DEFINITION,
    derive::DEFINITION,
    hash::DEFINITION,
    wrap::DEFINITION,
    unwrap::DEFINITION,
    for_each::DEFINITION,
    when::DEFINITION,
    remove::DEFINITION,
];

/// What the text of a step says.
pub(super) enum Read {
    /// A step.
    Step(Box<dyn Step>),
    /// What stands around the steps of its member `steps`.
    Frame(Frame),
}

impl<S: Step + 'static> From<S> for Read {
    fn from(step: S) -> Self {
        Self::Step(Box::new(step))
    }
}

/// A step of which only its name is known: that much must hold before any is read.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(in crate::catalog) struct Named {
    #[serde(rename = "step")]
    _step: String,
}

/// Why the text of a step was not understood.
pub(crate) enum ReadError {
    /// It does not have the form.
    Form(serde_json::Error),
    /// It says what it may not.
    Problem(CatalogProblem),
}

impl From<serde_json::Error> for ReadError {
    fn from(error: serde_json::Error) -> Self {
        Self::Form(error)
    }
}

impl From<CatalogProblem> for ReadError {
    fn from(problem: CatalogProblem) -> Self {
        Self::Problem(problem)
    }
}

/// Reads the step of that name from the text of its object.
pub(super) fn read(name: &str, text: &str) -> Result<Read, ReadError> {
    match STEPS.iter().find(|step| step.name == name) {
        Some(step) => (step.read)(text),
        None => Err(ReadError::Problem(CatalogProblem::UnknownStep {
            found: name.to_owned(),
            known: STEPS.iter().map(|step| step.name.to_owned()).collect(),
        })),
    }
}

/// Puts a step in its place, if it may stand there in a migration of `kind`.
pub(super) fn place(
    frames: &[Frame],
    step: Box<dyn Step>,
    kind: &Kind,
) -> Result<PlacedStep, CatalogProblem> {
    check::check(PlacedStep::new(frames.to_vec(), step), kind)
}
