//! The `migrate-manifests` program: hands arguments, environment and streams to [`cli::run`].

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests look at what was written")
)]

mod cli;

use std::process::ExitCode;

#[expect(
    clippy::disallowed_methods,
    reason = "the only place that asks for the arguments"
)]
fn main() -> ExitCode {
    migrate_manifests::storage::keep_owner_rights();
    let typed: Vec<_> = std::env::args_os().collect();
    cli::run(cli::Cli {
        typed: &typed,
        env: &cli::Environment::of_process(),
        streams: cli::Streams::of_process(),
    })
}
