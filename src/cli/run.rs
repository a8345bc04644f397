//! Runs one invocation: parses the arguments, runs the command, and reports errors of both.

use std::io::Write as _;
use std::process::ExitCode;

use migrate_manifests::code::Code;
use migrate_manifests::report::Stop;

use super::args::OutputArgs;
use super::command::{self, CommandLine, Shown};
use super::environment::Cli;
use super::exit;
use super::invocation::Invocation;
use super::options::{self, ReportOptions};
use super::render;
use super::signals;

pub(crate) fn run(mut cli: Cli<'_>) -> ExitCode {
    let done = match command::read(cli.typed, cli.env.columns) {
        Ok(CommandLine::Show(text)) => return show(&text, &mut cli),
        Ok(CommandLine::Work(args)) => {
            survive_file_size_limit().and_then(|()| command::run(*args, &mut cli))
        }
        Err(stop) => Err(stop),
    };
    done.unwrap_or_else(|stop| refuse(stop, &mut cli))
}

fn survive_file_size_limit() -> Result<(), Stop> {
    let survived = signals::survive_file_size_limit();
    survived.map_err(|error| {
        let message = format!("cannot watch for signals: {error}");
        Stop::new(Code::Interrupted, message)
    })
}

/// Prints help or version to standard output; a reader that closes it early is no failure.
fn show(shown: &Shown, cli: &mut Cli<'_>) -> ExitCode {
    let color = options::color(command::typed(cli.typed).color, cli.env);
    let stdout = &mut cli.streams.stdout;
    let text = if render::paint(color, stdout).is_on() {
        &shown.styled
    } else {
        &shown.plain
    };
    let written = stdout.write_all(text.as_bytes());
    exit::printed(written.and_then(|()| stdout.flush()))
}

fn refuse(stop: Stop, cli: &mut Cli<'_>) -> ExitCode {
    let typed = command::typed(cli.typed);
    let output = OutputArgs {
        format: typed.format,
        color: typed.color,
        ..OutputArgs::default()
    };
    let now = options::clock(typed.now, cli.env).unwrap_or(cli.env.started);
    let mut reporting = ReportOptions::at(now, &typed.command, &output, cli.env);
    reporting.output.loss_is_failure = true;
    reporting.facts.dry_run = typed.dry_run;
    Invocation::begin(cli, reporting).end(Err(stop.into()), &())
}
