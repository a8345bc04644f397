//! The migration itself, and what may be asked of it without writing.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use migrate_manifests::operation::{self, Depth};
use migrate_manifests::report::Stop;
use migrate_manifests::version::Version;

use crate::cli::Environment;
use crate::cli::args::{ChangeArgs, Format, RulesArgs};
use crate::cli::exit::Terms;
use crate::cli::options::{
    Output, Place, Purpose, all_and_quiet, is_text, looking, refuse_contradictions,
};
use crate::cli::order::Order;
use crate::cli::plan_file;
use crate::cli::session::{self, Invocation};
use crate::cli::streams::Streams;

/// What a migration is told.
#[derive(Debug, Clone, Default, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags are what was typed")]
pub(crate) struct MigrateArgs {
    /// The directory that holds the artifacts, or its parent [default: .]
    ///
    /// If ROOT/artifacts is a directory, that is the tree. A directory inside a tree may be given, too; only what lies in it is then looked at.
    pub(crate) root: Option<PathBuf>,

    /// Show what would happen; write nothing
    #[arg(long, help_heading = "What")]
    pub(crate) dry_run: bool,

    /// Show the differences as text; write nothing
    ///
    /// A unified diff of each manifest that would be migrated, before and after.
    #[arg(long, help_heading = "What")]
    pub(crate) diff: bool,

    /// Exit with 3 if anything is pending; write nothing
    #[arg(long, help_heading = "What")]
    pub(crate) check: bool,

    /// Count the manifests of each version; write nothing
    ///
    /// The short form of status.
    #[arg(long, help_heading = "What")]
    pub(crate) list_versions: bool,

    /// Migrate to this version [default: the latest]
    #[arg(long, value_name = "VERSION", help_heading = "What")]
    pub(crate) target_version: Option<Version>,

    /// Take what is above the target version down to it
    ///
    /// By the inverses of the steps that lead up; for manifests that were born at a newer version. A manifest is refused where a step on the way has no inverse, or where something would be lost. To get an original back that was migrated, use rollback.
    #[arg(long, requires = "target_version", help_heading = "What")]
    pub(crate) allow_downgrade: bool,

    /// Take manifests that a writer still has, too
    ///
    /// A manifest whose status says that its run is going on is deferred: left alone, and taken the next time. With this flag it is taken now. For runs that died.
    #[arg(long, help_heading = "What")]
    pub(crate) include_running: bool,

    /// Do exactly what this plan says (- is standard input)
    ///
    /// As plan -o writes it. A manifest whose bytes have changed since is refused; what is not in the plan is left alone.
    #[arg(long, value_name = "FILE", help_heading = "What")]
    pub(crate) plan: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) rules: RulesArgs,
    #[command(flatten)]
    pub(crate) change: ChangeArgs,
}

/// What is to be done, with nothing left to decide but what lies in the tree.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) place: Place,
    pub(crate) output: Output,
    /// What the engine is asked for; it gets the tree, and what was named in it, once that is found.
    pub(crate) operation: operation::Options,
    /// The plan that is to be executed, where one is.
    pub(crate) plan: Option<PathBuf>,
    /// Whether something pending is an exit code of its own.
    pub(crate) check: bool,
}

/// Migrates, or says what a migration would do.
pub(crate) fn run(
    args: MigrateArgs,
    invocation: &Invocation<'_>,
    mut streams: Streams,
) -> ExitCode {
    match resolve(args, invocation.env).and_then(|options| with_plan(options, &mut streams)) {
        Ok(options) => perform(options, streams),
        Err(stop) => session::refuse(stop, invocation, streams),
    }
}

/// Reads the plan that is to be executed, if one is.
fn with_plan(mut options: Options, streams: &mut Streams) -> Result<Options, Stop> {
    if let Some(file) = &options.plan {
        let planned = plan_file::read(file, &mut streams.stdin)?;
        options.operation.plan = Some(Arc::new(planned));
    }
    Ok(options)
}

/// Lets the engine work.
fn perform(options: Options, streams: Streams) -> ExitCode {
    let terms = Terms {
        check: options.check,
        ..Terms::of(&options.place, &options.output)
    };
    let order = Order {
        place: options.place,
        output: options.output,
        operation: options.operation,
        terms,
    };
    order.perform(streams)
}

/// Decides everything that was left open.
///
/// # Errors
/// The arguments do not fit together, or the environment is wrong.
pub(crate) fn resolve(args: MigrateArgs, env: &Environment) -> Result<Options, Stop> {
    refuse_contradictory(&args)?;
    let purpose = purpose(&args);
    let output = Output::new(&args.change.output, purpose, env);
    let place = Place::new(
        args.root,
        args.change.tree,
        args.change.select,
        &args.change.limit,
    );
    let depth = depth(purpose, output.format);
    Ok(Options {
        operation: operation::Options {
            target: args.target_version,
            include_running: args.include_running,
            allow_downgrade: args.allow_downgrade,
            rules: args.rules.enforcement(),
            max_failures: args.change.write.max_failures,
            wait: args.change.write.wait,
            ..looking(command(purpose), depth, &place, &args.change.work, env)?
        },
        plan: args.plan,
        check: args.check,
        place,
        output,
    })
}

fn purpose(args: &MigrateArgs) -> Purpose {
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
        (
            Purpose::Versions
            | Purpose::Proof
            | Purpose::Look
            | Purpose::PreviewRollback
            | Purpose::Rollback,
            _,
        ) => Depth::Decide,
        (Purpose::Differences, _) => Depth::Difference,
        (Purpose::Preview | Purpose::Check, Format::Text) => Depth::Rehearse,
        (Purpose::Plan, _) | (Purpose::Preview | Purpose::Check, Format::Json | Format::Jsonl) => {
            Depth::Predict
        }
        (Purpose::Migrate, _) => Depth::Write,
    }
}

/// `--list-versions` is the short form of `status`, and reports say so.
fn command(purpose: Purpose) -> &'static str {
    if purpose == Purpose::Versions {
        "status"
    } else {
        "migrate"
    }
}

fn is_stdin(file: Option<&PathBuf>) -> bool {
    file.is_some_and(|file| file.as_os_str() == "-")
}

fn refuse_contradictory(args: &MigrateArgs) -> Result<(), Stop> {
    let is_text = is_text(&args.change.output);
    refuse_contradictions(&[
        (
            args.list_versions && args.check,
            "--list-versions and --check exclude each other: the one counts what was found, the other says whether work is pending",
        ),
        (
            args.list_versions && args.diff,
            "--list-versions and --diff exclude each other: a list of versions transforms nothing that could differ",
        ),
        (
            args.list_versions && args.change.limit.limit.is_some(),
            "--list-versions and --limit exclude each other: a list of versions that stops early counts wrong",
        ),
        (
            args.plan.is_some() && (args.target_version.is_some() || args.include_running),
            "--plan excludes --target-version and --include-running: the plan says which manifests, and where to",
        ),
        (
            args.plan.is_some() && args.list_versions,
            "--plan and --list-versions exclude each other: the one executes a plan, the other counts what was found",
        ),
        (
            is_stdin(args.plan.as_ref()) && is_stdin(args.change.select.files_from.as_ref()),
            "--plan - and --files-from - exclude each other: there is one standard input",
        ),
        (
            args.diff && !is_text,
            "--diff is text: a report for programs carries checksums before and after, not differences",
        ),
        (
            args.diff && args.change.output.quiet,
            "--diff and --quiet exclude each other: nothing of the differences would be left",
        ),
        (
            args.list_versions && args.change.output.quiet && is_text,
            "--list-versions and --quiet exclude each other: nothing of the list would be left",
        ),
        all_and_quiet(&args.change.output),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Args;
    use crate::cli::options::Coloring;
    use clap::Parser as _;
    use migrate_manifests::code::Code;
    use migrate_manifests::storage::{Lacking, SyncChoice};

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
        resolve(Args::try_parse_from(typed).unwrap().migrate, env)
    }

    fn resolved(words: &str) -> Options {
        resolved_in(words, &env()).unwrap()
    }

    #[test]
    fn nothing_typed_migrates_the_working_directory_with_sixteen_jobs() {
        let options = resolved("");
        assert_eq!(options.place.root, PathBuf::from("."));
        assert!(
            !options.place.storage.cross_file_systems && options.place.storage.lacking.is_empty()
        );
        assert_eq!(options.place.storage.sync, SyncChoice::Auto);
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
        assert!(options.place.storage.cross_file_systems);
        assert_eq!(options.place.storage.sync, SyncChoice::File);
        assert_eq!(
            options.place.storage.lacking,
            [Lacking::Exchange, Lacking::SameDevice]
        );
    }
}
