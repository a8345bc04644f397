//! The report of one invocation: its form, warnings, progress, and the facts for its end.
//!
//! Invariant: after a failed write nothing more is written.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write};

use migrate_manifests::code::Code;
use migrate_manifests::report::{Diagnosis, Event, Sink, Summary};

use super::facts::{End, Facts, ListedManifests, Notices};
use super::form::ReportForm;
use super::item::{Ending, ReportItem, ReportPart};
use super::paint::{Paint, Tone, paint};
use crate::cli::escape;
use crate::cli::options::Output;
use crate::cli::progress::Progress;
use crate::cli::streams::Stream;

pub(crate) struct Report {
    form: ReportForm,
    warnings: Warnings,
    progress: Progress,
    pub(crate) facts: Facts,
    notices: Notices,
    shows_all: bool,
    lost: Option<io::Error>,
}

impl Report {
    pub(crate) fn new(
        output: &Output,
        (out, err): (&Stream, &Stream),
        progress: Progress,
        facts: Facts,
    ) -> Self {
        Self {
            form: ReportForm::new(output, out, &facts),
            warnings: Warnings {
                out: err.clone(),
                paint: paint(output.color, err),
                quiet: output.view.quiet,
                explained: BTreeSet::new(),
            },
            progress,
            facts,
            notices: Notices::default(),
            shows_all: output.view.all,
            lost: None,
        }
    }

    pub(crate) fn expect(&mut self, listed: &ListedManifests) {
        self.write(ReportPart::Listed(listed));
    }

    pub(crate) fn item(&mut self, item: &dyn ReportItem) {
        self.write(ReportPart::Item(item));
    }

    pub(crate) fn warn(&mut self, notice: &Diagnosis) {
        self.notices.warnings.push(notice.clone());
        self.warnings.warn(notice);
    }

    pub(crate) fn end(&mut self, summary: &Summary, ending: &dyn Ending) {
        self.progress.finish();
        if self.lost.is_some() {
            return;
        }
        let end = End {
            facts: &self.facts,
            summary,
            notices: &self.notices,
        };
        self.lost = self.form.write(ReportPart::End(&end, ending)).err();
    }

    /// The first error of a write.
    pub(crate) fn lost(&self) -> Option<&io::Error> {
        self.lost.as_ref()
    }

    /// Fails if output was lost, so that the operation ends.
    pub(crate) fn check(&self) -> io::Result<()> {
        match &self.lost {
            Some(error) => Err(error.kind().into()),
            None => Ok(()),
        }
    }

    fn write(&mut self, part: ReportPart<'_>) {
        if self.lost.is_none() {
            self.lost = self.form.write(part).err();
        }
    }
}

impl Sink for Report {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        self.progress.event(event)?;
        match event {
            Event::Started(head) => {
                self.facts = Facts::from(*head);
                self.write(ReportPart::Start(head));
            }
            Event::Began { operation } => self.write(ReportPart::Began(operation)),
            Event::Warning(notice) => self.warn(notice),
            Event::DirectoryFailed(notice) => {
                self.notices.directories.push((*notice).clone());
                self.write(ReportPart::Directory(notice));
            }
            // Notes are counted.
            Event::Finding(notice) if notice.is_note() && !self.shows_all => {}
            Event::Finding(notice) => {
                self.notices.state.push((*notice).clone());
                self.write(ReportPart::Finding(notice));
            }
            Event::Outcome(outcome) => self.item(*outcome),
            Event::Verified(verified) => self.item(*verified),
            // The command that gets the summary reports the end.
            _ => {}
        }
        self.check()
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
        if self.quiet && notice.is_note() {
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
