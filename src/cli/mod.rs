//! The command line: arguments in, events shown, an exit code out.
//!
//! The only part that touches terminal, arguments and environment; it decides nothing about manifests and uses of the library only what any caller could.
//!
//! Invariant: with `--format json` standard output is one JSON object, whatever happens.

mod args;
mod environment;
mod escape;
mod exit;
mod files_from;
mod options;
mod progress;
mod render;
mod signals;
mod streams;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::ValueEnum as _;

use migrate_manifests::catalog::Catalog;
use migrate_manifests::code::Code;
use migrate_manifests::event::{Event, Sink as _, Watch};
use migrate_manifests::operation::{self, Depth, migrate};
use migrate_manifests::path::TreePath;
use migrate_manifests::report::{Signal, Stop, Summary};
use migrate_manifests::storage::{self, FileSystem, Located};

use args::{Format, Request, Shown};
use exit::Failure;
use options::{Coloring, Options, Output, Purpose};
use progress::Progress;
use render::{Audience, CatalogName, Known, Listed};
use signals::Signals;

pub(crate) use environment::Environment;
pub(crate) use streams::Streams;

/// Does what the arguments ask for.
pub(crate) fn run(typed: &[OsString], env: &Environment, mut streams: Streams) -> ExitCode {
    let asked = args::read(typed, env.columns);
    let resolved = match asked {
        Ok(Request::Show(text)) => return show(&text, typed, env, &mut streams),
        Ok(Request::Work(args)) => options::resolve(*args, env),
        Err(stop) => Err(stop),
    };
    match resolved {
        Ok(options) => work(&options, streams),
        Err(stop) => refuse(stop, typed, env, streams),
    }
}

/// An operation that is ready to start.
struct Prepared {
    storage: FileSystem,
    catalog: Catalog,
    operation: operation::Options,
    listed: Option<BTreeSet<TreePath>>,
}

fn work(options: &Options, streams: Streams) -> ExitCode {
    let output = &options.output;
    let progress = if streams.stderr.is_terminal() && !output.quiet {
        Progress::on_terminal()
    } else {
        Progress::hidden()
    };
    let mut streams = streams.beside(&progress);
    let mut known = known_before(options);
    let prepared = prepare(options, &mut streams, &mut known);
    let listed = prepared.as_ref().ok().and_then(|prepared| {
        prepared.listed.clone().map(|paths| Listed {
            paths,
            selection: prepared.operation.selection.clone(),
        })
    });
    let mut audience = Audience::new(output, &streams, progress.clone(), known, listed);
    let end = match prepared {
        Ok(prepared) => perform(&prepared, output, &streams, progress, &mut audience),
        Err(failure) => could_not_start(failure),
    };
    let lines_count = output.format == Format::Jsonl && options.files_from.is_some();
    conclude(end, output, &mut streams, audience, |summary, was_lost| {
        exit::code(summary, was_lost, options.check, lines_count)
    })
}

/// Finds tree, catalog and what is selected by name; `known` learns what is found.
fn prepare(
    options: &Options,
    streams: &mut Streams,
    known: &mut Known,
) -> Result<Prepared, Failure> {
    let located = Located::find(&options.root)?;
    let tree = located.tree.to_string_lossy().into_owned();
    known.tree = Some(tree.clone());
    let catalog = storage::load_catalog(options.catalog.as_deref(), &located.tree)?;
    known.catalog = Some(CatalogName {
        name: catalog.name().to_owned(),
        source: catalog.source().to_string(),
        digest: catalog.digest().prefixed(),
    });
    let named = locate(options, &located, &catalog)?;
    let listed = options
        .files_from
        .as_ref()
        .map(|list| list.read(&mut streams.stdin))
        .transpose()
        .map_err(|error| Failure::new(Code::SelectionInvalid, &error))?;
    let mut operation = options.operation.clone();
    operation.tree = tree;
    operation.selection.within.clone_from(&located.within);
    operation.selection.manifests = match (named, &listed) {
        (Some(named), Some(listed)) => Some(named.intersection(listed).cloned().collect()),
        (Some(named), None) => Some(named.into_iter().collect()),
        (None, Some(listed)) => Some(listed.iter().cloned().collect()),
        (None, None) => None,
    };
    Ok(Prepared {
        storage: FileSystem::open(&located, options.storage.clone())?,
        catalog,
        operation,
        listed,
    })
}

/// Finds the manifests that were named one by one; `None` where none were.
fn locate(
    options: &Options,
    located: &Located,
    catalog: &Catalog,
) -> Result<Option<BTreeSet<TreePath>>, Stop> {
    if options.manifests.is_empty() {
        return Ok(None);
    }
    let names: Vec<&str> = catalog.file_names().collect();
    options
        .manifests
        .iter()
        .map(|path| located.locate(path, &options.root, &names))
        .collect::<Result<_, _>>()
        .map(Some)
}

/// Lets the engine work. Signals are watched from here on: before, nothing is begun, and they may end the process at once.
fn perform(
    prepared: &Prepared,
    output: &Output,
    streams: &Streams,
    progress: Progress,
    audience: &mut Audience,
) -> End {
    let signals = match Signals::watch() {
        Ok(signals) => signals,
        Err(error) => {
            return could_not_start(Failure::new(Code::Interrupted, &SignalsUnwatched(error)));
        }
    };
    let announces =
        streams.stderr.is_terminal() && !output.quiet && prepared.operation.depth == Depth::Write;
    let lookout = Lookout {
        signals,
        progress,
        announce_on: announces.then(|| streams.stderr.clone()),
    };
    let Prepared {
        storage,
        catalog,
        operation,
        ..
    } = prepared;
    End {
        summary: migrate(storage, catalog, operation, &lookout, audience),
        failure: None,
    }
}

/// Watches over the operation: signals in, progress out.
struct Lookout {
    signals: Signals,
    progress: Progress,
    /// Where to say that a signal has come, if anywhere.
    announce_on: Option<streams::Stream>,
}

impl Watch for Lookout {
    fn signal(&self) -> Option<Signal> {
        self.signals.pending(|| {
            if let Some(stderr) = &self.announce_on {
                let note = b"interrupted: finishing what was begun\n";
                stderr.clone().write_all(note).unwrap_or_default();
            }
        })
    }

    fn looked_at(&self) {
        self.progress.advance();
    }
}

#[derive(Debug, thiserror::Error)]
#[error("cannot watch for signals")]
struct SignalsUnwatched(#[source] io::Error);

/// What an invocation came to.
struct End {
    summary: Summary,
    /// Why it could not start, with what lies behind it.
    failure: Option<Failure>,
}

fn could_not_start(failure: Failure) -> End {
    End {
        summary: Summary {
            stop: Some(failure.to_stop()),
            ..Summary::default()
        },
        failure: Some(failure),
    }
}

/// Tells everybody the end, says what went wrong, and gives the exit code.
fn conclude(
    end: End,
    output: &Output,
    streams: &mut Streams,
    mut audience: Audience,
    code: impl FnOnce(&Summary, bool) -> ExitCode,
) -> ExitCode {
    let End { summary, failure } = end;
    if !audience.knows_the_end() {
        // What cannot be told is remembered by the audience.
        audience
            .event(&Event::Finished(&summary))
            .unwrap_or_default();
    }
    let lost = audience.lost();
    let nobody_listens = lost.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
        && output.purpose != Purpose::Migrate;
    if let Some(failure) = failure
        .or_else(|| exit::failure(&summary, lost))
        .filter(|_| !nobody_listens)
    {
        let paint = render::paint(output.color, &streams.stderr);
        exit::tell(&failure, &mut streams.stderr, paint);
    }
    code(&summary, lost.is_some())
}

/// Arguments that are wrong, or do not fit together.
fn refuse(stop: Stop, typed: &[OsString], env: &Environment, mut streams: Streams) -> ExitCode {
    let format =
        args::typed_value(typed, "--format").and_then(|text| Format::from_str(text, false).ok());
    let now = args::typed_value(typed, "--now").and_then(|text| text.parse().ok());
    let output = Output {
        format: format.unwrap_or(Format::Text),
        purpose: Purpose::Migrate,
        quiet: false,
        all: false,
        color: coloring(typed, env),
        columns: env.columns,
    };
    let known = Known {
        command: "migrate",
        dry_run: ["--dry-run", "--diff", "--check", "--list-versions"]
            .iter()
            .any(|flag| typed.iter().any(|word| word == flag)),
        tree: None,
        catalog: None,
        target: None,
        started_at: options::clock(now, env).unwrap_or(env.started),
    };
    let audience = Audience::new(&output, &streams, Progress::hidden(), known, None);
    conclude(
        could_not_start(stop.into()),
        &output,
        &mut streams,
        audience,
        |summary, was_lost| exit::code(summary, was_lost, false, false),
    )
}

fn known_before(options: &Options) -> Known {
    Known {
        command: options.operation.command,
        dry_run: options.operation.depth != Depth::Write,
        tree: None,
        catalog: None,
        target: options.operation.target.clone(),
        started_at: options.operation.now,
    }
}

/// Help and version go to standard output; a reader that has seen enough is no failure.
fn show(shown: &Shown, typed: &[OsString], env: &Environment, streams: &mut Streams) -> ExitCode {
    let paint = render::paint(coloring(typed, env), &streams.stdout);
    let text = if paint.is_on() {
        &shown.styled
    } else {
        &shown.plain
    };
    let written = streams.stdout.write_all(text.as_bytes());
    match written.and_then(|()| streams.stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::from(2),
        _ => ExitCode::SUCCESS,
    }
}

/// When to use colour, where the arguments are not resolved.
fn coloring(typed: &[OsString], env: &Environment) -> Coloring {
    let color = args::typed_value(typed, "--color");
    let color = color.and_then(|text| args::Color::from_str(text, false).ok());
    options::coloring(color, env)
}

#[cfg(test)]
mod tests;
