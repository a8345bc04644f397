//! The report as one JSON object, streamed: one item a line.
//!
//! The operation's id comes before the items, but is known only when the first manifest is about to be written. If the command may write, the items before that are buffered, in memory up to a limit and then in a temporary file.
//!
//! Invariant: the complete output is one object, even if no operation started.

use std::io::{self, BufWriter, Seek as _, Write};

use tempfile::SpooledTempFile;

use migrate_manifests::journal::OperationId;

use super::facts::{End, Facts};
use super::item::{Ending, ReportItem, ReportPart};
use super::members;
use super::object::{JsonMembers, JsonObject};
use crate::cli::streams::Stream;

const FORMAT: &str = "migrate-manifests/report/1";
const MANIFESTS: &str = "manifests";
const HELD_IN_MEMORY_BYTES: usize = 8 * 1024 * 1024;

pub(super) struct Json {
    out: BufWriter<Stream>,
    all: bool,
    facts: Facts,
    /// The items before the id of the operation is known; `None` once the head is written.
    held: Option<Box<SpooledTempFile>>,
    /// The lists that were begun; the last one is open.
    lists: Vec<&'static str>,
    /// True if the open list has an item.
    has_items: bool,
    alone: JsonMembers,
}

impl Json {
    pub(super) fn new(out: Stream, facts: Facts, all: bool) -> Self {
        Self {
            out: BufWriter::new(out),
            all,
            facts,
            held: Some(Box::new(SpooledTempFile::new(HELD_IN_MEMORY_BYTES))),
            lists: vec![MANIFESTS],
            has_items: false,
            alone: JsonMembers::new(),
        }
    }

    pub(super) fn write(&mut self, part: ReportPart<'_>) -> io::Result<()> {
        match part {
            ReportPart::Start(head) => {
                self.facts = Facts::from(head);
                if head.dry_run {
                    self.open(None)?;
                }
                Ok(())
            }
            ReportPart::Began(operation) => self.open(Some(operation)),
            ReportPart::Item(item) => self.item(item),
            ReportPart::End(end, ending) => self.end(end, ending),
            // The end has the troubles.
            ReportPart::Listed(_) | ReportPart::Directory(_) | ReportPart::Finding(_) => Ok(()),
        }
    }

    fn open(&mut self, operation: Option<&OperationId>) -> io::Result<()> {
        let Some(mut held) = self.held.take() else {
            return Ok(());
        };
        self.out.write_all(b"{\n")?;
        write_members(
            &mut self.out,
            members::head(FORMAT, &self.facts, operation)?,
            ",\n",
        )?;
        write!(self.out, "  \"{MANIFESTS}\": [")?;
        held.rewind()?;
        io::copy(&mut held, &mut self.out)?;
        Ok(())
    }

    fn append(&mut self, text: &str) -> io::Result<()> {
        match &mut self.held {
            Some(held) => held.write_all(text.as_bytes()),
            None => self.out.write_all(text.as_bytes()),
        }
    }

    fn begin_list(&mut self, name: &'static str) -> io::Result<()> {
        let end = self.end_of_list();
        self.lists.push(name);
        self.has_items = false;
        self.append(&format!("{end},\n  \"{name}\": ["))
    }

    fn end_of_list(&self) -> &'static str {
        if self.has_items { "\n  ]" } else { "]" }
    }

    fn item(&mut self, item: &dyn ReportItem) -> io::Result<()> {
        if !self.all && !item.is_listed_by_default() {
            return Ok(());
        }
        let text = JsonObject::text_of(|object| item.json(object, self.all))?;
        if item.is_alone() {
            self.alone.push((item.list(), text));
            return Ok(());
        }
        if self.lists.last() != Some(&item.list()) {
            self.begin_list(item.list())?;
        }
        let before = if self.has_items { ",\n    " } else { "\n    " };
        self.has_items = true;
        self.append(&[before, &text].concat())
    }

    fn end(&mut self, end: &End<'_>, ending: &dyn Ending) -> io::Result<()> {
        self.facts = end.facts.clone();
        self.open(end.summary.operation.as_ref())?;
        for name in ending.lists() {
            if !self.lists.contains(name) {
                self.begin_list(name)?;
            }
        }
        let last = self.end_of_list();
        self.append(&format!("{last},\n"))?;
        let mut object = JsonObject::default();
        ending.totals(&mut object);
        ending.members(&mut object);
        let mut all = std::mem::take(&mut self.alone);
        all.extend(object.members()?);
        all.extend(members::foot(end)?);
        write_members(&mut self.out, all, "\n")?;
        self.out.write_all(b"}\n")?;
        self.out.flush()
    }
}

/// Writes one member a line, with a comma after each but the last, which `end` follows.
fn write_members(out: &mut impl Write, members: JsonMembers, end: &str) -> io::Result<()> {
    let lines: Vec<_> = members
        .into_iter()
        .map(|(name, value)| format!("  \"{name}\": {value}"))
        .collect();
    out.write_all(lines.join(",\n").as_bytes())?;
    out.write_all(end.as_bytes())
}
