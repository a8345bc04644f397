//! The commands, one file for each: what may be typed, what it means, what it does.
//!
//! A new command is a file here, a variant of [`Command`], and a line in [`run`].

mod backups;
mod catalog;
mod completions;
mod explain;
mod man;
mod migrate;
mod operations;
mod plan;
mod rollback;
mod show;
mod status;
mod validate;
mod verify;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::{CommandFactory as _, Subcommand};

use super::args::Args;
use super::session::Invocation;
use super::streams::Streams;

pub(crate) use migrate::MigrateArgs;

/// What to do, if not to migrate.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Command {
    /// Count versions, and what is pending, ahead, deferred or refused
    Status(Box<status::StatusArgs>),
    /// Prove what was migrated: texts, histories, backups, journals, snapshots
    Verify(Box<verify::VerifyArgs>),
    /// Make a plan, to be looked at and executed later with --plan
    Plan(Box<plan::PlanArgs>),
    /// Tell everything about one manifest
    Explain(Box<explain::ExplainArgs>),
    /// Print a manifest as it would be at the target; write nothing
    Show(Box<show::ShowArgs>),
    /// Check documents before they are written
    Validate(Box<validate::ValidateArgs>),
    /// Put the originals back that an operation replaced
    Rollback(Box<rollback::RollbackArgs>),
    /// List the operations that have written to the tree
    Operations(Box<operations::OperationsArgs>),
    /// List the backups; remove or copy them
    Backups(Box<backups::BackupsArgs>),
    /// For authors of catalogs: begin, check, test and show one
    Catalog(Box<catalog::CatalogArgs>),
    /// Print completions for a shell
    Completions(completions::CompletionsArgs),
    /// Print the manual page
    Man,
}

/// Does what the arguments ask for.
pub(crate) fn run(args: Args, invocation: &Invocation<'_>, streams: Streams) -> ExitCode {
    match args.command {
        None => migrate::run(args.migrate, invocation, streams),
        Some(Command::Status(args)) => status::run(*args, invocation, streams),
        Some(Command::Verify(args)) => verify::run(&args, invocation, streams),
        Some(Command::Plan(args)) => plan::run(*args, invocation, streams),
        Some(Command::Explain(args)) => explain::run(*args, invocation, streams),
        Some(Command::Show(args)) => show::run(*args, invocation, streams),
        Some(Command::Validate(args)) => validate::run(*args, invocation, streams),
        Some(Command::Rollback(args)) => rollback::run(*args, invocation, streams),
        Some(Command::Operations(args)) => operations::run(*args, invocation, streams),
        Some(Command::Backups(args)) => backups::run(*args, invocation, streams),
        Some(Command::Catalog(args)) => catalog::run(*args, invocation, streams),
        Some(Command::Completions(args)) => completions::run(&args, streams),
        Some(Command::Man) => man::run(streams),
    }
}

/// The exit code of a text that was printed; a reader that has seen enough is no failure.
pub(crate) fn printed(written: io::Result<()>) -> ExitCode {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::from(2),
        _ => ExitCode::SUCCESS,
    }
}

/// The names of the commands.
pub(crate) fn names() -> Vec<String> {
    let command = Args::command();
    command
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .collect()
}

/// The command that was typed, in arguments that may be wrong; a migration is one without a word for it.
pub(crate) fn typed(typed: &[OsString]) -> &'static str {
    let name = typed.get(1).and_then(|word| word.to_str());
    match name {
        Some("status") => "status",
        Some("verify") => "verify",
        Some("plan") => "plan",
        Some("explain") => "explain",
        Some("show") => "show",
        Some("validate") => "validate",
        Some("rollback") => "rollback",
        Some("operations") => "operations",
        Some("backups") => "backups",
        Some("catalog") => "catalog",
        _ => "migrate",
    }
}
