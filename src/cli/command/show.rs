//! `show`: one manifest as a migration would write it, on standard output.

use std::io;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use migrate_manifests::code::Code;
use migrate_manifests::operation;
use migrate_manifests::read;
use migrate_manifests::report::{Stop, Summary};
use migrate_manifests::version::Version;

use crate::cli::args::OneArgs;
use crate::cli::environment::Cli;
use crate::cli::exit::{Failure, Terms};
use crate::cli::kinds;
use crate::cli::options::{Output, Place, Work, clock};
use crate::cli::render::{End, Ending, Facts, Page};
use crate::cli::session::Session;

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
    let output = Output::plain(cli.env);
    let facts = Facts {
        target: args.target_version.clone(),
        ..Facts::reading("show", clock(args.one.clock.now, cli.env)?)
    };
    let mut session = Session::begin(cli, output, facts);
    let shown = if args.path == Path::new("-") {
        standard_input(&mut session, &args)
    } else {
        in_tree(&mut session, args)
    };
    Ok(match shown {
        Ok(text) => session.end(Ok(Summary::default()), &Verbatim(text), Terms::default()),
        Err(failure) => session.end(Err(failure), &(), Terms::default()),
    })
}

fn standard_input(session: &mut Session<'_, '_>, args: &ShowArgs) -> Result<String, Failure> {
    let (catalog, root) = (&args.one.tree.catalog, &args.one.root);
    let catalog = session.catalog(catalog.as_deref(), root.as_deref())?;
    let kind = kinds::choose(&catalog, args.kind.as_deref(), None)?;
    let mut bytes = Vec::new();
    let stdin = &mut session.cli.streams.stdin;
    stdin.read_to_end(&mut bytes).map_err(|error| {
        let message = format!("cannot read standard input: {error}");
        Stop::new(Code::SelectionInvalid, message)
    })?;
    let now = session.report.facts.started_at;
    let reading = read::at(kind, args.target_version.as_ref(), &bytes, now);
    let reading = reading
        .map_err(|refusal| Stop::new(refusal.code(), format!("standard input: {refusal}")))?;
    Ok(reading.into_text().into_owned())
}

fn in_tree(session: &mut Session<'_, '_>, args: ShowArgs) -> Result<String, Failure> {
    let place = Place::of_manifest(args.path, args.one.root, args.one.tree);
    let setup = session.set_up(&place, Work::default())?;
    let mut bytes = Vec::new();
    let reading = operation::show(&setup.frame()?, args.target_version.as_ref(), &mut bytes)?;
    Ok(reading.into_text().into_owned())
}

/// The text as it is, without escapes: it is data for other programs.
struct Verbatim(String);

impl Ending for Verbatim {
    fn text(&self, _: &End<'_>, page: &mut Page) -> io::Result<()> {
        page.print(&self.0)
    }
}
