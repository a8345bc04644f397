//! The explanation as programs see it.

use migrate_manifests::code::Code;
use migrate_manifests::digest::Digest;
use migrate_manifests::engine::history::Record;
use migrate_manifests::journal::{Command, Deed, Entry};
use migrate_manifests::operation::{ExplainedBackup, Explanation, Leg};
use migrate_manifests::report::{Outcome, Status};

use crate::cli::render::{Object, Paint, unified};

pub(super) fn members(all: &Explanation, object: &mut Object) {
    let content = all.content.as_ref();
    let version = content.and_then(|content| content.version.as_ref());
    let difference = all.outcome.diff.as_deref();
    object
        .path(&all.path)
        .member("kind", &all.kind)
        .member("target", &all.target)
        .member("version", version)
        .member(
            "version_is_declared",
            content
                .filter(|content| content.version.is_some())
                .map(|content| content.version_is_declared),
        )
        .member("size", content.map(|content| content.size))
        .member("digest", content.map(|content| content.digest.prefixed()))
        .member("modified", content.map(|content| content.modified))
        .object(
            "migration",
            Some(|object: &mut Object| way(&all.outcome, object)),
        )
        .member("judged", all.judged)
        .object(
            "deferred_by",
            all.deferred_by.as_ref().map(|(at, value)| {
                move |object: &mut Object| {
                    object.member("at", at.to_string()).member("value", value);
                }
            }),
        )
        .list("route", &all.route, leg)
        .member(
            "diff",
            difference.map(|difference| unified(&all.path, difference, Paint::new(false))),
        )
        .list("history", &all.history, record)
        .member("history_trouble", &all.history_trouble)
        .list("backups", &all.backups, backup)
        .list("operations", all.operations(), operation)
        .object(
            "rollback",
            Some(|object: &mut Object| way(&all.rollback, object)),
        )
        .list("warnings", &all.notices, |object, notice| {
            object.diagnosis(Some(notice));
        });
}

fn way(outcome: &Outcome, object: &mut Object) {
    let trouble = outcome.trouble.as_ref();
    let code = trouble.map(|trouble| trouble.code);
    // A route is printed only for a pending manifest.
    let is_open = outcome.status == Status::Pending;
    object
        .member("outcome", outcome.status.as_str())
        .member("code", code.map(Code::as_str))
        .member("message", trouble.map(|trouble| &trouble.message))
        .member("hint", code.map(Code::hint))
        .member(
            "checksum_before",
            outcome.checksum_before.as_ref().map(Digest::prefixed),
        )
        .member(
            "checksum_after",
            outcome.checksum_after.as_ref().map(Digest::prefixed),
        )
        .member("backup", outcome.backup.as_ref().filter(|_| is_open));
}

fn leg(object: &mut Object, leg: &Leg) {
    object
        .member("from", &leg.from)
        .member("to", &leg.to)
        .member("summary", &leg.summary)
        .member("changes", &leg.changes);
}

fn record(object: &mut Object, record: &Record) {
    object
        .member("from_version", &record.from_version)
        .member("to_version", &record.to_version)
        .member("applied_at", record.applied_at.to_string())
        .member("changes", &record.changes)
        .member("checksum_before", record.checksum_before.prefixed())
        .member("checksum_after", record.checksum_after.prefixed())
        .member("backfilled", &record.backfilled);
}

fn backup(object: &mut Object, explained: &ExplainedBackup) {
    let backup = &explained.backup;
    let why = backup.fate.reason();
    object
        .member("name", &backup.name)
        .member("size", backup.size)
        .member("digest", backup.digest.as_ref().map(Digest::prefixed))
        .member("record", explained.record)
        .member("operation", &backup.operation)
        .member("code", why.map(|why| why.code.as_str()))
        .member("message", why.map(|why| &why.message));
}

fn operation(object: &mut Object, entry: Entry<'_>) {
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
        .member(
            "command",
            began.map(|began| began.command).map(Command::as_str),
        )
        .member(
            "started_at",
            began.map(|began| began.started_at.to_string()),
        )
        .member("deed", deed)
        .member("done", entry.is_done)
        .member("before", before.prefixed())
        .member("after", after.as_ref().map(Digest::prefixed))
        .member("backup", backup)
        .member("of", of);
}
