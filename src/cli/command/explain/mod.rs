//! `explain`: everything about one manifest.

mod json;
mod text;

use std::path::PathBuf;
use std::process::ExitCode;

use migrate_manifests::operation::explain;
use migrate_manifests::report::Stop;
use migrate_manifests::version::Version;

use text::Explained;

use crate::cli::args::{OneArgs, OutputArgs};
use crate::cli::environment::Cli;
use crate::cli::exit::CommandFailure;
use crate::cli::invocation::Invocation;
use crate::cli::options::{ReportOptions, TreeOptions};

#[derive(Debug, Clone, clap::Args)]
pub(super) struct ExplainArgs {
    /// A manifest or its run directory
    path: PathBuf,

    /// As a migration to this version sees it [default: the latest]
    #[arg(long, value_name = "VERSION", help_heading = "What")]
    target_version: Option<Version>,

    #[command(flatten)]
    one: OneArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: ExplainArgs, cli: &mut Cli<'_>) -> Result<ExitCode, Stop> {
    let mut reporting = ReportOptions::new("explain", &args.output, &args.one.clock, cli.env)?;
    reporting.facts.target.clone_from(&args.target_version);
    let mut invocation = Invocation::begin(cli, reporting);
    let explained = explain_one(&mut invocation, args);
    Ok(invocation.answer(explained))
}

fn explain_one(
    invocation: &mut Invocation<'_, '_>,
    args: ExplainArgs,
) -> Result<(), CommandFailure> {
    let setup = invocation.set_up(&TreeOptions::of_manifest(args.path, args.one))?;
    let explanation = explain(&setup.frame()?, args.target_version.as_ref())?;
    invocation.report.item(&Explained {
        explanation,
        catalog: text::catalog(&setup.catalog),
        tree: setup.request.tree,
        now: setup.request.now,
    });
    Ok(())
}
