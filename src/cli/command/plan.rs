//! `plan`: writes a plan that `--plan` executes later.

use std::path::PathBuf;
use std::process::ExitCode;

use migrate_manifests::operation::{Detail, Migrate, Survey, migrate};
use migrate_manifests::plan::PlanHead;
use migrate_manifests::report::{Stop, Summary};
use migrate_manifests::version::Version;

use super::migrate::nothing_to_do;
use crate::cli::args::{LimitArgs, RulesArgs, WholeArgs};
use crate::cli::environment::Cli;
use crate::cli::escape;
use crate::cli::exit;
use crate::cli::invocation::Invocation;
use crate::cli::options::{
    ReportOptions, TreeOptions, all_and_quiet, is_text, refuse_contradictions,
};
use crate::cli::plan_file::{Destination, PlanOutput};
use crate::cli::render::{End, Ending, Headline, Page, sections};

#[derive(Debug, Clone, clap::Args)]
pub(super) struct PlanArgs {
    /// Write the plan to FILE, which must not exist (- is standard output)
    ///
    /// One line for each pending manifest, with the digest of its bytes and the checksum that it will have. migrate-manifests --plan FILE does exactly that and refuses what has changed since.
    #[arg(short, long, value_name = "FILE", help_heading = "What")]
    output: Option<PathBuf>,

    /// Plan to migrate to this version [default: the latest]
    #[arg(long, value_name = "VERSION", help_heading = "What")]
    target_version: Option<Version>,

    /// Also plan for manifests that a writer still has [default: leave them alone]
    #[arg(long, help_heading = "What")]
    include_running: bool,

    #[command(flatten)]
    rules: RulesArgs,
    #[command(flatten)]
    whole: WholeArgs,
    #[command(flatten)]
    limit: LimitArgs,
}

pub(super) fn run(args: PlanArgs, cli: &mut Cli<'_>) -> Result<ExitCode, Stop> {
    let whole = args.whole;
    let destination = Destination::new(args.output);
    let to_output = destination == Destination::Output;
    refuse_contradictions(&[
        (
            to_output && !is_text(&whole.output),
            "-o - and --format exclude each other: standard output has the plan, or the report",
        ),
        all_and_quiet(&whole.output),
    ])?;
    let (output, clock) = (&whole.output, &whole.work.clock);
    let mut reporting = ReportOptions::new("plan", output, clock, cli.env)?;
    reporting.output.view.headline = Headline::Target;
    // The plan goes to standard output, so the report goes to standard error.
    reporting.output.uses_stderr = to_output;
    reporting.facts.target.clone_from(&args.target_version);
    let options = Migrate {
        detail: Detail::Checksums,
        target: args.target_version,
        include_running: args.include_running,
        allow_downgrade: false,
        survey: Survey::default(),
        plan: None,
        rules: args.rules.enforcement(),
        max_failures: None,
    };
    let mut tree = TreeOptions::of_whole(whole);
    tree.selection.limit = args.limit.limit.map(Into::into);
    let stdout = cli.streams.stdout.clone();
    let terms = exit::terms(&tree, &reporting.output);
    let mut invocation = Invocation::begin(cli, reporting);
    invocation.terms = terms;
    let mut is_kept = false;
    let done = invocation.set_up(&tree).and_then(|setup| {
        let (target, request) = (options.target.as_ref(), &setup.request);
        let head = PlanHead::new(&setup.catalog, target, &request.tree, request.now);
        let plan = PlanOutput::begin(&destination, &stdout, &head)?;
        let mut printed = (plan, &mut invocation.report);
        let summary = migrate(&setup.frame()?, &options, &mut printed);
        is_kept = printed.0.is_kept();
        Ok(printed.0.correct(summary))
    });
    let end = PlanEnd {
        destination,
        root: tree.root,
        is_kept,
    };
    Ok(invocation.end(done, &end))
}

struct PlanEnd {
    destination: Destination,
    root: PathBuf,
    is_kept: bool,
}

impl Ending for PlanEnd {
    fn text(&self, end: &End<'_>, page: &mut Page) {
        if page.view.quiet {
            return;
        }
        let summary = end.summary;
        let shown = [
            sections::counts(summary),
            sections::routes(summary, page),
            sections::oldest_deferred(end, page),
        ];
        sections::print(end, page, &shown, nothing_to_do(end).into_iter().collect());
        let printed = self.whereabouts(end.summary);
        let printed = page.sentences(&printed.into_iter().collect::<Vec<_>>());
        page.print(&printed);
    }
}

impl PlanEnd {
    fn whereabouts(&self, summary: &Summary) -> Option<String> {
        match &self.destination {
            Destination::File(file) if self.is_kept => {
                let manifests = sections::manifests(summary.counts.pending);
                let file = escape::path(file.as_os_str().as_encoded_bytes());
                let root = escape::path(self.root.as_os_str().as_encoded_bytes());
                Some(format!(
                    "The plan for {manifests} is in {file}. To execute it: migrate-manifests --plan {file} {root}"
                ))
            }
            Destination::File(_) if summary.signal.is_some() => {
                Some("No plan was written: it would lack what was not attempted.".to_owned())
            }
            Destination::Nowhere if summary.stop.is_none() => {
                Some("Nothing was written. To keep this as a plan, give -o FILE.".to_owned())
            }
            _ => None,
        }
    }
}
