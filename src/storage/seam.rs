//! The seam: the traits of a storage, and what is common above every storage.
//! Selection, counting and warnings are above it; staging, flushing and names of backups are below it.
//! Invariant: versions, backups and the storage's parts of journal records are opaque above.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use super::names;
use super::recovery::Recovery;
use super::values::{
    BackupEntry, Entries, EntryKind, Failed, LargerDocument, LinkTarget, Log, LogEnd, Property,
    PropertyDifference, ReadVersion, StateFiles,
};
use crate::clock::Timestamp;
use crate::code::Code;
use crate::digest::Digest;
use crate::journal::{
    Accepted, Actor, BackupId, Began, CatalogName, Command, FORMAT, Head, Memo, OperationId,
    Predecessor, Record, RulesTaken, Selected, Stopped,
};
use crate::path::{Name, TreePath};
use crate::report::{Diagnosis, Stop};
use crate::version::Version;

/// A place where manifests are stored, for reading.
pub trait Storage: Send + Sync {
    /// Opens a directory; `None` is the tree itself. [`Directory::list`] lists it.
    ///
    /// # Errors
    /// It does not exist, is not a directory, is on another file system, or cannot be opened.
    fn open(&self, path: Option<&TreePath>) -> Result<Directory<'_>, Failed>;

    /// The kind and the size in bytes of the file at a path, if there is one; a link is not followed.
    ///
    /// # Errors
    /// It cannot be examined.
    fn look(&self, path: &TreePath) -> Result<Option<(EntryKind, u64)>, Diagnosis>;

    /// Returns the file at a path to `feed`, in pieces, as long as it wants more.
    ///
    /// # Errors
    /// It is not there, is no regular file, or cannot be read.
    fn read(&self, path: &TreePath, feed: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), Diagnosis>;

    /// The reason why nothing more can be read; `None` for storage of which every read fails for itself.
    fn failure(&self) -> Option<Stop> {
        None
    }

    /// The number of threads that may work on it at once without running out of open files or the like.
    fn most_jobs(&self) -> usize;

    /// The small files at and below a path in the state, by their paths; empty if there are none.
    ///
    /// # Errors
    /// They cannot be read, or another user could have written the tree's catalog (`catalog_untrusted`).
    fn state(&self, path: &str) -> Result<StateFiles, Stop>;

    /// The flaws of the state apart from what its journals say: parts that others can write, and files that were kept until somebody deals with them.
    fn state_flaws(&self) -> Vec<Diagnosis>;

    /// The journals in the order of their operations: those of format 1 by id, then the others by serial number.
    ///
    /// # Errors
    /// The state cannot be read.
    fn logs(&self) -> Result<Vec<Log>, Diagnosis>;

    /// Returns the records of one journal to `each`, first to last, each with what [`OpenDirectory::compare`] needs of it later.
    ///
    /// # Errors
    /// It is not there (`operation_unknown`) or cannot be read.
    fn log(&self, id: &OperationId, each: EachRecord<'_>) -> Result<LogEnd, Diagnosis>;

    /// Takes the exclusive right to write, and recovers unfinished operations. Returns `None` if there is no usable state and `begin` does not make one.
    ///
    /// While another session is at work, `wait` is called between two tries: it waits a while, or returns false to give up.
    ///
    /// # Errors
    /// Another session is at work (`locked`, naming the holder), or the state cannot be used.
    fn begin(&self, begin: Begin, wait: &dyn Fn() -> bool) -> Result<Option<Begun>, Stop>;
}

/// The receiver of the records of a journal.
pub type EachRecord<'e> = &'e mut dyn FnMut(&Record, Option<Memo<'_>>);

/// A directory that a storage holds open.
pub trait OpenDirectory: Sync {
    /// The entries, in no order.
    ///
    /// # Errors
    /// It does not exist any more, or cannot be listed.
    fn list(&self) -> Result<Entries, Failed>;

    /// Resolves a link without examining anything outside the tree; `names` are the file names of manifests.
    ///
    /// # Errors
    /// It cannot be read.
    fn follow(&self, link: Name<'_>, names: &[&str]) -> Result<LinkTarget, Diagnosis>;

    /// Reads a document into `into`, which is emptied first. Instead of a version there is a diagnosis if it cannot be read, or is nothing that may be migrated: no regular file, too large, changed while it was read.
    ///
    /// # Errors
    /// It has more than `most` bytes, and was not read.
    fn read(
        &self,
        document: Name<'_>,
        most: usize,
        into: &mut Vec<u8>,
    ) -> Result<Result<ReadVersion, Diagnosis>, LargerDocument>;

    /// The differences of a document that was read from what a journal says of the original, in these properties; none if the storage keeps only bytes.
    ///
    /// # Errors
    /// The document cannot be examined.
    fn compare(
        &self,
        version: &ReadVersion,
        recorded: Memo<'_>,
        properties: &[Property],
    ) -> Result<Vec<PropertyDifference>, Diagnosis>;

    /// Checks that a manifest that was read can be changed in this way, without changing anything.
    ///
    /// # Errors
    /// The reason why not.
    fn may_change(
        &self,
        manifest: Name<'_>,
        version: &ReadVersion,
        into: Successor<'_>,
    ) -> Result<(), Diagnosis>;
}

/// The document that is to take a manifest's place.
#[derive(Clone, Copy)]
pub enum Successor<'s> {
    /// A new one. The manifest becomes a backup, whose name may depend on the digest of its bytes: it is given where the listing has names of backups.
    New(Option<&'s dyn Fn() -> Digest>),
    /// The original, as it was read.
    Original(&'s ReadVersion),
}

/// An open directory: its entries, once it is listed, and the manifests and backups in it.
pub struct Directory<'s> {
    storage: &'s dyn Storage,
    path: Box<[u8]>,
    /// The entries, in no order; none before it is listed.
    pub entries: Entries,
    open: Box<dyn OpenDirectory + 's>,
}

impl<'s> Directory<'s> {
    /// The directory at `path`, which is empty for the tree itself.
    pub fn new(storage: &'s dyn Storage, path: &[u8], open: impl OpenDirectory + 's) -> Self {
        Self {
            storage,
            path: path.into(),
            entries: Entries::default(),
            open: Box::new(open),
        }
    }

    /// Lists its entries.
    ///
    /// # Errors
    /// As [`OpenDirectory::list`].
    pub fn list(mut self) -> Result<Self, Failed> {
        self.entries = self.open.list()?;
        Ok(self)
    }

    /// As [`OpenDirectory::follow`].
    ///
    /// # Errors
    /// The link cannot be read.
    pub fn follow(&self, link: Name<'_>, names: &[&str]) -> Result<LinkTarget, Diagnosis> {
        self.open.follow(link, names)
    }

    /// Reads a manifest, as [`OpenDirectory::read`].
    ///
    /// # Errors
    /// It has more than `most` bytes.
    pub fn read(
        &self,
        manifest: Name<'_>,
        most: usize,
        into: &mut Vec<u8>,
    ) -> Result<Result<ReadVersion, Diagnosis>, LargerDocument> {
        self.open.read(manifest, most, into)
    }

    /// The backups of a manifest, sorted by name.
    ///
    /// # Errors
    /// They cannot be examined.
    pub fn backups(&self, manifest: Name<'_>) -> Result<Vec<BackupEntry>, Diagnosis> {
        let mut backups = Vec::new();
        for (name, _) in self.entries.iter() {
            let text = std::str::from_utf8(name.as_bytes()).ok();
            let Some(id) = text
                .filter(|_| names::looks_like_backup(manifest, name))
                .and_then(BackupId::new)
            else {
                continue;
            };
            if let Some((kind, size)) = self.storage.look(&self.at(name.as_bytes()))? {
                backups.push(BackupEntry {
                    id,
                    is_regular: kind == EntryKind::File,
                    size,
                });
            }
        }
        backups.sort_unstable_by(|one, two| one.id.cmp(&two.id));
        Ok(backups)
    }

    /// The names of files beside a manifest that recovery kept because each may be the only copy of somebody's version, sorted.
    pub fn rescued(&self, manifest: Name<'_>) -> Vec<String> {
        let names = self.entries.iter();
        let mut rescued: Vec<String> = names
            .filter(|(name, _)| names::looks_rescued(manifest, *name))
            .map(|(name, _)| name.to_string())
            .collect();
        rescued.sort_unstable();
        rescued
    }

    /// Reads a backup, as [`OpenDirectory::read`]; one that is not there is `not_found`.
    ///
    /// # Errors
    /// It has more than `most` bytes.
    pub fn read_backup(
        &self,
        manifest: Name<'_>,
        backup: &BackupId,
        most: usize,
        into: &mut Vec<u8>,
    ) -> Result<Result<ReadVersion, Diagnosis>, LargerDocument> {
        if !names::looks_like_backup(manifest, backup.name()) {
            let message = format!("`{backup}` is no name of a backup of `{manifest}`");
            return Ok(Err(Diagnosis::new(Code::NotFound, message)));
        }
        self.open.read(backup.name(), most, into)
    }

    /// As [`OpenDirectory::compare`].
    ///
    /// # Errors
    /// The document cannot be examined.
    pub fn compare(
        &self,
        version: &ReadVersion,
        recorded: Memo<'_>,
        properties: &[Property],
    ) -> Result<Vec<PropertyDifference>, Diagnosis> {
        self.open.compare(version, recorded, properties)
    }

    /// Returns a file below this directory to `feed`, as [`Storage::read`].
    ///
    /// # Errors
    /// It is not there, is no regular file, cannot be read, or its name leads out of this directory (`leads_out`); then nothing is opened.
    pub fn read_below(
        &self,
        name: &str,
        feed: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<(), Diagnosis> {
        if TreePath::new(name.as_bytes()).is_none() {
            let message = format!("`{name}` does not name a file below the run directory");
            return Err(Diagnosis::new(Code::LeadsOut, message));
        }
        self.storage.read(&self.at(name.as_bytes()), feed)
    }

    /// Checks that a manifest that was read can be replaced, without changing anything; `digest` computes the digest of its bytes.
    ///
    /// # Errors
    /// The reason why not.
    pub fn may_replace(
        &self,
        manifest: Name<'_>,
        version: &ReadVersion,
        digest: &dyn Fn() -> Digest,
    ) -> Result<(), Diagnosis> {
        let is_backup = |(name, _)| names::looks_like_backup(manifest, name);
        let has_backups = self.entries.iter().any(is_backup);
        let new = Successor::New(has_backups.then_some(digest));
        self.open.may_change(manifest, version, new)
    }

    /// Checks that a backup that was read can be restored, without changing anything.
    ///
    /// # Errors
    /// The reason why not.
    pub fn may_restore(
        &self,
        manifest: Name<'_>,
        version: &ReadVersion,
        backup: &ReadVersion,
    ) -> Result<(), Diagnosis> {
        let original = Successor::Original(backup);
        self.open.may_change(manifest, version, original)
    }

    fn at(&self, below: &[u8]) -> TreePath {
        TreePath::join(&self.path, below)
    }
}

/// The exclusive right to write to a tree. A crash of the process releases it.
///
/// Changes are requested from any thread, and the answer to each may come at once or much later, from any thread, at the latest from [`Session::finish`].
pub trait Session: Send + Sync {
    /// Begins the operation: makes its id and journal. Called once, before any request.
    ///
    /// # Errors
    /// The state cannot be written.
    fn begin(&self, opening: Opening) -> Result<OperationId, Stop>;

    /// Makes a change, and responds when it is durable. Blocks only to limit the bytes in flight.
    fn change(&self, change: StorageChange<'_>, respond: Respond);

    /// Records findings that were accepted, and returns when that is durable.
    ///
    /// # Errors
    /// The journal cannot be written.
    fn accept(&self, findings: &[Accepted]) -> Result<(), Stop>;

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
    pub target_version: Option<Version>,
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
    /// The first record of the operation; the head names it from then on.
    pub(super) fn began(self, id: &OperationId, head: &mut Head) -> Record {
        let before = head.operation.replace(id.clone()).zip(head.chain);
        Record::Began(Box::new(Began {
            format: FORMAT.to_owned(),
            operation: id.clone(),
            part: None,
            serial: Some(head.serial),
            before: before.map(|(operation, chain)| Predecessor { operation, chain }),
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
        }))
    }
}

/// A change to one manifest or to one backup of it.
#[derive(Debug)]
pub enum StorageChange<'a> {
    /// Replaces a manifest and keeps the original.
    ReplaceManifest(ReplaceManifest<'a>),
    /// Restores an original.
    RestoreManifest(RestoreManifest<'a>),
    /// Deletes a backup.
    RemoveBackup(RemoveBackup<'a>),
}

impl StorageChange<'_> {
    /// The manifest.
    pub fn path(&self) -> &TreePath {
        match self {
            Self::ReplaceManifest(replace) => replace.path,
            Self::RestoreManifest(restore) => restore.path,
            Self::RemoveBackup(remove) => remove.path,
        }
    }
}

/// The replacement of one manifest.
#[derive(Debug)]
pub struct ReplaceManifest<'a> {
    /// The manifest.
    pub path: &'a TreePath,
    /// The version that was read.
    pub version: ReadVersion,
    /// The SHA-256 of the bytes that were read.
    pub before: Digest,
    /// The bytes to be put in their place.
    pub bytes: &'a [u8],
    /// The schema versions before and after, for the journal.
    pub versions: (Option<Version>, Option<Version>),
}

/// The restore of one original.
#[derive(Debug)]
pub struct RestoreManifest<'a> {
    /// The manifest.
    pub path: &'a TreePath,
    /// The operation that replaced the manifest.
    pub undoes: &'a OperationId,
    /// The version of the manifest that was read.
    pub version: ReadVersion,
    /// The SHA-256 of its bytes.
    pub before: Digest,
    /// The backup.
    pub backup: &'a BackupId,
    /// The version of the backup that was read.
    pub original: ReadVersion,
    /// The SHA-256 of its bytes.
    pub after: Digest,
    /// The schema versions before and after, for the journal.
    pub versions: (Option<Version>, Option<Version>),
}

/// The deletion of one backup.
#[derive(Debug)]
pub struct RemoveBackup<'a> {
    /// The manifest that it is a backup of.
    pub path: &'a TreePath,
    /// The operation that made it.
    pub of: &'a OperationId,
    /// The backup.
    pub backup: &'a BackupId,
    /// The version of it that was read.
    pub version: ReadVersion,
    /// The SHA-256 of its bytes.
    pub digest: Digest,
}
