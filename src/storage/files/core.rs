//! The open tree, and what identifies the bytes of a file in it.
//! Invariant: nothing here writes.

use std::borrow::Cow;
use std::io;
use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::batch::{self, Batch};
use super::disk::{Crossing, Disk, Stat};
use super::error::{diagnose, diagnose_open, if_there, is_broken};
use crate::code::Code;
use crate::digest::{Digest, Hasher};
use crate::journal::BackupId;
use crate::json::MAX_BYTES;
use crate::path::{Name, TreePath};
use crate::report::{Diagnosis, Stop};
use crate::storage::trouble::too_large;
use crate::storage::values::{EntryKind, LargerDocument};

/// The flushes that make an operation durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SyncChoice {
    /// The cheapest way that the file system can be trusted with.
    #[default]
    Auto,
    /// One flush of the whole file system for each batch.
    Batch,
    /// One flush for each file and directory.
    File,
    /// Not at all: for benchmarks only.
    None,
}

/// Something to do without, to try what happens where it is lacking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lacking {
    /// Exchanging two names.
    Exchange,
    /// A second name for a file.
    Links,
    /// A trustworthy flush of the whole file system.
    Syncfs,
    /// A state directory on the manifests' device.
    SameDevice,
    /// Time stamps that tell any two writes apart.
    FineTimes,
}

/// The treatment of a file system.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// True if directories on other file systems are entered.
    pub cross_file_systems: bool,
    /// The flushes that make an operation durable.
    pub sync: SyncChoice,
    /// Abilities that are not used, even where the file system has them.
    pub lacking: Vec<Lacking>,
    /// The number of manifests that are made durable together; the usual number where `None`.
    pub batch: Option<NonZeroUsize>,
}

/// So many reads in a row fail only where the device does.
const MOST_FAILED_READS: u32 = 5;

pub(crate) struct Core<D: Disk> {
    pub(crate) disk: D,
    pub(super) root: D::Dir,
    /// The tree's absolute path, for messages and to recognise links into it.
    pub(super) tree: Vec<u8>,
    pub(super) crossing: Crossing,
    pub(super) options: OpenOptions,
    /// The number of reads in a row that failed; not counted any further once it is too many.
    pub(super) failed_reads: AtomicU32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileStamp(pub(super) Stat);

impl FileStamp {
    /// Returns true if a file is the one that was read, unchanged as far as its inode tells.
    pub(super) fn is(&self, stat: &Stat) -> bool {
        self.is_displaced(stat) && self.0.changed == stat.changed
    }

    /// As [`FileStamp::is`], after a change of its names, which is a change of the inode, too.
    pub(super) fn is_displaced(&self, stat: &Stat) -> bool {
        self.0.device == stat.device
            && self.0.inode == stat.inode
            && self.0.size == stat.size
            && self.0.modified == stat.modified
    }

    /// Returns true if a file has the mode and the owner that were read.
    pub(super) fn has_rights_of(&self, stat: &Stat) -> bool {
        (self.0.mode, self.0.owner, self.0.group) == (stat.mode, stat.owner, stat.group)
    }
}

/// A file that was read and is open still, so that nothing is looked up twice.
pub(super) struct OpenFile<D: Disk> {
    pub(super) file: D::File,
    pub(super) stamp: FileStamp,
    /// The first two names that are free for its backup, once they were looked for; none where every name is free.
    pub(super) free_backups: OnceLock<Vec<BackupId>>,
}

impl<D: Disk> OpenFile<D> {
    pub(super) fn new(file: D::File, stat: Stat) -> Self {
        Self {
            file,
            stamp: FileStamp(stat),
            free_backups: OnceLock::new(),
        }
    }
}

pub(super) enum FileContent {
    Absent,
    File(Digest, Stat),
    /// Something that is no regular file, or is larger than any document.
    Opaque,
}

const PIECE_BYTES: usize = 256 * 1024;
/// The size of the first piece, because most files are small.
const FIRST_PIECE_BYTES: usize = 16 * 1024;

impl<D: Disk> Core<D> {
    pub(super) fn open_dir(&self, path: &[u8]) -> io::Result<D::Dir> {
        self.disk.open_dir(&self.root, path, self.crossing)
    }

    /// Opens the run directory of a manifest.
    pub(super) fn run_dir(&self, manifest: &TreePath) -> Result<D::Dir, Diagnosis> {
        let opened = self.open_dir(manifest.parent());
        opened.map_err(|error| diagnose("cannot open the run directory", &error))
    }

    pub(super) fn batch<T>(&self) -> Batch<T> {
        Batch::new(self.options.batch.unwrap_or(batch::USUAL))
    }

    pub(super) fn lacks(&self, what: Lacking) -> bool {
        self.options.lacking.contains(&what)
    }

    /// Opens a regular file, whatever its size.
    pub(super) fn open_regular(
        &self,
        at: &D::Dir,
        path: &[u8],
    ) -> Result<(D::File, Stat), Diagnosis> {
        // In an open directory another file system can only be mounted over the file itself.
        let is_here = !path.contains(&b'/');
        let crossing = if is_here {
            Crossing::Stay
        } else {
            self.crossing
        };
        let opened = self.disk.open(at, path, crossing);
        let file = opened.map_err(|error| {
            self.note_failed_read(&error);
            diagnose_open(&error, is_here)
        })?;
        let stat = self.disk.stat(&file);
        let stat = stat.map_err(|error| self.cannot_read(&error))?;
        match stat.kind {
            EntryKind::File => Ok((file, stat)),
            other => Err(other.not_regular()),
        }
    }

    pub(super) fn read(
        &self,
        at: &D::Dir,
        path: &[u8],
        most: usize,
        into: &mut Vec<u8>,
    ) -> Result<Result<OpenFile<D>, LargerDocument>, Diagnosis> {
        into.clear();
        let (file, stat) = self.open_regular(at, path)?;
        let size = usize::try_from(stat.size).unwrap_or(usize::MAX);
        if size > MAX_BYTES {
            return Err(too_large(stat.size));
        }
        if size > most {
            return Ok(Err(LargerDocument { size }));
        }
        self.disk
            .read(&file, into, size, MAX_BYTES)
            .map_err(|error| self.cannot_read(&error))?;
        self.count_failed_reads(|_| 0);
        if into.len() > MAX_BYTES {
            return Err(too_large(into.len() as u64));
        }
        if into.len() != size {
            let found = into.len();
            return Err(Diagnosis::new(
                Code::ChangedMeanwhile,
                format!("its size changed from {size} to {found} bytes while it was read"),
            ));
        }
        Ok(Ok(OpenFile::new(file, stat)))
    }

    fn cannot_read(&self, error: &io::Error) -> Diagnosis {
        self.note_failed_read(error);
        diagnose("cannot read", error)
    }

    pub(super) fn note_failed_read(&self, error: &io::Error) {
        if is_broken(error) {
            self.count_failed_reads(|failed| failed + 1);
        }
    }

    fn count_failed_reads(&self, count: impl Fn(u32) -> u32) {
        let count = |failed| (failed <= MOST_FAILED_READS).then(|| count(failed));
        // Where it was too many before, nothing is counted.
        let _counted = self
            .failed_reads
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, count);
    }

    /// The tree's path for messages.
    pub(super) fn shown_tree(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.tree)
    }

    /// The stop of an operation on a device that cannot be read any more.
    pub(super) fn read_failure(&self) -> Option<Stop> {
        let failed = self.failed_reads.load(Ordering::Relaxed);
        (failed > MOST_FAILED_READS).then(|| {
            let tree = self.shown_tree();
            let message =
                format!("{failed} reads in a row failed with an input/output error, in `{tree}`");
            Stop::new(Code::StorageFailed, message)
        })
    }

    pub(super) fn content(&self, dir: &D::Dir, name: Name<'_>) -> io::Result<FileContent> {
        let Some(stat) = if_there(self.disk.stat_at(dir, name))? else {
            return Ok(FileContent::Absent);
        };
        if stat.kind != EntryKind::File || stat.size > MAX_BYTES as u64 {
            return Ok(FileContent::Opaque);
        }
        let file = self.disk.open(dir, name.as_bytes(), Crossing::Stay)?;
        let (mut hasher, mut bytes) = (Hasher::new(), 0);
        self.in_pieces(&file, &mut |piece| {
            hasher.update(piece);
            bytes += piece.len();
            bytes <= MAX_BYTES
        })?;
        if bytes > MAX_BYTES {
            // Somebody is writing to it.
            return Ok(FileContent::Opaque);
        }
        Ok(FileContent::File(hasher.finish(), stat))
    }

    /// Returns true if a name holds a regular file with these bytes; an error is no answer.
    pub(super) fn has_bytes(
        &self,
        dir: &D::Dir,
        name: Name<'_>,
        digest: Digest,
    ) -> io::Result<bool> {
        Ok(matches!(self.content(dir, name)?, FileContent::File(found, _) if found == digest))
    }

    /// Opens a document and reads it whole, whatever its size was when it was looked at.
    pub(super) fn read_whole(
        &self,
        dir: &D::Dir,
        name: Name<'_>,
    ) -> io::Result<(D::File, Vec<u8>)> {
        let file = self.disk.open(dir, name.as_bytes(), Crossing::Stay)?;
        let mut bytes = Vec::new();
        self.disk
            .read(&file, &mut bytes, FIRST_PIECE_BYTES, MAX_BYTES)?;
        Ok((file, bytes))
    }

    pub(super) fn in_pieces(
        &self,
        file: &D::File,
        each: &mut dyn FnMut(&[u8]) -> bool,
    ) -> io::Result<()> {
        let (mut piece, mut offset, mut most) = (Vec::new(), 0, FIRST_PIECE_BYTES);
        loop {
            piece.clear();
            self.disk.read_part(file, offset, &mut piece, most)?;
            if piece.is_empty() || !each(&piece) {
                return Ok(());
            }
            most = PIECE_BYTES.min(most * 4);
            offset += piece.len() as u64;
        }
    }
}
