//! The members that reports for programs are made of, as docs/formats.md describes them.
//!
//! Invariant: each text made here is compact JSON on one line, in which nothing is unsafe to show.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use migrate_manifests::catalog::Catalog;
use migrate_manifests::clock::Timestamp;
use migrate_manifests::code::Code;
use migrate_manifests::digest::Digest;
use migrate_manifests::path::TreePath;
use migrate_manifests::report::{
    Counts, Diagnosis, Outcome, RouteCount, Start, Stop, Summary, Verified,
};
use migrate_manifests::version::Version;

use super::survey;
use crate::cli::escape;
use crate::cli::session::Subject;

/// What is known of an operation before it has started; the start makes it complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    /// The command.
    pub(crate) command: &'static str,
    /// Whether nothing may be written.
    pub(crate) dry_run: bool,
    /// The tree, once it is found.
    pub(crate) tree: Option<String>,
    /// The catalog, once it is loaded.
    pub(crate) catalog: Option<CatalogName>,
    /// The target version, once it is known.
    pub(crate) target: Option<Version>,
    /// The clock.
    pub(crate) started_at: Timestamp,
}

/// Which catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct CatalogName {
    /// Its name.
    pub(crate) name: String,
    /// Where it comes from.
    pub(crate) source: String,
    /// Its digest.
    pub(crate) digest: String,
}

impl From<&Subject> for Known {
    fn from(subject: &Subject) -> Self {
        Self {
            command: subject.command,
            dry_run: subject.dry_run,
            tree: None,
            catalog: None,
            target: subject.target.clone(),
            started_at: subject.now,
        }
    }
}

impl From<&Start> for Known {
    fn from(head: &Start) -> Self {
        Self {
            command: head.command,
            dry_run: head.dry_run,
            tree: Some(head.tree.clone()),
            catalog: Some(CatalogName {
                name: head.catalog_name.clone(),
                source: head.catalog_source.clone(),
                digest: head.catalog_digest.clone(),
            }),
            target: head.target.clone(),
            started_at: head.started_at,
        }
    }
}

impl From<&Catalog> for CatalogName {
    fn from(catalog: &Catalog) -> Self {
        Self {
            name: catalog.name().to_owned(),
            source: catalog.source().to_string(),
            digest: catalog.digest().prefixed(),
        }
    }
}

/// Names with their values as JSON text, in the order of the report.
pub(crate) type Members = Vec<(&'static str, String)>;

/// What stands before the manifests.
pub(crate) fn head(format: &str, known: &Known, operation: Option<&str>) -> io::Result<Members> {
    Ok(vec![
        ("format", text(&format)?),
        ("operation", text(&operation)?),
        ("command", text(&known.command)?),
        ("dry_run", text(&known.dry_run)?),
        ("tree", text(&known.tree)?),
        ("catalog", text(&known.catalog)?),
        ("target_version", text(&known.target)?),
        ("started_at", text(&known.started_at.to_string())?),
    ])
}

/// What stands after the manifests.
pub(crate) fn foot(known: &Known, summary: &Summary, notices: &Notices) -> io::Result<Members> {
    let counts: &Counts = &summary.counts;
    let versions: BTreeMap<&Version, u64> = summary
        .versions
        .iter()
        .map(|(version, count)| (version, *count))
        .collect();
    let routes: Vec<_> = summary.routes.iter().map(Route::from).collect();
    let finished_at = summary.finished_at.unwrap_or(known.started_at).to_string();
    let mut members = Members::new();
    if let (Some(findings), Some(notes)) = (&summary.findings, &summary.notes) {
        members.push(("findings", text(&by_code(findings))?));
        members.push(("notes", text(&by_code(notes))?));
        members.push(("state", text(&notices.state)?));
    }
    members.extend([
        ("counts", text(counts)?),
        ("versions", text(&versions)?),
        ("routes", text(&routes)?),
    ]);
    if let Some(rules) = summary.rules.recorded() {
        members.push(("rules", text(&rules)?));
    }
    if let Some(undoes) = &summary.undoes {
        members.push(("undoes", text(undoes)?));
    }
    if let Some(survey) = &summary.survey {
        members.push(("fields", text(&survey::fields(survey))?));
        members.push(("backfilled", text(&survey::backfilled(survey))?));
    }
    members.extend([
        ("warnings", text(&notices.warnings)?),
        ("directories", text(&notices.directories)?),
        ("finished_at", text(&finished_at)?),
    ]);
    let interrupted = summary
        .signal
        .map(|_| Stop::new(Code::Interrupted, "a signal ended it"));
    if let Some(stop) = summary.stop.as_ref().or(interrupted.as_ref()) {
        members.push(("error", text(&Failure::from(stop))?));
    }
    Ok(members)
}

/// One manifest and what came of it.
pub(crate) fn outcome(outcome: &Outcome) -> io::Result<String> {
    text(&Manifest::from(outcome))
}

/// One manifest and what was found about it; notes only where `all` is told.
pub(crate) fn verified(verified: &Verified, all: bool) -> io::Result<String> {
    let findings = verified.findings.iter().filter(|one| all || !one.is_note());
    text(&Proved {
        manifest: Manifest::from(&verified.outcome),
        findings: findings.map(Found::from).collect(),
    })
}

fn by_code(counts: &BTreeMap<Code, u64>) -> BTreeMap<&'static str, u64> {
    let counts = counts.iter();
    counts
        .map(|(code, count)| (code.as_str(), *count))
        .collect()
}

#[derive(Serialize)]
struct Proved<'a> {
    #[serde(flatten)]
    manifest: Manifest<'a>,
    findings: Vec<Found<'a>>,
}

#[derive(Serialize)]
struct Found<'a> {
    code: &'static str,
    message: &'a str,
}

impl<'a> From<&'a Diagnosis> for Found<'a> {
    fn from(finding: &'a Diagnosis) -> Self {
        Self {
            code: finding.code.as_str(),
            message: &finding.message,
        }
    }
}

/// Warnings and directories that failed, kept for the end.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    warnings: Vec<Entry>,
    directories: Vec<Entry>,
    state: Vec<Entry>,
}

impl Notices {
    /// Keeps a warning.
    pub(crate) fn warn(&mut self, notice: &Diagnosis) {
        self.warnings.push(notice.into());
    }

    /// Keeps a finding that is about no manifest.
    pub(crate) fn found(&mut self, notice: &Diagnosis) {
        self.state.push(notice.into());
    }

    /// Keeps a directory that could not be listed.
    pub(crate) fn directory_failed(&mut self, notice: &Diagnosis) {
        self.directories.push(notice.into());
    }
}

#[derive(Serialize)]
struct Manifest<'a> {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_b64: Option<String>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a Version>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a Version>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum_before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backup: Option<&'a str>,
}

impl<'a> From<&'a Outcome> for Manifest<'a> {
    fn from(outcome: &'a Outcome) -> Self {
        let trouble = outcome.trouble.as_ref();
        Self {
            path: outcome.path.to_text().into_owned(),
            path_b64: not_utf8(&outcome.path),
            outcome: outcome.status.as_str(),
            from: outcome.from.as_ref(),
            to: outcome.to.as_ref(),
            code: trouble.map(|trouble| trouble.code.as_str()),
            message: trouble.map(|trouble| trouble.message.as_str()),
            checksum_before: outcome.checksum_before.as_ref().map(Digest::prefixed),
            checksum_after: outcome.checksum_after.as_ref().map(Digest::prefixed),
            backup: outcome.backup.as_deref(),
        }
    }
}

/// A manifest that was listed for the operation and that the operation did not look at.
pub(crate) fn left_out(path: &TreePath, outcome: &'static str) -> io::Result<String> {
    text(&Manifest {
        path: path.to_text().into_owned(),
        path_b64: not_utf8(path),
        outcome,
        from: None,
        to: None,
        code: None,
        message: None,
        checksum_before: None,
        checksum_after: None,
        backup: None,
    })
}

#[derive(Debug, Serialize)]
struct Entry {
    code: &'static str,
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_b64: Option<String>,
    message: String,
}

impl From<&Diagnosis> for Entry {
    fn from(notice: &Diagnosis) -> Self {
        Self {
            code: notice.code.as_str(),
            path: notice.path.as_ref().map(|path| path.to_text().into_owned()),
            path_b64: notice.path.as_ref().and_then(not_utf8),
            message: notice.message.clone(),
        }
    }
}

#[derive(Serialize)]
struct Route<'a> {
    from: &'a Version,
    to: &'a Version,
    via: &'a [Version],
    count: u64,
}

impl<'a> From<&'a RouteCount> for Route<'a> {
    fn from(route: &'a RouteCount) -> Self {
        Self {
            from: &route.from,
            to: &route.to,
            via: &route.via,
            count: route.count,
        }
    }
}

#[derive(Serialize)]
struct Failure<'a> {
    code: &'static str,
    message: &'a str,
    hint: &'a str,
}

impl<'a> From<&'a Stop> for Failure<'a> {
    fn from(stop: &'a Stop) -> Self {
        Self {
            code: stop.code.as_str(),
            message: &stop.message,
            hint: stop.hint(),
        }
    }
}

fn not_utf8(path: &TreePath) -> Option<String> {
    path.as_str().is_none().then(|| path.to_base64())
}

/// Values as compact JSON texts, one for each line.
///
/// # Errors
/// As [`text`].
pub(crate) fn lines(values: &[impl Serialize]) -> Result<Vec<String>, Stop> {
    values.iter().map(|value| member(value)).collect()
}

/// As [`text`], for those who give a document.
///
/// # Errors
/// As [`text`].
pub(crate) fn member(value: &impl Serialize) -> Result<String, Stop> {
    text(value).map_err(|error| {
        Stop::new(
            Code::OutputFailed,
            format!("cannot tell it in JSON: {error}"),
        )
    })
}

/// A value as compact JSON text.
///
/// # Errors
/// It cannot be told in JSON.
pub(crate) fn text(value: &impl Serialize) -> io::Result<String> {
    Ok(escape::json(serde_json::to_string(value)?))
}
