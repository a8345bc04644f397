//! Items for manifests: outcomes and findings.

use migrate_manifests::path::TreePath;
use migrate_manifests::report::{Diagnosis, Outcome, Status, Verified};

use super::diff;
use super::item::ReportItem;
use super::object::JsonObject;
use super::page::Page;
use super::paint::Tone;
use crate::cli::escape;

impl ReportItem for Outcome {
    fn answers(&self) -> Option<&TreePath> {
        Some(&self.path)
    }

    fn is_listed_by_default(&self) -> bool {
        self.status != Status::Current
    }

    fn text(&self, page: &mut Page) {
        let path = escape::path(self.path.as_bytes());
        let status = page.label(Tone::of(self.status), self.status.as_str());
        if let Some(trouble) = &self.trouble {
            let why = page.why(trouble);
            page.list(&format!("{status}{path}\n{why}"));
            return;
        }
        if page.view.quiet {
            return;
        }
        if let Some(difference) = &self.diff {
            let lines = diff::unified(&self.path, difference, page.paint);
            page.list(&lines);
            return;
        }
        let is_listed = match self.status {
            Status::Pending if !page.view.lists_pending => page.view.all,
            Status::Pending | Status::Migrated | Status::Ahead | Status::Restored => {
                page.count_listed(Tone::of(self.status), self.status.as_str())
            }
            _ => page.view.all,
        };
        if !is_listed {
            return;
        }
        let versions = match (&self.from, &self.to) {
            (Some(from), Some(to)) if from != to => format!("{from} -> {to}"),
            (Some(from), _) => from.to_string(),
            (None, _) => String::new(),
        };
        page.list(&format!("{status}{versions:<14}  {path}\n"));
    }

    fn json(&self, object: &mut JsonObject, _: bool) {
        object
            .path(&self.path)
            .member("outcome", self.status.as_str())
            .some("from", self.from.as_ref())
            .some("to", self.to.as_ref())
            .diagnosis(self.trouble.as_ref())
            .some("checksum_before", self.checksum_before)
            .some("checksum_after", self.checksum_after)
            .some("backup", self.backup.as_ref());
    }
}

impl ReportItem for Verified {
    fn answers(&self) -> Option<&TreePath> {
        Some(&self.outcome.path)
    }

    fn is_listed_by_default(&self) -> bool {
        self.wrong().next().is_some()
    }

    fn text(&self, page: &mut Page) {
        let all = page.view.all;
        let shown: Vec<_> = self
            .findings
            .iter()
            .filter(|one| all || !one.is_note())
            .collect();
        let place = escape::path(self.outcome.path.as_bytes());
        if shown.is_empty() && all {
            let label = page.label(Tone::of(Status::Current), "sound");
            page.list(&format!("{label}{place}\n"));
            return;
        }
        findings(page, &place, &shown);
    }

    fn json(&self, object: &mut JsonObject, all: bool) {
        self.outcome.json(object, all);
        let findings = self.findings.iter().filter(|one| all || !one.is_note());
        object.list("findings", findings, |object, finding| {
            object.diagnosis(Some(finding));
        });
    }
}

pub(super) fn findings(page: &mut Page, place: &str, findings: &[&Diagnosis]) {
    if findings.is_empty() {
        return;
    }
    let label = if findings.iter().all(|finding| finding.is_note()) {
        page.label(Tone::of(Status::Deferred), "note")
    } else {
        page.label(Tone::Trouble, "finding")
    };
    let mut lines = format!("{label}{place}\n");
    for finding in findings {
        lines.push_str(&page.why(finding));
    }
    page.list(&lines);
}
