//! One invocation at work: opens tree and catalog, watches for signals, and reports the end.
//!
//! All commands share it; it knows none of them.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use migrate_manifests::catalog::Catalog;
use migrate_manifests::code::Code;
use migrate_manifests::operation::{Frame, Request};
use migrate_manifests::outside::{self, CatalogFiles};
use migrate_manifests::path::TreePath;
use migrate_manifests::report::{Signal, Stop, Summary, Watch};
use migrate_manifests::selection::Selection;
use migrate_manifests::storage::{Files, Located, OpenOptions};

use super::environment::Cli;
use super::exit::{self, Failure, Terms};
use super::options::{Output, Place, Work};
use super::progress::Progress;
use super::render::{CatalogName, Ending, Facts, Listed, Report, paint};
use super::signals::Signals;
use super::streams::Stream;

pub(crate) struct Session<'s, 'c> {
    pub(crate) cli: &'s mut Cli<'c>,
    output: Output,
    progress: Progress,
    stderr: Stream,
    pub(crate) report: Report,
}

pub(crate) struct Tree {
    pub(crate) located: Located,
    pub(crate) storage: Files,
    pub(crate) catalog: Catalog,
    pub(crate) selection: Selection,
}

pub(crate) struct Setup {
    pub(crate) tree: Tree,
    pub(crate) request: Request,
    watch: SessionWatch,
}

impl Setup {
    pub(crate) fn frame(&self) -> Result<Frame<'_>, Stop> {
        let (storage, catalog) = (&self.tree.storage, &self.tree.catalog);
        Frame::new(storage, catalog, &self.request, &self.watch)
    }
}

impl<'s, 'c> Session<'s, 'c> {
    /// Begins the session; from now on everything is reported in the format of `output`.
    pub(crate) fn begin(cli: &'s mut Cli<'c>, output: Output, facts: Facts) -> Self {
        let progress = if cli.streams.stderr.is_terminal() && !output.view.quiet {
            Progress::on_terminal()
        } else {
            Progress::hidden()
        };
        let stderr = cli.streams.stderr.beside(&progress);
        let stdout = if output.uses_stderr {
            stderr.clone()
        } else {
            cli.streams.stdout.beside(&progress)
        };
        Self {
            report: Report::new(&output, (&stdout, &stderr), progress.clone(), facts),
            cli,
            output,
            progress,
            stderr,
        }
    }

    pub(crate) fn set_up(&mut self, place: &Place, work: Work) -> Result<Setup, Failure> {
        let tree = self.open(place)?;
        let facts = &self.report.facts;
        let request = Request {
            command: facts.command.clone(),
            tree: tree.located.tree.to_string_lossy().into_owned(),
            now: facts.started_at,
            started: self.cli.env.started,
            selection: tree.selection.clone(),
            jobs: work.jobs,
            dry_run: facts.dry_run,
            who: self.cli.env.actor(self.cli.typed),
            wait: work.wait,
        };
        Ok(Setup {
            tree,
            request,
            watch: self.watch()?,
        })
    }

    fn open(&mut self, place: &Place) -> Result<Tree, Failure> {
        let located = match &place.around {
            Some(path) => Located::around(path)?,
            None => Located::find(&place.root).map_err(|stop| with_command_hint(stop, place))?,
        };
        self.report.facts.tree = Some(located.tree.to_string_lossy().into_owned());
        let storage = Files::open(&located, place.storage.clone())?;
        let in_tree = Some((&storage as _, located.tree.as_path()));
        let catalog = outside::load_catalog(place.catalog.as_deref(), in_tree)?;
        self.report.facts.catalog = Some(CatalogName::from(&catalog));
        let named = named(place, &located, &catalog)?;
        let listed = place
            .files_from
            .as_ref()
            .map(|list| list.read(&mut self.cli.streams.stdin))
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
        if let Some(paths) = listed {
            let selection = selection.clone();
            self.report.expect(Listed { paths, selection });
        }
        Ok(Tree {
            located,
            storage,
            catalog,
            selection,
        })
    }

    /// Loads the catalog `named`, else the one of the tree around `beside`, else the built-in one.
    pub(crate) fn catalog(
        &mut self,
        named: Option<&Path>,
        beside: Option<&Path>,
    ) -> Result<Catalog, Failure> {
        let located = beside.and_then(|path| Located::around(path).ok());
        let opened = located
            .map(|located| {
                Files::open(&located, OpenOptions::default()).map(|files| (located, files))
            })
            .transpose()?;
        let in_tree = opened.as_ref();
        let in_tree = in_tree.map(|(located, files)| (files as _, located.tree.as_path()));
        let catalog = outside::load_catalog(named, in_tree)?;
        self.report.facts.catalog = Some(CatalogName::from(&catalog));
        Ok(catalog)
    }

    /// The files of the catalog `named`, else of that of the tree of `root`, else of the built-in one.
    pub(crate) fn catalog_files(
        &mut self,
        named: Option<&Path>,
        root: &Path,
    ) -> Result<CatalogFiles, Failure> {
        let located = Located::find(root)?;
        let storage = Files::open(&located, OpenOptions::default())?;
        let in_tree = Some((&storage as _, located.tree.as_path()));
        let files = outside::read_catalog(named, in_tree)?;
        self.report.facts.catalog = files.load().ok().as_ref().map(CatalogName::from);
        Ok(files)
    }

    /// Signals are watched from here on: before, nothing is begun, and they may end the process at once.
    pub(crate) fn watch(&self) -> Result<SessionWatch, Failure> {
        let signals = Signals::watch()
            .map_err(|error| Failure::new(Code::Interrupted, &SignalsUnwatched(error)))?;
        let dry_run = self.report.facts.dry_run;
        let announces = self.stderr.is_terminal() && !self.output.view.quiet && !dry_run;
        Ok(SessionWatch {
            signals,
            progress: self.progress.clone(),
            announce_on: announces.then(|| self.stderr.clone()),
        })
    }

    pub(crate) fn end(
        mut self,
        done: Result<Summary, Failure>,
        ending: &dyn Ending,
        terms: Terms,
    ) -> ExitCode {
        let (summary, failure) = match done {
            Ok(summary) => (summary, None),
            Err(failure) => {
                let stop = Some(failure.to_stop());
                let summary = Summary {
                    stop,
                    ..Summary::default()
                };
                (summary, Some(failure))
            }
        };
        let ending: &dyn Ending = if failure.is_some() { &() } else { ending };
        self.report.end(&summary, ending);
        let lost = self.report.lost();
        let reader_left = lost.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
            && !self.output.loss_is_failure;
        let failure = failure.or_else(|| exit::failure(&summary, lost));
        if let Some(failure) = failure.filter(|_| !reader_left) {
            let paint = paint(self.output.color, &self.stderr);
            exit::print_failure(&failure, &mut self.stderr, paint);
        }
        let terms = Terms {
            found_trouble: ending.has_trouble(),
            ..terms
        };
        exit::code(&summary, lost.is_some() && !reader_left, terms)
    }
}

pub(crate) struct SessionWatch {
    signals: Signals,
    progress: Progress,
    /// The stream on which a signal is announced.
    announce_on: Option<Stream>,
}

impl Watch for SessionWatch {
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

    fn expects(&self, ahead: u64) {
        self.progress.expect(ahead);
    }
}

#[derive(Debug, thiserror::Error)]
#[error("cannot watch for signals")]
struct SignalsUnwatched(#[source] io::Error);

fn with_command_hint(stop: Stop, place: &Place) -> Stop {
    let is_a_word = place.root.components().count() == 1 && !outside::exists(&place.root);
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

fn named(
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
