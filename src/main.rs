//! The `migrate-manifests` program: hands arguments, environment and streams to [`cli::run`].

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    let typed: Vec<_> = std::env::args_os().collect();
    cli::run(
        &typed,
        &cli::Environment::of_process(),
        cli::Streams::of_process(),
    )
}
