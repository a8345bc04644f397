//! `backups`: how many there are, of which operation, how old and how large.

use std::collections::BTreeMap;
use std::process::ExitCode;

use migrate_manifests::clock::Timestamp;
use migrate_manifests::journal::OperationId;
use migrate_manifests::operation::backups;
use migrate_manifests::path::TreePath;
use migrate_manifests::report::{Backup, Stop};

use super::entry::{BackupSink, NO_BACKUP, members, place, size};
use crate::cli::args::WholeArgs;
use crate::cli::environment::Cli;
use crate::cli::invocation::Invocation;
use crate::cli::options::{ReportOptions, TreeOptions};
use crate::cli::render::{
    Align, End, Ending, JsonObject, Page, Report, ReportItem, age, counted, grouped,
};

#[derive(Debug, Clone, clap::Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    whole: WholeArgs,
}

pub(super) fn run(args: ListArgs, cli: &mut Cli<'_>) -> Result<ExitCode, Stop> {
    let whole = args.whole;
    let (output, clock) = (&whole.output, &whole.work.clock);
    let reporting = ReportOptions::new("backups", output, clock, cli.env)?;
    let tree = TreeOptions::of_whole(whole);
    let mut invocation = Invocation::begin(cli, reporting);
    let mut end = ListEnd::default();
    let done = invocation.set_up(&tree).and_then(|setup| {
        let mut list = BackupSink {
            report: &mut invocation.report,
            each: |backup: &Backup, report: &mut Report| {
                end.add(backup);
                report.item(&ListedBackup(backup));
            },
        };
        Ok(backups::list(&setup.frame()?, &mut list))
    });
    Ok(invocation.end(done, &end))
}

struct ListedBackup<'b>(&'b Backup);

impl ReportItem for ListedBackup<'_> {
    fn list(&self) -> &'static str {
        "backups"
    }

    fn answers(&self) -> Option<&TreePath> {
        Some(&self.0.path)
    }

    fn text(&self, page: &mut Page) {
        let Self(backup) = self;
        if !page.view.all {
            return;
        }
        let (size, place) = (size(backup.size), place(backup));
        page.head(&format!("{size:>9}  {place}\n"));
    }

    fn json(&self, object: &mut JsonObject, _: bool) {
        let Self(backup) = self;
        members(backup, object)
            .member("is_regular", backup.is_regular)
            .member("operation", &backup.operation)
            .member("made_at", backup.made_at);
    }
}

#[derive(Default)]
struct ListEnd {
    operations: BTreeMap<(Option<Timestamp>, Option<OperationId>), (u64, u64)>,
}

impl ListEnd {
    fn add(&mut self, backup: &Backup) {
        let operation = (backup.made_at, backup.operation.clone());
        let (count, bytes) = self.operations.entry(operation).or_default();
        *count += 1;
        *bytes += backup.size;
    }
}

impl Ending for ListEnd {
    fn lists(&self) -> &'static [&'static str] {
        &["backups"]
    }

    fn without_items(&self) -> &'static str {
        NO_BACKUP
    }

    fn text(&self, end: &End<'_>, page: &mut Page) {
        if self.operations.is_empty() {
            page.print("There are no backups.\n");
            return;
        }
        let (names, right) = (["operation", "age", "backups", "size"], Align::Right);
        let mut rows = vec![names.map(str::to_owned).to_vec()];
        let now = end.facts.started_at.unix_seconds();
        rows.extend(
            self.operations
                .iter()
                .map(|((made, operation), (count, bytes))| {
                    let name = operation.as_ref().map(OperationId::as_str);
                    let name = name.unwrap_or("no journal names them");
                    let since = made.map_or_else(String::new, |made| age(made.unix_seconds(), now));
                    vec![name.to_owned(), since, grouped(*count), size(*bytes)]
                }),
        );
        let table = page.headed_table(&rows, &[Align::Left, right, right, right]);
        page.list(&table);
        let all = self.operations.values();
        let (count, bytes) = all.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let unit = counted(count, "backup", "backups");
        page.sections(&[format!("{unit}, {} in all.\n", size(bytes))]);
    }
}
