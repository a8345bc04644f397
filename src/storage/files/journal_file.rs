//! A journal on disk: lines are gathered in memory and written out together.
//! Invariant: the lines written are a chain without gaps.

use std::io;

use super::disk::Disk;
use crate::digest::Digest;
use crate::journal::{Record, Writer};

const MUCH: usize = 256 * 1024;

pub(super) struct JournalFile<D: Disk> {
    file: D::File,
    writer: Writer,
    gathered: Vec<u8>,
    much: usize,
    /// The size of the file where every line of it is whole.
    size: u64,
    /// True if part of a line may stand behind that.
    torn: bool,
}

impl<D: Disk> JournalFile<D> {
    pub(super) fn new(file: D::File, writer: Writer, size: u64) -> Self {
        Self {
            file,
            writer,
            gathered: Vec::new(),
            much: MUCH,
            size,
            torn: false,
        }
    }

    pub(super) fn chain(&self) -> Option<Digest> {
        self.writer.chain()
    }

    /// Adds a record. Much is written out at once, so that a whole batch of lines need not stay in memory; where that fails the lines stay, and the next flush says so.
    pub(super) fn append(&mut self, disk: &D, record: &Record) {
        self.writer.line(record, &mut self.gathered);
        if self.gathered.len() > self.much {
            let written = self.write_out(disk);
            // A storage that is full is not asked again for every line.
            self.much = written.map_or(self.much * 2, |()| MUCH);
        }
    }

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

    pub(super) fn sync(&mut self, disk: &D) -> io::Result<()> {
        self.write_out(disk)?;
        disk.sync_file(&self.file)
    }
}
