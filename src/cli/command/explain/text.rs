//! The explanation as text: one section for each question; a section without an answer is left out.

use migrate_manifests::catalog::Catalog;
use migrate_manifests::clock::Timestamp;
use migrate_manifests::digest::Digest;
use migrate_manifests::journal::{BackupId, Command, Deed, Entry};
use migrate_manifests::operation::{ExplainedBackup, Explanation, Leg};
use migrate_manifests::path::TreePath;
use migrate_manifests::report::{Outcome, Status};

use super::json;
use crate::cli::escape;
use crate::cli::render::{
    Align, INDENT, JsonObject, Page, ReportItem, age, counted, grouped, table, unified,
};

const SHORT: usize = 16;

pub(super) struct Explained {
    pub(super) explanation: Explanation,
    pub(super) tree: String,
    pub(super) catalog: String,
    pub(super) now: Timestamp,
}

impl ReportItem for Explained {
    fn list(&self) -> &'static str {
        "manifest"
    }

    fn is_alone(&self) -> bool {
        true
    }

    fn answers(&self) -> Option<&TreePath> {
        Some(&self.explanation.path)
    }

    fn text(&self, page: &mut Page) {
        let (all, now) = (&self.explanation, self.now.unix_seconds());
        let difference = all.outcome.diff.as_ref();
        let difference = difference.map(|diff| unified(&all.path, diff, page.paint));
        let route: String = all.route.iter().map(|one| leg(one, page)).collect();
        let sections = [
            page.section("route", &route),
            difference.unwrap_or_default(),
            page.section("history", &history(all, page)),
            page.section("backups", &backups(&all.backups)),
            page.section("operations", &operations(&all.operations(), now)),
            page.section("way back", &way_back(&all.rollback, &self.tree, page)),
            page.section("warnings", &warnings(all, page)),
        ];
        page.print(&facts(self, page));
        page.sections(&sections);
    }

    fn json(&self, object: &mut JsonObject, _: bool) {
        json::members(&self.explanation, object);
    }
}

pub(super) fn catalog(catalog: &Catalog) -> String {
    let source = catalog.source().to_string();
    format!(
        "{} ({}), sha256:{}",
        escape::message(catalog.name()),
        escape::message(&source),
        short(catalog.digest())
    )
}

fn facts(explained: &Explained, page: &Page) -> String {
    let (all, now) = (&explained.explanation, explained.now.unix_seconds());
    let mut shown = String::new();
    let mut fact = |name: &str, value: &str| {
        let value = page.wrap(value, INDENT);
        shown.extend([format!("{name:INDENT$}"), value, "\n".to_owned()]);
    };
    fact("manifest", &escape::path(all.path.as_bytes()));
    fact("tree", &escape::path(explained.tree.as_bytes()));
    fact("catalog", &explained.catalog);
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

fn leg(leg: &Leg, page: &Page) -> String {
    let title = format!(
        "{} -> {}  {}",
        leg.from,
        leg.to,
        escape::message(&leg.summary)
    );
    let mut shown = format!("  {}\n", page.wrap(&title, 4));
    for change in &leg.changes {
        shown.extend(["    ", &escape::message(change), "\n"]);
    }
    shown
}

fn history(all: &Explanation, page: &Page) -> String {
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
        let trouble = page.wrap(&escape::message(trouble), 2);
        shown.extend(["  ", &trouble, "\n"]);
    }
    shown
}

fn backups(backups: &[ExplainedBackup]) -> String {
    let rows: Vec<_> = backups
        .iter()
        .map(|explained| {
            let backup = &explained.backup;
            let content = match (backup.digest, backup.fate.reason()) {
                (Some(digest), _) => format!("sha256:{}", short(digest)),
                (None, why) => {
                    let why = why.map_or("", |why| &why.message);
                    escape::message(why).into_owned()
                }
            };
            vec![
                escape::path(backup.name.as_str().as_bytes()).into_owned(),
                counted(backup.size, "byte", "bytes"),
                content,
                belongs(explained),
            ]
        })
        .collect();
    let columns = [Align::Left, Align::Right, Align::Left, Align::Left];
    indented(&table(&rows, &columns))
}

fn belongs(explained: &ExplainedBackup) -> String {
    let backup = &explained.backup;
    let mut words = Vec::new();
    words.extend(
        explained
            .record
            .map(|record| format!("the original of record {}", grouped(record as u64 + 1))),
    );
    words.extend(
        backup
            .operation
            .as_ref()
            .map(|id| format!("of operation {id}")),
    );
    if words.is_empty() && backup.digest.is_some() {
        words.push("no record and no journal speaks of it".to_owned());
    }
    words.join(", ")
}

fn operations(entries: &[Entry<'_>], now: i64) -> String {
    let rows: Vec<_> = entries
        .iter()
        .map(|entry| {
            let began = entry.operation.began.as_ref();
            let started = began.map(|began| began.started_at.unix_seconds());
            vec![
                entry.operation.id.to_string(),
                began
                    .map_or("?", |began| Command::as_str(began.command))
                    .to_owned(),
                started.map_or_else(String::new, |started| age(started, now)),
                deed(entry),
            ]
        })
        .collect();
    indented(&table(&rows, &[Align::Left; 4]))
}

fn deed(entry: &Entry<'_>) -> String {
    let deed = match entry.deed {
        Deed::Replaced { backup, .. } => match backup {
            Some(backup) => format!("replaced it; the original is {}", escape::message(backup)),
            None => "replaced it".to_owned(),
        },
        Deed::Restored { undoes, .. } => {
            format!("put back the original of operation {undoes}")
        }
        Deed::Removed { backup, .. } => format!("removed the backup {}", escape::message(backup)),
    };
    match entry.is_done {
        Some(true) => deed,
        Some(false) => format!("not done: {deed}"),
        None => format!("no result is recorded: {deed}"),
    }
}

fn way_back(rollback: &Outcome, tree: &str, page: &Page) -> String {
    let printed = match (&rollback.trouble, rollback.status) {
        (Some(trouble), _) => format!(
            "none, {}: {}",
            trouble.code,
            escape::message(&trouble.message)
        ),
        (None, Status::Pending) => {
            let backup = rollback.backup.as_ref().map_or("", BackupId::as_str);
            let path = escape::path(rollback.path.as_bytes());
            format!(
                "migrate-manifests rollback --manifest {path} {} puts {} back",
                escape::path(tree.as_bytes()),
                escape::message(backup)
            )
        }
        (None, _) => "nothing to undo: the original is in its place".to_owned(),
    };
    format!("  {}\n", page.wrap(&printed, 2))
}

fn warnings(all: &Explanation, page: &Page) -> String {
    let mut shown = String::new();
    for notice in &all.notices {
        let printed = format!("{}: {}", notice.code, escape::message(&notice.message));
        shown.extend(["  ", &page.wrap(&printed, 2), "\n"]);
    }
    shown
}

fn indented(lines: &str) -> String {
    lines.lines().flat_map(|line| ["  ", line, "\n"]).collect()
}

fn short(digest: Digest) -> String {
    digest.to_string().chars().take(SHORT).collect()
}
