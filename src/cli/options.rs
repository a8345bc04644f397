//! From flags to options that commands share: every default is decided here, and in the file of the command for what only it has.
//!
//! Pure: environment and clock come in as values.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use migrate_manifests::clock::Timestamp;
use migrate_manifests::code::Code;
use migrate_manifests::operation::{self, Depth, Survey};
use migrate_manifests::report::{Enforcement, Stop};
use migrate_manifests::selection::Selection;
use migrate_manifests::storage::{Lacking, OpenOptions, SyncChoice};

use super::Environment;
use super::args::{
    Color, Feature, Format, LimitArgs, OutputArgs, SelectArgs, Sync, TreeArgs, WholeArgs, WorkArgs,
};
use super::files_from::{FilesFrom, Separator};

/// How many threads work where nobody says.
pub(crate) const DEFAULT_JOBS: NonZeroUsize = NonZeroUsize::new(16).unwrap();
/// How many manifests are staged before one flush makes them durable.
pub(crate) const BATCH: NonZeroUsize = NonZeroUsize::new(4096).unwrap();

/// Where to work, and on what.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Where the tree is.
    pub(crate) root: PathBuf,
    /// The manifest, or run directory, whose tree it is, where no root was typed.
    pub(crate) around: Option<PathBuf>,
    /// How the tree's file system is used.
    pub(crate) storage: OpenOptions,
    /// The catalog, where one was named.
    pub(crate) catalog: Option<PathBuf>,
    /// Manifests that were named one by one; empty means that none were.
    pub(crate) manifests: Vec<PathBuf>,
    /// Where more are listed.
    pub(crate) files_from: Option<FilesFrom>,
    /// What else selects; what was named in the tree joins it once that is found.
    pub(crate) selection: Selection,
}

/// What is printed, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Output {
    /// The form.
    pub(crate) format: Format,
    /// What the text has to say at its end.
    pub(crate) purpose: Purpose,
    /// Whether nothing but trouble is told.
    pub(crate) quiet: bool,
    /// Whether manifests with nothing to do are listed, too.
    pub(crate) all: bool,
    /// When to use colour.
    pub(crate) color: Coloring,
    /// The width to fit text into; `None` where nobody looks.
    pub(crate) columns: Option<usize>,
}

/// What the user is after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To know the versions.
    Versions,
    /// To see what would happen.
    Preview,
    /// To see the differences.
    Differences,
    /// To know whether anything is pending.
    Check,
    /// To have a plan.
    Plan,
    /// To migrate.
    Migrate,
    /// To know whether all is as it should be.
    Proof,
    /// To see what a rollback would do.
    PreviewRollback,
    /// To have originals back.
    Rollback,
    /// To read something that was written before.
    Look,
}

impl Purpose {
    /// Whether the tree may be written to, so that lost output matters.
    pub(crate) fn writes(self) -> bool {
        matches!(self, Self::Migrate | Self::Rollback)
    }

    /// Whether originals are to come back, so that there is no target.
    pub(crate) fn goes_back(self) -> bool {
        matches!(self, Self::Rollback | Self::PreviewRollback)
    }
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coloring {
    /// Where the stream is a terminal.
    OnTerminals,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

impl Place {
    /// The tree of `root`, which is the working directory where none was typed.
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
    /// One manifest, or run directory, in the tree of `root`, else in the one that it stands in.
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
    /// That of a command about a whole tree.
    pub(crate) fn of_whole(whole: &WholeArgs) -> Self {
        Self::new(
            whole.root.clone(),
            whole.tree.clone(),
            whole.select.clone(),
            &LimitArgs::default(),
        )
    }
}

/// What the engine is asked for where nobody says otherwise: it looks at what is selected, and writes nothing.
///
/// # Errors
/// The environment is wrong.
pub(crate) fn looking(
    command: &'static str,
    depth: Depth,
    place: &Place,
    work: &WorkArgs,
    env: &Environment,
) -> Result<operation::Options, Stop> {
    Ok(operation::Options {
        depth,
        command,
        tree: String::new(),
        now: clock(work.clock.now, env)?,
        started: env.started,
        target: None,
        include_running: false,
        allow_downgrade: false,
        rules: Enforcement::AsWritten,
        selection: place.selection.clone(),
        survey: Survey::default(),
        plan: None,
        jobs: work.jobs.unwrap_or(DEFAULT_JOBS),
        batch: BATCH,
        max_failures: None,
        wait: false,
    })
}

impl Output {
    /// What the flags ask for, and the environment where they do not say.
    pub(crate) fn new(typed: &OutputArgs, purpose: Purpose, env: &Environment) -> Self {
        Self {
            format: typed.format.unwrap_or(Format::Text),
            purpose,
            quiet: typed.quiet,
            all: typed.all,
            color: coloring(typed.color, env),
            columns: env.columns,
        }
    }
}

/// Refuses flags that exclude each other: the first contradiction that applies, with its reason.
///
/// # Errors
/// One applies.
pub(crate) fn refuse_contradictions(contradictions: &[(bool, &'static str)]) -> Result<(), Stop> {
    match contradictions.iter().find(|(applies, _)| *applies) {
        Some((_, message)) => Err(Stop {
            hint: Some("leave one of them out".to_owned()),
            ..usage(*message)
        }),
        None => Ok(()),
    }
}

/// That `--all` and `--quiet` exclude each other, where people read.
pub(crate) fn all_and_quiet(output: &OutputArgs) -> (bool, &'static str) {
    (
        output.all && output.quiet && is_text(output),
        "--all and --quiet exclude each other: the one lists every manifest, the other only those in trouble",
    )
}

/// Whether people read the output.
pub(crate) fn is_text(output: &OutputArgs) -> bool {
    matches!(output.format, None | Some(Format::Text))
}

/// When to use colour, as the argument says, else the environment.
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

/// The clock: what was typed, else `SOURCE_DATE_EPOCH`, else the system's.
///
/// # Errors
/// `SOURCE_DATE_EPOCH` is no number of seconds.
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

/// Arguments that are wrong.
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
