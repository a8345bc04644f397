//! The report as JSON lines: one for each item as it happens, and a last one with the counts.
//!
//! Invariant: with `--files-from` every path listed has exactly one line; where the items are backups, one for each of them.

use std::io::{self, Write};

use migrate_manifests::journal::OperationId;
use migrate_manifests::report::{Diagnosis, Summary};

use super::facts::{End, ListedManifests};
use super::item::{Ending, ReportItem, ReportPart};
use super::members;
use super::object::{JsonObject, one_line};
use crate::cli::streams::Stream;

const FORMAT: &str = "migrate-manifests/outcome/1";

pub(super) struct JsonLines {
    out: Stream,
    all: bool,
    operation: Option<OperationId>,
    unanswered: Option<ListedManifests>,
}

impl JsonLines {
    pub(super) fn new(out: Stream, all: bool) -> Self {
        Self {
            out,
            all,
            operation: None,
            unanswered: None,
        }
    }

    pub(super) fn write(&mut self, part: ReportPart<'_>) -> io::Result<()> {
        match part {
            ReportPart::Listed(listed) => {
                self.all = true;
                self.unanswered = Some(listed.clone());
            }
            ReportPart::Began(operation) => self.operation = Some(operation.clone()),
            ReportPart::Item(item) => self.item(item)?,
            ReportPart::End(end, ending) => self.end(end, ending)?,
            // The end has the troubles.
            ReportPart::Start(_) | ReportPart::Finding(_) => {}
            ReportPart::Directory(failed) => self.directory(failed)?,
        }
        Ok(())
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all([text, "\n"].concat().as_bytes())?;
        self.out.flush()
    }

    /// The end has all directories that failed; a manifest that was listed is answered here, if it is one of them.
    fn directory(&mut self, failed: &Diagnosis) -> io::Result<()> {
        let (Some(listed), Some(path)) = (&mut self.unanswered, &failed.path) else {
            return Ok(());
        };
        if !listed.paths.remove(path) {
            return Ok(());
        }
        let text = JsonObject::text_of(|object| {
            let object = object.path(path).member("outcome", "failed");
            object.diagnosis(Some(failed));
        })?;
        self.line(&text)
    }

    fn answer_the_rest(&mut self, summary: &Summary, without_items: &str) -> io::Result<()> {
        let Some(listed) = self.unanswered.take() else {
            return Ok(());
        };
        let ended_early = summary.stop.is_some() || summary.signal.is_some();
        for path in &listed.paths {
            let selected = listed.selection.selects(path) && !listed.selection.excludes(path);
            let outcome = match selected {
                true if ended_early => "not_attempted",
                true => without_items,
                false => "excluded",
            };
            let text = JsonObject::text_of(|object| {
                object.path(path).member("outcome", outcome);
            })?;
            self.line(&text)?;
        }
        Ok(())
    }

    fn item(&mut self, item: &dyn ReportItem) -> io::Result<()> {
        if let (Some(listed), Some(path)) = (&mut self.unanswered, item.answers()) {
            listed.paths.remove(path);
        }
        if !self.all && !item.is_listed_by_default() {
            return Ok(());
        }
        let text = JsonObject::text_of(|object| item.json(object, self.all))?;
        self.line(&text)
    }

    fn end(&mut self, end: &End<'_>, ending: &dyn Ending) -> io::Result<()> {
        self.answer_the_rest(end.summary, ending.without_items())?;
        let operation = end.summary.operation.as_ref();
        let operation = operation.or(self.operation.as_ref());
        let mut all = members::head(FORMAT, end.facts, operation)?;
        let mut object = JsonObject::default();
        ending.totals(&mut object);
        all.extend(object.members()?);
        all.extend(members::foot(end)?);
        self.line(&one_line(&all))
    }
}
