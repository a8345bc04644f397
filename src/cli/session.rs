//! One invocation from its options to its exit code: finds tree and catalog, lets a command work, tells everybody the end.
//!
//! What all commands share; it knows none of them.
//!
//! Invariant: with `--format json` standard output is one JSON object, whatever happens.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, Read, Write as _};
use std::path::Path;
use std::process::ExitCode;

use clap::ValueEnum as _;

use migrate_manifests::catalog::Catalog;
use migrate_manifests::clock::Timestamp;
use migrate_manifests::code::Code;
use migrate_manifests::path::TreePath;
use migrate_manifests::report::{Event, Signal, Sink as _, Stop, Summary, Watch};
use migrate_manifests::selection::Selection;
use migrate_manifests::storage::{self, CatalogFiles, FileSystem, Located};
use migrate_manifests::version::Version;

use super::Environment;
use super::args::{self, Color, Format};
use super::command;
use super::exit::{self, Failure, Terms};
use super::options::{self, Coloring, Output, Place, Purpose};
use super::progress::Progress;
use super::render::{self, Audience, CatalogName, Document, Known, Listed, Surface};
use super::signals::Signals;
use super::streams::{Stream, Streams};

/// What was typed, and where.
pub(crate) struct Invocation<'i> {
    /// The words, the program's name first.
    pub(crate) typed: &'i [OsString],
    /// The surroundings.
    pub(crate) env: &'i Environment,
}

/// What reports say of the work before it has started.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// The command's name.
    pub(crate) command: &'static str,
    /// Whether nothing may be written.
    pub(crate) dry_run: bool,
    /// The target version, where one was typed.
    pub(crate) target: Option<Version>,
    /// The clock.
    pub(crate) now: Timestamp,
}

impl Subject {
    /// That of a command which writes nothing and goes for no version.
    pub(crate) fn looking(command: &'static str, now: Timestamp) -> Self {
        Self {
            command,
            dry_run: true,
            target: None,
            now,
        }
    }
}

/// A tree that is open, with its catalog and what is selected in it.
pub(crate) struct Prepared {
    /// The same, as reports name it.
    pub(crate) tree: String,
    /// The open tree.
    pub(crate) storage: FileSystem,
    /// Its catalog.
    pub(crate) catalog: Catalog,
    /// What is selected.
    pub(crate) selection: Selection,
    /// What `--files-from` lists.
    listed: Option<BTreeSet<TreePath>>,
}

impl Prepared {
    /// The manifest that was typed as `path`, of which there is only one.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn only(&self, path: &Path) -> Result<&TreePath, Stop> {
        let named = self.selection.manifests.as_ref();
        named.and_then(|named| named.first()).ok_or_else(|| {
            let message = format!("nothing is at `{}`", path.display());
            Stop::new(Code::SelectionInvalid, message)
        })
    }
}

/// Watches over the work: signals in, progress out.
pub(crate) struct Lookout {
    signals: Signals,
    progress: Progress,
    /// Where to say that a signal has come, if anywhere.
    announce_on: Option<Stream>,
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

/// Lets a command work that tells its outcomes as events, and gives the exit code that its summary has on these terms.
pub(crate) fn work(
    place: &Place,
    output: &Output,
    subject: &Subject,
    streams: Streams,
    act: impl FnOnce(&Prepared, &Lookout, &mut Audience) -> Summary,
    terms: Terms,
) -> ExitCode {
    let progress = if streams.stderr.is_terminal() && !output.quiet {
        Progress::on_terminal()
    } else {
        Progress::hidden()
    };
    let mut streams = streams.beside(&progress);
    let mut known = Known::from(subject);
    let prepared = prepare(place, &mut streams, &mut known);
    let listed = prepared.as_ref().ok().and_then(|prepared| {
        prepared.listed.clone().map(|paths| Listed {
            paths,
            selection: prepared.selection.clone(),
        })
    });
    let mut audience = Audience::new(output, &streams, progress.clone(), known, listed);
    let ready =
        prepared.and_then(|prepared| Ok((prepared, lookout(subject, output, &streams, progress)?)));
    let end = match ready {
        Ok((prepared, lookout)) => End {
            summary: act(&prepared, &lookout, &mut audience),
            failure: None,
        },
        Err(failure) => could_not_start(failure),
    };
    conclude(end, output, &mut streams, audience, terms)
}

/// Lets a command work that gives one document.
pub(crate) fn read(
    place: &Place,
    output: &Output,
    subject: &Subject,
    mut streams: Streams,
    act: impl FnOnce(&Prepared, Surface) -> Result<Document, Failure>,
) -> ExitCode {
    let surface = Surface {
        paint: render::paint(output.color, &streams.stdout),
        columns: output.columns,
    };
    let mut known = Known::from(subject);
    let prepared = prepare(place, &mut streams, &mut known);
    let document = prepared.and_then(|prepared| act(&prepared, surface));
    tell(document, output, known, streams)
}

/// As [`read`], for a command that a signal may end early.
pub(crate) fn attend(
    place: &Place,
    output: &Output,
    subject: &Subject,
    streams: Streams,
    act: impl FnOnce(&Prepared, &Lookout, Surface) -> Result<Document, Failure>,
) -> ExitCode {
    let lookout = lookout(subject, output, &streams, Progress::hidden());
    read(
        place,
        output,
        subject,
        streams,
        |prepared, surface| match lookout {
            Ok(lookout) => act(prepared, &lookout, surface),
            Err(failure) => Err(failure),
        },
    )
}

/// Documents that stand in no tree, or need none.
pub(crate) struct Apart<'a> {
    /// The catalog, where one was named.
    pub(crate) catalog: Option<&'a Path>,
    /// What stands in the tree whose catalog is used else; the built-in one where there is nothing, or no tree around it.
    pub(crate) beside: Option<&'a Path>,
}

/// Lets a command work that looks at documents on standard input, or in any file, and gives one document.
pub(crate) fn apart(
    asked: &Apart<'_>,
    output: &Output,
    subject: &Subject,
    mut streams: Streams,
    act: impl FnOnce(&Catalog, &mut dyn Read, Surface) -> Result<Document, Failure>,
) -> ExitCode {
    let surface = Surface {
        paint: render::paint(output.color, &streams.stdout),
        columns: output.columns,
    };
    let mut known = Known::from(subject);
    let tree = asked
        .beside
        .and_then(|path| Located::around(path).ok())
        .map(|located| located.tree);
    let document = storage::load_catalog(asked.catalog, tree.as_deref())
        .map_err(Failure::from)
        .and_then(|catalog| {
            known.catalog = Some(CatalogName::from(&catalog));
            act(&catalog, &mut streams.stdin, surface)
        });
    tell(document, output, known, streams)
}

/// Lets a command work that looks at a catalog itself, the one named or that of the tree of `root`, and gives one document.
pub(crate) fn author(
    catalog: Option<&Path>,
    root: &Path,
    output: &Output,
    subject: &Subject,
    streams: Streams,
    act: impl FnOnce(&CatalogFiles, Surface) -> Result<Document, Failure>,
) -> ExitCode {
    let surface = Surface {
        paint: render::paint(output.color, &streams.stdout),
        columns: output.columns,
    };
    let mut known = Known::from(subject);
    let document = Located::find(root)
        .and_then(|located| storage::read_catalog(catalog, Some(&located.tree)))
        .map_err(Failure::from)
        .and_then(|files| {
            known.catalog = files.load().ok().as_ref().map(CatalogName::from);
            act(&files, surface)
        });
    tell(document, output, known, streams)
}

/// Prints a document, or why there is none.
pub(crate) fn tell(
    document: Result<Document, Failure>,
    output: &Output,
    known: Known,
    mut streams: Streams,
) -> ExitCode {
    let audience =
        |streams: &Streams, known| Audience::new(output, streams, Progress::hidden(), known, None);
    let document = match document {
        Ok(document) => document,
        Err(failure) => {
            let audience = audience(&streams, known);
            return conclude(
                could_not_start(failure),
                output,
                &mut streams,
                audience,
                Terms::default(),
            );
        }
    };
    let paint = render::paint(output.color, &streams.stderr);
    if !output.quiet {
        render::warn(&document.notices, streams.stderr.clone(), paint);
    }
    let printed = document
        .print(output, &known, &mut streams.stdout)
        .and_then(|()| streams.stdout.flush());
    let lost = printed
        .err()
        .filter(|error| error.kind() != io::ErrorKind::BrokenPipe || output.purpose.writes());
    if let Some(failure) = exit::failure(&document.summary, lost.as_ref()) {
        exit::tell(&failure, &mut streams.stderr, paint);
    }
    match document.summary.exit_code(false, false) {
        0 if lost.is_some() => ExitCode::from(2),
        0 => ExitCode::from(document.code),
        code => ExitCode::from(code),
    }
}

/// Finds tree, catalog and what is selected by name; `known` learns what is found.
fn prepare(place: &Place, streams: &mut Streams, known: &mut Known) -> Result<Prepared, Failure> {
    let located = match &place.around {
        Some(path) => Located::around(path)?,
        None => Located::find(&place.root).map_err(|stop| or_a_command(stop, place))?,
    };
    let tree = located.tree.to_string_lossy().into_owned();
    known.tree = Some(tree.clone());
    let catalog = storage::load_catalog(place.catalog.as_deref(), Some(&located.tree))?;
    known.catalog = Some(CatalogName::from(&catalog));
    let named = locate(place, &located, &catalog)?;
    let listed = place
        .files_from
        .as_ref()
        .map(|list| list.read(&mut streams.stdin))
        .transpose()
        .map_err(|error| Failure::new(Code::SelectionInvalid, &error))?;
    let mut selection = place.selection.clone();
    selection.within.clone_from(&located.within);
    selection.manifests = match (named, &listed) {
        (Some(named), Some(listed)) => Some(named.intersection(listed).cloned().collect()),
        (Some(named), None) => Some(named.into_iter().collect()),
        (None, Some(listed)) => Some(listed.iter().cloned().collect()),
        (None, None) => None,
    };
    Ok(Prepared {
        storage: FileSystem::open(&located, place.storage.clone())?,
        tree,
        catalog,
        selection,
        listed,
    })
}

/// A word that is no directory may have been meant as a command.
fn or_a_command(stop: Stop, place: &Place) -> Stop {
    let is_a_word = place.root.components().count() == 1 && !place.root.exists();
    if stop.code != Code::TreeNotFound || !is_a_word {
        return stop;
    }
    Stop {
        hint: Some(format!(
            "{}; for the commands, see --help",
            stop.code.hint()
        )),
        ..stop
    }
}

/// Finds the manifests that were named one by one; `None` where none were.
fn locate(
    place: &Place,
    located: &Located,
    catalog: &Catalog,
) -> Result<Option<BTreeSet<TreePath>>, Stop> {
    if place.manifests.is_empty() {
        return Ok(None);
    }
    let names = catalog.file_names();
    place
        .manifests
        .iter()
        .map(|path| located.locate(path, &place.root, &names))
        .collect::<Result<_, _>>()
        .map(Some)
}

/// Signals are watched from here on: before, nothing is begun, and they may end the process at once.
fn lookout(
    subject: &Subject,
    output: &Output,
    streams: &Streams,
    progress: Progress,
) -> Result<Lookout, Failure> {
    let signals = Signals::watch()
        .map_err(|error| Failure::new(Code::Interrupted, &SignalsUnwatched(error)))?;
    let announces = streams.stderr.is_terminal() && !output.quiet && !subject.dry_run;
    Ok(Lookout {
        signals,
        progress,
        announce_on: announces.then(|| streams.stderr.clone()),
    })
}

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
    terms: Terms,
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
        && !output.purpose.writes();
    if let Some(failure) = failure
        .or_else(|| exit::failure(&summary, lost))
        .filter(|_| !nobody_listens)
    {
        let paint = render::paint(output.color, &streams.stderr);
        exit::tell(&failure, &mut streams.stderr, paint);
    }
    exit::code(&summary, lost.is_some(), terms)
}

/// Arguments that are wrong, or do not fit together.
pub(crate) fn refuse(stop: Stop, invocation: &Invocation<'_>, mut streams: Streams) -> ExitCode {
    let Invocation { typed, env } = invocation;
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
    let subject = Subject {
        command: command::typed(typed),
        dry_run: ["--dry-run", "--diff", "--check", "--list-versions"]
            .iter()
            .any(|flag| typed.iter().any(|word| word == flag)),
        target: None,
        now: options::clock(now, env).unwrap_or(env.started),
    };
    let audience = Audience::new(
        &output,
        &streams,
        Progress::hidden(),
        Known::from(&subject),
        None,
    );
    conclude(
        could_not_start(stop.into()),
        &output,
        &mut streams,
        audience,
        Terms::default(),
    )
}

/// When to use colour, where the arguments are not resolved.
pub(crate) fn coloring(typed: &[OsString], env: &Environment) -> Coloring {
    let color = args::typed_value(typed, "--color");
    let color = color.and_then(|text| Color::from_str(text, false).ok());
    options::coloring(color, env)
}
