//! The explanation as programs see it.

use migrate_manifests::engine::history::HistoryRecord;
use migrate_manifests::journal::{Deed, Entry};
use migrate_manifests::operation::{ExplainedBackup, Explanation, Leg};
use migrate_manifests::report::{Outcome, Status};

use crate::cli::render::{JsonObject, Paint, unified};

pub(super) fn members(all: &Explanation, object: &mut JsonObject) {
    let content = all.content.as_ref();
    let version = content.and_then(|content| content.version.as_ref());
    let is_declared = content.map(|content| content.version_is_declared);
    let difference = all.outcome.diff.as_deref();
    object
        .path(&all.path)
        .member("kind", &all.kind)
        .member("target", &all.target)
        .member("version", version)
        .member("version_is_declared", version.and(is_declared))
        .member("size", content.map(|content| content.size))
        .member("digest", content.map(|content| content.digest))
        .member("modified", content.map(|content| content.modified))
        .object("migration", |object| way(&all.outcome, object))
        .member("judged", all.judged);
    match &all.deferred_by {
        Some((at, value)) => object.object("deferred_by", |object| {
            object.member("at", at.to_string()).member("value", value);
        }),
        None => object.member("deferred_by", None::<()>),
    };
    object
        .list("route", &all.route, leg)
        .member(
            "diff",
            difference.map(|difference| unified(&all.path, difference, Paint::OFF)),
        )
        .list("history", &all.history, record)
        .member("history_trouble", &all.history_trouble)
        .list("backups", &all.backups, backup)
        .list("operations", all.operations(), operation)
        .object("rollback", |object| way(&all.rollback, object))
        .list("warnings", &all.notices, |object, notice| {
            object.diagnosis(Some(notice));
        });
}

fn way(outcome: &Outcome, object: &mut JsonObject) {
    let trouble = outcome.trouble.as_ref();
    // A route is printed only for a pending manifest.
    let is_open = outcome.status == Status::Pending;
    object
        .member("outcome", outcome.status.as_str())
        .member("code", trouble.map(|trouble| trouble.code))
        .member("message", trouble.map(|trouble| &trouble.message))
        .member("hint", trouble.map(|trouble| trouble.code.hint()))
        .member("checksum_before", outcome.checksum_before)
        .member("checksum_after", outcome.checksum_after)
        .member("backup", outcome.backup.as_ref().filter(|_| is_open));
}

fn leg(object: &mut JsonObject, leg: &Leg) {
    object
        .member("from", &leg.from)
        .member("to", &leg.to)
        .member("summary", &leg.summary)
        .member("changes", &leg.changes);
}

fn record(object: &mut JsonObject, record: &HistoryRecord) {
    object
        .member("from_version", &record.from_version)
        .member("to_version", &record.to_version)
        .member("applied_at", record.applied_at.to_string())
        .member("changes", &record.changes)
        .member("checksum_before", record.checksum_before)
        .member("checksum_after", record.checksum_after)
        .member("backfilled", &record.backfilled);
}

fn backup(object: &mut JsonObject, explained: &ExplainedBackup) {
    let backup = &explained.backup;
    let why = backup.fate.reason();
    object
        .member("name", &backup.name)
        .member("size", backup.size)
        .member("digest", backup.digest)
        .member("record", explained.record)
        .member("operation", &backup.operation)
        .member("code", why.map(|why| why.code))
        .member("message", why.map(|why| &why.message));
}

fn operation(object: &mut JsonObject, entry: Entry<'_>) {
    let began = entry.operation.began.as_ref();
    let (deed, before, after, backup, of) = match entry.deed {
        Deed::Replaced {
            before,
            after,
            backup,
        } => ("replaced", before, Some(after), backup, None),
        Deed::Restored {
            before,
            after,
            backup,
            undoes,
        } => ("restored", before, Some(after), Some(backup), Some(undoes)),
        Deed::Removed { digest, backup, of } => ("pruned", digest, None, Some(backup), Some(of)),
    };
    object
        .member("id", &entry.operation.id)
        .member("command", began.map(|began| began.command))
        .member("started_at", began.map(|began| began.started_at))
        .member("deed", deed)
        .member("done", entry.is_done)
        .member("before", before)
        .member("after", after)
        .member("backup", backup)
        .member("of", of);
}
