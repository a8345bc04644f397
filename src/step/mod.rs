//! The steps of migration files.
//!
//! Each step has its own file with its members, its changes, the way to undo them, and its documentation. A new step is a new file and a line in [`STEPS`].
//!
//! Invariant: a step edits only the places that it states, so everything else keeps its bytes.

mod check;
pub mod coalesce;
mod contract;
pub mod convert;
pub mod copy;
pub mod derive;
mod fill;
mod frame;
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
mod types;
mod view;
pub mod wrap;

pub use check::GuardedMembers;
pub use contract::{Access, Step, StepPlace};
pub use fill::{Gap, OtherValue};
pub use list::STEPS;
pub(crate) use parsed::StepName;
pub use parsed::{Frame, Parsed};
pub use placed::PlacedStep;
pub(crate) use read::{StepsError, read_steps};
pub use view::View;
