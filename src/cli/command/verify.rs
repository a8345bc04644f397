//! `verify`: proves what was migrated.

use std::process::ExitCode;

use migrate_manifests::operation::VerifyOptions;
use migrate_manifests::report::Stop;

use crate::cli::Environment;
use crate::cli::args::WholeArgs;
use crate::cli::exit::Terms;
use crate::cli::options::{
    DEFAULT_JOBS, Output, Place, Purpose, all_and_quiet, clock, refuse_contradictions,
};
use crate::cli::order::Order;
use crate::cli::session::{self, Invocation};
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
        Ok(order) => order.perform(streams),
        Err(stop) => session::refuse(stop, invocation, streams),
    }
}

fn resolve(args: &VerifyArgs, env: &Environment) -> Result<Order<VerifyOptions>, Stop> {
    refuse_contradictions(&[all_and_quiet(&args.whole.output)])?;
    let output = Output::new(&args.whole.output, Purpose::Proof, env);
    let place = Place::of_whole(&args.whole);
    Ok(Order {
        operation: VerifyOptions {
            tree: String::new(),
            now: clock(args.whole.work.clock.now, env)?,
            selection: place.selection.clone(),
            jobs: args.whole.work.jobs.unwrap_or(DEFAULT_JOBS),
            snapshots: !args.no_snapshots,
            replay: args.replay,
        },
        terms: Terms::of(&place, &output),
        place,
        output,
    })
}
