//! `operations`: the operations that have written to the tree, with their times.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use migrate_manifests::clock::Timestamp;
use migrate_manifests::code::Code;
use migrate_manifests::journal::{Command, State};
use migrate_manifests::operation::{OperationEntry, operations};
use migrate_manifests::report::{Stop, Summary};

use crate::cli::args::{ClockArgs, LimitArgs, OutputArgs, SelectArgs, TreeArgs};
use crate::cli::environment::Cli;
use crate::cli::exit::{Failure, Terms};
use crate::cli::options::{Output, Place, Work, clock};
use crate::cli::render::{
    Align, EACH_LATEST, End, Ending, Facts, Headline, Item, Object, Page, age, counted, grouped,
    table,
};
use crate::cli::session::Session;

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
    let output = Output::new(&args.output, Headline::None, cli.env);
    let facts = Facts::reading("operations", clock(args.clock.now, cli.env)?);
    let (select, limit) = (SelectArgs::default(), LimitArgs::default());
    let place = Place::new(args.root, args.tree, select, &limit);
    let now = cli.env.started;
    let mut session = Session::begin(cli, output, facts);
    let listed = list(&mut session, &place);
    let end = OperationsEnd {
        entries: listed.as_ref().map_or(&[], Vec::as_slice),
        now,
    };
    let done = listed.as_ref().map(|_| Summary::default());
    let done = done.map_err(Clone::clone);
    Ok(session.end(done, &end, Terms::default()))
}

fn list(session: &mut Session<'_, '_>, place: &Place) -> Result<Vec<OperationEntry>, Failure> {
    let setup = session.set_up(place, Work::default())?;
    let entries = operations(&setup.tree.storage)?;
    for entry in &entries {
        // Output that is lost is remembered by the report.
        if session.report.item(entry).is_err() {
            break;
        }
    }
    Ok(entries)
}

impl Item for OperationEntry {
    fn list(&self) -> &'static str {
        "operations"
    }

    fn text(&self, _: &mut Page) -> io::Result<()> {
        // The ending prints all entries as one table.
        Ok(())
    }

    fn json(&self, object: &mut Object, _: bool) {
        object
            .member("id", &self.id)
            .member("state", self.state.as_str())
            .member("command", self.command.map(Command::as_str))
            .member("started_at", self.started_at.map(|time| time.to_string()))
            .member("target_version", &self.target_version)
            .member(
                "catalog_digest",
                self.catalog_digest.map(|digest| digest.prefixed()),
            )
            .member("undoes", &self.undoes)
            .member("stopped", self.stopped.map(Code::as_str))
            .member("migrated", self.migrated)
            .member("restored", self.restored)
            .member("pruned", self.pruned)
            .member("rolled_back", self.rolled_back)
            .member("backups_pruned", self.backups_pruned)
            .member("journal_bytes", self.journal_bytes);
    }
}

struct OperationsEnd<'e> {
    entries: &'e [OperationEntry],
    now: Timestamp,
}

impl Ending for OperationsEnd<'_> {
    fn lists(&self) -> &'static [&'static str] {
        &["operations"]
    }

    fn text(&self, _: &End<'_>, page: &mut Page) -> io::Result<()> {
        if self.entries.is_empty() {
            return page.print("No operation has written to this tree.\n");
        }
        let names = ["operation", "command", "age", "journal", "what"];
        let mut rows = vec![names.map(str::to_owned).to_vec()];
        rows.extend(self.entries.iter().map(|entry| row(entry, self.now)));
        let (left, right) = (Align::Left, Align::Right);
        let lines = table(&rows, &[left, left, right, right, left]);
        let (head, rest) = lines.split_once('\n').unwrap_or((&lines, ""));
        page.print(&format!("{}\n{rest}", page.heading(head)))?;
        let mut entries = self.entries.iter();
        let last = entries.rfind(|entry| entry.migrated > entry.rolled_back + entry.backups_pruned);
        let Some(last) = last else { return Ok(()) };
        let way_back = format!(
            "To undo the last migration: migrate-manifests rollback {}",
            last.id
        );
        let way_back = page.sentences(&[way_back]);
        page.sections(&[way_back])
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
    words.extend(
        entry
            .stopped
            .as_ref()
            .map(|code| format!("stopped: {code}")),
    );
    if entry.state != State::Finished {
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
