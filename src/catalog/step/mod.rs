//! The steps that migration files can have.
//!
//! Each step stands in a file of its own, with what it does, what the loader checks and its documentation side by side; here they are only listed. A new step is a new file and a line in [`STEPS`].
//!
//! Invariant: a step that was read may write none of its targets but where the loader lets it.

pub mod set_default;

use crate::catalog::Kind;
use crate::catalog::error::CatalogProblem;
use crate::json::Pointer;
use crate::transform::Transform;

/// A transform that a migration file can ask for.
pub trait Step: Transform {
    /// Every place that it may write, whatever the document.
    fn targets(&self) -> Vec<Target>;
}

/// A place that a step may write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The place.
    pub at: Pointer,
    /// Whether it writes only where nothing is.
    pub only_if_missing: bool,
}

/// What a step is called, what it does, and how it is read.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// The value of `"step"` in migration files.
    pub name: &'static str,
    /// What it does and when it does nothing, in Markdown.
    pub documentation: &'static str,
    read: fn(&str) -> Result<Box<dyn Step>, ReadError>,
}

/// Every step, in the order of the documentation.
pub const STEPS: &[Definition] = &[set_default::DEFINITION];

/// Why the text of a step was not understood.
pub(super) enum ReadError {
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
pub(super) fn read(name: &str, text: &str) -> Result<Box<dyn Step>, ReadError> {
    match STEPS.iter().find(|step| step.name == name) {
        Some(step) => (step.read)(text),
        None => Err(ReadError::Problem(CatalogProblem::UnknownStep {
            found: name.to_owned(),
            known: STEPS.iter().map(|step| step.name.to_owned()).collect(),
        })),
    }
}

/// Refuses a step that would write the version, the history, an immutable member, or a protected one other than by filling the very gap.
pub(super) fn check_targets(step: &dyn Step, kind: &Kind) -> Result<(), CatalogProblem> {
    for target in step.targets() {
        let refused = |at: &Pointer, guard| {
            Err(CatalogProblem::Target {
                step: step.name(),
                at: at.clone(),
                guard,
            })
        };
        if target.at.overlaps(&kind.version) {
            return refused(&kind.version, "the version");
        }
        if target.at.overlaps(&kind.history) {
            return refused(&kind.history, "the history");
        }
        let hit = |members: &[Pointer]| members.iter().find(|at| target.at.overlaps(at)).cloned();
        if let Some(at) = hit(&kind.immutable) {
            return refused(&at, "immutable");
        }
        for at in kind.protected.iter().filter(|at| target.at.overlaps(at)) {
            if !(target.only_if_missing && target.at == *at) {
                return refused(at, "protected");
            }
        }
    }
    Ok(())
}
