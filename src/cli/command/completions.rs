//! `completions`: the completion scripts of shells. Only this file uses their crate.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Command;
use clap_complete::Shell;

use crate::cli::environment::Cli;
use crate::cli::exit::printed;

#[derive(Debug, Clone, clap::Args)]
pub(super) struct CompletionsArgs {
    /// For which shell
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs, mut program: Command, cli: &mut Cli<'_>) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, "migrate-manifests", &mut script);
    let stdout = &mut cli.streams.stdout;
    let written = stdout.write_all(&script);
    printed(written.and_then(|()| stdout.flush()))
}
