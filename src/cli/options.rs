//! Resolves the flags that commands share to options, with their defaults; flags of one command are resolved in its file.
//!
//! Pure: environment and clock are arguments.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use migrate_manifests::clock::Timestamp;
use migrate_manifests::code::Code;
use migrate_manifests::report::Stop;
use migrate_manifests::selection::Selection;
use migrate_manifests::storage::{Lacking, OpenOptions, SyncChoice};

use super::args::{
    Color, Feature, Format, LimitArgs, OutputArgs, SelectArgs, Sync, TreeArgs, WholeArgs, WorkArgs,
};
use super::environment::Environment;
use super::files_from::{FilesFrom, Separator};
use super::render::{Coloring, Headline, View};

pub(crate) const DEFAULT_JOBS: NonZeroUsize = NonZeroUsize::new(16).unwrap();

#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) root: PathBuf,
    /// The manifest or run directory from which the tree is searched upward, if no root is given.
    pub(crate) around: Option<PathBuf>,
    pub(crate) storage: OpenOptions,
    pub(crate) catalog: Option<PathBuf>,
    /// Manifests that were named one by one; empty means that none were.
    pub(crate) manifests: Vec<PathBuf>,
    pub(crate) files_from: Option<FilesFrom>,
    /// The selection without the manifests that are named by path: these are resolved when the tree is found.
    pub(crate) selection: Selection,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) jobs: NonZeroUsize,
    /// True if to wait for another operation's end.
    pub(crate) wait: bool,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            jobs: DEFAULT_JOBS,
            wait: false,
        }
    }
}

impl Work {
    pub(crate) fn new(typed: &WorkArgs, wait: bool) -> Self {
        let jobs = typed.jobs.unwrap_or(DEFAULT_JOBS);
        Self { jobs, wait }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) format: Format,
    pub(crate) view: View,
    pub(crate) color: Coloring,
    /// True if lost output is a failure even when the reader closed it early, because the command also writes elsewhere.
    pub(crate) loss_is_failure: bool,
    /// True if the report goes to standard error, because standard output has data.
    pub(crate) uses_stderr: bool,
}

impl Place {
    pub(crate) fn new(
        root: Option<PathBuf>,
        tree: TreeArgs,
        select: SelectArgs,
        limit: &LimitArgs,
    ) -> Self {
        let separator = if select.null {
            Separator::Nul
        } else {
            Separator::Line
        };
        Self {
            root: root.unwrap_or_else(|| PathBuf::from(".")),
            around: None,
            storage: OpenOptions {
                cross_file_systems: tree.cross_file_systems,
                sync: sync_choice(tree.sync),
                lacking: tree.assume_lacking.into_iter().map(lacking).collect(),
                batch: None,
            },
            catalog: tree.catalog,
            manifests: select.manifest,
            files_from: select
                .files_from
                .map(|file| FilesFrom::new(file, separator)),
            selection: Selection {
                within: None,
                manifests: None,
                jobs: select.job,
                sample: select.sample,
                shard: select.shard,
                limit: limit.limit.map(Into::into),
                exclude: select.exclude,
            },
        }
    }
}

impl Place {
    /// One manifest or run directory, in the tree of `root` if it is given.
    pub(crate) fn of_manifest(path: PathBuf, root: Option<PathBuf>, tree: TreeArgs) -> Self {
        let around = root.is_none().then(|| path.clone());
        let select = SelectArgs {
            manifest: vec![path],
            ..SelectArgs::default()
        };
        Self {
            around,
            ..Self::new(root, tree, select, &LimitArgs::default())
        }
    }
}

impl Place {
    pub(crate) fn of_whole(whole: &WholeArgs) -> Self {
        Self::new(
            whole.root.clone(),
            whole.tree.clone(),
            whole.select.clone(),
            &LimitArgs::default(),
        )
    }
}

impl Output {
    pub(crate) fn new(typed: &OutputArgs, headline: Headline, env: &Environment) -> Self {
        Self {
            format: typed.format.unwrap_or(Format::Text),
            view: View {
                all: typed.all,
                quiet: typed.quiet,
                columns: env.columns,
                headline,
                lists_pending: true,
            },
            color: coloring(typed.color, env),
            loss_is_failure: false,
            uses_stderr: false,
        }
    }

    pub(crate) fn plain(env: &Environment) -> Self {
        Self::new(&OutputArgs::default(), Headline::None, env)
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

pub(crate) fn coloring(typed: Option<Color>, env: &Environment) -> Coloring {
    let unwanted = || {
        env.no_color.as_ref().is_some_and(|value| !value.is_empty())
            || env.term.as_ref().is_some_and(|term| term == "dumb")
    };
    match typed.unwrap_or(Color::Auto) {
        Color::Always => Coloring::Always,
        Color::Auto if !unwanted() => Coloring::OnTerminals,
        Color::Auto | Color::Never => Coloring::Never,
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

fn sync_choice(typed: Option<Sync>) -> SyncChoice {
    match typed {
        None | Some(Sync::Auto) => SyncChoice::Auto,
        Some(Sync::Batch) => SyncChoice::Batch,
        Some(Sync::File) => SyncChoice::File,
        Some(Sync::None) => SyncChoice::None,
    }
}

fn lacking(feature: Feature) -> Lacking {
    match feature {
        Feature::Exchange => Lacking::Exchange,
        Feature::Links => Lacking::Links,
        Feature::Syncfs => Lacking::Syncfs,
        Feature::SameDevice => Lacking::SameDevice,
        Feature::FineTimes => Lacking::FineTimes,
    }
}
