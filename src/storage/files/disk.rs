//! The system calls that this storage is made of, as a narrow trait.
//! The product has one implementation, the kernel; the crash tests have another, a disk in memory that loses power between any two calls. The protocol above is the same code on both.
//! Invariant: every name is looked up in an open directory, without following links and without leaving it; what is renamed, linked or removed is named by one plain component.

use std::io;

use crate::digest::Digest;
use crate::path::Name;
use crate::storage::values::EntryKind;

/// A file time: seconds since 1970 and nanoseconds.
pub(crate) type FileTime = (i64, u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    pub kind: EntryKind,
    pub device: u64,
    pub inode: u64,
    pub size: u64,
    pub links: u64,
    /// Permission bits, with set-id and sticky bits.
    pub mode: u32,
    pub owner: u32,
    pub group: u32,
    pub accessed: FileTime,
    pub modified: FileTime,
    pub changed: FileTime,
}

/// True if a lookup may enter another file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crossing {
    Stay,
    Cross,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "four facts that do not depend on each other"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traits {
    /// `RENAME_EXCHANGE` works, and changes of names are atomic and ordered across a crash.
    pub exchange: bool,
    /// A file may have several names.
    pub links: bool,
    /// One `syncfs` makes everything durable, and says so if it does not.
    pub syncfs: bool,
    /// Two writes in a row never leave the same modification time.
    pub fine_times: bool,
}

/// Why owner, mode, ACL or extended attributes could not be carried over.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// The system forbids it, or the file system cannot hold it.
    #[error("{what} of the manifest cannot be given to the new file")]
    NotReproducible {
        /// What: `owner 1000:1000`, `mode 0644`, or the name of an attribute.
        what: String,
        /// What the system said, if it said anything.
        source: Option<io::Error>,
    },
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The system calls. Paths and names are bytes; a path may have several components, a name has one.
///
/// # Errors
/// Every call gives what the system said, with its number where it has one.
pub trait Disk: Send + Sync + 'static {
    type Dir: Send + Sync + 'static;
    type File: Send + Sync + 'static;

    fn caller(&self) -> u32;

    fn most_open_files(&self) -> u64;

    /// Opens the directory `path` below `at`; an empty path opens `at` once more.
    fn open_dir(&self, at: &Self::Dir, path: &[u8], crossing: Crossing) -> io::Result<Self::Dir>;
    /// Calls `each` with every name but `.` and `..`, in no order. The directory must have been opened for this one listing.
    fn list(&self, dir: &Self::Dir, each: &mut dyn FnMut(&[u8], EntryKind)) -> io::Result<()>;
    /// Where the link `name` points to, as it is written.
    fn read_link(&self, at: &Self::Dir, name: Name<'_>) -> io::Result<Vec<u8>>;
    /// What `path` below `at` stands for; a link in the last place is not followed. With `follow`, links are followed as long as they stay below `at`.
    fn stat_below(&self, at: &Self::Dir, path: &[u8], follow: bool) -> io::Result<Stat>;

    /// What `name` stands for; a link is not followed.
    fn stat_at(&self, dir: &Self::Dir, name: Name<'_>) -> io::Result<Stat>;
    fn stat_dir(&self, dir: &Self::Dir) -> io::Result<Stat>;
    fn stat(&self, file: &Self::File) -> io::Result<Stat>;

    /// Returns true if the caller may add and remove names in a directory.
    fn check_writable(&self, dir: &Self::Dir) -> io::Result<()>;

    /// Opens a file to read, without waiting for a writer of a pipe.
    fn open(&self, at: &Self::Dir, path: &[u8], crossing: Crossing) -> io::Result<Self::File>;
    /// Opens a file that exists to read and to add to its end.
    fn open_append(&self, dir: &Self::Dir, name: Name<'_>) -> io::Result<Self::File>;
    /// Makes a file that does not exist, mode 0600, to read and write.
    fn create(&self, dir: &Self::Dir, name: Name<'_>) -> io::Result<Self::File>;
    /// Adds what the file holds from its beginning to `into`, at most `limit` bytes; `expected` is the size that it should have.
    fn read(
        &self,
        file: &Self::File,
        into: &mut Vec<u8>,
        expected: usize,
        limit: usize,
    ) -> io::Result<()>;
    /// Adds at most `most` bytes to `into`, from `offset` of the file on; adds nothing at its end.
    fn read_part(
        &self,
        file: &Self::File,
        offset: u64,
        into: &mut Vec<u8>,
        most: usize,
    ) -> io::Result<()>;
    /// Writes all bytes at the current place: a new file's beginning, or the end of one that [`Disk::open_append`] opened.
    fn write(&self, file: &Self::File, bytes: &[u8]) -> io::Result<()>;
    fn truncate(&self, file: &Self::File, size: u64) -> io::Result<()>;

    fn set_mode(&self, file: &Self::File, mode: u32) -> io::Result<()>;
    /// Gives `to` the owner, mode, ACL and extended attributes of `from`, sets or removes, and compares at the end. Returns what `to` is then, and the digest of its attributes, if it has any.
    fn copy_metadata(
        &self,
        from: &Self::File,
        from_stat: &Stat,
        to: &Self::File,
    ) -> Result<(Stat, Option<Digest>), MetadataError>;
    /// The digest of a file's attributes, if it has any, as [`Disk::copy_metadata`] returns it.
    fn attributes(&self, file: &Self::File) -> io::Result<Option<Digest>>;
    fn set_times(
        &self,
        file: &Self::File,
        accessed: FileTime,
        modified: FileTime,
    ) -> io::Result<()>;

    fn exchange(&self, a: (&Self::Dir, Name<'_>), b: (&Self::Dir, Name<'_>)) -> io::Result<()>;
    /// Gives a file another name, which must be free.
    fn rename_new(
        &self,
        from: (&Self::Dir, Name<'_>),
        to: (&Self::Dir, Name<'_>),
    ) -> io::Result<()>;
    /// Gives a file another name, replacing what has it.
    fn rename_over(
        &self,
        from: (&Self::Dir, Name<'_>),
        to: (&Self::Dir, Name<'_>),
    ) -> io::Result<()>;
    /// Gives a file a second name, which must be free.
    fn link(&self, from: (&Self::Dir, Name<'_>), to: (&Self::Dir, Name<'_>)) -> io::Result<()>;
    fn unlink(&self, dir: &Self::Dir, name: Name<'_>) -> io::Result<()>;
    /// Makes a directory, mode 0700, with no ACL of its own and no default ACL.
    fn make_dir(&self, dir: &Self::Dir, name: Name<'_>) -> io::Result<()>;
    fn remove_dir(&self, dir: &Self::Dir, name: Name<'_>) -> io::Result<()>;

    /// Makes everything on the directory's file system durable.
    fn sync_fs(&self, dir: &Self::Dir) -> io::Result<()>;
    fn sync_file(&self, file: &Self::File) -> io::Result<()>;
    fn sync_dir(&self, dir: &Self::Dir) -> io::Result<()>;

    fn random(&self) -> io::Result<[u8; 16]>;

    /// Takes the lock of an open file for this process alone; `false` where somebody else has it. A crash releases it.
    fn try_lock(&self, file: &Self::File) -> io::Result<bool>;
    fn traits(&self, dir: &Self::Dir) -> io::Result<Traits>;
}
