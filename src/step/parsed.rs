//! The result of reading an object of `steps`: a step, or a frame around other steps.
//! Invariant: a step was checked as far as that is possible without a catalog.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::contract::Step;
use crate::form::{Common, Condition, EditorSchema, Entry, Form, ReadError};
use crate::json::Pointer;

/// A step, or a frame around steps.
#[derive(Debug)]
pub enum Parsed {
    /// A step.
    Step(Arc<dyn Step>),
    /// A frame around the steps in its member `steps`.
    Frame(Frame),
}

#[derive(Deserialize)]
pub(crate) struct StepName {
    #[serde(rename = "step")]
    _step: String,
}

impl Entry for Parsed {
    const NAMED_BY: &'static str = "step";
    const COMMON: Common = Common {
        first: &["step"],
        last: &[],
    };
}

/// A frame around steps. Their pointers are relative to the innermost `for_each`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// The steps apply to each element of this array or object.
    ForEach(Pointer),
    /// The steps apply only where the condition holds.
    When(Condition),
}

pub(super) type Definition = crate::form::Definition<Parsed>;

impl<S: Step + DeserializeOwned + EditorSchema + 'static> Form<Parsed> for S {
    fn read(self) -> Result<Parsed, ReadError> {
        self.check()?;
        Ok(self.into())
    }
}

impl<S: Step + 'static> From<S> for Parsed {
    fn from(step: S) -> Self {
        Self::Step(Arc::new(step))
    }
}
