//! The report as JSON lines: one for each item as it happens, and a last one with the counts.
//!
//! Invariant: with `--files-from` every path listed has exactly one line.

use std::io::{self, Write};

use migrate_manifests::path::TreePath;
use migrate_manifests::report::{Start, Summary};

use super::facts::{End, Listed};
use super::form::{Form, Trouble};
use super::item::{Ending, Item};
use super::members;
use super::object::{Object, one_line};

pub(super) const FORMAT: &str = "migrate-manifests/outcome/1";

pub(crate) struct JsonLines<W> {
    out: W,
    all: bool,
    operation: Option<String>,
    unanswered: Option<Listed>,
}

impl<W: Write> JsonLines<W> {
    pub(super) fn new(out: W, all: bool) -> Self {
        Self {
            out,
            all,
            operation: None,
            unanswered: None,
        }
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all([text, "\n"].concat().as_bytes())?;
        self.out.flush()
    }

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
            let text = Object::text_of(|object| {
                object.path(path).member("outcome", outcome);
            })?;
            self.line(&text)?;
        }
        Ok(())
    }

    fn answered(&mut self, path: Option<&TreePath>) {
        if let (Some(listed), Some(path)) = (&mut self.unanswered, path) {
            listed.paths.remove(path);
        }
    }
}

impl<W: Write> Form for JsonLines<W> {
    fn start(&mut self, _: &Start) -> io::Result<()> {
        Ok(())
    }

    fn began(&mut self, operation: &str) -> io::Result<()> {
        self.operation = Some(operation.to_owned());
        Ok(())
    }

    fn expect(&mut self, listed: Listed) {
        self.all = true;
        self.unanswered = Some(listed);
    }

    fn trouble(&mut self, _: Trouble<'_>) -> io::Result<()> {
        Ok(())
    }

    fn item(&mut self, item: &dyn Item) -> io::Result<()> {
        self.answered(item.answers());
        if !self.all && !item.is_listed_by_default() {
            return Ok(());
        }
        let text = Object::text_of(|object| item.json(object, self.all))?;
        self.line(&text)
    }

    fn end(&mut self, end: &End<'_>, ending: &dyn Ending) -> io::Result<()> {
        self.answer_the_rest(end.summary)?;
        let operation = end.summary.operation.as_deref();
        let operation = operation.or(self.operation.as_deref());
        let mut all = members::head(FORMAT, end.facts, operation)?;
        let mut object = Object::default();
        ending.totals(&mut object);
        all.extend(object.members()?);
        all.extend(members::foot(end)?);
        self.line(&one_line(&all))
    }
}
