//! `catalog schema`: the JSON Schemas of a catalog's files.

use std::io::Write as _;
use std::process::ExitCode;

use clap::ValueEnum;

use migrate_manifests::catalog::published;

use crate::cli::command::printed;
use crate::cli::streams::Streams;

/// What `catalog schema` is told.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct SchemaArgs {
    /// Of which file
    #[arg(value_name = "FILE", default_value = "catalog")]
    file: File,
}

/// A file of a catalog.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum File {
    /// catalog.json
    Catalog,
    /// A file in migrations/
    Migration,
}

/// Prints it.
pub(super) fn run(args: &SchemaArgs, mut streams: Streams) -> ExitCode {
    let schema = match args.file {
        File::Catalog => published::CATALOG,
        File::Migration => published::MIGRATION,
    };
    printed(write!(streams.stdout, "{schema}"))
}
