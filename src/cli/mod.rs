//! The command line: arguments in, events shown, an exit code out.
//!
//! The only part that touches terminal, arguments and environment; it decides nothing about manifests and uses of the library only what any caller could.
//!
//! Reading order: [`args`] what may be typed, [`command`] one file for each command, [`options`] what the flags mean, [`order`] what the engine is asked for, [`session`] an invocation from start to end, [`render`] what is printed.
//!
//! Invariant: with `--format json` standard output is one JSON object, whatever happens.

mod args;
mod command;
mod environment;
mod escape;
mod exit;
mod files_from;
mod kinds;
mod options;
mod order;
mod plan_file;
mod progress;
mod render;
mod session;
mod signals;
mod streams;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use args::{Request, Shown};
use session::Invocation;

pub(crate) use environment::Environment;
pub(crate) use streams::Streams;

/// Does what the arguments ask for.
pub(crate) fn run(typed: &[OsString], env: &Environment, mut streams: Streams) -> ExitCode {
    let invocation = Invocation { typed, env };
    match args::read(typed, env.columns) {
        Ok(Request::Show(text)) => show(&text, &invocation, &mut streams),
        Ok(Request::Work(args)) => command::run(*args, &invocation, streams),
        Err(stop) => session::refuse(stop, &invocation, streams),
    }
}

/// Help and version go to standard output; a reader that has seen enough is no failure.
fn show(shown: &Shown, invocation: &Invocation<'_>, streams: &mut Streams) -> ExitCode {
    let coloring = session::coloring(invocation.typed, invocation.env);
    let text = if render::paint(coloring, &streams.stdout).is_on() {
        &shown.styled
    } else {
        &shown.plain
    };
    let written = streams.stdout.write_all(text.as_bytes());
    command::printed(written.and_then(|()| streams.stdout.flush()))
}

#[cfg(test)]
mod tests;
