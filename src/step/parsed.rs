//! The object of a step, read: a step, or a frame around other steps.
//!
//! Knows no step.
//!
//! Invariant: a step that was read was checked, as far as it can be without a catalog.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::contract::Step;
use super::frame::Frame;
use crate::form::{Common, EditorSchema, Entry, Form, ReadError};

/// The value that the object of a step is read into.
#[derive(Debug)]
pub enum Parsed {
    /// A step.
    Step(Arc<dyn Step>),
    /// A frame around the steps of its member `steps`.
    Frame(Frame),
}

impl Entry for Parsed {
    const NAMED_BY: &'static str = "step";
    const COMMON: Common = Common {
        first: &["step"],
        last: &[],
    };
}

/// A definition of the closed list of steps.
pub(super) type Definition = crate::form::Definition<Parsed>;

/// Most steps are their own form.
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
