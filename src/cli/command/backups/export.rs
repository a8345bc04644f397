//! `backups export`: copies backups to a directory outside the tree, verified.

use std::path::PathBuf;
use std::process::ExitCode;

use migrate_manifests::operation::backups;
use migrate_manifests::outside::ExportDirectory;
use migrate_manifests::path::TreePath;
use migrate_manifests::report::{Backup, Fate, Stop};

use super::entry::{BackupSink, NO_BACKUP, members, place, size};
use crate::cli::args::WholeArgs;
use crate::cli::environment::Cli;
use crate::cli::invocation::Invocation;
use crate::cli::options::{ReportOptions, TreeOptions, all_and_quiet, refuse_contradictions};
use crate::cli::render::{End, Ending, JsonObject, Page, Report, ReportItem, Tone, counted};

#[derive(Debug, Clone, clap::Args)]
pub(super) struct ExportArgs {
    /// The directory that the copies go to; made where it is missing
    ///
    /// Each copy gets the path that its backup has in the tree. What is there already with the same bytes is not copied again.
    directory: PathBuf,

    #[command(flatten)]
    whole: WholeArgs,
}

pub(super) fn run(args: ExportArgs, cli: &mut Cli<'_>) -> Result<ExitCode, Stop> {
    let whole = args.whole;
    refuse_contradictions(&[all_and_quiet(&whole.output)])?;
    let (output, clock) = (&whole.output, &whole.work.clock);
    let mut reporting = ReportOptions::new("backups", output, clock, cli.env)?;
    reporting.output.loss_is_failure = true;
    let tree = TreeOptions::of_whole(whole);
    let mut invocation = Invocation::begin(cli, reporting);
    let mut end = ExportEnd::default();
    let done = invocation.set_up(&tree).and_then(|setup| {
        let directory = ExportDirectory::open(&args.directory, &setup.located.tree)?;
        let mut copying = BackupSink {
            report: &mut invocation.report,
            each: |backup: &Backup, report: &mut Report| {
                end.add(backup);
                report.item(&CopiedBackup(backup));
            },
        };
        Ok(backups::export(&setup.frame()?, &directory, &mut copying))
    });
    Ok(invocation.end(done, &end))
}

struct CopiedBackup<'b>(&'b Backup);

impl ReportItem for CopiedBackup<'_> {
    fn list(&self) -> &'static str {
        "backups"
    }

    fn answers(&self) -> Option<&TreePath> {
        Some(&self.0.path)
    }

    fn text(&self, page: &mut Page) {
        let Self(backup) = self;
        let (word, place) = (backup.fate.as_str(), place(backup));
        if let Some(reason) = backup.fate.reason() {
            let label = page.label(Tone::Trouble, word);
            let why = page.why(reason);
            page.print(&format!("{label}{place}\n{why}"));
            return;
        }
        if page.view.all {
            page.print(&format!("{word:<8}  {place}\n"));
        }
    }

    fn json(&self, object: &mut JsonObject, _: bool) {
        let Self(backup) = self;
        members(backup, object)
            .member("sha256", backup.digest.map(|digest| digest.to_string()))
            .member("outcome", backup.fate.as_str())
            .diagnosis(backup.fate.reason());
    }
}

#[derive(Default)]
struct ExportEnd {
    made: u64,
    present: u64,
    bytes: u64,
}

impl ExportEnd {
    fn add(&mut self, backup: &Backup) {
        match backup.fate {
            Fate::Copied => {
                self.made += 1;
                self.bytes += backup.size;
            }
            Fate::Present => self.present += 1,
            _ => {}
        }
    }
}

impl Ending for ExportEnd {
    fn lists(&self) -> &'static [&'static str] {
        &["backups"]
    }

    fn without_items(&self) -> &'static str {
        NO_BACKUP
    }

    fn text(&self, _: &End<'_>, page: &mut Page) {
        if page.view.quiet {
            return;
        }
        let made = counted(self.made, "backup", "backups");
        let size = size(self.bytes);
        let mut sentences = vec![format!(
            "Copied {made} of {size}, each read back and compared."
        )];
        if self.present > 0 {
            let present = counted(self.present, "was", "were");
            sentences.push(format!("{present} there already."));
        }
        let sentences = page.sentences(&sentences);
        page.print(&sentences);
    }
}
