//! The result of reading an object of `steps`: a step, or a frame around other steps.
//! Invariant: a step was checked as far as that is possible without a catalog.

use serde::Deserialize;

use super::contract::Step;
use crate::form::Condition;
use crate::json::Pointer;

/// A step, or a frame around steps.
#[derive(Debug)]
pub enum Parsed {
    /// A step.
    Step(Step),
    /// A frame around the steps in its member `steps`.
    StepFrame(StepFrame),
}

/// A frame around steps. Their pointers are relative to the innermost `for_each`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepFrame {
    /// The steps apply to each element of this array or object.
    ForEach(Pointer),
    /// The steps apply only where the condition holds.
    When(Condition),
}

#[derive(Deserialize)]
pub(crate) struct StepName {
    #[serde(rename = "step")]
    _step: String,
}

pub(super) type StepDefinition = crate::form::Definition<Parsed>;
