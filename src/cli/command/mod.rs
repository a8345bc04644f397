//! The commands, one file for each: its arguments, its options and its report.
//!
//! [`list`] lists them, [`parse`] reads the arguments.

mod backups;
mod catalog;
mod completions;
mod explain;
mod list;
mod man;
pub(super) mod migrate;
mod operations;
mod parse;
mod plan;
mod rollback;
mod show;
mod state;
pub(super) mod status;
mod validate;
mod verify;

pub(crate) use list::run;
pub(crate) use parse::{CommandLine, Shown, read, typed};
