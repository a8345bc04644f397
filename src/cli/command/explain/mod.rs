//! `explain`: everything about one manifest.

mod json;
mod text;

use std::path::PathBuf;
use std::process::ExitCode;

use migrate_manifests::clock::Timestamp;
use migrate_manifests::operation::explain;
use migrate_manifests::report::{Stop, Summary};
use migrate_manifests::version::Version;

use text::Explained;

use crate::cli::args::{OneArgs, OutputArgs};
use crate::cli::environment::Cli;
use crate::cli::exit::{Failure, Terms};
use crate::cli::options::{Output, Place, Work, clock};
use crate::cli::render::{Facts, Headline};
use crate::cli::session::Session;

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
    let output = Output::new(&args.output, Headline::None, cli.env);
    let facts = Facts {
        target: args.target_version.clone(),
        ..Facts::reading("explain", clock(args.one.clock.now, cli.env)?)
    };
    let now = facts.started_at;
    let place = Place::of_manifest(args.path, args.one.root, args.one.tree);
    let mut session = Session::begin(cli, output, facts);
    let explained = explain_one(&mut session, &place, args.target_version.as_ref(), now);
    Ok(match explained {
        Ok(explained) => {
            // Output that is lost is remembered by the report.
            let _remembered = session.report.item(&explained);
            session.end(Ok(Summary::default()), &(), Terms::default())
        }
        Err(failure) => session.end(Err(failure), &(), Terms::default()),
    })
}

fn explain_one(
    session: &mut Session<'_, '_>,
    place: &Place,
    target: Option<&Version>,
    now: Timestamp,
) -> Result<Explained, Failure> {
    let setup = session.set_up(place, Work::default())?;
    let explanation = explain(&setup.frame()?, target)?;
    Ok(Explained {
        explanation,
        catalog: text::catalog(&setup.tree.catalog),
        tree: setup.request.tree,
        now,
    })
}
