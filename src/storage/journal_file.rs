//! A journal on disk: lines are gathered in memory and written out together.
//!
//! Invariant: the lines written are a chain without gaps.

use std::io;

use super::disk::Disk;
use crate::journal::{Record, Writer};

/// How many bytes of lines are gathered before they are written out.
const MUCH: usize = 256 * 1024;

/// An open journal.
pub(super) struct JournalFile<D: Disk> {
    file: D::File,
    writer: Writer,
    gathered: Vec<u8>,
    /// From how many bytes on they are written out.
    much: usize,
    /// How long the file is where every line of it is whole.
    size: u64,
    /// Whether part of a line may stand behind that.
    torn: bool,
}

impl<D: Disk> JournalFile<D> {
    /// A new journal.
    pub(super) fn new(file: D::File) -> Self {
        Self::resumed(file, Writer::default(), 0)
    }

    /// A journal that goes on where `writer` left it; the file has `size` bytes.
    pub(super) fn resumed(file: D::File, writer: Writer, size: u64) -> Self {
        Self {
            file,
            writer,
            gathered: Vec::new(),
            much: MUCH,
            size,
            torn: false,
        }
    }

    /// Adds a record in memory.
    pub(super) fn append(&mut self, record: &Record) {
        self.writer.line(record, &mut self.gathered);
    }

    /// Writes out what was gathered if it is much: a whole batch of lines need not stay in memory.
    ///
    /// Where that fails the lines stay, and the next write says so.
    pub(super) fn relieve(&mut self, disk: &D) {
        if self.gathered.len() > self.much {
            let written = self.write_out(disk);
            // A storage that is full is not asked again for every line.
            self.much = written.map_or(self.much * 2, |()| MUCH);
        }
    }

    /// Writes out what was gathered.
    pub(super) fn write_out(&mut self, disk: &D) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        // What was written of a line would break the chain for the lines to come.
        if self.torn {
            disk.truncate(&self.file, self.size)?;
            self.torn = false;
        }
        if let Err(error) = disk.write(&self.file, &self.gathered) {
            self.torn = disk.truncate(&self.file, self.size).is_err();
            return Err(error);
        }
        self.size += self.gathered.len() as u64;
        self.gathered.clear();
        Ok(())
    }

    /// Writes out what was gathered and makes it durable.
    pub(super) fn sync(&mut self, disk: &D) -> io::Result<()> {
        self.write_out(disk)?;
        disk.sync_file(&self.file)
    }
}
