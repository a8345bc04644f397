//! Runs one invocation: parses the arguments, runs the command, and reports errors of both.

use std::io::Write as _;
use std::process::ExitCode;

use migrate_manifests::report::Stop;

use super::args::Format;
use super::command::{self, Request, Shown};
use super::environment::Cli;
use super::exit::{self, Terms};
use super::options::{self, Output};
use super::render::{self, Facts};
use super::session::Session;

pub(crate) fn run(mut cli: Cli<'_>) -> ExitCode {
    let done = match command::read(cli.typed, cli.env.columns) {
        Ok(Request::Show(text)) => return show(&text, &mut cli),
        Ok(Request::Work(args)) => command::run(*args, &mut cli),
        Err(stop) => Err(stop),
    };
    done.unwrap_or_else(|stop| refuse(stop, &mut cli))
}

/// Prints help or version to standard output; a reader that closes it early is no failure.
fn show(shown: &Shown, cli: &mut Cli<'_>) -> ExitCode {
    let coloring = options::coloring(command::typed(cli.typed).color, cli.env);
    let stdout = &mut cli.streams.stdout;
    let text = if render::paint(coloring, stdout).is_on() {
        &shown.styled
    } else {
        &shown.plain
    };
    let written = stdout.write_all(text.as_bytes());
    exit::printed(written.and_then(|()| stdout.flush()))
}

pub(crate) fn refuse(stop: Stop, cli: &mut Cli<'_>) -> ExitCode {
    let typed = command::typed(cli.typed);
    let output = Output {
        format: typed.format.unwrap_or(Format::Text),
        loss_is_failure: true,
        color: options::coloring(typed.color, cli.env),
        ..Output::plain(cli.env)
    };
    let now = options::clock(typed.now, cli.env).unwrap_or(cli.env.started);
    let facts = Facts {
        dry_run: typed.dry_run,
        ..Facts::reading(&typed.command, now)
    };
    Session::begin(cli, output, facts).end(Err(stop.into()), &(), Terms::default())
}
