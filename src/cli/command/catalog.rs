//! `catalog`: for authors. Each of its commands is beside.

mod check;
mod graph;
mod lint;
mod new;
mod remarks;
mod schema;
mod test;
mod trial;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use migrate_manifests::storage::CatalogFiles;

use crate::cli::args::{ClockArgs, OutputArgs};
use crate::cli::exit::Failure;
use crate::cli::options::{Output, Purpose, clock};
use crate::cli::render::{Document, Surface};
use crate::cli::session::{self, Invocation, Subject};
use crate::cli::streams::Streams;

/// What `catalog` is told.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct CatalogArgs {
    #[command(subcommand)]
    command: CatalogCommand,
}

/// What to do with a catalog.
#[derive(Debug, Clone, Subcommand)]
enum CatalogCommand {
    /// Begin a new version: a migration without steps, and a fixture
    New(new::NewArgs),
    /// Load it, and say what is there or everything that is wrong
    Check(check::CheckArgs),
    /// Say what its migrations may lose, and what looks wrong
    Lint(trial::TrialArgs),
    /// Try its migrations on fixtures and made-up documents
    Test(trial::TrialArgs),
    /// Print its graph, to be drawn
    Graph(graph::GraphArgs),
    /// Print the JSON Schema of its files, for editors
    Schema(schema::SchemaArgs),
}

/// Does what the arguments ask for.
pub(crate) fn run(args: CatalogArgs, invocation: &Invocation<'_>, streams: Streams) -> ExitCode {
    match args.command {
        CatalogCommand::New(args) => new::run(&args, invocation, streams),
        CatalogCommand::Check(args) => check::run(&args, invocation, streams),
        CatalogCommand::Lint(args) => {
            trial::run(&args, invocation, streams, |trial| Ok(lint::remarks(trial)))
        }
        CatalogCommand::Test(args) => trial::run(&args, invocation, streams, test::remarks),
        CatalogCommand::Graph(args) => graph::run(&args, invocation, streams),
        CatalogCommand::Schema(args) => schema::run(&args, streams),
    }
}

/// Which catalog, and how to talk about it.
#[derive(Debug, Clone, clap::Args)]
struct AuthorArgs {
    /// The catalog in DIR
    ///
    /// Without this flag: the one of the tree, else the built-in one.
    #[arg(long, value_name = "DIR", help_heading = "How")]
    catalog: Option<PathBuf>,

    #[command(flatten)]
    clock: ClockArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Lets a command look at the files of the catalog.
fn look(
    args: &AuthorArgs,
    on: Option<&Path>,
    invocation: &Invocation<'_>,
    streams: Streams,
    act: impl FnOnce(&CatalogFiles, &Output, Surface) -> Result<Document, Failure>,
) -> ExitCode {
    let now = match clock(args.clock.now, invocation.env) {
        Ok(now) => now,
        Err(stop) => return session::refuse(stop, invocation, streams),
    };
    let output = Output::new(&args.output, Purpose::Look, invocation.env);
    let subject = Subject::looking("catalog", now);
    let (catalog, root) = (args.catalog.as_deref(), on.unwrap_or(Path::new(".")));
    session::author(
        catalog,
        root,
        &output,
        &subject,
        streams,
        |files, surface| act(files, &output, surface),
    )
}
