//! `verify`: proves what was migrated.

use std::process::ExitCode;

use migrate_manifests::operation::{self, VerifyOptions};
use migrate_manifests::report::Stop;

use crate::cli::Environment;
use crate::cli::args::{Format, WholeArgs};
use crate::cli::exit;
use crate::cli::options::{
    DEFAULT_JOBS, Output, Place, Purpose, all_and_quiet, clock, refuse_contradictions,
};
use crate::cli::session::{self, Invocation, Subject};
use crate::cli::streams::Streams;

/// What `verify` is told.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct VerifyArgs {
    /// Compute every migration again, and compare the bytes
    ///
    /// From the backup, with the catalog and the clock that were used.
    #[arg(long, help_heading = "What")]
    replay: bool,

    /// Leave run directories and their input snapshots alone
    #[arg(long, help_heading = "What")]
    no_snapshots: bool,

    #[command(flatten)]
    whole: WholeArgs,
}

/// Proves.
pub(crate) fn run(args: &VerifyArgs, invocation: &Invocation<'_>, streams: Streams) -> ExitCode {
    match resolve(args, invocation.env) {
        Ok((place, output, asked)) => perform(&place, &output, &asked, streams),
        Err(stop) => session::refuse(stop, invocation, streams),
    }
}

fn perform(place: &Place, output: &Output, asked: &VerifyOptions, streams: Streams) -> ExitCode {
    let subject = Subject {
        command: "verify",
        dry_run: true,
        target: None,
        now: asked.now,
    };
    let lines_count = output.format == Format::Jsonl && place.files_from.is_some();
    session::work(
        place,
        output,
        &subject,
        streams,
        |prepared, lookout, audience| {
            let asked = VerifyOptions {
                tree: prepared.tree.clone(),
                selection: prepared.selection.clone(),
                ..asked.clone()
            };
            let (storage, catalog) = (&prepared.storage, &prepared.catalog);
            operation::verify(storage, catalog, &asked, lookout, audience)
        },
        |summary, was_lost| exit::code(summary, was_lost, false, lines_count),
    )
}

fn resolve(args: &VerifyArgs, env: &Environment) -> Result<(Place, Output, VerifyOptions), Stop> {
    refuse_contradictions(&[all_and_quiet(&args.whole.output)])?;
    let output = Output::new(&args.whole.output, Purpose::Proof, env);
    let place = Place::of_whole(&args.whole);
    let asked = VerifyOptions {
        tree: String::new(),
        now: clock(args.whole.work.clock.now, env)?,
        selection: place.selection.clone(),
        jobs: args.whole.work.jobs.unwrap_or(DEFAULT_JOBS),
        snapshots: !args.no_snapshots,
        replay: args.replay,
    };
    Ok((place, output, asked))
}
