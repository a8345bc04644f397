//! The report of one invocation: format, warnings and progress, and the facts for its end.
//!
//! Invariant: after a failed write nothing more is written.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};

use migrate_manifests::code::{Class, Code};
use migrate_manifests::report::{Diagnosis, Event, Sink, Start, Summary};

use super::facts::{End, Facts, Listed, Notices};
use super::form::{Form, Trouble};
use super::item::{Ending, Item};
use super::json::Json;
use super::jsonl::JsonLines;
use super::page::{Page, View};
use super::paint::{Paint, Tone, paint};
use super::text::Text;
use crate::cli::args::Format;
use crate::cli::escape;
use crate::cli::options::Output;
use crate::cli::progress::Progress;
use crate::cli::streams::Stream;

pub(crate) struct Report {
    form: Box<dyn Form>,
    warnings: Warnings,
    progress: Progress,
    pub(crate) facts: Facts,
    head: Option<Start>,
    notices: Notices,
    lost: Option<io::Error>,
}

impl Report {
    pub(crate) fn new(
        output: &Output,
        (out, err): (&Stream, &Stream),
        progress: Progress,
        facts: Facts,
    ) -> Self {
        let paint = |stream: &Stream| paint(output.color, stream);
        Self {
            form: form(output.format, out, output.view, paint(out), &facts),
            warnings: Warnings {
                out: err.clone(),
                paint: paint(err),
                quiet: output.view.quiet,
                explained: BTreeSet::new(),
            },
            progress,
            facts,
            head: None,
            notices: Notices::default(),
            lost: None,
        }
    }

    pub(crate) fn expect(&mut self, listed: Listed) {
        self.form.expect(listed);
    }

    pub(crate) fn item(&mut self, item: &dyn Item) -> io::Result<()> {
        let result = self.check().and_then(|()| self.form.item(item));
        self.remember(result)
    }

    pub(crate) fn warn(&mut self, notice: &Diagnosis) {
        self.notices.warnings.push(notice.clone());
        self.warnings.warn(notice);
    }

    pub(crate) fn end(&mut self, summary: &Summary, ending: &dyn Ending) {
        self.progress.finish();
        let end = End {
            facts: &self.facts,
            head: self.head.as_ref(),
            summary,
            notices: &self.notices,
        };
        let result = match &self.lost {
            Some(_) => return,
            None => self.form.end(&end, ending),
        };
        // `lost` returns the error.
        let _remembered = self.remember(result);
    }

    pub(crate) fn lost(&self) -> Option<&io::Error> {
        self.lost.as_ref()
    }

    fn check(&self) -> io::Result<()> {
        match &self.lost {
            Some(error) => Err(error.kind().into()),
            None => Ok(()),
        }
    }

    fn remember(&mut self, result: io::Result<()>) -> io::Result<()> {
        result.map_err(|error| {
            let kind = error.kind();
            self.lost.get_or_insert(error);
            kind.into()
        })
    }
}

impl Sink for Report {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        self.progress.event(event)?;
        match event {
            Event::Started(head) => {
                self.facts = Facts::from(*head);
                self.head = Some((*head).clone());
                let result = self.check().and_then(|()| self.form.start(head));
                self.remember(result)
            }
            Event::Began { operation } => {
                let result = self.check().and_then(|()| self.form.began(operation));
                self.remember(result)
            }
            Event::Warning(notice) => {
                self.warn(notice);
                self.check()
            }
            Event::DirectoryFailed(notice) => {
                self.notices.directories.push((*notice).clone());
                let trouble = Trouble::Directory(notice);
                let result = self.check().and_then(|()| self.form.trouble(trouble));
                self.remember(result)
            }
            Event::Finding(notice) => {
                self.notices.state.push((*notice).clone());
                let trouble = Trouble::Finding(notice);
                let result = self.check().and_then(|()| self.form.trouble(trouble));
                self.remember(result)
            }
            Event::Outcome(outcome) => self.item(*outcome),
            Event::Verified(verified) => self.item(*verified),
            // The command that gets the summary reports the end.
            _ => self.check(),
        }
    }
}

fn form(format: Format, out: &Stream, view: View, paint: Paint, facts: &Facts) -> Box<dyn Form> {
    match format {
        Format::Text => {
            let out = as_it_happens_on_terminals(out.clone());
            Box::new(Text::new(Page::new(out, view, paint)))
        }
        Format::Json => Box::new(Json::new(
            BufWriter::new(out.clone()),
            facts.clone(),
            view.all,
        )),
        Format::Jsonl => Box::new(JsonLines::new(out.clone(), view.all)),
    }
}

fn as_it_happens_on_terminals(out: Stream) -> Box<dyn Write> {
    if out.is_terminal() {
        Box::new(out)
    } else {
        Box::new(BufWriter::new(out))
    }
}

/// Warnings on standard error, the same for every form; the hint is printed once for each code.
struct Warnings {
    out: Stream,
    paint: Paint,
    quiet: bool,
    explained: BTreeSet<Code>,
}

impl Warnings {
    fn warn(&mut self, notice: &Diagnosis) {
        let is_trouble = !matches!(notice.code.class(), Class::Note | Class::Warning);
        if self.quiet && !is_trouble {
            return;
        }
        let place = notice.path.as_ref();
        let place = place.map(|path| format!("{}: ", escape::path(path.as_bytes())));
        let label = self.paint.text(Tone::Warning, "warning:");
        let mut lines = format!(
            "{label} {}{} ({})\n",
            place.unwrap_or_default(),
            escape::message(&notice.message),
            notice.code
        );
        if self.explained.insert(notice.code) {
            let label = self.paint.text(Tone::Hint, "hint:");
            writeln!(lines, "{label} {}", notice.code.hint()).unwrap_or_default();
        }
        // A warning that cannot be shown must not end the operation: the report for programs has it, too.
        self.out.write_all(lines.as_bytes()).unwrap_or_default();
    }
}
