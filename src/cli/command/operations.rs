//! `operations`: what has written to the tree, and when.

use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;

use migrate_manifests::clock::Timestamp;
use migrate_manifests::operation::{OperationEntry, OperationState, operations};
use migrate_manifests::report::Stop;

use crate::cli::Environment;
use crate::cli::args::{ClockArgs, LimitArgs, OutputArgs, SelectArgs, TreeArgs};
use crate::cli::escape;
use crate::cli::exit::Failure;
use crate::cli::options::{Output, Place, Purpose, clock};
use crate::cli::render::{
    Align, Document, EACH_LATEST, Surface, Tone, age, counted, grouped, json_lines, json_text,
    table, wrap,
};
use crate::cli::session::{self, Invocation, Subject};
use crate::cli::streams::Streams;

/// What `operations` is told.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct OperationsArgs {
    /// The directory that holds the artifacts, or its parent [default: .]
    root: Option<PathBuf>,

    #[command(flatten)]
    tree: TreeArgs,
    #[command(flatten)]
    clock: ClockArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Lists the operations.
pub(crate) fn run(args: OperationsArgs, invocation: &Invocation<'_>, streams: Streams) -> ExitCode {
    let env = invocation.env;
    let now = match clock(args.clock.now, env) {
        Ok(now) => now,
        Err(stop) => return session::refuse(stop, invocation, streams),
    };
    let output = Output::new(&args.output, Purpose::Look, env);
    let place = Place::new(
        args.root,
        args.tree,
        SelectArgs::default(),
        &LimitArgs::default(),
    );
    let subject = Subject::looking("operations", now);
    session::read(&place, &output, &subject, streams, |prepared, surface| {
        let entries = operations(&prepared.storage)?;
        document(&entries, surface, env).map_err(Failure::from)
    })
}

fn document(
    entries: &[OperationEntry],
    surface: Surface,
    env: &Environment,
) -> Result<Document, Stop> {
    let told: Vec<_> = entries.iter().map(Told::from).collect();
    Ok(Document {
        text: text(entries, surface, env.started),
        members: vec![("operations", json_text(&told)?)],
        lines: json_lines(&told)?,
        ..Document::default()
    })
}

/// One operation as programs see it.
#[derive(Serialize)]
struct Told<'a> {
    id: &'a str,
    state: &'static str,
    command: Option<&'a str>,
    started_at: Option<&'a str>,
    target_version: Option<&'a str>,
    catalog_digest: Option<&'a str>,
    undoes: Option<&'a str>,
    stopped: Option<&'a str>,
    migrated: u64,
    restored: u64,
    pruned: u64,
    rolled_back: u64,
    backups_pruned: u64,
    journal_bytes: u64,
}

impl<'a> From<&'a OperationEntry> for Told<'a> {
    fn from(entry: &'a OperationEntry) -> Self {
        Self {
            id: &entry.id,
            state: entry.state.as_str(),
            command: entry.command.as_deref(),
            started_at: entry.started_at.as_deref(),
            target_version: entry.target_version.as_deref(),
            catalog_digest: entry.catalog_digest.as_deref(),
            undoes: entry.undoes.as_deref(),
            stopped: entry.stopped.as_deref(),
            migrated: entry.migrated,
            restored: entry.restored,
            pruned: entry.pruned,
            rolled_back: entry.rolled_back,
            backups_pruned: entry.backups_pruned,
            journal_bytes: entry.journal_bytes,
        }
    }
}

fn text(entries: &[OperationEntry], surface: Surface, now: Timestamp) -> String {
    if entries.is_empty() {
        return "No operation has written to this tree.\n".to_owned();
    }
    let names = ["operation", "command", "age", "journal", "what"];
    let mut rows = vec![names.map(str::to_owned).to_vec()];
    rows.extend(entries.iter().map(|entry| row(entry, now)));
    let columns = [
        Align::Left,
        Align::Left,
        Align::Right,
        Align::Right,
        Align::Left,
    ];
    let lines = table(&rows, &columns);
    let (head, rest) = lines.split_once('\n').unwrap_or((&lines, ""));
    let mut shown = format!("{}\n{rest}", surface.paint.text(Tone::Heading, head));
    let migrations = entries
        .iter()
        .rfind(|entry| entry.migrated > entry.rolled_back + entry.backups_pruned);
    if let Some(last) = migrations {
        let way_back = format!(
            "To go back before the last one: migrate-manifests rollback {}",
            escape::message(&last.id)
        );
        shown.extend(["\n", &wrap(&way_back, surface.columns, 0), "\n"]);
    }
    shown
}

fn row(entry: &OperationEntry, now: Timestamp) -> Vec<String> {
    let started = entry.started_at.as_ref().and_then(|text| text.parse().ok());
    let since = started.map_or_else(String::new, |started: Timestamp| {
        age(started.unix_seconds(), now.unix_seconds())
    });
    let command = entry.command.as_deref().unwrap_or("?");
    vec![
        escape::message(&entry.id).into_owned(),
        escape::message(command).into_owned(),
        since,
        kibibytes(entry.journal_bytes),
        escape::message(&deeds(entry)).into_owned(),
    ]
}

/// What it did, in words.
fn deeds(entry: &OperationEntry) -> String {
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
