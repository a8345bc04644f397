//! The members that reports for programs begin and end with, as docs/formats.md describes them.

use std::collections::BTreeMap;
use std::io;

use migrate_manifests::code::Code;
use migrate_manifests::journal::OperationId;
use migrate_manifests::report::{Diagnosis, Stop};

use super::facts::{End, Facts};
use super::object::{JsonMembers, JsonObject};
use super::survey;

pub(super) fn head(
    format: &str,
    facts: &Facts,
    operation: Option<&OperationId>,
) -> io::Result<JsonMembers> {
    let mut object = JsonObject::default();
    object
        .member("format", format)
        .member("operation", operation)
        .member("command", &facts.command)
        .member("dry_run", facts.dry_run)
        .member("tree", &facts.tree)
        .member("catalog", &facts.catalog)
        .member("target_version", &facts.target)
        .member("started_at", facts.started_at);
    object.members()
}

pub(super) fn foot(end: &End<'_>) -> io::Result<JsonMembers> {
    let (summary, notices) = (end.summary, end.notices);
    let finished_at = summary.finished_at.unwrap_or(end.facts.started_at);
    let mut object = JsonObject::default();
    if let (Some(findings), Some(notes)) = (&summary.findings, &summary.notes) {
        object
            .member("findings", by_name(findings))
            .member("notes", by_name(notes))
            .list("state", &notices.state, entry)
            .some("accepted", summary.accepted);
    }
    object
        .member("counts", summary.counts)
        .member("versions", &summary.versions)
        .member("routes", &summary.routes)
        .some("rules", summary.rules.recorded())
        .some("undoes", summary.undoes.as_ref())
        .some(
            "unvisited",
            Some(summary.unvisited).filter(|number| *number > 0),
        );
    if let Some(survey) = &summary.survey {
        survey::members(survey, &mut object);
    }
    object
        .list("warnings", &notices.warnings, entry)
        .list("directories", &notices.directories, entry)
        .member("finished_at", finished_at);
    let interrupted = summary
        .signal
        .map(|_| Stop::new(Code::Interrupted, "a signal ended it"));
    if let Some(stop) = summary.stop.as_ref().or(interrupted.as_ref()) {
        object.object("error", |object| {
            object
                .member("code", stop.code)
                .member("message", &stop.message)
                .member("hint", stop.hint());
        });
    }
    object.members()
}

fn entry(object: &mut JsonObject, notice: &Diagnosis) {
    object.member("code", notice.code);
    match &notice.path {
        Some(path) => object.path(path),
        None => object.member("path", None::<()>),
    };
    object.member("message", &notice.message);
}

/// Counts in the order of the codes' names.
fn by_name(counts: &BTreeMap<Code, u64>) -> BTreeMap<&'static str, u64> {
    let counts = counts.iter();
    counts
        .map(|(code, count)| (code.as_str(), *count))
        .collect()
}
