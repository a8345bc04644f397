//! `verify`: proves migrated manifests.

use std::collections::BTreeMap;
use std::io;
use std::process::ExitCode;

use migrate_manifests::code::Code;
use migrate_manifests::operation::{Verify, verify};
use migrate_manifests::report::{Event, Sink, Stop, Summary};

use crate::cli::args::WholeArgs;
use crate::cli::environment::Cli;
use crate::cli::exit;
use crate::cli::invocation::Invocation;
use crate::cli::options::{ReportOptions, TreeOptions, all_and_quiet, refuse_contradictions};
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
    whole: WholeArgs,
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
    let tree = TreeOptions::of_whole(whole);
    let terms = exit::terms(&tree, &reporting.output);
    let mut invocation = Invocation::begin(cli, reporting);
    invocation.terms = terms;
    let mut end = VerifyEnd::default();
    let done = invocation.set_up(&tree).and_then(|setup| {
        let mut printed = (&mut end, &mut invocation.report);
        Ok(verify(&setup.frame()?, options, &mut printed))
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
        sections::print(end, page, &shown, self.verdict(summary));
    }
}

impl VerifyEnd {
    fn verdict(&self, summary: &Summary) -> Vec<String> {
        let counts = &summary.counts;
        let looked_at = sections::manifests(counts.selected - counts.not_attempted);
        let found: u64 = summary.findings.iter().flat_map(BTreeMap::values).sum();
        let findings = counted(found, "finding", "findings");
        let place = match self.unsound {
            0 => String::new(),
            unsound => format!(" in {}", sections::manifests(unsound)),
        };
        let mut sentences = vec![format!("Verified {looked_at}: {findings}{place}.")];
        let notes = summary.notes.as_ref();
        if let Some(unwitnessed) = notes.and_then(|notes| notes.get(&Code::Unwitnessed)) {
            sentences.push(format!(
                "{} of them cannot be proved to the beginning: no journal and no original speaks for them.",
                grouped(*unwitnessed)
            ));
        }
        sentences
    }
}
