//! Resolves the flags that commands share to options, with their defaults; flags of one command are resolved in its file.
//!
//! Pure: environment and clock are arguments.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use migrate_manifests::clock::Timestamp;
use migrate_manifests::code::Code;
use migrate_manifests::report::Stop;
use migrate_manifests::selection::Selection;
use migrate_manifests::storage::{OpenOptions, SyncChoice};

use super::args::{
    ChangeArgs, ClockArgs, Color, Format, OneArgs, OutputArgs, SelectArgs, TreeArgs, WholeArgs,
};
use super::environment::Environment;
use super::files_from::{FilesFrom, Separator};
use super::render::{Facts, Headline, PageView};

pub(crate) const DEFAULT_JOBS: NonZeroUsize = NonZeroUsize::new(16).unwrap();

/// The tree, the catalog and the manifests of an operation, and how it works.
#[derive(Debug, Clone)]
pub(crate) struct TreeOptions {
    pub(crate) root: PathBuf,
    /// The manifest or run directory from which the tree is searched upward, if no root is given.
    pub(crate) around: Option<PathBuf>,
    pub(crate) storage: OpenOptions,
    /// True if to take the rights of the owner of the state.
    pub(crate) as_owner: bool,
    pub(crate) catalog: Option<PathBuf>,
    /// Manifests that were named one by one; empty means that none were.
    pub(crate) manifests: Vec<PathBuf>,
    pub(crate) files_from: Option<FilesFrom>,
    /// The selection without the manifests that are named by path: these are resolved when the tree is found.
    pub(crate) selection: Selection,
    pub(crate) jobs: NonZeroUsize,
    /// True if to wait for another operation's end.
    pub(crate) wait: bool,
}

impl TreeOptions {
    /// All manifests of a tree.
    pub(crate) fn new(root: Option<PathBuf>, tree: TreeArgs) -> Self {
        Self {
            root: root.unwrap_or_else(|| PathBuf::from(".")),
            around: None,
            storage: OpenOptions {
                cross_file_systems: tree.cross_file_systems,
                sync: tree.sync.unwrap_or(SyncChoice::Auto),
                lacking: tree.assume_lacking,
                batch: None,
            },
            as_owner: tree.as_owner,
            catalog: tree.catalog,
            manifests: Vec::new(),
            files_from: None,
            selection: Selection::default(),
            jobs: DEFAULT_JOBS,
            wait: false,
        }
    }

    pub(crate) fn of_whole(whole: WholeArgs) -> Self {
        Self {
            jobs: whole.work.jobs.unwrap_or(DEFAULT_JOBS),
            ..Self::new(whole.root, whole.tree).selecting(whole.select)
        }
    }

    pub(crate) fn of_change(root: Option<PathBuf>, change: ChangeArgs) -> Self {
        let mut options = Self::new(root, change.tree).selecting(change.select);
        options.selection.limit = change.limit.limit.map(Into::into);
        options.jobs = change.work.jobs.unwrap_or(DEFAULT_JOBS);
        options.wait = change.write.wait;
        options
    }

    /// One manifest or run directory, in the tree of the root if that is given.
    pub(crate) fn of_manifest(path: PathBuf, one: OneArgs) -> Self {
        let around = one.root.is_none().then(|| path.clone());
        Self {
            around,
            manifests: vec![path],
            ..Self::new(one.root, one.tree)
        }
    }

    fn selecting(self, select: SelectArgs) -> Self {
        let separator = if select.null {
            Separator::Nul
        } else {
            Separator::Line
        };
        Self {
            manifests: select.manifest,
            files_from: select
                .files_from
                .map(|file| FilesFrom::new(file, separator)),
            selection: Selection {
                jobs: select.job,
                sample: select.sample,
                shard: select.shard,
                exclude: select.exclude,
                ..self.selection
            },
            ..self
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) format: Format,
    pub(crate) view: PageView,
    pub(crate) color: Color,
    /// True if lost output is a failure even when the reader closed it early, because the command also writes elsewhere.
    pub(crate) loss_is_failure: bool,
    /// True if the report goes to standard error, because standard output has data.
    pub(crate) uses_stderr: bool,
}

/// The report of an invocation: its form, and the facts that are known before it starts.
#[derive(Debug)]
pub(crate) struct ReportOptions {
    pub(crate) output: Output,
    pub(crate) facts: Facts,
}

impl ReportOptions {
    /// A command that only reads, unless the caller changes the facts.
    pub(crate) fn new(
        command: &str,
        output: &OutputArgs,
        typed: &ClockArgs,
        env: &Environment,
    ) -> Result<Self, Stop> {
        Ok(Self::at(clock(typed.now, env)?, command, output, env))
    }

    pub(crate) fn at(
        now: Timestamp,
        command: &str,
        output: &OutputArgs,
        env: &Environment,
    ) -> Self {
        Self {
            output: Output {
                format: output.format.unwrap_or(Format::Text),
                view: PageView {
                    all: output.all,
                    quiet: output.quiet,
                    columns: env.columns,
                    headline: Headline::None,
                    lists_pending: true,
                },
                color: color(output.color, env),
                loss_is_failure: false,
                uses_stderr: false,
            },
            facts: Facts::reading(command, now),
        }
    }
}

/// Refuses flags that exclude each other: the first contradiction that applies, with its reason.
pub(crate) fn refuse_contradictions(contradictions: &[(bool, &'static str)]) -> Result<(), Stop> {
    match contradictions.iter().find(|(applies, _)| *applies) {
        Some((_, message)) => Err(Stop {
            hint: Some("leave one of them out".to_owned()),
            ..usage(*message)
        }),
        None => Ok(()),
    }
}

pub(crate) fn all_and_quiet(output: &OutputArgs) -> (bool, &'static str) {
    (
        output.all && output.quiet && is_text(output),
        "--all and --quiet exclude each other: the one lists every manifest, the other only those in trouble",
    )
}

pub(crate) fn is_text(output: &OutputArgs) -> bool {
    matches!(output.format, None | Some(Format::Text))
}

/// The colour that was typed, else none if the environment does not want any.
pub(crate) fn color(typed: Option<Color>, env: &Environment) -> Color {
    let is_unwanted = env.no_color.as_ref().is_some_and(|value| !value.is_empty())
        || env
            .term
            .as_ref()
            .is_none_or(|term| term.is_empty() || term == "dumb");
    match typed {
        None | Some(Color::Auto) if is_unwanted => Color::Never,
        typed => typed.unwrap_or(Color::Auto),
    }
}

/// The clock: `--now`, else `SOURCE_DATE_EPOCH`, else the system's.
pub(crate) fn clock(typed: Option<Timestamp>, env: &Environment) -> Result<Timestamp, Stop> {
    if let Some(now) = typed {
        return Ok(now);
    }
    let Some(epoch) = env
        .source_date_epoch
        .as_ref()
        .filter(|epoch| !epoch.is_empty())
    else {
        return Ok(env.started);
    };
    epoch
        .to_str()
        .and_then(|text| text.parse().ok())
        .and_then(Timestamp::from_unix_seconds)
        .ok_or_else(|| Stop {
            hint: Some("unset it, or give --now".to_owned()),
            ..usage(format!(
                "the environment variable SOURCE_DATE_EPOCH is `{}`: expected seconds since 1970",
                epoch.to_string_lossy()
            ))
        })
}

pub(crate) fn usage(message: impl Into<String>) -> Stop {
    Stop::new(Code::Usage, message)
}
