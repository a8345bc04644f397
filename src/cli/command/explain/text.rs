//! The explanation for people: one section for each question, those without an answer left out.

use migrate_manifests::catalog::Catalog;
use migrate_manifests::digest::Digest;
use migrate_manifests::journal::Deed;
use migrate_manifests::operation::{ExplainOptions, ExplainedBackup, Explanation, Leg, Touched};
use migrate_manifests::report::{Outcome, Status};

use crate::cli::escape;
use crate::cli::render::{Align, Surface, Tone, age, counted, grouped, table, unified, wrap};

/// How wide the names of the facts at the beginning are.
const INDENT: usize = 10;
/// How much of a digest is shown, as in a backup's name.
const SHORT: usize = 16;

/// All of it.
pub(super) fn text(
    all: &Explanation,
    catalog: &Catalog,
    options: &ExplainOptions,
    surface: Surface,
) -> String {
    let now = options.now.unix_seconds();
    let section = |title: &str, body: String| {
        if body.is_empty() {
            return String::new();
        }
        format!("\n{}\n{body}", surface.paint.text(Tone::Heading, title))
    };
    let difference = all.outcome.diff.as_ref().map_or_else(String::new, |diff| {
        format!("\n{}", unified(&all.path, diff, surface.paint))
    });
    [
        facts(all, catalog, options, surface),
        section(
            "route",
            all.route.iter().map(|one| leg(one, surface)).collect(),
        ),
        difference,
        section("history", history(all, surface)),
        section("backups", backups(&all.backups)),
        section("operations", operations(&all.operations, now)),
        section("way back", way_back(&all.rollback, &options.tree, surface)),
        section("warnings", warnings(all, surface)),
    ]
    .concat()
}

fn facts(
    all: &Explanation,
    catalog: &Catalog,
    options: &ExplainOptions,
    surface: Surface,
) -> String {
    let mut shown = String::new();
    let mut fact = |name: &str, value: &str| {
        let value = wrap(value, surface.columns, INDENT);
        shown.extend([format!("{name:INDENT$}"), value, "\n".to_owned()]);
    };
    fact("manifest", &escape::path(all.path.as_bytes()));
    fact("tree", &escape::path(options.tree.as_bytes()));
    let source = catalog.source().to_string();
    let catalog = format!(
        "{} ({}), sha256:{}",
        escape::message(catalog.name()),
        escape::message(&source),
        short(catalog.digest())
    );
    fact("catalog", &catalog);
    if let Some(kind) = &all.kind {
        fact("kind", &escape::message(kind));
    }
    if let Some(content) = &all.content {
        let version = content.version.as_ref().map(|version| {
            let undeclared = if content.version_is_declared {
                ""
            } else {
                ", because it says none"
            };
            format!("{version}{undeclared}")
        });
        fact("version", version.as_deref().unwrap_or("unknown"));
        let now = options.now.unix_seconds();
        let content = format!(
            "{}, sha256:{}, last written {}",
            counted(content.size, "byte", "bytes"),
            short(content.digest),
            age(content.modified, now)
        );
        fact("content", &content);
    }
    fact("decision", &decision(all));
    if let Some(trouble) = &all.outcome.trouble {
        fact("", &format!("hint: {}", trouble.code.hint()));
    }
    if let Some(judged) = all.judged {
        let manifests = counted(judged, "manifest", "manifests");
        let rules = format!("judged with {manifests}, as a migration of the whole tree would");
        fact("rules", &rules);
    }
    shown
}

/// What a migration would do, and why not, where it would do nothing.
fn decision(all: &Explanation) -> String {
    let target = all.target.as_ref().map(ToString::to_string);
    let (target, outcome) = (target.unwrap_or_default(), &all.outcome);
    let status = outcome.status.as_str();
    match (&outcome.trouble, outcome.status) {
        (Some(trouble), _) => format!(
            "{status}, {}: {}",
            trouble.code,
            escape::message(&trouble.message)
        ),
        (None, Status::Current) => format!("{status}: it is at {target}, there is nothing to do"),
        (None, Status::Ahead) => format!("{status}: it is above {target}, and left alone"),
        (None, Status::Deferred) => match &all.deferred_by {
            Some((at, value)) => format!(
                "{status}: {} is {}, so a writer still has it (--include-running takes it)",
                escape::message(&at.to_string()),
                escape::message(value)
            ),
            None => status.to_owned(),
        },
        (None, Status::Pending) => format!("{status}: it would be migrated to {target}"),
        (None, _) => status.to_owned(),
    }
}

fn leg(leg: &Leg, surface: Surface) -> String {
    let title = format!(
        "{} -> {}  {}",
        leg.from,
        leg.to,
        escape::message(&leg.summary)
    );
    let mut shown = format!("  {}\n", wrap(&title, surface.columns, 4));
    for change in &leg.changes {
        shown.extend(["    ", &escape::message(change), "\n"]);
    }
    shown
}

fn history(all: &Explanation, surface: Surface) -> String {
    let rows: Vec<_> = all
        .history
        .iter()
        .map(|record| {
            let changes = record.changes.iter().map(Vec::len).sum::<usize>();
            vec![
                format!("{} -> {}", record.from_version, record.to_version),
                record.applied_at.to_string(),
                counted(changes as u64, "change", "changes"),
                format!("before sha256:{}", short(record.checksum_before)),
                format!("after sha256:{}", short(record.checksum_after)),
            ]
        })
        .collect();
    let mut shown = indented(&table(&rows, &[Align::Left; 5]));
    if let Some(trouble) = &all.history_trouble {
        let trouble = wrap(&escape::message(trouble), surface.columns, 2);
        shown.extend(["  ", &trouble, "\n"]);
    }
    shown
}

fn backups(backups: &[ExplainedBackup]) -> String {
    let rows: Vec<_> = backups
        .iter()
        .map(|backup| {
            let content = match &backup.digest {
                Ok(digest) => format!("sha256:{}", short(*digest)),
                Err(trouble) => escape::message(&trouble.message).into_owned(),
            };
            vec![
                escape::path(backup.name.as_bytes()).into_owned(),
                counted(backup.size, "byte", "bytes"),
                content,
                belongs(backup),
            ]
        })
        .collect();
    let columns = [Align::Left, Align::Right, Align::Left, Align::Left];
    indented(&table(&rows, &columns))
}

/// What a backup is the original of.
fn belongs(backup: &ExplainedBackup) -> String {
    let mut words = Vec::new();
    words.extend(
        backup
            .record
            .map(|record| format!("the original of record {}", grouped(record as u64 + 1))),
    );
    words.extend(
        backup
            .operation
            .as_ref()
            .map(|id| format!("of operation {}", escape::message(id))),
    );
    if words.is_empty() && backup.digest.is_ok() {
        words.push("no record and no journal speaks of it".to_owned());
    }
    words.join(", ")
}

fn operations(operations: &[Touched], now: i64) -> String {
    let rows: Vec<_> = operations
        .iter()
        .map(|touched| {
            let started = touched.started_at.as_ref();
            let started =
                started.and_then(|text| text.parse::<migrate_manifests::clock::Timestamp>().ok());
            vec![
                escape::message(&touched.id).into_owned(),
                escape::message(touched.command.as_deref().unwrap_or("?")).into_owned(),
                started.map_or_else(String::new, |started| age(started.unix_seconds(), now)),
                deed(touched),
            ]
        })
        .collect();
    indented(&table(&rows, &[Align::Left; 4]))
}

/// What an operation did, in words.
fn deed(touched: &Touched) -> String {
    let deed = match &touched.deed {
        Deed::Replaced { backup, .. } => match backup {
            Some(backup) => format!("replaced it; the original is {}", escape::message(backup)),
            None => "replaced it".to_owned(),
        },
        Deed::Restored { undoes, .. } => {
            format!(
                "put back the original of operation {}",
                escape::message(undoes)
            )
        }
        Deed::Pruned { backup, .. } => format!("removed the backup {}", escape::message(backup)),
    };
    match touched.is_done {
        Some(true) => deed,
        Some(false) => format!("not done: {deed}"),
        None => format!("no result is recorded: {deed}"),
    }
}

/// Whether the original can come back, and how.
fn way_back(rollback: &Outcome, tree: &str, surface: Surface) -> String {
    let told = match (&rollback.trouble, rollback.status) {
        (Some(trouble), _) => format!(
            "none, {}: {}",
            trouble.code,
            escape::message(&trouble.message)
        ),
        (None, Status::Pending) => {
            let backup = rollback.backup.as_deref().unwrap_or_default();
            let path = escape::path(rollback.path.as_bytes());
            format!(
                "migrate-manifests rollback --manifest {path} {} puts {} back",
                escape::path(tree.as_bytes()),
                escape::message(backup)
            )
        }
        (None, _) => "nothing to undo: the original is in its place".to_owned(),
    };
    format!("  {}\n", wrap(&told, surface.columns, 2))
}

fn warnings(all: &Explanation, surface: Surface) -> String {
    let mut shown = String::new();
    for notice in &all.notices {
        let told = format!("{}: {}", notice.code, escape::message(&notice.message));
        shown.extend(["  ", &wrap(&told, surface.columns, 2), "\n"]);
    }
    shown
}

fn indented(lines: &str) -> String {
    lines.lines().flat_map(|line| ["  ", line, "\n"]).collect()
}

fn short(digest: Digest) -> String {
    digest.to_string().chars().take(SHORT).collect()
}
