//! `catalog schema`: the JSON Schemas of a catalog's files.

use std::io::Write as _;
use std::process::ExitCode;

use clap::ValueEnum;

use migrate_manifests::catalog::published;

use crate::cli::environment::Cli;
use crate::cli::exit::printed;

#[derive(Debug, Clone, clap::Args)]
pub(super) struct SchemaArgs {
    /// Of which file
    #[arg(value_name = "FILE", default_value = "catalog")]
    file: SchemaFile,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SchemaFile {
    /// catalog.json
    Catalog,
    /// A file in migrations/
    Migration,
}

pub(super) fn run(args: &SchemaArgs, cli: &mut Cli<'_>) -> ExitCode {
    let schema = match args.file {
        SchemaFile::Catalog => published::CATALOG,
        SchemaFile::Migration => published::MIGRATION,
    };
    printed(write!(cli.streams.stdout, "{schema}"))
}
