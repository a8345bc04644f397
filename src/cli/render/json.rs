//! The report as one JSON object, streamed: manifests are written as they come, one a line.
//!
//! The operation's id stands before the manifests, but is known only when the first manifest is to be written. So where something may be written, what comes before is held back, in memory up to a limit and then in a temporary file.
//!
//! Invariant: after `Finished` the output is one object, also where `Started` never came.

use std::io::{self, Seek as _, Write};

use tempfile::SpooledTempFile;

use migrate_manifests::report::{Event, Sink, Status};

use super::members::{self, Known, Members, Notices};

/// The format that a report names.
pub(super) const FORMAT: &str = "migrate-manifests/report/1";
const HELD_IN_MEMORY_BYTES: usize = 8 * 1024 * 1024;

/// Writes the report.
pub(crate) struct Json<W> {
    out: W,
    all: bool,
    known: Known,
    notices: Notices,
    stage: Stage,
    manifests: u64,
}

enum Stage {
    /// Nothing is written: the id is not known yet. Manifests are held back.
    Held(Box<SpooledTempFile>),
    /// The head is written.
    Open,
}

impl<W: Write> Json<W> {
    /// A report to `out`; `all` says whether manifests with nothing to do are in it.
    pub(crate) fn new(out: W, known: Known, all: bool) -> Self {
        Self {
            out,
            all,
            known,
            notices: Notices::default(),
            stage: Stage::Held(Box::new(SpooledTempFile::new(HELD_IN_MEMORY_BYTES))),
            manifests: 0,
        }
    }

    fn open(&mut self, operation: Option<&str>) -> io::Result<()> {
        let Stage::Held(held) = &mut self.stage else {
            return Ok(());
        };
        self.out.write_all(b"{\n")?;
        write_members(
            &mut self.out,
            members::head(FORMAT, &self.known, operation)?,
            ",\n",
        )?;
        self.out.write_all(b"  \"manifests\": [")?;
        held.rewind()?;
        io::copy(held, &mut self.out)?;
        self.stage = Stage::Open;
        Ok(())
    }

    fn add(&mut self, manifest: &str) -> io::Result<()> {
        let before = if self.manifests == 0 {
            "\n    "
        } else {
            ",\n    "
        };
        self.manifests += 1;
        let text = [before, manifest].concat();
        match &mut self.stage {
            Stage::Held(held) => held.write_all(text.as_bytes()),
            Stage::Open => self.out.write_all(text.as_bytes()),
        }
    }
}

impl<W: Write> Sink for Json<W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Started(head) => {
                self.known = Known::from(*head);
                if head.dry_run {
                    self.open(None)?;
                }
            }
            Event::Began { operation } => self.open(Some(operation))?,
            Event::Warning(notice) => self.notices.warn(notice),
            Event::DirectoryFailed(notice) => self.notices.directory_failed(notice),
            Event::Outcome(outcome) if self.all || outcome.status != Status::Current => {
                self.add(&members::outcome(outcome)?)?;
            }
            Event::Verified(verified) if self.all || verified.wrong().next().is_some() => {
                self.add(&members::verified(verified, self.all)?)?;
            }
            Event::Finding(notice) => self.notices.found(notice),
            Event::Finished(summary) => {
                self.open(summary.operation.as_deref())?;
                self.out.write_all(if self.manifests == 0 {
                    b"],\n"
                } else {
                    b"\n  ],\n"
                })?;
                write_members(
                    &mut self.out,
                    members::foot(&self.known, summary, &self.notices)?,
                    "\n",
                )?;
                self.out.write_all(b"}\n")?;
                self.out.flush()?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// Writes one member a line, with a comma after each but the last, which `end` follows.
pub(super) fn write_members(out: &mut impl Write, members: Members, end: &str) -> io::Result<()> {
    let lines: Vec<_> = members
        .into_iter()
        .map(|(name, value)| format!("  \"{name}\": {value}"))
        .collect();
    out.write_all(lines.join(",\n").as_bytes())?;
    out.write_all(end.as_bytes())
}
