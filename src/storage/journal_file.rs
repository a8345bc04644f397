//! A journal on disk: lines are gathered in memory and written out together.
//!
//! Invariant: the lines written are a chain without gaps.

use std::io;

use super::disk::Disk;
use crate::journal::{Record, Writer};

/// An open journal.
pub(super) struct JournalFile<D: Disk> {
    file: D::File,
    writer: Writer,
    gathered: Vec<u8>,
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
            size,
            torn: false,
        }
    }

    /// Adds a record in memory.
    pub(super) fn append(&mut self, record: &Record) {
        self.writer.line(record, &mut self.gathered);
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
