//! `show`: one manifest as a migration would write it, on standard output.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use migrate_manifests::catalog::choose_kind;
use migrate_manifests::code::Code;
use migrate_manifests::operation;
use migrate_manifests::read;
use migrate_manifests::report::Stop;
use migrate_manifests::version::Version;

use crate::cli::args::{OneArgs, OutputArgs};
use crate::cli::environment::Cli;
use crate::cli::exit::CommandFailure;
use crate::cli::invocation::Invocation;
use crate::cli::options::{ReportOptions, TreeOptions};
use crate::cli::render::{End, Ending, Page};

#[derive(Debug, Clone, clap::Args)]
pub(super) struct ShowArgs {
    /// A manifest or its run directory (- is standard input)
    path: PathBuf,

    /// As it would be at this version [default: the latest]
    ///
    /// A manifest above this version is printed unchanged.
    #[arg(long, value_name = "VERSION", help_heading = "What")]
    target_version: Option<Version>,

    /// Of this kind, on standard input and where the catalog has several
    #[arg(long, value_name = "KIND", help_heading = "What")]
    kind: Option<String>,

    #[command(flatten)]
    one: OneArgs,
}

pub(super) fn run(args: ShowArgs, cli: &mut Cli<'_>) -> Result<ExitCode, Stop> {
    let (output, clock) = (OutputArgs::default(), &args.one.clock);
    let mut reporting = ReportOptions::new("show", &output, clock, cli.env)?;
    reporting.facts.target.clone_from(&args.target_version);
    let mut invocation = Invocation::begin(cli, reporting);
    let shown = if args.path == Path::new("-") {
        standard_input(&mut invocation, &args)
    } else {
        in_tree(&mut invocation, args)
    };
    Ok(invocation.answer(shown.map(Verbatim)))
}

fn standard_input(
    invocation: &mut Invocation<'_, '_>,
    args: &ShowArgs,
) -> Result<String, CommandFailure> {
    let (catalog, root) = (&args.one.tree.catalog, &args.one.root);
    let catalog = invocation.catalog(catalog.as_deref(), root.as_deref())?;
    let kind = choose_kind(&catalog, args.kind.as_deref(), None)?;
    let mut bytes = Vec::new();
    let stdin = &mut invocation.cli.streams.stdin;
    stdin.read_to_end(&mut bytes).map_err(|error| {
        let message = format!("cannot read standard input: {error}");
        Stop::new(Code::SelectionInvalid, message)
    })?;
    let now = invocation.report.facts.started_at;
    let reading = read::at(kind, args.target_version.as_ref(), &bytes, now);
    let reading = reading
        .map_err(|refusal| Stop::new(refusal.code(), format!("standard input: {refusal}")))?;
    Ok(reading.into_text().into_owned())
}

fn in_tree(invocation: &mut Invocation<'_, '_>, args: ShowArgs) -> Result<String, CommandFailure> {
    let setup = invocation.set_up(&TreeOptions::of_manifest(args.path, args.one))?;
    let mut bytes = Vec::new();
    let reading = operation::show(&setup.frame()?, args.target_version.as_ref(), &mut bytes)?;
    Ok(reading.into_text().into_owned())
}

/// The text as it is, without escapes: it is data for other programs.
struct Verbatim(String);

impl Ending for Verbatim {
    fn text(&self, _: &End<'_>, page: &mut Page) {
        page.print(&self.0);
    }
}
