//! `operations`: the operations that have written to the tree, with their times.

use std::path::PathBuf;
use std::process::ExitCode;

use migrate_manifests::clock::Timestamp;
use migrate_manifests::journal::{Command, OperationState};
use migrate_manifests::operation::{OperationEntry, operations};
use migrate_manifests::report::Stop;

use crate::cli::args::{ClockArgs, OutputArgs, TreeArgs};
use crate::cli::environment::Cli;
use crate::cli::exit::CommandFailure;
use crate::cli::invocation::Invocation;
use crate::cli::options::{ReportOptions, TreeOptions};
use crate::cli::render::{
    Align, EACH_LATEST, End, Ending, JsonObject, Page, ReportItem, age, counted, grouped,
};

#[derive(Debug, Clone, clap::Args)]
pub(super) struct OperationsArgs {
    /// The directory that holds the artifacts, or its parent [default: .]
    root: Option<PathBuf>,

    #[command(flatten)]
    tree: TreeArgs,
    #[command(flatten)]
    clock: ClockArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: OperationsArgs, cli: &mut Cli<'_>) -> Result<ExitCode, Stop> {
    let now = cli.env.started;
    let reporting = ReportOptions::new("operations", &args.output, &args.clock, cli.env)?;
    let mut invocation = Invocation::begin(cli, reporting);
    let entries = list(&mut invocation, &TreeOptions::new(args.root, args.tree));
    Ok(invocation.answer(entries.map(|entries| OperationsEnd { entries, now })))
}

fn list(
    invocation: &mut Invocation<'_, '_>,
    tree: &TreeOptions,
) -> Result<Vec<OperationEntry>, CommandFailure> {
    let setup = invocation.set_up(tree)?;
    let entries = operations(&setup.storage)?;
    for entry in &entries {
        invocation.report.item(entry);
    }
    Ok(entries)
}

impl ReportItem for OperationEntry {
    fn list(&self) -> &'static str {
        "operations"
    }

    fn text(&self, _: &mut Page) {
        // The ending prints all entries as one table.
    }

    fn json(&self, object: &mut JsonObject, _: bool) {
        object
            .member("id", &self.id)
            .member("state", self.state.as_str())
            .member("command", self.command)
            .member("started_at", self.started_at)
            .member("target_version", &self.target_version)
            .member("catalog_digest", self.catalog_digest)
            .member("undoes", &self.undoes)
            .member("stopped", self.stopped)
            .member("migrated", self.migrated)
            .member("restored", self.restored)
            .member("pruned", self.pruned)
            .member("rolled_back", self.rolled_back)
            .member("backups_pruned", self.backups_pruned)
            .member("accepted", self.accepted)
            .member("journal_bytes", self.journal_bytes);
    }
}

struct OperationsEnd {
    entries: Vec<OperationEntry>,
    now: Timestamp,
}

impl Ending for OperationsEnd {
    fn lists(&self) -> &'static [&'static str] {
        &["operations"]
    }

    fn text(&self, _: &End<'_>, page: &mut Page) {
        if self.entries.is_empty() {
            page.print("No operation has written to this tree.\n");
            return;
        }
        let names = ["operation", "command", "age", "journal", "what"];
        let mut rows = vec![names.map(str::to_owned).to_vec()];
        rows.extend(self.entries.iter().map(|entry| row(entry, self.now)));
        let (left, right) = (Align::Left, Align::Right);
        let table = page.headed_table(&rows, &[left, left, right, right, left]);
        page.print(&table);
        let mut entries = self.entries.iter();
        let last = entries.rfind(|entry| entry.can_be_undone);
        let Some(last) = last else { return };
        let way_back = format!(
            "To undo the last migration: migrate-manifests rollback {}",
            last.id
        );
        let way_back = page.sentences(&[way_back]);
        page.sections(&[way_back]);
    }
}

fn row(entry: &OperationEntry, now: Timestamp) -> Vec<String> {
    let since = entry.started_at.map_or_else(String::new, |started| {
        age(started.unix_seconds(), now.unix_seconds())
    });
    vec![
        entry.id.to_string(),
        entry.command.map_or("?", Command::as_str).to_owned(),
        since,
        kibibytes(entry.journal_bytes),
        summary_words(entry),
    ]
}

fn summary_words(entry: &OperationEntry) -> String {
    let mut words = Vec::new();
    let manifests = |count| counted(count, "manifest", "manifests");
    if entry.migrated > 0 {
        let target = entry.target_version.as_ref();
        let target = target.map_or_else(|| EACH_LATEST.to_owned(), ToString::to_string);
        words.push(format!("{} to {target}", manifests(entry.migrated)));
    }
    if entry.rolled_back == entry.migrated && entry.migrated > 0 {
        words.push("rolled back".to_owned());
    } else if entry.rolled_back > 0 {
        words.push(format!("{} rolled back", grouped(entry.rolled_back)));
    }
    if entry.backups_pruned > 0 {
        let backups = counted(entry.backups_pruned, "backup", "backups");
        words.push(format!("{backups} pruned since"));
    }
    if entry.restored > 0 {
        words.push(format!("{} restored", manifests(entry.restored)));
    }
    words.extend(entry.undoes.as_ref().map(|id| format!("undoes {id}")));
    if entry.pruned > 0 {
        words.push(counted(entry.pruned, "backup removed", "backups removed"));
    }
    if entry.accepted > 0 {
        let findings = counted(entry.accepted, "finding", "findings");
        words.push(format!("{findings} accepted"));
    }
    words.extend(entry.stopped.map(|code| format!("stopped: {code}")));
    if entry.state != OperationState::Finished {
        words.push(entry.state.as_str().to_owned());
    }
    if words.is_empty() {
        words.push("nothing".to_owned());
    }
    words.join(", ")
}

fn kibibytes(bytes: u64) -> String {
    format!("{} KiB", grouped(bytes.div_ceil(1024)))
}
