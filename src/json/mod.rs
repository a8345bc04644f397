//! The lossless text: JSON that is validated and edited in place, never parsed to values and printed again.
//!
//! [`Text::scan`] validates a document in one strict pass and records where everything stands; [`apply`] splices edits into the original text; [`canonical`] is the form that checksums are taken of.
//!
//! Invariant: bytes that no edit names are the same after as before.

pub mod canonical;
mod container;
mod edit;
mod layout;
mod make;
mod name;
mod names;
mod number;
mod pointer;
mod problem;
mod scan;
mod splice;
mod token;
mod value;

#[cfg(test)]
pub(crate) mod laws;

pub use edit::{Edit, EditError, Fragment, apply};
pub(crate) use pointer::PointerSet;
pub use pointer::{Pointer, PointerError};
pub use problem::{TextError, TextProblem};
pub use scan::{MAX_BYTES, MAX_DEPTH, MAX_MEMBERS, Text};
pub use value::{Elements, Kind, Member, Members, Value};
