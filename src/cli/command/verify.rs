//! `verify`: proves migrated manifests; with `--accept`, takes what is found as known.

use std::collections::BTreeMap;
use std::io;
use std::process::ExitCode;

use migrate_manifests::code::Code;
use migrate_manifests::operation::{Accept, Verify, accept, verify};
use migrate_manifests::report::{Event, Sink, Stop};

use crate::cli::args::WholeArgs;
use crate::cli::environment::Cli;
use crate::cli::exit;
use crate::cli::invocation::Invocation;
use crate::cli::options::{
    ReportOptions, TreeOptions, all_and_quiet, refuse_contradictions, usage,
};
use crate::cli::render::{End, Ending, Headline, Page, counted, grouped, sections};

#[derive(Debug, Clone, clap::Args)]
pub(super) struct VerifyArgs {
    /// Compute every migration again, and compare the bytes
    ///
    /// From the backup, with the catalog and the clock that were used.
    #[arg(long, help_heading = "What")]
    replay: bool,

    /// Leave run directories and their input snapshots alone
    #[arg(long, help_heading = "What")]
    no_snapshots: bool,

    #[command(flatten)]
    acceptance: AcceptArgs,

    #[command(flatten)]
    whole: WholeArgs,
}

#[derive(Debug, Clone, clap::Args)]
struct AcceptArgs {
    /// Take what is found as known: it is not reported again
    ///
    /// As long as nothing changes at its place. A journal records who, when and why. Errors of the system are not accepted.
    #[arg(long, requires = "reason", help_heading = "What")]
    accept: bool,

    /// Why the findings are accepted
    #[arg(long, value_name = "TEXT", requires = "accept", help_heading = "What")]
    reason: Option<String>,

    /// With --accept: show what would be accepted, and write nothing
    #[arg(long, requires = "accept", help_heading = "What")]
    dry_run: bool,

    /// With --accept: wait for another operation's end, if one is at work
    #[arg(long, requires = "accept", help_heading = "How")]
    wait: bool,
}

const MAX_REASON: usize = 1000;

/// The reason without white space around it; an acceptance without a reason is none.
fn reason(typed: Option<&str>) -> Result<String, Stop> {
    let reason = typed.unwrap_or_default().trim();
    match reason.chars().count() {
        0 => Err(usage("the reason is empty")),
        1..=MAX_REASON => Ok(reason.to_owned()),
        length => Err(usage(format!(
            "the reason has {length} characters, the limit is {MAX_REASON}"
        ))),
    }
}

pub(super) fn run(args: VerifyArgs, cli: &mut Cli<'_>) -> Result<ExitCode, Stop> {
    let whole = args.whole;
    refuse_contradictions(&[all_and_quiet(&whole.output)])?;
    let (output, clock) = (&whole.output, &whole.work.clock);
    let mut reporting = ReportOptions::new("verify", output, clock, cli.env)?;
    reporting.output.view.headline = Headline::Target;
    let options = Verify {
        snapshots: !args.no_snapshots,
        replay: args.replay,
    };
    let acceptance = args.acceptance;
    let accepts = acceptance
        .accept
        .then(|| reason(acceptance.reason.as_deref()));
    let accepts = accepts.transpose()?;
    reporting.facts.dry_run = accepts.is_none() || acceptance.dry_run;
    let tree = TreeOptions {
        wait: acceptance.wait,
        ..TreeOptions::of_whole(whole)
    };
    let terms = exit::terms(&tree, &reporting.output);
    let mut invocation = Invocation::begin(cli, reporting);
    invocation.terms = terms;
    let mut end = VerifyEnd::default();
    let done = invocation.set_up(&tree).and_then(|setup| {
        let mut printed = (&mut end, &mut invocation.report);
        let frame = setup.frame()?;
        Ok(match accepts {
            None => verify(&frame, options, &mut printed),
            Some(reason) => {
                let options = Accept {
                    verify: options,
                    reason,
                };
                accept(&frame, &options, &mut printed)
            }
        })
    });
    Ok(invocation.end(done, &end))
}

#[derive(Default)]
struct VerifyEnd {
    /// The number of manifests with findings.
    unsound: u64,
}

impl Sink for VerifyEnd {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        if let Event::Verified(verified) = event {
            self.unsound += u64::from(verified.wrong().next().is_some());
        }
        Ok(())
    }
}

impl Ending for VerifyEnd {
    fn text(&self, end: &End<'_>, page: &mut Page) {
        let summary = end.summary;
        let shown = [sections::counts(summary), sections::findings(summary, page)];
        sections::print(end, page, &shown, self.verdict(end));
    }
}

impl VerifyEnd {
    fn verdict(&self, end: &End<'_>) -> Vec<String> {
        let summary = end.summary;
        let counts = &summary.counts;
        let looked_at = sections::manifests(counts.selected - counts.not_attempted);
        let found: u64 = summary.findings.iter().flat_map(BTreeMap::values).sum();
        let findings = counted(found, "finding", "findings");
        let place = match self.unsound {
            0 => String::new(),
            unsound => format!(" in {}", sections::manifests(unsound)),
        };
        let mut sentences = vec![format!("Verified {looked_at}: {findings}{place}.")];
        sentences.extend(accepted(end));
        let notes = summary.notes.as_ref();
        if let Some(known) = notes.and_then(|notes| notes.get(&Code::Accepted)) {
            let known = counted(*known, "finding was", "findings were");
            sentences.push(format!("{known} accepted before; --all lists them."));
        }
        if let Some(unwitnessed) = notes.and_then(|notes| notes.get(&Code::Unwitnessed)) {
            sentences.push(format!(
                "{} of them cannot be proved to the beginning: no journal and no original speaks for them.",
                grouped(*unwitnessed)
            ));
        }
        sentences
    }
}

/// What became of the findings, if they were to be accepted.
fn accepted(end: &End<'_>) -> Vec<String> {
    let Some(number) = end.summary.accepted else {
        return Vec::new();
    };
    let findings = counted(number, "finding", "findings");
    match &end.summary.operation {
        Some(operation) => vec![format!("Accepted {findings}, in operation {operation}.")],
        None if number > 0 => vec![
            format!("--accept would accept {findings}."),
            "To do so, run the same command without --dry-run.".to_owned(),
        ],
        None => vec!["Nothing was accepted.".to_owned()],
    }
}
