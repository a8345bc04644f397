//! A map whose outputs stand in a member of their own.
//!
//! Looks nothing up itself.
//!
//! Invariant: the value that is looked up stays as it is.

use super::Map;
use crate::catalog::step::View;
use crate::catalog::step::fill::{Fill, Filling, Other};
use crate::json::Pointer;
use crate::transform::{StepError, Verb};

/// A map whose outputs stand in a member of their own.
#[derive(Debug, Clone)]
pub(super) struct ToAnother {
    pub(super) map: Map,
    pub(super) to: Pointer,
}

impl Fill for ToAnother {
    fn name(&self) -> &'static str {
        super::DEFINITION.name
    }

    fn at(&self) -> &Pointer {
        &self.to
    }

    fn reads(&self) -> Vec<&Pointer> {
        vec![&self.map.at]
    }

    fn other(&self) -> Other {
        Other::Refused
    }

    fn filling(&self, view: &View<'_>) -> Result<Option<Filling>, StepError> {
        let Some(found) = view.get(&self.map.at) else {
            return Ok(None);
        };
        Ok(Some(match self.map.output(view, found)? {
            Some(output) => output.clone().into(),
            None => Filling::copy(view.place(&self.map.at), found),
        }))
    }

    fn verb(&self) -> Option<Verb> {
        Some(Verb::Mapped)
    }
}
