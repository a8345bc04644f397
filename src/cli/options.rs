//! From arguments to options: every default is decided here, and every combination that makes no sense is refused here, with the reason.
//!
//! Pure: environment and clock come in as values.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use migrate_manifests::clock::Timestamp;
use migrate_manifests::code::Code;
use migrate_manifests::operation::{self, Depth};
use migrate_manifests::report::Stop;
use migrate_manifests::selection::Selection;
use migrate_manifests::storage::{Lacking, OpenOptions, SyncChoice};

use super::Environment;
use super::args::{Args, Color, Feature, Format, Sync};
use super::files_from::{FilesFrom, Separator};

const DEFAULT_JOBS: NonZeroUsize = NonZeroUsize::new(16).unwrap();
const BATCH: NonZeroUsize = NonZeroUsize::new(4096).unwrap();

/// What is to be done, with nothing left to decide but what lies in the tree.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Where the tree is.
    pub(crate) root: PathBuf,
    /// How the tree's file system is used.
    pub(crate) storage: OpenOptions,
    /// The catalog, where one was named.
    pub(crate) catalog: Option<PathBuf>,
    /// Manifests that were named one by one; empty means that none were.
    pub(crate) manifests: Vec<PathBuf>,
    /// Where more are listed.
    pub(crate) files_from: Option<FilesFrom>,
    /// What the engine is asked for; it gets the tree, and what was named in it, once that is found.
    pub(crate) operation: operation::Options,
    /// Whether something pending is an exit code of its own.
    pub(crate) check: bool,
    /// What is printed.
    pub(crate) output: Output,
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
    /// To migrate.
    Migrate,
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

/// Decides everything that was left open.
///
/// # Errors
/// The arguments do not fit together, or the environment is wrong.
pub(crate) fn resolve(args: Args, env: &Environment) -> Result<Options, Stop> {
    refuse_contradictions(&args)?;
    let format = args.format.unwrap_or(Format::Text);
    let purpose = purpose(&args);
    Ok(Options {
        root: args.root.unwrap_or_else(|| PathBuf::from(".")),
        storage: OpenOptions {
            cross_file_systems: args.cross_file_systems,
            sync: sync_choice(args.sync),
            lacking: args.assume_lacking.into_iter().map(lacking).collect(),
        },
        catalog: args.catalog,
        manifests: args.manifest,
        files_from: args.files_from.map(|file| {
            FilesFrom::new(
                file,
                if args.null {
                    Separator::Nul
                } else {
                    Separator::Line
                },
            )
        }),
        operation: operation::Options {
            depth: depth(purpose, format),
            command: command(purpose),
            tree: String::new(),
            now: clock(args.now, env)?,
            started: env.started,
            target: args.target_version,
            include_running: args.include_running,
            selection: Selection {
                within: None,
                manifests: None,
                jobs: args.job,
                sample: args.sample,
                shard: args.shard,
                limit: args.limit.map(Into::into),
                exclude: args.exclude,
            },
            jobs: args.jobs.unwrap_or(DEFAULT_JOBS),
            batch: BATCH,
            max_failures: args.max_failures,
            wait: args.wait,
        },
        check: args.check,
        output: Output {
            format,
            purpose,
            quiet: args.quiet,
            all: args.all,
            color: coloring(args.color, env),
            columns: env.columns,
        },
    })
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

fn purpose(args: &Args) -> Purpose {
    if args.list_versions {
        Purpose::Versions
    } else if args.diff {
        Purpose::Differences
    } else if args.check {
        Purpose::Check
    } else if args.dry_run {
        Purpose::Preview
    } else {
        Purpose::Migrate
    }
}

/// How far the engine must go: people need no checksums of what was not written, programs may.
fn depth(purpose: Purpose, format: Format) -> Depth {
    match (purpose, format) {
        (Purpose::Versions, _) => Depth::Decide,
        (Purpose::Differences, _) => Depth::Difference,
        (Purpose::Preview | Purpose::Check, Format::Text) => Depth::Rehearse,
        (Purpose::Preview | Purpose::Check, Format::Json | Format::Jsonl) => Depth::Predict,
        (Purpose::Migrate, _) => Depth::Write,
    }
}

/// `--list-versions` is the short form of `status`, and reports say so.
fn command(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Versions => "status",
        Purpose::Preview | Purpose::Differences | Purpose::Check | Purpose::Migrate => "migrate",
    }
}

fn refuse_contradictions(args: &Args) -> Result<(), Stop> {
    let is_text = matches!(args.format, None | Some(Format::Text));
    let contradictions = [
        (
            args.list_versions && args.check,
            "--list-versions and --check exclude each other: the one counts what was found, the other says whether work is pending",
        ),
        (
            args.list_versions && args.diff,
            "--list-versions and --diff exclude each other: a list of versions transforms nothing that could differ",
        ),
        (
            args.list_versions && args.limit.is_some(),
            "--list-versions and --limit exclude each other: a list of versions that stops early counts wrong",
        ),
        (
            args.diff && !is_text,
            "--diff is text: a report for programs carries checksums before and after, not differences",
        ),
        (
            args.diff && args.quiet,
            "--diff and --quiet exclude each other: nothing of the differences would be left",
        ),
        (
            args.list_versions && args.quiet && is_text,
            "--list-versions and --quiet exclude each other: nothing of the list would be left",
        ),
        (
            args.all && args.quiet && is_text,
            "--all and --quiet exclude each other: the one lists every manifest, the other only those in trouble",
        ),
    ];
    match contradictions.into_iter().find(|(applies, _)| *applies) {
        Some((_, message)) => Err(Stop {
            hint: Some("leave one of them out".to_owned()),
            ..usage(message)
        }),
        None => Ok(()),
    }
}

fn usage(message: impl Into<String>) -> Stop {
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    fn env() -> Environment {
        Environment {
            started: "2026-03-01T00:00:00Z".parse().unwrap(),
            source_date_epoch: None,
            no_color: None,
            term: None,
            columns: Some(80),
        }
    }

    fn resolved_in(words: &str, env: &Environment) -> Result<Options, Stop> {
        let typed = std::iter::once("migrate-manifests").chain(words.split_whitespace());
        resolve(Args::try_parse_from(typed).unwrap(), env)
    }

    fn resolved(words: &str) -> Options {
        resolved_in(words, &env()).unwrap()
    }

    #[test]
    fn nothing_typed_migrates_the_working_directory_with_sixteen_jobs() {
        let options = resolved("");
        assert_eq!(options.root, PathBuf::from("."));
        assert!(!options.storage.cross_file_systems && options.storage.lacking.is_empty());
        assert_eq!(options.storage.sync, SyncChoice::Auto);
        assert_eq!(options.operation.depth, Depth::Write);
        assert_eq!(options.operation.command, "migrate");
        assert_eq!(options.operation.jobs.get(), 16);
        assert_eq!(options.operation.now, env().started);
        assert_eq!(options.operation.target, None);
        assert_eq!(options.operation.max_failures, None);
        assert!(!options.operation.wait && !options.operation.include_running && !options.check);
        assert!(!options.operation.selection.is_partial());
        assert_eq!(
            options.output,
            Output {
                format: Format::Text,
                purpose: Purpose::Migrate,
                quiet: false,
                all: false,
                color: Coloring::OnTerminals,
                columns: Some(80),
            }
        );
    }

    #[test]
    fn only_a_plain_migration_writes_and_only_programs_get_predicted_checksums() {
        for (words, depth) in [
            ("--list-versions", Depth::Decide),
            ("--list-versions --dry-run", Depth::Decide),
            ("--dry-run", Depth::Rehearse),
            ("--check", Depth::Rehearse),
            ("--check --dry-run --format json", Depth::Predict),
            ("--dry-run --format jsonl", Depth::Predict),
            ("--diff", Depth::Difference),
            ("--diff --dry-run --check", Depth::Difference),
            ("--format json", Depth::Write),
        ] {
            assert_eq!(resolved(words).operation.depth, depth, "{words}");
        }
        assert_eq!(resolved("--list-versions").operation.command, "status");
    }

    #[test]
    fn the_clock_is_typed_else_the_environments_else_the_systems() {
        let dated = Environment {
            source_date_epoch: Some("1772274600".into()),
            ..env()
        };
        let now = |words| {
            resolved_in(words, &dated)
                .unwrap()
                .operation
                .now
                .to_string()
        };
        assert_eq!(now("--now 2020-01-01T00:00:00Z"), "2020-01-01T00:00:00Z");
        assert_eq!(now(""), "2026-02-28T10:30:00Z");
        assert_eq!(
            resolved_in("", &dated).unwrap().operation.started,
            env().started
        );
        let empty = Environment {
            source_date_epoch: Some("".into()),
            ..env()
        };
        assert_eq!(
            resolved_in("", &empty).unwrap().operation.now,
            env().started
        );
        let wrong = Environment {
            source_date_epoch: Some("today".into()),
            ..env()
        };
        let stop = resolved_in("", &wrong).unwrap_err();
        assert_eq!(stop.code, Code::Usage);
        assert_eq!(
            stop.message,
            "the environment variable SOURCE_DATE_EPOCH is `today`: expected seconds since 1970"
        );
        assert!(resolved_in("--now @0", &wrong).is_ok());
    }

    #[test]
    fn colour_is_off_where_the_environment_does_not_want_it_unless_typed() {
        let plain = Environment {
            no_color: Some("1".into()),
            ..env()
        };
        let dumb = Environment {
            term: Some("dumb".into()),
            ..env()
        };
        for env in [plain, dumb] {
            assert_eq!(resolved_in("", &env).unwrap().output.color, Coloring::Never);
            assert_eq!(
                resolved_in("--color always", &env).unwrap().output.color,
                Coloring::Always
            );
        }
        assert_eq!(resolved("--color never").output.color, Coloring::Never);
        let empty = Environment {
            no_color: Some("".into()),
            ..env()
        };
        assert_eq!(
            resolved_in("", &empty).unwrap().output.color,
            Coloring::OnTerminals
        );
    }

    #[test]
    fn what_contradicts_itself_is_refused_with_the_reason() {
        for words in [
            "--list-versions --check",
            "--list-versions --diff",
            "--list-versions --limit 3",
            "--list-versions --quiet",
            "--diff --format json",
            "--diff --format jsonl",
            "--diff --quiet",
            "--all --quiet",
        ] {
            assert_eq!(
                resolved_in(words, &env()).unwrap_err().code,
                Code::Usage,
                "{words}"
            );
        }
        let stop = resolved_in("--diff --format json", &env()).unwrap_err();
        assert_eq!(
            stop.message,
            "--diff is text: a report for programs carries checksums before and after, not differences"
        );
        for words in [
            "--all --quiet --format json",
            "--list-versions --quiet --format json",
            "--diff --format text",
            "--dry-run --wait",
        ] {
            assert!(resolved_in(words, &env()).is_ok(), "{words}");
        }
    }

    #[test]
    fn hidden_switches_reach_the_storage() {
        let options =
            resolved("--sync file --assume-lacking exchange,same-device --cross-file-systems");
        assert!(options.storage.cross_file_systems);
        assert_eq!(options.storage.sync, SyncChoice::File);
        assert_eq!(
            options.storage.lacking,
            [Lacking::Exchange, Lacking::SameDevice]
        );
    }
}
