//! Lossless JSON: a text is validated and edited in place, never parsed to values and printed again.
//!
//! [`Text::scan`] validates a document in one strict pass; [`apply`] splices edits into the original text; [`canonical`] is the form for checksums.
//!
//! Invariant: bytes that no edit names are the same after as before.

mod apply;
pub mod canonical;
mod capacity;
mod container;
mod edit;
mod fragment;
#[cfg(test)]
pub(crate) mod laws;
mod layout;
mod make;
mod name;
mod names;
mod number;
mod pointer;
mod problem;
mod scan;
mod splice;
mod text;
mod token;
mod value;
mod value_kind;

pub use apply::apply;
pub(crate) use capacity::buffer_capacity;
pub use edit::{Edit, EditError};
pub use fragment::Fragment;
pub(crate) use pointer::PointerSet;
pub use pointer::{Pointer, PointerError};
pub use problem::{MAX_BYTES, MAX_DEPTH, MAX_MEMBERS, TextError, TextProblem};
pub use text::Text;
pub use value::{Elements, Member, Members, Value};
pub use value_kind::ValueKind;
