//! The frame that all commands for catalog authors share.

use std::path::PathBuf;

use migrate_manifests::report::Stop;

use crate::cli::args::{ClockArgs, OutputArgs};
use crate::cli::environment::Cli;
use crate::cli::invocation::Invocation;
use crate::cli::options::ReportOptions;

#[derive(Debug, Clone, clap::Args)]
pub(super) struct AuthorArgs {
    /// The catalog in DIR (built-in is the built-in one)
    ///
    /// Without this flag: the one of the tree, else the built-in one.
    #[arg(long, value_name = "DIR", help_heading = "How")]
    pub(super) catalog: Option<PathBuf>,

    #[command(flatten)]
    pub(super) clock: ClockArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

impl AuthorArgs {
    pub(super) fn begin<'s, 'c>(&self, cli: &'s mut Cli<'c>) -> Result<Invocation<'s, 'c>, Stop> {
        let reporting = ReportOptions::new("catalog", &self.output, &self.clock, cli.env)?;
        Ok(Invocation::begin(cli, reporting))
    }
}
