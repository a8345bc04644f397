//! The seam: the traits of a storage, and the values that pass through them.
//! Selection, counting and warnings are above it; staging, flushing and names of backups are below it.
//! Invariant: versions, backups and the storage's parts of journal records are opaque above.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::num::NonZeroUsize;

use crate::clock::Timestamp;
use crate::code::Code;
use crate::digest::Digest;
use crate::journal::{
    Actor, BackupId, Began, CatalogName, Command, Condition, FORMAT, Head, OperationId,
    Predecessor, Record, RulesTaken, Selected, Stopped,
};
use crate::path::{Name, TreePath};
use crate::report::{Diagnosis, Stop};
use crate::version::Version as SchemaVersion;

/// A place where manifests are stored, for reading.
pub trait Storage: Send + Sync {
    /// Opens a directory and lists it; `None` is the tree itself.
    ///
    /// # Errors
    /// It does not exist, is not a directory, is on another file system, or cannot be listed.
    fn list<'s>(&'s self, path: Option<&TreePath>) -> Result<Box<dyn Directory + 's>, Failed>;

    /// Reads one manifest by its path, as [`Directory::read`].
    ///
    /// # Errors
    /// It cannot be read, or is nothing that may be migrated.
    fn read(
        &self,
        path: &TreePath,
        most: usize,
        into: &mut Vec<u8>,
    ) -> Result<Option<Version>, Diagnosis>;

    /// The kind of the file at a path, if there is one; a link is not followed.
    ///
    /// # Errors
    /// It cannot be examined.
    fn look(&self, path: &TreePath) -> Result<Option<EntryKind>, Diagnosis>;

    /// The number of threads that may work on it at once without running out of open files or the like.
    fn most_jobs(&self) -> usize;

    /// The small files at and below a path in the state, by their paths; empty if there are none.
    ///
    /// # Errors
    /// They cannot be read, or another user could have written the tree's catalog (`catalog_untrusted`).
    fn state(&self, path: &str) -> Result<StateFiles, Stop>;

    /// The journals in the order of their operations: those of format 1 by id, then the others by serial number.
    ///
    /// # Errors
    /// The state cannot be read.
    fn logs(&self) -> Result<Vec<Log>, Diagnosis>;

    /// Returns the records of one journal to `each`, first to last.
    ///
    /// # Errors
    /// It is not there (`operation_unknown`) or cannot be read.
    fn log(&self, id: &OperationId, each: &mut dyn FnMut(&Record)) -> Result<LogEnd, Diagnosis>;

    /// Takes the exclusive right to write, and recovers unfinished operations. Returns `None` if there is no usable state and `begin` does not make one.
    ///
    /// While another session is at work, `wait` is called repeatedly; it returns false to give up.
    ///
    /// # Errors
    /// Another session is at work (`locked`, naming the holder), or the state cannot be used.
    fn begin(&self, begin: Begin, wait: &dyn Fn() -> bool) -> Result<Option<Begun>, Stop>;
}

/// An open directory.
pub trait Directory: Sync {
    /// The entries, in no order.
    fn entries(&self) -> &Entries;

    /// Resolves a link without examining anything outside the tree; `names` are the file names of manifests.
    ///
    /// # Errors
    /// It cannot be read.
    fn follow(&self, link: Name<'_>, names: &[&str]) -> Result<LinkTarget, Diagnosis>;

    /// Reads a manifest into `into`, which is emptied first. A document of more than `most` bytes is not read: `None`.
    ///
    /// # Errors
    /// It cannot be read, or is nothing that may be migrated: no regular file, too large, changed while it was read.
    fn read(
        &self,
        manifest: Name<'_>,
        most: usize,
        into: &mut Vec<u8>,
    ) -> Result<Option<Version>, Diagnosis>;

    /// The backups of a manifest, sorted by name.
    ///
    /// # Errors
    /// They cannot be examined.
    fn backups(&self, manifest: Name<'_>) -> Result<Vec<Backup>, Diagnosis>;

    /// Reads a backup, as [`Directory::read`].
    ///
    /// # Errors
    /// It is not there (`not_found`), cannot be read, or is nothing that could be put back.
    fn read_backup(
        &self,
        manifest: Name<'_>,
        backup: &BackupId,
        most: usize,
        into: &mut Vec<u8>,
    ) -> Result<Option<Version>, Diagnosis>;

    /// Writes a backup to an open file outside the tree, with the mode and the times that it has here; returns the SHA-256 of its bytes.
    ///
    /// # Errors
    /// It cannot be read or written.
    fn export_backup(
        &self,
        manifest: Name<'_>,
        backup: &BackupId,
        to: &mut File,
    ) -> Result<Digest, Diagnosis>;

    /// Returns a file below this directory to `feed`, in pieces, as long as it wants more.
    ///
    /// # Errors
    /// It is not there, is no regular file, cannot be read, or its name leads out of this directory (`leads_out`); then nothing is opened.
    fn read_below(&self, name: &str, feed: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), Diagnosis>;

    /// Checks that a manifest that was read can be replaced, without changing anything; `digest` computes the digest of its bytes.
    ///
    /// # Errors
    /// The reason why not.
    fn may_replace(
        &self,
        manifest: Name<'_>,
        version: &Version,
        digest: &dyn Fn() -> Digest,
    ) -> Result<(), Diagnosis>;

    /// Checks that a backup that was read can be restored, without changing anything.
    ///
    /// # Errors
    /// The reason why not.
    fn may_restore(&self, manifest: &Version, backup: &Version) -> Result<(), Diagnosis>;
}

/// The exclusive right to write to a tree. A crash of the process releases it.
///
/// Manifests are handed over from any thread, and the answer to each may come at once or much later, from any thread, at the latest from [`Session::finish`].
pub trait Session: Send + Sync {
    /// Begins the operation: makes its id and journal. Called once, before any request.
    ///
    /// # Errors
    /// The state cannot be written.
    fn begin(&self, opening: Opening) -> Result<OperationId, Stop>;

    /// Replaces a manifest, keeps the original, and responds when that is durable. Blocks only to limit the bytes in flight.
    fn replace(&self, replace: Replace<'_>, respond: Respond);

    /// Restores an original, and responds when that is durable.
    fn restore(&self, restore: Restore<'_>, respond: Respond);

    /// Deletes a backup, and responds when that is durable.
    fn remove(&self, remove: Remove<'_>, respond: Respond);

    /// Adds a record to the journal; the next flush makes it durable.
    fn append(&self, record: &Record);

    /// Returns when all requests so far are answered.
    fn settle(&self);

    /// The failure of the storage, after which every request is answered with [`Answer::NotAttempted`].
    fn failure(&self) -> Option<Stop>;

    /// Answers all open requests, ends the journal and releases the lock. Unused new state is removed.
    ///
    /// Returns notices about failures after the fact.
    fn finish(self: Box<Self>, stopped: Option<Stopped>) -> Vec<Diagnosis>;
}

/// The receiver of an answer.
pub type Respond = Box<dyn FnOnce(Answer) + Send>;

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Done and durable; with the backup if a manifest was replaced.
    Done(Option<BackupId>),
    /// Not done, or not certainly.
    Not(Diagnosis),
    /// Not tried, because the storage failed before.
    NotAttempted,
}

/// The behaviour of [`Storage::begin`] if there is no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// No session begins.
    IfThere,
    /// State is made.
    Make,
}

/// A session, and the result of the recovery before it.
pub struct Begun {
    /// The session.
    pub session: Box<dyn Session>,
    /// The result of recovery.
    pub recovery: Recovery,
}

/// The result of recovery.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// One notice for each unfinished operation, and one for each file that was rescued.
    pub notices: Vec<Diagnosis>,
    /// The number of files that were rescued.
    pub rescued: u64,
    /// The number of unfinished operations with journals that are not understood; they are not touched.
    pub unknown: u64,
}

/// The facts for the first record of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The purpose.
    pub command: Command,
    /// The system's time at the start, as the id has it.
    pub started: Timestamp,
    /// The clock that history records get.
    pub now: Timestamp,
    /// The user, the host and the command line.
    pub who: Actor,
    /// The selection.
    pub selection: Selected,
    /// The target version; `None` if kinds have different ones.
    pub target_version: Option<SchemaVersion>,
    /// The catalog.
    pub catalog: CatalogName,
    /// The catalog itself, as one document, of which the state keeps a copy.
    pub catalog_bundle: String,
    /// The strictness of schemas and rules, if it differs from the catalog's.
    pub rules: Option<RulesTaken>,
    /// The operation that a rollback of a whole one undoes.
    pub undoes: Option<OperationId>,
    /// The most threads that the session may use.
    pub jobs: NonZeroUsize,
}

impl Opening {
    pub(super) fn began(self, id: OperationId, head: &Head, before: Option<Predecessor>) -> Began {
        Began {
            format: FORMAT.to_owned(),
            operation: id,
            part: None,
            serial: Some(head.serial),
            before,
            tree: Some(head.tree),
            command: self.command,
            started_at: self.started,
            now: self.now,
            who: Some(self.who),
            selection: Some(self.selection),
            target_version: self.target_version,
            target_versions: BTreeMap::new(),
            catalog: self.catalog,
            rules: self.rules,
            undoes: self.undoes,
        }
    }
}

/// The replacement of one manifest.
#[derive(Debug)]
pub struct Replace<'a> {
    /// The manifest.
    pub path: &'a TreePath,
    /// The version that was read.
    pub version: Version,
    /// The SHA-256 of the bytes that were read.
    pub before: Digest,
    /// The bytes to be put in their place.
    pub bytes: &'a [u8],
    /// The schema versions before and after, for the journal.
    pub versions: (Option<SchemaVersion>, Option<SchemaVersion>),
}

/// The restore of one original.
#[derive(Debug)]
pub struct Restore<'a> {
    /// The manifest.
    pub path: &'a TreePath,
    /// The operation that replaced the manifest.
    pub undoes: &'a OperationId,
    /// The version of the manifest that was read.
    pub version: Version,
    /// The SHA-256 of its bytes.
    pub before: Digest,
    /// The backup.
    pub backup: &'a BackupId,
    /// The version of the backup that was read.
    pub original: Version,
    /// The SHA-256 of its bytes.
    pub after: Digest,
    /// The schema versions before and after, for the journal.
    pub versions: (Option<SchemaVersion>, Option<SchemaVersion>),
}

/// The deletion of one backup.
#[derive(Debug)]
pub struct Remove<'a> {
    /// The manifest that it is a backup of.
    pub path: &'a TreePath,
    /// The operation that made it.
    pub of: &'a OperationId,
    /// The backup.
    pub backup: &'a BackupId,
    /// The version of it that was read.
    pub version: Version,
    /// The SHA-256 of its bytes.
    pub digest: Digest,
}

/// The bytes of a document as they were read, so that a change in between is noticed.
pub struct Version {
    /// When they were last modified, in seconds since 1970.
    pub modified: i64,
    /// The number of bytes.
    pub size: u64,
    token: Box<dyn Any + Send + Sync>,
}

impl Version {
    /// A version that its storage knows by `token`.
    pub fn new(modified: i64, size: u64, token: impl Any + Send + Sync) -> Self {
        Self {
            modified,
            size,
            token: Box::new(token),
        }
    }

    /// The token, if it is one of this storage.
    pub fn token<T: Any>(&self) -> Option<&T> {
        self.token.downcast_ref()
    }

    /// The token itself, if it is one of this storage.
    pub fn into_token<T: Any>(self) -> Option<Box<T>> {
        self.token.downcast().ok()
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Version")
            .field("modified", &self.modified)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// A backup beside a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The name.
    pub id: BackupId,
    /// True if it is a regular file.
    pub is_regular: bool,
    /// The size in bytes.
    pub size: u64,
}

/// The reason why a directory cannot be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// The directory does not exist.
    Gone,
    /// The directory is on another file system, which may not be entered.
    OtherFileSystem,
    /// The system returned an error.
    Error(Diagnosis),
}

/// The kind of a directory entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// A character or block device.
    Device,
    /// The state directory of a tree.
    State,
    /// A regular file with the name of one that an operation stages beside a manifest. Only a journal can say whether it is one.
    Staged,
    /// Unknown from the listing.
    Unknown,
}

impl EntryKind {
    /// The kind in words, with its article.
    pub fn words(self) -> &'static str {
        match self {
            Self::File | Self::Staged => "a regular file",
            Self::Directory | Self::State => "a directory",
            Self::Link => "a symbolic link",
            Self::Fifo => "a named pipe",
            Self::Socket => "a socket",
            Self::Device => "a device",
            Self::Unknown => "something of unknown kind",
        }
    }

    /// The diagnosis of an entry of this kind with a manifest's name.
    pub fn not_regular(self) -> Diagnosis {
        let found = self.words();
        Diagnosis::new(
            Code::NotRegular,
            format!("expected a regular file, found {found}"),
        )
    }
}

/// The target of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkTarget {
    /// A run directory in the tree.
    Run,
    /// Another file in the tree.
    Inside,
    /// Nothing.
    Missing,
    /// Out of the tree.
    Outside,
}

/// The names in a directory, compactly.
#[derive(Debug, Clone, Default)]
pub struct Entries {
    bytes: Vec<u8>,
    ends: Vec<(u32, EntryKind)>,
}

impl Entries {
    /// Adds a name.
    pub fn push(&mut self, name: &[u8], kind: EntryKind) {
        self.bytes.extend_from_slice(name);
        let end = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.ends.push((end, kind));
    }

    /// The names with their kinds.
    pub fn iter(&self) -> impl Iterator<Item = (Name<'_>, EntryKind)> {
        let mut start = 0;
        self.ends.iter().filter_map(move |(end, kind)| {
            let name = self.bytes.get(start..*end as usize)?;
            start = *end as usize;
            Some((Name::new(name)?, *kind))
        })
    }
}

/// A journal, before it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The operation.
    pub id: OperationId,
    /// The serial number of the operation, if its journal is of a format that has one.
    pub serial: Option<u64>,
    /// True if the operation is at work or was interrupted.
    pub is_unfinished: bool,
    /// The size of the journal.
    pub bytes: u64,
}

/// The end of a journal that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogEnd {
    /// How far the journal can be trusted.
    pub condition: Condition,
    /// The size.
    pub bytes: u64,
}

/// Small files of the state, by path.
pub type StateFiles = BTreeMap<String, Vec<u8>>;
