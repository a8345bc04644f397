//! `backups`: the list of backups; `prune` and `export` have files of their own.

mod entry;
mod export;
mod list;
mod prune;

use std::process::ExitCode;

use clap::Subcommand;

use migrate_manifests::report::Stop;

use crate::cli::environment::Cli;

#[derive(Debug, Clone, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct BackupsArgs {
    #[command(subcommand)]
    command: Option<BackupsCommand>,
    #[command(flatten)]
    list: list::ListArgs,
}

#[derive(Debug, Clone, Subcommand)]
enum BackupsCommand {
    /// Remove backups whose every value the migrated manifest has
    Prune(Box<prune::PruneArgs>),
    /// Copy backups to a directory outside the tree, verified
    Export(Box<export::ExportArgs>),
}

pub(super) fn run(args: BackupsArgs, cli: &mut Cli<'_>) -> Result<ExitCode, Stop> {
    match args.command {
        None => list::run(args.list, cli),
        Some(BackupsCommand::Prune(args)) => prune::run(*args, cli),
        Some(BackupsCommand::Export(args)) => export::run(*args, cli),
    }
}
