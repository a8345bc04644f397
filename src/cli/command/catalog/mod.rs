//! `catalog`: commands for authors, each in a file of its own.

mod author;
mod check;
mod graph;
mod lint;
mod new;
mod remarks;
mod schema;
mod test;
mod trial;

use std::process::ExitCode;

use clap::Subcommand;

use migrate_manifests::report::Stop;

use crate::cli::environment::Cli;

#[derive(Debug, Clone, clap::Args)]
pub(super) struct CatalogArgs {
    #[command(subcommand)]
    command: CatalogCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum CatalogCommand {
    /// Begin a new version: a migration without steps, and a fixture
    New(new::NewArgs),
    /// Load it, and say what is there or everything that is wrong
    Check(check::CheckArgs),
    /// Report values that migrations may lose, and probable mistakes
    Lint(trial::TrialArgs),
    /// Try its migrations on fixtures and made-up documents
    Test(trial::TrialArgs),
    /// Print its graph, to be drawn
    Graph(graph::GraphArgs),
    /// Print the JSON Schema of its files, for editors
    Schema(schema::SchemaArgs),
}

pub(super) fn run(args: CatalogArgs, cli: &mut Cli<'_>) -> Result<ExitCode, Stop> {
    match args.command {
        CatalogCommand::New(args) => new::run(&args, cli),
        CatalogCommand::Check(args) => check::run(&args, cli),
        CatalogCommand::Lint(args) => trial::run(&args, cli, lint::remarks),
        CatalogCommand::Test(args) => trial::run(&args, cli, test::remarks),
        CatalogCommand::Graph(args) => graph::run(&args, cli),
        CatalogCommand::Schema(args) => Ok(schema::run(&args, cli)),
    }
}
