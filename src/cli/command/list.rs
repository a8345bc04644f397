//! The list of the commands, and the help of the whole program.
//!
//! A new command is a file beside this one, a variant of [`CommandArgs`], and an arm in [`run`].

use std::process;

use clap::{ArgAction, CommandFactory as _, Parser, Subcommand};

use migrate_manifests::report::{ExitCode, Stop};

use super::migrate::{self, MigrateArgs};
use super::{
    backups, catalog, completions, explain, man, operations, plan, rollback, show, state, status,
    validate, verify,
};
use crate::cli::environment::Cli;
use crate::cli::render::wrap;

/// Moves a tree of JSON manifests to a new schema version.
///
/// Finds every manifest.json below ROOT, reads its schema_version and migrates it to the target version. Only the members that a migration names are edited; every other byte stays. Each original is kept beside its manifest as a backup. A manifest that cannot be migrated is left untouched and listed with the reason; the others go on.
///
/// To see what would happen, start with --dry-run.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "migrate-manifests",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    args_conflicts_with_subcommands = true,
    subcommand_value_name = "COMMAND",
    after_help = "--help says more, with examples and exit codes.",
    after_long_help = after_long_help()
)]
#[expect(
    clippy::doc_markdown,
    reason = "the comments are the help text, where backticks would be printed"
)]
pub(crate) struct Args {
    /// The command; without one it is a migration.
    #[command(subcommand)]
    pub(super) command: Option<CommandArgs>,

    /// The arguments of a migration.
    #[command(flatten)]
    pub(super) migrate: MigrateArgs,

    /// Print help; -h is shorter, --help says more
    #[arg(short, long, action = ArgAction::Help, global = true, help_heading = "Help")]
    help: Option<bool>,

    /// Print name and version
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = "Help")]
    version: Option<bool>,
}

#[derive(Debug, Clone, Subcommand)]
pub(super) enum CommandArgs {
    /// Count versions, and what is pending, ahead, deferred or refused
    Status(Box<status::StatusArgs>),
    /// Prove what was migrated: texts, histories, backups, journals, snapshots
    Verify(Box<verify::VerifyArgs>),
    /// Make a plan, to check it and execute it later with --plan
    Plan(Box<plan::PlanArgs>),
    /// Show everything about one manifest
    Explain(Box<explain::ExplainArgs>),
    /// Print a manifest as it would be at the target; write nothing
    Show(Box<show::ShowArgs>),
    /// Check documents before they are written
    Validate(Box<validate::ValidateArgs>),
    /// Put the originals back that an operation replaced
    Rollback(Box<rollback::RollbackArgs>),
    /// List the operations that have written to the tree
    Operations(Box<operations::OperationsArgs>),
    /// Put the state of another user aside (for root)
    State(Box<state::StateArgs>),
    /// List the backups; remove or copy them
    Backups(Box<backups::BackupsArgs>),
    /// Create, check, test and show catalogs, for their authors
    Catalog(Box<catalog::CatalogArgs>),
    /// Print completions for a shell
    Completions(completions::CompletionsArgs),
    /// Print the manual page
    Man,
}

pub(crate) fn run(args: Args, cli: &mut Cli<'_>) -> Result<process::ExitCode, Stop> {
    match args.command {
        None => migrate::run(args.migrate, cli),
        Some(CommandArgs::Status(args)) => status::run(*args, cli),
        Some(CommandArgs::Verify(args)) => verify::run(*args, cli),
        Some(CommandArgs::Plan(args)) => plan::run(*args, cli),
        Some(CommandArgs::Explain(args)) => explain::run(*args, cli),
        Some(CommandArgs::Show(args)) => show::run(*args, cli),
        Some(CommandArgs::Validate(args)) => validate::run(*args, cli),
        Some(CommandArgs::Rollback(args)) => rollback::run(*args, cli),
        Some(CommandArgs::Operations(args)) => operations::run(*args, cli),
        Some(CommandArgs::State(args)) => state::run(*args, cli),
        Some(CommandArgs::Backups(args)) => backups::run(*args, cli),
        Some(CommandArgs::Catalog(args)) => catalog::run(*args, cli),
        Some(CommandArgs::Completions(args)) => Ok(completions::run(&args, Args::command(), cli)),
        Some(CommandArgs::Man) => Ok(man::run(Args::command(), cli)),
    }
}

const EXAMPLES: &str = "\
Examples:
  migrate-manifests --dry-run artifacts
      what would happen
  migrate-manifests --diff --limit 1 artifacts
      the first difference, as text
  migrate-manifests --job 'ig-*' --limit 10 artifacts
      a first small step
  migrate-manifests artifacts
      all of it
  migrate-manifests --check --quiet artifacts
      for CI: exits 3 if anything is pending
  migrate-manifests --format json artifacts > report.json
      a report for programs";

const AT_THE_END: &str = "\
Ctrl-C ends the batch at work and prints the summary. Whatever
happens, every manifest is whole, old or new; run again to go on.";

const TABLE_COLUMNS: usize = 60;

fn after_long_help() -> String {
    let codes = ExitCode::ALL.iter().map(|code| {
        let meaning = wrap(code.meaning(), Some(TABLE_COLUMNS), 7);
        format!("  {:>3}  {meaning}\n", code.code())
    });
    let codes: String = codes.collect();
    format!(
        "{EXAMPLES}\n\nExit codes (if several apply, the first row wins):\n{codes}\n{AT_THE_END}"
    )
}
