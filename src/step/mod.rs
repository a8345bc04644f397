//! The steps that migration files can have.
//!
//! Each step stands in a file of its own: its changes, how they are undone, what it may destroy, its form and its documentation side by side. A new step is a new file and a line in [`STEPS`].
//!
//! Invariant: a step changes a document by edits of the places that it names, so that all else keeps its bytes.

mod check;
pub mod coalesce;
mod contract;
pub mod convert;
pub mod copy;
pub mod derive;
mod fill;
mod for_each;
mod frame;
mod frame_form;
pub mod hash;
#[cfg(test)]
pub(crate) mod laws;
mod list;
pub mod map;
pub mod r#move;
mod parsed;
mod placed;
mod read;
pub mod remove;
pub mod rename;
pub mod set;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod trial;
mod view;
mod when;
pub mod wrap;

pub use check::Guards;
pub use contract::{Access, Step, StepPlace};
pub use fill::{Other, When};
pub use frame::Frame;
pub(crate) use frame_form::StepName;
pub use list::STEPS;
pub use parsed::Parsed;
pub use placed::PlacedStep;
pub(crate) use read::{StepsError, read_steps};
pub use view::View;
