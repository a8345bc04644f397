//! The command line: arguments in, a report and an exit code out.
//!
//! Only this part uses the terminal, the arguments and the environment; it decides nothing about manifests and uses the library only as any caller could.
//!
//! [`command`] has one file for each command; a command begins an [`invocation`], calls the library and reports the end; [`render`] makes the output.
//!
//! Invariant: with `--format json` standard output is always one JSON object.

mod args;
mod command;
mod environment;
mod escape;
mod exit;
mod files_from;
mod invocation;
mod options;
mod plan_file;
mod progress;
mod render;
mod run;
mod signals;
mod streams;
#[cfg(test)]
mod tests;

pub(crate) use environment::{Cli, Environment};
pub(crate) use run::run;
pub(crate) use streams::Streams;
