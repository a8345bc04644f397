//! `backups`: how many there are, of which operation, how old and how large.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde::Serialize;

use migrate_manifests::clock::Timestamp;
use migrate_manifests::operation::{BackupList, KeptBackup, list_backups};
use migrate_manifests::report::{Stop, Summary};

use super::{Frame, Scene, ToldPath, place, size};
use crate::cli::args::WholeArgs;
use crate::cli::escape;
use crate::cli::exit::Failure;
use crate::cli::options::Purpose;
use crate::cli::render::{
    Align, Document, Surface, Tone, age, counted, grouped, json_lines, json_text, table,
};
use crate::cli::session::{self, Invocation};
use crate::cli::streams::Streams;

/// What a list of backups is told.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    whole: WholeArgs,
}

/// Lists.
pub(crate) fn run(args: &ListArgs, invocation: &Invocation<'_>, streams: Streams) -> ExitCode {
    let framed = Frame::new(&args.whole, Purpose::Look, true, invocation.env);
    let frame = match framed {
        Ok(frame) => frame,
        Err(stop) => return session::refuse(stop, invocation, streams),
    };
    frame.attend(streams, |scene| {
        let (storage, catalog) = (&scene.prepared.storage, &scene.prepared.catalog);
        let list = list_backups(storage, catalog, &scene.asked, scene.lookout)?;
        document(list, &scene).map_err(Failure::from)
    })
}

/// One backup as programs see it.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    path: ToldPath,
    backup: &'a str,
    size: u64,
    is_regular: bool,
    operation: Option<&'a str>,
    made_at: Option<String>,
}

impl<'a> From<&'a KeptBackup> for Told<'a> {
    fn from(kept: &'a KeptBackup) -> Self {
        Self {
            path: (&kept.path).into(),
            backup: &kept.name,
            size: kept.size,
            is_regular: kept.is_regular,
            operation: kept.operation.as_deref(),
            made_at: kept.made_at.map(|made| made.to_string()),
        }
    }
}

fn document(list: BackupList, scene: &Scene<'_>) -> Result<Document, Stop> {
    let told: Vec<_> = list.backups.iter().map(Told::from).collect();
    Ok(Document {
        text: text(&list.backups, scene),
        members: vec![("backups", json_text(&told)?)],
        lines: json_lines(&told)?,
        summary: Summary {
            signal: list.signal,
            ..Summary::default()
        },
        code: u8::from(list.is_partial),
        notices: list.notices,
        ..Document::default()
    })
}

fn text(backups: &[KeptBackup], scene: &Scene<'_>) -> String {
    if backups.is_empty() {
        return "There are no backups.\n".to_owned();
    }
    let mut shown = String::new();
    if scene.output.all {
        let rows: Vec<_> = backups
            .iter()
            .map(|kept| vec![size(kept.size), place(&kept.path, &kept.name)])
            .collect();
        shown.push_str(&table(&rows, &[Align::Right, Align::Left]));
        shown.push('\n');
    }
    shown.push_str(&by_operation(backups, scene.surface, scene.now));
    let total = backups.iter().map(|kept| kept.size).sum();
    let unit = counted(backups.len() as u64, "backup", "backups");
    shown.extend(["\n", &unit, ", ", &size(total), " in all.\n"]);
    shown
}

/// One line for each operation, oldest first.
fn by_operation(backups: &[KeptBackup], surface: Surface, now: Timestamp) -> String {
    type Operation<'a> = (Option<Timestamp>, Option<&'a str>);
    let mut operations: BTreeMap<Operation<'_>, (u64, u64)> = BTreeMap::new();
    for kept in backups {
        let operation = (kept.made_at, kept.operation.as_deref());
        let (count, bytes) = operations.entry(operation).or_default();
        *count += 1;
        *bytes += kept.size;
    }
    let names = ["operation", "age", "backups", "size"];
    let mut rows = vec![names.map(str::to_owned).to_vec()];
    rows.extend(
        operations
            .iter()
            .map(|((made, operation), (count, bytes))| {
                let name = operation.unwrap_or("no journal names them");
                let since = made.map_or_else(String::new, |made| {
                    age(made.unix_seconds(), now.unix_seconds())
                });
                vec![
                    escape::message(name).into_owned(),
                    since,
                    grouped(*count),
                    size(*bytes),
                ]
            }),
    );
    let right = Align::Right;
    let lines = table(&rows, &[Align::Left, right, right, right]);
    let (head, rest) = lines.split_once('\n').unwrap_or((&lines, ""));
    format!("{}\n{rest}", surface.paint.text(Tone::Heading, head))
}
