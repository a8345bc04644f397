//! The report as JSON lines: one for each manifest as it happens, and a last one with the counts.
//!
//! Invariant: with `--files-from` every path listed has exactly one line.

use std::collections::BTreeSet;
use std::io::{self, Write};

use migrate_manifests::path::TreePath;
use migrate_manifests::report::{Event, Sink, Status, Summary};
use migrate_manifests::selection::Selection;

use super::members::{self, Known, Members, Notices};

/// The format that the last line names.
pub(super) const FORMAT: &str = "migrate-manifests/outcome/1";

/// Writes the lines.
pub(crate) struct JsonLines<W> {
    out: W,
    all: bool,
    known: Known,
    notices: Notices,
    operation: Option<String>,
    unanswered: Option<Listed>,
}

/// What `--files-from` lists, and what decides which of it is looked at.
pub(crate) struct Listed {
    /// The paths that have no line yet.
    pub(crate) paths: BTreeSet<TreePath>,
    /// What selects among them.
    pub(crate) selection: Selection,
}

impl<W: Write> JsonLines<W> {
    /// Lines to `out`; manifests with nothing to do have one with `all`, and where `listed`.
    pub(crate) fn new(out: W, known: Known, all: bool, listed: Option<Listed>) -> Self {
        Self {
            out,
            all: all || listed.is_some(),
            known,
            notices: Notices::default(),
            operation: None,
            unanswered: listed,
        }
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all([text, "\n"].concat().as_bytes())?;
        self.out.flush()
    }

    fn answered(&mut self, path: &TreePath) {
        if let Some(listed) = &mut self.unanswered {
            listed.paths.remove(path);
        }
    }

    /// Answers for what was listed and not looked at.
    fn answer_the_rest(&mut self, summary: &Summary) -> io::Result<()> {
        let Some(listed) = self.unanswered.take() else {
            return Ok(());
        };
        let ended_early = summary.stop.is_some() || summary.signal.is_some();
        for path in &listed.paths {
            let selected = listed.selection.selects(path) && !listed.selection.excludes(path);
            let outcome = if ended_early && selected {
                "not_attempted"
            } else {
                "excluded"
            };
            self.line(&members::left_out(path, outcome)?)?;
        }
        Ok(())
    }
}

impl<W: Write> Sink for JsonLines<W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Started(head) => self.known = Known::from(*head),
            Event::Began { operation } => self.operation = Some((*operation).to_owned()),
            Event::Warning(notice) => self.notices.warn(notice),
            Event::DirectoryFailed(notice) => self.notices.directory_failed(notice),
            Event::Verified(verified) => {
                self.answered(&verified.outcome.path);
                if self.all || verified.wrong().next().is_some() {
                    self.line(&members::verified(verified, self.all)?)?;
                }
            }
            Event::Finding(notice) => self.notices.found(notice),
            Event::Outcome(outcome) => {
                self.answered(&outcome.path);
                if self.all || outcome.status != Status::Current {
                    self.line(&members::outcome(outcome)?)?;
                }
            }
            Event::Finished(summary) => {
                self.answer_the_rest(summary)?;
                let operation = summary.operation.as_deref().or(self.operation.as_deref());
                let mut all = members::head(FORMAT, &self.known, operation)?;
                all.extend(members::foot(&self.known, summary, &self.notices)?);
                self.line(&object(&all))?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// One object on one line.
pub(super) fn object(members: &Members) -> String {
    let members: Vec<_> = members
        .iter()
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    format!("{{{}}}", members.join(","))
}
