//! Reads one JSON object of a catalog file: its members, its conditions, and the problems that it can have.
//!
//! Invariant: an unknown member is an error.

mod condition;
mod definition;
mod object;
mod pointers;
mod problem;

pub(crate) use condition::Condition;
pub(crate) use condition::ConditionForm;
pub(crate) use definition::Definition;
pub(crate) use definition::{EditorSchema, Entry, Form, find};
pub(crate) use object::{Common, Object, read_members};
pub(crate) use pointers::{check_listed, check_member, check_members, check_not_end};
pub(crate) use problem::ObjectProblem;
pub(crate) use problem::{ReadError, reason};
