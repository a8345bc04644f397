//! Reads one JSON object of a catalog file: its members, its conditions, and the problems that it can have.
//!
//! Invariant: an unknown member is an error.

mod condition;
mod definition;
mod object;
mod pointers;
mod problem;

pub(crate) use condition::{Condition, ConditionForm};
pub(crate) use definition::{Definition, find};
pub(crate) use object::{Common, Object, read_members};
pub(crate) use pointers::{check_listed, check_member, check_members, check_not_end};
pub(crate) use problem::{ObjectProblem, ReadError, reason};
