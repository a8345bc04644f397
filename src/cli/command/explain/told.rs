//! The explanation as programs see it.

use serde::Serialize;

use migrate_manifests::engine::history::Record;
use migrate_manifests::journal::Deed;
use migrate_manifests::operation::{ExplainedBackup, Explanation, Leg, Touched};
use migrate_manifests::report::{Diagnosis, Outcome, Status};
use migrate_manifests::version::Version;

use crate::cli::render::{Paint, unified};

/// All of it.
#[derive(Serialize)]
pub(super) struct Told<'a> {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_b64: Option<String>,
    kind: Option<&'a str>,
    target: Option<&'a Version>,
    version: Option<&'a Version>,
    version_is_declared: Option<bool>,
    size: Option<u64>,
    digest: Option<String>,
    modified: Option<i64>,
    migration: Way<'a>,
    judged: Option<u64>,
    deferred_by: Option<DeferredBy<'a>>,
    route: Vec<ToldLeg<'a>>,
    diff: Option<String>,
    history: Vec<ToldRecord<'a>>,
    history_trouble: Option<&'a str>,
    backups: Vec<ToldBackup<'a>>,
    operations: Vec<ToldOperation<'a>>,
    rollback: Way<'a>,
    warnings: Vec<ToldNotice<'a>>,
}

/// What a migration or a rollback would come to.
#[derive(Serialize)]
struct Way<'a> {
    outcome: &'static str,
    code: Option<&'static str>,
    message: Option<&'a str>,
    hint: Option<&'static str>,
    checksum_before: Option<String>,
    checksum_after: Option<String>,
    backup: Option<&'a str>,
}

#[derive(Serialize)]
struct DeferredBy<'a> {
    at: String,
    value: &'a str,
}

#[derive(Serialize)]
struct ToldLeg<'a> {
    from: &'a Version,
    to: &'a Version,
    summary: &'a str,
    changes: &'a [String],
}

#[derive(Serialize)]
struct ToldRecord<'a> {
    from_version: &'a Version,
    to_version: &'a Version,
    applied_at: String,
    changes: &'a [Vec<String>],
    checksum_before: String,
    checksum_after: String,
    backfilled: &'a [String],
}

#[derive(Serialize)]
struct ToldBackup<'a> {
    name: &'a str,
    size: u64,
    digest: Option<String>,
    record: Option<usize>,
    operation: Option<&'a str>,
    code: Option<&'static str>,
    message: Option<&'a str>,
}

#[derive(Serialize)]
struct ToldOperation<'a> {
    id: &'a str,
    command: Option<&'a str>,
    started_at: Option<&'a str>,
    deed: &'static str,
    done: Option<bool>,
    before: Option<String>,
    after: Option<String>,
    backup: Option<&'a str>,
    of: Option<&'a str>,
}

#[derive(Serialize)]
struct ToldNotice<'a> {
    code: &'static str,
    message: &'a str,
}

impl<'a> From<&'a Explanation> for Told<'a> {
    fn from(all: &'a Explanation) -> Self {
        let content = all.content.as_ref();
        let difference = all.outcome.diff.as_deref();
        Self {
            path: all.path.to_text().into_owned(),
            path_b64: all.path.as_str().is_none().then(|| all.path.to_base64()),
            kind: all.kind.as_deref(),
            target: all.target.as_ref(),
            version: content.and_then(|content| content.version.as_ref()),
            version_is_declared: content
                .filter(|content| content.version.is_some())
                .map(|content| content.version_is_declared),
            size: content.map(|content| content.size),
            digest: content.map(|content| content.digest.prefixed()),
            modified: content.map(|content| content.modified),
            migration: Way::from(&all.outcome),
            judged: all.judged,
            deferred_by: all.deferred_by.as_ref().map(|(at, value)| DeferredBy {
                at: at.to_string(),
                value,
            }),
            route: all.route.iter().map(ToldLeg::from).collect(),
            diff: difference.map(|difference| unified(&all.path, difference, Paint::new(false))),
            history: all.history.iter().map(ToldRecord::from).collect(),
            history_trouble: all.history_trouble.as_deref(),
            backups: all.backups.iter().map(ToldBackup::from).collect(),
            operations: all.operations.iter().map(ToldOperation::from).collect(),
            rollback: Way::from(&all.rollback),
            warnings: all.notices.iter().map(ToldNotice::from).collect(),
        }
    }
}

impl<'a> From<&'a Outcome> for Way<'a> {
    fn from(outcome: &'a Outcome) -> Self {
        let trouble = outcome.trouble.as_ref();
        let code = trouble.map(|trouble| trouble.code);
        // What would be done has not been done: only what is pending leads anywhere.
        let is_open = outcome.status == Status::Pending;
        Self {
            outcome: outcome.status.as_str(),
            code: code.map(migrate_manifests::code::Code::as_str),
            message: trouble.map(|trouble| trouble.message.as_str()),
            hint: code.map(migrate_manifests::code::Code::hint),
            checksum_before: outcome.checksum_before.map(|digest| digest.prefixed()),
            checksum_after: outcome.checksum_after.map(|digest| digest.prefixed()),
            backup: outcome.backup.as_deref().filter(|_| is_open),
        }
    }
}

impl<'a> From<&'a Leg> for ToldLeg<'a> {
    fn from(leg: &'a Leg) -> Self {
        Self {
            from: &leg.from,
            to: &leg.to,
            summary: &leg.summary,
            changes: &leg.changes,
        }
    }
}

impl<'a> From<&'a Record> for ToldRecord<'a> {
    fn from(record: &'a Record) -> Self {
        Self {
            from_version: &record.from_version,
            to_version: &record.to_version,
            applied_at: record.applied_at.to_string(),
            changes: &record.changes,
            checksum_before: record.checksum_before.prefixed(),
            checksum_after: record.checksum_after.prefixed(),
            backfilled: &record.backfilled,
        }
    }
}

impl<'a> From<&'a ExplainedBackup> for ToldBackup<'a> {
    fn from(backup: &'a ExplainedBackup) -> Self {
        let (digest, trouble) = match &backup.digest {
            Ok(digest) => (Some(digest.prefixed()), None),
            Err(trouble) => (None, Some(trouble)),
        };
        Self {
            name: &backup.name,
            size: backup.size,
            digest,
            record: backup.record,
            operation: backup.operation.as_deref(),
            code: trouble.map(|trouble| trouble.code.as_str()),
            message: trouble.map(|trouble| trouble.message.as_str()),
        }
    }
}

impl<'a> From<&'a Touched> for ToldOperation<'a> {
    fn from(touched: &'a Touched) -> Self {
        let (deed, before, after, backup, of) = match &touched.deed {
            Deed::Replaced {
                before,
                after,
                backup,
            } => (
                "replaced",
                Some(before),
                Some(after),
                backup.as_deref(),
                None,
            ),
            Deed::Restored {
                before,
                after,
                backup,
                undoes,
            } => (
                "restored",
                Some(before),
                Some(after),
                Some(&**backup),
                Some(&**undoes),
            ),
            Deed::Pruned { digest, backup, of } => {
                ("pruned", Some(digest), None, Some(&**backup), Some(&**of))
            }
        };
        Self {
            id: &touched.id,
            command: touched.command.as_deref(),
            started_at: touched.started_at.as_deref(),
            deed,
            done: touched.is_done,
            before: before.map(migrate_manifests::digest::Digest::prefixed),
            after: after.map(migrate_manifests::digest::Digest::prefixed),
            backup,
            of,
        }
    }
}

impl<'a> From<&'a Diagnosis> for ToldNotice<'a> {
    fn from(notice: &'a Diagnosis) -> Self {
        Self {
            code: notice.code.as_str(),
            message: &notice.message,
        }
    }
}
