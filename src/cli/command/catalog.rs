//! `catalog`: for authors. Each of its commands is beside.

mod check;
mod graph;
mod lint;
mod new;
mod remarks;
mod schema;
mod test;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use migrate_manifests::catalog::Catalog;
use migrate_manifests::operation::{TreeRehearsal, rehearse_tree};
use migrate_manifests::report::Stop;
use migrate_manifests::storage::{CatalogFiles, FileSystem, Located, OpenOptions};

use crate::cli::args::{ClockArgs, OutputArgs};
use crate::cli::exit::Failure;
use crate::cli::options::{DEFAULT_JOBS, Output, Purpose, clock};
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
    Lint(lint::LintArgs),
    /// Try its migrations on fixtures and made-up documents
    Test(test::TestArgs),
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
        CatalogCommand::Lint(args) => lint::run(&args, invocation, streams),
        CatalogCommand::Test(args) => test::run(&args, invocation, streams),
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

/// A tree on which a catalog is tried.
#[derive(Debug, Clone, clap::Args)]
struct OnArgs {
    /// Try it on every manifest of TREE, too, in memory; nothing is written
    #[arg(long, value_name = "TREE", help_heading = "What")]
    on: Option<PathBuf>,
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

/// What the catalog would do to the tree, where one was named.
fn rehearse(catalog: &Catalog, on: &OnArgs) -> Result<Option<TreeRehearsal>, Stop> {
    let Some(root) = &on.on else {
        return Ok(None);
    };
    let storage = FileSystem::open(&Located::find(root)?, OpenOptions::default())?;
    rehearse_tree(&storage, catalog, DEFAULT_JOBS, &|| None).map(Some)
}
