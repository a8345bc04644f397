//! The text page: blocks of lines as they come, and counts and hints for the end.
//!
//! Invariant: text from the tree reaches a page only through `escape`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use migrate_manifests::code::Code;
use migrate_manifests::report::Diagnosis;

use super::layout::{Align, grouped, table, wrap};
use super::paint::{Paint, Tone};
use crate::cli::escape;

pub(crate) const INDENT: usize = 10;
const LISTED_MOST: u64 = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageView {
    pub(crate) all: bool,
    pub(crate) quiet: bool,
    /// The width of the terminal; `None` if the output is not one.
    pub(crate) columns: Option<usize>,
    pub(crate) headline: Headline,
    /// True if pending manifests are listed, and not only counted.
    pub(crate) lists_pending: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Headline {
    None,
    Tree,
    /// The tree, the catalog and the target version.
    Target,
}

pub(crate) struct Page {
    out: Box<dyn Write>,
    pub(crate) view: PageView,
    pub(crate) paint: Paint,
    /// True if an empty line is needed before the list.
    needs_gap: bool,
    /// The number of items of each sort, and its tone.
    listed: BTreeMap<&'static str, (Tone, u64)>,
    codes: BTreeSet<Code>,
    failure: Option<io::Error>,
}

impl Page {
    pub(crate) fn new(out: Box<dyn Write>, view: PageView, paint: Paint) -> Self {
        Self {
            out,
            view,
            paint,
            needs_gap: false,
            listed: BTreeMap::new(),
            codes: BTreeSet::new(),
            failure: None,
        }
    }

    /// Prints the text. After the first failure, which [`Page::check`] returns, nothing is printed.
    pub(crate) fn print(&mut self, text: &str) {
        if self.failure.is_none() {
            self.failure = self.out.write_all(text.as_bytes()).err();
        }
    }

    pub(crate) fn head(&mut self, lines: &str) {
        self.needs_gap = true;
        self.print(lines);
    }

    pub(crate) fn list(&mut self, lines: &str) {
        if std::mem::take(&mut self.needs_gap) {
            self.print("\n");
        }
        self.print(lines);
    }

    /// Counts an item of a sort of which only the first are listed. Returns true if this one is listed.
    pub(crate) fn count_listed(&mut self, tone: Tone, sort: &'static str) -> bool {
        let (_, count) = self.listed.entry(sort).or_insert((tone, 0));
        *count += 1;
        self.view.all || *count <= LISTED_MOST
    }

    pub(crate) fn print_omitted(&mut self) {
        for (sort, (tone, count)) in std::mem::take(&mut self.listed) {
            if count > LISTED_MOST && !self.view.all {
                let more = grouped(count - LISTED_MOST);
                let label = self.label(tone, sort);
                self.list(&format!("{label}... and {more} more (--all lists them)\n"));
            }
        }
    }

    pub(crate) fn label(&self, tone: Tone, word: &str) -> String {
        let fill = INDENT.saturating_sub(word.len()).max(1);
        format!("{}{:fill$}", self.paint.text(tone, word), "")
    }

    /// The code and the message on a line of their own. The page remembers the code, for [`Page::hints`].
    pub(crate) fn why(&mut self, reason: &Diagnosis) -> String {
        self.codes.insert(reason.code);
        let why = format!("{}: {}", reason.code, escape::message(&reason.message));
        format!("{:INDENT$}{}\n", "", self.wrap(&why, INDENT))
    }

    pub(crate) fn wrap(&self, text: &str, indent: usize) -> String {
        wrap(text, self.view.columns, indent)
    }

    pub(crate) fn heading(&self, text: &str) -> String {
        self.paint.text(Tone::Heading, text).into_owned()
    }

    /// Lines under a heading; nothing without lines.
    pub(crate) fn section(&self, heading: &str, lines: &str) -> String {
        if lines.is_empty() {
            return String::new();
        }
        format!("{}\n{lines}", self.heading(heading))
    }

    /// A table whose first row is a heading.
    pub(crate) fn headed_table(&self, rows: &[Vec<String>], aligns: &[Align]) -> String {
        let lines = table(rows, aligns);
        let (head, rest) = lines.split_once('\n').unwrap_or((&lines, ""));
        format!("{}\n{rest}", self.heading(head))
    }

    pub(crate) fn sentences(&self, sentences: &[String]) -> String {
        if sentences.is_empty() {
            return String::new();
        }
        self.wrap(&sentences.join(" "), 0) + "\n"
    }

    pub(crate) fn hints(&self) -> String {
        let label = "hint: ";
        let shown = self.codes.iter().map(|code| {
            let text = self.wrap(&format!("{code}: {}", code.hint()), label.len());
            format!("{}{text}\n", self.paint.text(Tone::Hint, label))
        });
        shown.collect()
    }

    /// Prints the hints, and sentences after an empty line.
    pub(crate) fn close_list(&mut self, sentences: &[String]) {
        let hints = self.hints();
        let gap = if hints.is_empty() { "" } else { "\n" };
        self.list(&[&hints, gap, &self.sentences(sentences)].concat());
    }

    pub(crate) fn sections(&mut self, sections: &[String]) {
        for section in sections.iter().filter(|section| !section.is_empty()) {
            self.print(&format!("\n{section}"));
        }
    }

    pub(crate) fn check(&mut self) -> io::Result<()> {
        self.failure.take().map_or(Ok(()), Err)
    }

    pub(crate) fn flush(&mut self) {
        if self.failure.is_none() {
            self.failure = self.out.flush().err();
        }
    }
}
