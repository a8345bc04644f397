//! The steps of migration files.
//!
//! Each step has its own file with its members, its changes, the way to undo them, and its documentation. A new step is a new file and a line in [`STEPS`].
//!
//! Invariant: a step edits only the places that it states, so everything else keeps its bytes.

mod check;
mod coalesce;
mod contract;
mod convert;
mod copy;
mod derive;
mod fill;
mod frame;
mod hash;
#[cfg(test)]
pub(crate) mod laws;
mod list;
mod map;
mod r#move;
mod parsed;
mod placed;
mod read;
mod remove;
mod rename;
mod set;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod trial;
mod types;
mod view;
mod wrap;

pub(crate) use check::GuardedMembers;
#[cfg(test)]
pub(crate) use derive::Template;
pub use list::STEPS;
pub(crate) use parsed::StepName;
#[cfg(test)]
pub(crate) use placed::PlacedStep;
pub(crate) use read::read_steps;
