//! The steps of migration files.
//!
//! Each step has its own file with its members, its changes, the way to undo them, and its documentation. A new step is a new file and a line in [`STEPS`].
//!
//! Invariant: a step edits only the places that it states, so everything else keeps its bytes.

mod check;
pub(crate) mod coalesce;
mod contract;
pub(crate) mod convert;
pub(crate) mod copy;
pub(crate) mod derive;
mod fill;
mod frame;
pub(crate) mod hash;
#[cfg(test)]
pub(crate) mod laws;
mod list;
pub(crate) mod map;
pub(crate) mod r#move;
mod parsed;
mod placed;
mod read;
pub(crate) mod remove;
pub(crate) mod rename;
pub(crate) mod set;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod trial;
mod types;
mod view;
pub(crate) mod wrap;

pub(crate) use check::GuardedMembers;
#[cfg(test)]
pub(crate) use contract::Step;
#[cfg(test)]
pub(crate) use fill::{Gap, OtherValue};
pub use list::STEPS;
pub(crate) use parsed::StepName;
#[cfg(test)]
pub(crate) use placed::PlacedStep;
pub(crate) use read::{StepsError, read_steps};
