//! `catalog graph`: the graph of versions, for programs that draw.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;

use migrate_manifests::catalog::graph;
use migrate_manifests::report::Stop;

use crate::cli::args::{ClockArgs, OutputArgs};
use crate::cli::environment::Cli;
use crate::cli::invocation::Invocation;
use crate::cli::options::ReportOptions;
use crate::cli::render::{End, Ending, Page};

#[derive(Debug, Clone, clap::Args)]
pub(super) struct GraphArgs {
    /// The language of the graph
    #[arg(
        long = "format",
        value_name = "LANGUAGE",
        default_value = "mermaid",
        help_heading = "What"
    )]
    language: Language,

    /// The catalog in DIR (built-in is the built-in one)
    ///
    /// Without this flag: the one of the tree, else the built-in one.
    #[arg(long, value_name = "DIR", help_heading = "How")]
    catalog: Option<PathBuf>,

    #[command(flatten)]
    clock: ClockArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Language {
    /// For Markdown.
    Mermaid,
    /// For Graphviz.
    Dot,
}

pub(super) fn run(args: &GraphArgs, cli: &mut Cli<'_>) -> Result<ExitCode, Stop> {
    let output = OutputArgs::default();
    let reporting = ReportOptions::new("catalog", &output, &args.clock, cli.env)?;
    let mut invocation = Invocation::begin(cli, reporting);
    let drawn = invocation
        .catalog_files(args.catalog.as_deref(), Path::new("."))
        .and_then(|files| {
            let catalog = files.load()?;
            Ok(match args.language {
                Language::Mermaid => graph::mermaid(&catalog),
                Language::Dot => graph::dot(&catalog),
            })
        });
    Ok(invocation.answer(drawn.map(Graph)))
}

struct Graph(String);

impl Ending for Graph {
    fn text(&self, _: &End<'_>, page: &mut Page) {
        page.print(&self.0);
    }
}
