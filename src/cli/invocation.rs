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
use migrate_manifests::report::{ExitTerms, Signal, Stop, Summary, Watch};
use migrate_manifests::selection::Selection;
use migrate_manifests::storage::{Files, Located, OpenOptions};

use super::environment::Cli;
use super::exit::{self, CommandFailure};
use super::options::{DEFAULT_JOBS, Output, ReportOptions, TreeOptions};
use super::progress::Progress;
use super::render::{CatalogFacts, Ending, ListedManifests, Report, paint};
use super::signals::Signals;
use super::streams::Stream;

pub(crate) struct Invocation<'s, 'c> {
    pub(crate) cli: &'s mut Cli<'c>,
    output: Output,
    progress: Progress,
    stderr: Stream,
    pub(crate) report: Report,
    pub(crate) terms: ExitTerms,
}

/// An open tree, and all that an operation on it needs.
pub(crate) struct Setup {
    pub(crate) located: Located,
    pub(crate) storage: Files,
    pub(crate) catalog: Catalog,
    pub(crate) request: Request,
    watch: SignalWatch,
}

impl Setup {
    pub(crate) fn frame(&self) -> Result<Frame<'_>, Stop> {
        Frame::new(&self.storage, &self.catalog, &self.request, &self.watch)
    }
}

impl<'s, 'c> Invocation<'s, 'c> {
    /// Begins one; from now on everything is reported as the options say.
    pub(crate) fn begin(cli: &'s mut Cli<'c>, reporting: ReportOptions) -> Self {
        let ReportOptions { output, facts } = reporting;
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
            terms: ExitTerms::default(),
        }
    }

    pub(crate) fn set_up(&mut self, options: &TreeOptions) -> Result<Setup, CommandFailure> {
        let located = match &options.around {
            Some(path) => Located::around(path)?,
            None => Located::find(&options.root)
                .map_err(|stop| with_command_hint(stop, &options.root))?,
        };
        self.report.facts.tree = Some(located.tree.to_string_lossy().into_owned());
        for notice in &located.ignored {
            self.report.warn(notice);
        }
        if options.as_owner {
            located.become_owner()?;
        }
        let storage = Files::open(&located, options.storage.clone())?;
        if let Some(notice) = storage.foreign_state() {
            self.report.warn(&notice);
        }
        let in_tree = Some((&storage as _, located.tree.as_path()));
        let catalog = outside::load_catalog(options.catalog.as_deref(), in_tree)?;
        self.report.facts.catalog = Some(CatalogFacts::from(&catalog));
        let selection = self.select(options, &located, &catalog)?;
        let request = Request {
            jobs: options.jobs,
            wait: options.wait,
            ..self.request(&located, selection)
        };
        Ok(Setup {
            located,
            storage,
            catalog,
            request,
            watch: self.watch()?,
        })
    }

    /// Completes the selection with the manifests that are named by path.
    fn select(
        &mut self,
        options: &TreeOptions,
        located: &Located,
        catalog: &Catalog,
    ) -> Result<Selection, CommandFailure> {
        let file_names = catalog.file_names();
        let named = options.manifests.iter();
        let named = named
            .map(|path| located.locate(path, &options.root, &file_names))
            .collect::<Result<BTreeSet<TreePath>, Stop>>()?;
        let listed = options
            .files_from
            .as_ref()
            .map(|list| list.read(&mut self.cli.streams.stdin))
            .transpose()
            .map_err(|error| CommandFailure::new(Code::SelectionInvalid, &error))?;
        let mut selection = Selection {
            within: located.within.clone(),
            ..options.selection.clone()
        };
        if !options.manifests.is_empty() {
            selection.only(named);
        }
        if let Some(listed) = &listed {
            selection.only(listed.clone());
        }
        if let Some(paths) = listed {
            let selection = selection.clone();
            self.report.expect(&ListedManifests { paths, selection });
        }
        Ok(selection)
    }

    /// The request of an operation that does not wait.
    pub(crate) fn request(&self, located: &Located, selection: Selection) -> Request {
        let facts = &self.report.facts;
        Request {
            command: facts.command.clone(),
            tree: located.tree.to_string_lossy().into_owned(),
            now: facts.started_at,
            started: self.cli.env.started,
            selection,
            jobs: DEFAULT_JOBS,
            dry_run: facts.dry_run,
            who: self.cli.env.actor(self.cli.typed),
            wait: false,
        }
    }

    /// Loads the catalog `named`, else the one of the tree around `beside`, else the built-in one.
    pub(crate) fn catalog(
        &mut self,
        named: Option<&Path>,
        beside: Option<&Path>,
    ) -> Result<Catalog, CommandFailure> {
        // A document outside every tree, or one that is not there, has no tree's catalog; reading it gives the reason.
        let located = beside.and_then(|path| Located::around(path).ok());
        let storage = located.as_ref().map(open_plain).transpose()?;
        let in_tree = located.as_ref().zip(storage.as_ref());
        let in_tree = in_tree.map(|(located, files)| (files as _, located.tree.as_path()));
        let catalog = outside::load_catalog(named, in_tree)?;
        self.report.facts.catalog = Some(CatalogFacts::from(&catalog));
        Ok(catalog)
    }

    /// The files of the catalog `named`, else of that of the tree of `root`, else of the built-in one.
    pub(crate) fn catalog_files(
        &mut self,
        named: Option<&Path>,
        root: &Path,
    ) -> Result<CatalogFiles, CommandFailure> {
        let located = Located::find(root)?;
        let storage = open_plain(&located)?;
        let in_tree = Some((&storage as _, located.tree.as_path()));
        let files = outside::read_catalog(named, in_tree)?;
        self.report.facts.catalog = files.load().ok().as_ref().map(CatalogFacts::from);
        Ok(files)
    }

    /// Signals are watched from here on: before, nothing is begun, and they may end the process at once.
    fn watch(&self) -> Result<SignalWatch, CommandFailure> {
        let signals = Signals::watch()
            .map_err(|error| CommandFailure::new(Code::Interrupted, &SignalsUnwatched(error)))?;
        let dry_run = self.report.facts.dry_run;
        let announces = self.stderr.is_terminal() && !self.output.view.quiet && !dry_run;
        Ok(SignalWatch {
            signals,
            progress: self.progress.clone(),
            announce_on: announces.then(|| self.stderr.clone()),
        })
    }

    /// Reports the end of a command that is no operation.
    pub(crate) fn answer(self, answer: Result<impl Ending, CommandFailure>) -> ExitCode {
        match answer {
            Ok(ending) => self.end(Ok(Summary::default()), &ending),
            Err(failure) => self.end(Err(failure), &()),
        }
    }

    /// Reports the end of an operation, or the failure because of which there was none.
    pub(crate) fn end(
        mut self,
        done: Result<Summary, CommandFailure>,
        ending: &dyn Ending,
    ) -> ExitCode {
        let (summary, ending, failure) = match done {
            Ok(summary) => (summary, ending, None),
            Err(failure) => {
                let stop = Some(failure.to_stop());
                let summary = Summary {
                    stop,
                    ..Summary::default()
                };
                (summary, &() as &dyn Ending, Some(failure))
            }
        };
        self.report.end(&summary, ending);
        let lost = self.report.lost();
        let reader_left = lost.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
            && !self.output.loss_is_failure;
        let failure = failure.or_else(|| exit::failure(&summary, lost));
        if let Some(failure) = failure.filter(|_| !reader_left) {
            let paint = paint(self.output.color, &self.stderr);
            exit::print_failure(&failure, &mut self.stderr, paint);
        }
        let terms = ExitTerms {
            found_trouble: ending.has_trouble(),
            output_lost: lost.is_some() && !reader_left,
            ..self.terms
        };
        ExitCode::from(summary.exit_code(terms).code())
    }
}

struct SignalWatch {
    signals: Signals,
    progress: Progress,
    /// The stream on which a signal is announced.
    announce_on: Option<Stream>,
}

impl Watch for SignalWatch {
    fn signal(&self) -> Option<Signal> {
        self.signals.pending(|| {
            if let Some(stderr) = &self.announce_on {
                let note = b"interrupted: finishing what was begun\n";
                // If nobody reads standard error, the summary and the exit code still say it.
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

fn open_plain(located: &Located) -> Result<Files, Stop> {
    Files::open(located, OpenOptions::default())
}

/// Adds to the hint of a missing tree that a word may have been meant as a command.
fn with_command_hint(stop: Stop, root: &Path) -> Stop {
    let is_a_word = root.components().count() == 1 && !outside::exists(root);
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
