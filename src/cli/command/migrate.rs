//! The migration, and its variants that write nothing.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use migrate_manifests::journal::BackupId;
use migrate_manifests::operation::{Detail, Migrate, Survey, migrate};
use migrate_manifests::report::{Event, ExitTerms, Outcome, Sink, Stop, Summary};
use migrate_manifests::version::Version;

use super::status::StatusEnd;
use crate::cli::args::{ChangeArgs, Format, RulesArgs};
use crate::cli::environment::{Cli, Environment};
use crate::cli::escape;
use crate::cli::exit;
use crate::cli::invocation::Invocation;
use crate::cli::options::{
    ReportOptions, TreeOptions, all_and_quiet, is_text, refuse_contradictions,
};
use crate::cli::plan_file;
use crate::cli::render::{End, Ending, Headline, Page, grouped, sections};

#[derive(Debug, Clone, Default, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags are what was typed")]
pub(super) struct MigrateArgs {
    /// The directory that holds the artifacts, or its parent [default: .]
    ///
    /// If ROOT/artifacts is a directory, that is the tree. A directory inside a tree may be given, too; then only the manifests below it are selected.
    root: Option<PathBuf>,

    /// Show what would happen; write nothing
    #[arg(long, help_heading = "What")]
    dry_run: bool,

    /// Show the differences as text; write nothing
    ///
    /// A unified diff of each manifest that would be migrated, before and after.
    #[arg(long, help_heading = "What")]
    diff: bool,

    /// Exit with 3 if anything is pending; write nothing
    #[arg(long, help_heading = "What")]
    check: bool,

    /// Count the manifests of each version; write nothing
    ///
    /// The short form of status.
    #[arg(long, help_heading = "What")]
    list_versions: bool,

    /// Migrate to this version [default: the latest]
    #[arg(long, value_name = "VERSION", help_heading = "What")]
    target_version: Option<Version>,

    /// Also downgrade manifests that are above the target version
    ///
    /// For manifests that were created at a newer version, and so have no backup. Each step that leads up is reversed; a manifest is refused if a step cannot be reversed, or if data would be lost. To get the original of a migrated manifest back, use rollback.
    #[arg(long, requires = "target_version", help_heading = "What")]
    allow_downgrade: bool,

    /// Also migrate manifests that a writer still has [default: leave them alone]
    ///
    /// A manifest whose status says that its run goes on (running or queued, in the built-in catalog) is deferred: it is left alone now, and a later operation migrates it. This flag is for runs that died.
    #[arg(long, help_heading = "What")]
    include_running: bool,

    /// Do exactly what this plan says (- is standard input)
    ///
    /// The command plan writes such a file. A manifest whose bytes have changed since is refused; what is not in the plan is left alone.
    #[arg(long, value_name = "FILE", help_heading = "What")]
    plan: Option<PathBuf>,

    #[command(flatten)]
    rules: RulesArgs,
    #[command(flatten)]
    change: ChangeArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MigrateMode {
    Write,
    Preview,
    Differences,
    Check,
    Versions,
}

impl MigrateMode {
    fn of(args: &MigrateArgs) -> Self {
        if args.list_versions {
            Self::Versions
        } else if args.diff {
            Self::Differences
        } else if args.check {
            Self::Check
        } else if args.dry_run {
            Self::Preview
        } else {
            Self::Write
        }
    }

    fn flag(self) -> Option<&'static str> {
        match self {
            Self::Preview => Some("--dry-run"),
            Self::Differences => Some("--diff"),
            Self::Check => Some("--check"),
            Self::Write | Self::Versions => None,
        }
    }

    fn command(self) -> &'static str {
        match self {
            Self::Versions => "status",
            _ => "migrate",
        }
    }

    fn detail(self, format: Format) -> Detail {
        match self {
            Self::Versions => Detail::Versions,
            Self::Differences => Detail::Differences,
            _ if format.is_for_programs() => Detail::Checksums,
            _ => Detail::Outcomes,
        }
    }
}

#[derive(Debug)]
struct ResolvedMigrate {
    mode: MigrateMode,
    reporting: ReportOptions,
    tree: TreeOptions,
    options: Migrate,
}

pub(super) fn run(args: MigrateArgs, cli: &mut Cli<'_>) -> Result<ExitCode, Stop> {
    let plan = args.plan.clone();
    let ResolvedMigrate {
        mode,
        reporting,
        tree,
        mut options,
    } = resolve(args, cli.env)?;
    if let Some(file) = plan {
        let planned = plan_file::read(&file, &mut cli.streams.stdin)?;
        options.plan = Some(Arc::new(planned));
    }
    let terms = ExitTerms {
        check: mode == MigrateMode::Check,
        ..exit::terms(&tree, &reporting.output)
    };
    let mut invocation = Invocation::begin(cli, reporting);
    invocation.terms = terms;
    let mut end = MigrateEnd {
        flag: mode.flag(),
        backups: Backups::None,
    };
    let done = invocation.set_up(&tree).and_then(|setup| {
        let mut printed = (&mut end, &mut invocation.report);
        Ok(migrate(&setup.frame()?, &options, &mut printed))
    });
    Ok(match mode {
        MigrateMode::Versions => invocation.end(done, &StatusEnd),
        _ => invocation.end(done, &end),
    })
}

fn resolve(args: MigrateArgs, env: &Environment) -> Result<ResolvedMigrate, Stop> {
    refuse_contradictory(&args)?;
    let mode = MigrateMode::of(&args);
    let change = args.change;
    let (output, clock) = (&change.output, &change.work.clock);
    let mut reporting = ReportOptions::new(mode.command(), output, clock, env)?;
    reporting.output.view.headline = Headline::Target;
    reporting.output.view.lists_pending = mode != MigrateMode::Versions;
    reporting.output.loss_is_failure = mode == MigrateMode::Write;
    reporting.facts.dry_run = mode != MigrateMode::Write;
    reporting.facts.target.clone_from(&args.target_version);
    Ok(ResolvedMigrate {
        mode,
        options: Migrate {
            detail: mode.detail(reporting.output.format),
            target: args.target_version,
            include_running: args.include_running,
            allow_downgrade: args.allow_downgrade,
            survey: Survey::default(),
            plan: None,
            rules: args.rules.enforcement(),
            max_failures: change.write.max_failures,
        },
        tree: TreeOptions::of_change(args.root, change),
        reporting,
    })
}

pub(in crate::cli) struct MigrateEnd {
    /// The flag without which it would have written.
    pub(in crate::cli) flag: Option<&'static str>,
    pub(in crate::cli) backups: Backups,
}

pub(in crate::cli) enum Backups {
    None,
    One(BackupId),
    Several,
}

impl Sink for MigrateEnd {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        if let Event::Outcome(Outcome {
            backup: Some(name), ..
        }) = event
        {
            self.backups = match std::mem::replace(&mut self.backups, Backups::Several) {
                Backups::None => Backups::One(name.clone()),
                Backups::One(one) if one == *name => Backups::One(one),
                Backups::One(_) | Backups::Several => Backups::Several,
            };
        }
        Ok(())
    }
}

impl Ending for MigrateEnd {
    fn text(&self, end: &End<'_>, page: &mut Page) {
        let (summary, migrated) = (end.summary, end.summary.counts.migrated);
        let operation = summary.operation.as_ref().filter(|_| migrated > 0);
        let mut sentences = Vec::new();
        if let Some(operation) = operation {
            let (migrated, target) = (sections::manifests(migrated), sections::target(end));
            sentences.push(format!(
                "Migrated {migrated} to {target} in operation {operation}."
            ));
            sentences.extend(self.backups.sentence());
        } else {
            sentences.extend(nothing_to_do(end));
            sentences.extend(sections::nothing_written(end));
            sentences.extend(self.flag.and_then(|flag| without(flag, summary)));
        }
        let shown = [
            sections::counts(summary),
            sections::routes(summary, page),
            sections::oldest_deferred(end, page),
        ];
        let is_printed = sections::print(end, page, &shown, sentences);
        if let Some(operation) = operation.filter(|_| is_printed) {
            let way_back = format!("To go back: migrate-manifests rollback {operation}");
            page.print(&page.sentences(&[way_back]));
        }
    }
}

impl Backups {
    fn sentence(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::One(name) => Some(format!(
                "Each original is kept beside its manifest as {}.",
                escape::path(name.as_str().as_bytes())
            )),
            Self::Several => Some(
                "Each original is kept beside its manifest; --format json names each.".to_owned(),
            ),
        }
    }
}

pub(super) fn nothing_to_do(end: &End<'_>) -> Option<String> {
    let (summary, target) = (end.summary, sections::target(end));
    let counts = &summary.counts;
    let is_whole = summary.stop.is_none() && summary.signal.is_none();
    let is_sound = counts.trouble() == 0 && counts.directories_failed == 0;
    if counts.pending > 0 || !is_whole || !is_sound {
        return None;
    }
    Some(match (counts.found, counts.selected) {
        (0, _) => "Nothing to do: no manifest was found.".to_owned(),
        (found, 0) => {
            let found = sections::manifests(found);
            format!("Nothing to do: none of the {found} found is selected.")
        }
        (_, 1) if counts.current == 1 => format!("Nothing to do: the manifest is at {target}."),
        (_, selected) if counts.current == selected => {
            let all = sections::manifests(selected);
            format!("Nothing to do: all {all} are at {target}.")
        }
        _ => "Nothing to do: no manifest is pending.".to_owned(),
    })
}

fn without(flag: &str, summary: &Summary) -> Option<String> {
    let these = match summary.counts.pending {
        0 => return None,
        1 => "the pending manifest".to_owned(),
        several => format!("the {} pending manifests", grouped(several)),
    };
    Some(format!(
        "To migrate {these}, run the same command without {flag}."
    ))
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
mod tests;
