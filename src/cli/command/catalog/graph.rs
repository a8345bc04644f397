//! `catalog graph`: the graph of versions, for programs that draw.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use migrate_manifests::catalog::graph;

use super::AuthorArgs;
use crate::cli::args::{ClockArgs, OutputArgs};
use crate::cli::render::Document;
use crate::cli::session::Invocation;
use crate::cli::streams::Streams;

/// What `catalog graph` is told.
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

    /// The catalog in DIR
    ///
    /// Without this flag: the one of the tree, else the built-in one.
    #[arg(long, value_name = "DIR", help_heading = "How")]
    catalog: Option<PathBuf>,

    #[command(flatten)]
    clock: ClockArgs,
}

/// A language of graphs.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Language {
    /// For Markdown.
    Mermaid,
    /// For Graphviz.
    Dot,
}

/// Prints it.
pub(super) fn run(args: &GraphArgs, invocation: &Invocation<'_>, streams: Streams) -> ExitCode {
    let author = AuthorArgs {
        catalog: args.catalog.clone(),
        clock: args.clock.clone(),
        output: OutputArgs::default(),
    };
    super::look(&author, None, invocation, streams, |files, _, _| {
        let catalog = files.load()?;
        let text = match args.language {
            Language::Mermaid => graph::mermaid(&catalog),
            Language::Dot => graph::dot(&catalog),
        };
        Ok(Document {
            text,
            ..Document::default()
        })
    })
}
