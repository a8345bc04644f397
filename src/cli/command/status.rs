//! `status`: counts versions, pending manifests and the values of chosen members.

use std::process::ExitCode;

use migrate_manifests::json::Pointer;
use migrate_manifests::operation::{Detail, Migrate, Survey, migrate};
use migrate_manifests::report::{Enforcement, Stop};
use migrate_manifests::version::Version;

use crate::cli::args::WholeArgs;
use crate::cli::environment::Cli;
use crate::cli::invocation::Invocation;
use crate::cli::options::{
    ReportOptions, TreeOptions, all_and_quiet, is_text, refuse_contradictions,
};
use crate::cli::render::{End, Ending, Headline, Page, grouped, sections, survey};

#[derive(Debug, Clone, clap::Args)]
#[expect(
    clippy::doc_markdown,
    reason = "the comments are the help text, where backticks would be printed"
)]
pub(super) struct StatusArgs {
    /// Count what these members hold, as in agent_id,/a/b
    ///
    /// A name stands for a member of the document itself; what begins with / is a JSON Pointer. Of each member: how many manifests have it, have null, do not have it, how many different values there are, and the most frequent.
    #[arg(
        long,
        value_name = "MEMBERS",
        value_delimiter = ',',
        value_parser = member,
        help_heading = "What"
    )]
    fields: Vec<Pointer>,

    /// Count the values that histories call backfilled
    ///
    /// A backfilled value was set by a migration and is not authoritative.
    #[arg(long, help_heading = "What")]
    backfilled: bool,

    /// The version to compare with [default: the latest]
    #[arg(long, value_name = "VERSION", help_heading = "What")]
    target_version: Option<Version>,

    /// Count manifests that a writer still has as pending
    #[arg(long, help_heading = "What")]
    include_running: bool,

    #[command(flatten)]
    whole: WholeArgs,
}

fn member(text: &str) -> Result<Pointer, String> {
    if text.is_empty() {
        return Err("expected the name of a member, or a JSON Pointer".to_owned());
    }
    if text.starts_with('/') {
        text.parse().map_err(|error| format!("{error}"))
    } else {
        Ok(Pointer::root().child(text))
    }
}

pub(super) fn run(args: StatusArgs, cli: &mut Cli<'_>) -> Result<ExitCode, Stop> {
    let whole = args.whole;
    refuse_contradictions(&[
        (
            whole.output.quiet && is_text(&whole.output),
            "status and --quiet exclude each other: nothing of the list would be left",
        ),
        all_and_quiet(&whole.output),
    ])?;
    let (output, clock) = (&whole.output, &whole.work.clock);
    let mut reporting = ReportOptions::new("status", output, clock, cli.env)?;
    reporting.output.view.headline = Headline::Target;
    reporting.output.view.lists_pending = false;
    reporting.facts.target.clone_from(&args.target_version);
    let options = Migrate {
        detail: Detail::Versions,
        target: args.target_version,
        include_running: args.include_running,
        allow_downgrade: false,
        survey: Survey {
            fields: args.fields,
            backfilled: args.backfilled,
        },
        plan: None,
        rules: Enforcement::AsWritten,
        max_failures: None,
    };
    let mut invocation = Invocation::begin(cli, reporting);
    let done = invocation
        .set_up(&TreeOptions::of_whole(whole))
        .and_then(|setup| Ok(migrate(&setup.frame()?, &options, &mut invocation.report)));
    Ok(invocation.end(done, &StatusEnd))
}

pub(in crate::cli) struct StatusEnd;

impl Ending for StatusEnd {
    fn text(&self, end: &End<'_>, page: &mut Page) {
        let summary = end.summary;
        let survey = summary.survey.as_ref();
        let shown = [
            sections::versions(end, page),
            sections::counts(summary),
            sections::routes(summary, page),
            survey.map_or_else(String::new, |result| survey::text(result, page)),
            sections::oldest_deferred(end, page),
        ];
        sections::print(end, page, &shown, vec![need_migration(end)]);
    }
}

fn need_migration(end: &End<'_>) -> String {
    let pending = end.summary.counts.pending;
    let facts: u64 = end.summary.versions.values().sum();
    let needing = if pending == 1 { "needs" } else { "need" };
    format!(
        "{} of {} {needing} migration to {}.",
        grouped(pending),
        sections::manifests(facts),
        sections::target(end)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_a_name_or_a_pointer() {
        assert_eq!(member("agent_id").unwrap().to_string(), "/agent_id");
        assert_eq!(member("/a/b~1c").unwrap().to_string(), "/a/b~1c");
        assert!(member("").is_err());
    }
}
