//! `completions`: what a shell needs to complete commands and flags; the only place that knows its crate.

use std::io::Write as _;
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::cli::args::Args;
use crate::cli::streams::Streams;

/// What `completions` is told.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// For which shell
    shell: Shell,
}

/// Prints the completions.
pub(crate) fn run(args: &CompletionsArgs, mut streams: Streams) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut Args::command(),
        "migrate-manifests",
        &mut script,
    );
    let printed = streams.stdout.write_all(&script);
    super::printed(printed.and_then(|()| streams.stdout.flush()))
}
