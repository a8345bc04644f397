//! The seam: above it nothing knows a file system.
//!
//! A storage lists keys, reads bytes with a version, and opens a transaction that stages, secures and publishes replacements. [`FileSystem`] is one, by the protocol of docs/durability.md, over the system calls of a [`Disk`](disk::Disk): the kernel's, or a simulated disk's that can crash.
//!
//! Invariant: until `publish`, nothing that existed before is touched.

mod archive;
mod catalogs;
pub mod disk;
mod export;
mod file_system;
mod found;
mod guard;
mod journal_file;
pub mod kernel;
mod permit;
mod prune;
mod publish;
mod recover;
mod rescue;
mod restore;
mod restore_beside;
mod secure;
mod settle;
mod settle_restore;
pub mod simulated;
mod stage;
mod state;
#[cfg(test)]
mod suite;
mod transaction;
mod tree;
mod unfinished;
mod walk;

pub use catalogs::{CatalogFiles, change_catalog, load_catalog, read_catalog, write_catalog};
pub use export::{CopyOutcome, ExportDirectory};
pub use file_system::{FileSystem, Lacking, OpenOptions, Stamp, SyncChoice};
pub use found::{Found, FoundList};
pub use guard::FileGuard;
pub use transaction::FileTransaction;
pub use tree::Located;

use std::io;

use crate::code::Code;
use crate::digest::Digest;
use crate::path::TreePath;
use crate::report::{Diagnosis, Stop};
use crate::selection::Selection;

/// What to list: names of manifests, and what lies outside the walk.
#[derive(Debug, Clone)]
pub struct Scope<'a> {
    /// The file names of manifests, each once.
    pub names: Vec<&'a str>,
    /// Names of directories that are never entered.
    pub opaque: &'a [String],
    /// What the operation selects; `within`, `manifests`, `exclude` and the parts decided by path alone are applied.
    pub selection: &'a Selection,
}

/// What a listing found.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// The selected manifests, in path order.
    pub manifests: FoundList,
    /// How many were found, selected or not.
    pub found: u64,
    /// How many of them `--exclude` or the catalog left out.
    pub excluded: u64,
    /// Directories that could not be listed, in path order.
    pub directories_failed: Vec<Diagnosis>,
    /// What somebody should know, in path order.
    pub warnings: Vec<Diagnosis>,
    /// Links that name a run directory inside the tree.
    pub aliases: u64,
    /// Links whose target is missing.
    pub dangling: u64,
    /// Links that lead out of the tree.
    pub outside: u64,
    /// Files that an interrupted operation staged beside a manifest.
    pub leftovers: Vec<TreePath>,
}

/// The replacement of one manifest.
#[derive(Debug, Clone, Copy)]
pub struct Replacement<'a, V> {
    /// Which manifest.
    pub path: &'a TreePath,
    /// The version that was read.
    pub version: &'a V,
    /// The digest of the bytes that were read.
    pub before: Digest,
    /// The bytes to be put in their place.
    pub bytes: &'a [u8],
}

/// What came of publishing one replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// It is in place; durable after the next [`Transaction::secure`].
    Done {
        /// The file name of the backup, beside the manifest.
        backup: String,
    },
    /// It is not in place, and the manifest is as it was or as somebody else left it.
    Not(Diagnosis),
    /// It is not in place, and was not tried: the storage had failed before its turn.
    Skipped,
    /// It is not in place because the way chosen does not work there; stage it again, another way will be taken.
    Again,
}

/// The way back of one manifest.
#[derive(Debug, Clone, Copy)]
pub struct Restore<'a, V> {
    /// Which manifest.
    pub path: &'a TreePath,
    /// The operation that is undone.
    pub undoes: &'a str,
    /// The version of the manifest that was read.
    pub version: &'a V,
    /// The file name of the backup.
    pub backup: &'a str,
    /// The version of the backup that was read.
    pub original: &'a V,
    /// The digest of the manifest's bytes.
    pub before: Digest,
    /// The digest of the backup's bytes.
    pub after: Digest,
}

/// The end of one backup.
#[derive(Debug, Clone, Copy)]
pub struct Prune<'a, V> {
    /// The manifest that it is a backup of.
    pub path: &'a TreePath,
    /// The operation that made it.
    pub of: &'a str,
    /// Its file name.
    pub backup: &'a str,
    /// The version of it that was read.
    pub version: &'a V,
    /// The digest of its bytes.
    pub digest: Digest,
}

/// What came of putting one original back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restored {
    /// It is in its place, durably, and its backup name is gone.
    Done,
    /// It is not, or not for certain.
    Not(Diagnosis),
    /// It was not tried: the storage had failed before its turn.
    Skipped,
}

/// A file that stands beside a manifest under a name that backups of it have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Its file name.
    pub name: String,
    /// Whether it is a regular file.
    pub is_regular: bool,
    /// Its size in bytes.
    pub size: u64,
}

/// What is known of an operation when it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationHead {
    /// The command, as in `migrate`.
    pub command: &'static str,
    /// The system's time at the start, as the id has it.
    pub started: crate::clock::Timestamp,
    /// The clock that history records get.
    pub now: crate::clock::Timestamp,
    /// The target version; `None` is the latest of each kind, where these differ.
    pub target: Option<crate::version::Version>,
    /// The catalog's name.
    pub catalog_name: String,
    /// The catalog's digest.
    pub catalog_digest: Digest,
    /// The catalog itself, as one document.
    pub catalog_bundle: String,
    /// How schemas and rules are taken.
    pub rules: crate::report::Enforcement,
    /// The operation that is undone, where this is a rollback of a whole one.
    pub undoes: Option<String>,
}

/// What recovery did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// One notice for each unfinished operation, and one for each file rescued.
    pub notices: Vec<Diagnosis>,
    /// How many files were rescued.
    pub rescued: u64,
}

/// Why a manifest could not be read or staged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadError {
    /// The manifest is in trouble; the operation goes on.
    Trouble(Diagnosis),
    /// The storage failed; the operation stops.
    Stop(Stop),
}

/// A place where manifests are kept.
pub trait Storage: Sync {
    /// What identifies the bytes that were read, so that a change in between is noticed.
    type Version: Send + Sync;
    /// The exclusive right to write.
    type Guard: Guard<Version = Self::Version>;

    /// Lists what is in the scope, in path order.
    ///
    /// # Errors
    /// The tree itself cannot be read, or is no tree of its own.
    fn list(
        &self,
        scope: &Scope<'_>,
        interrupt: &(dyn Fn() -> bool + Sync),
    ) -> Result<Listing, Stop>;

    /// Reads one manifest into `bytes`, which is emptied first.
    ///
    /// # Errors
    /// Why it cannot be read or may not be migrated as a file.
    fn read(&self, path: &TreePath, bytes: &mut Vec<u8>) -> Result<Self::Version, Diagnosis>;

    /// As [`Storage::read`], if it has at most `most` bytes; else nothing is read, and it is `None`.
    ///
    /// # Errors
    /// As [`Storage::read`].
    fn read_small(
        &self,
        path: &TreePath,
        bytes: &mut Vec<u8>,
        most: usize,
    ) -> Result<Option<Self::Version>, Diagnosis>;

    /// When a version was last modified, in seconds since 1970.
    fn modified(&self, version: &Self::Version) -> i64;

    /// Whether this caller may replace the manifest, as far as the version shows it.
    ///
    /// # Errors
    /// Why not.
    fn replaceable(&self, version: &Self::Version) -> Result<(), Diagnosis>;

    /// Whether the manifest could be replaced where it stands; looks at the place, and makes nothing.
    ///
    /// # Errors
    /// Why not.
    fn has_place(
        &self,
        path: &TreePath,
        version: &Self::Version,
        bytes: &[u8],
    ) -> Result<(), Diagnosis>;

    /// Whether the original could be put back in the manifest's place; looks at the place, and makes nothing.
    ///
    /// # Errors
    /// Why not.
    fn may_put_back(
        &self,
        path: &TreePath,
        version: &Self::Version,
        original: &Self::Version,
    ) -> Result<(), Diagnosis>;

    /// How many threads may work on it at once without running out of open files or the like.
    fn most_jobs(&self) -> usize;

    /// Unfinished operations, by id, as far as the caller may see them.
    ///
    /// # Errors
    /// The state could not be read; reading commands go on.
    fn unfinished(&self) -> Result<Vec<String>, Diagnosis>;

    /// The ids of the operations that have a journal, in the order in which they began.
    ///
    /// # Errors
    /// The state could not be read; commands that need no journal go on.
    fn operations(&self) -> Result<Vec<String>, Diagnosis>;

    /// Gives an operation's journal to `feed`, in pieces.
    ///
    /// # Errors
    /// It is not there (`operation_unknown`) or cannot be read.
    fn journal(&self, id: &str, feed: &mut dyn FnMut(&[u8])) -> Result<(), Diagnosis>;

    /// The bundle of a catalog that an operation used; `None` where it is not kept.
    ///
    /// # Errors
    /// It is there and cannot be read, or its bytes are not those that were kept.
    fn kept_catalog(&self, digest: Digest) -> Result<Option<String>, Diagnosis>;

    /// What stands beside a manifest under a name that backups of it have, in the order of the names.
    ///
    /// # Errors
    /// The run directory cannot be listed.
    fn backups(&self, path: &TreePath) -> Result<Vec<Backup>, Diagnosis>;

    /// Reads a backup into `bytes`, which is emptied first. It is looked at as a manifest is: a regular file within the limits, never through a link.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn read_backup(
        &self,
        path: &TreePath,
        name: &str,
        bytes: &mut Vec<u8>,
    ) -> Result<Self::Version, Diagnosis>;

    /// Gives a file below the run directory of a manifest, named relative to that directory, to `feed`, in pieces.
    ///
    /// # Errors
    /// It is not there, is no regular file, cannot be read, or the name leads out of the run directory (`leads_out`); then nothing is opened.
    fn read_below(
        &self,
        manifest: &TreePath,
        name: &str,
        feed: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<(), Diagnosis>;

    /// Takes the lock, waiting while `wait` says so, and finishes or undoes what was left unfinished.
    ///
    /// # Errors
    /// Somebody else has it (`locked`, naming the holder), or the state cannot be used.
    fn guard(&self, wait: &mut dyn FnMut() -> bool) -> Result<(Self::Guard, Recovery), Stop>;
}

/// The exclusive right to write, released when dropped, also by a crash.
pub trait Guard: Sized + Send {
    /// As [`Storage::Version`].
    type Version;
    /// An operation that writes.
    type Transaction: Transaction<Version = Self::Version>;

    /// Removes or rescues files that an interrupted operation staged beside manifests.
    ///
    /// # Errors
    /// The storage failed.
    fn sweep(&self, leftovers: &[TreePath]) -> Result<Recovery, Stop>;

    /// Begins an operation: gives it an id and a journal.
    ///
    /// # Errors
    /// The state cannot be written.
    fn begin(self, head: &OperationHead) -> Result<Self::Transaction, Stop>;
}

/// An operation that writes. Batches go `stage` (in parallel), `secure`, `publish` (in parallel), `secure`; to undo, `prepare` (in parallel), `restore`.
pub trait Transaction: Send + Sync {
    /// As [`Storage::Version`].
    type Version;
    /// A replacement that is written, but neither durable nor visible.
    type Staged: Send + Sync;
    /// A replacement that is durable, but not visible.
    type Secured: Send + Sync;

    /// An original that is about to be put back.
    type Prepared: Send + Sync;

    /// The operation's id.
    fn id(&self) -> &str;

    /// Writes the new bytes where nobody sees them, after recording the intent.
    ///
    /// # Errors
    /// Why this manifest cannot be replaced, or that the storage failed.
    fn stage(
        &self,
        replacement: &Replacement<'_, Self::Version>,
    ) -> Result<Self::Staged, ReadError>;

    /// Makes everything staged and everything published so far durable. Gives an answer for each of `staged`, in order.
    ///
    /// # Errors
    /// The storage failed: nothing that was published since the last call may be called durable. What was staged has been removed.
    fn secure(
        &self,
        staged: Vec<Self::Staged>,
    ) -> Result<Vec<Result<Self::Secured, Diagnosis>>, Stop>;

    /// Puts one replacement in place. Diagnosis with the code `no_space` means that the operation should stop.
    fn publish(&self, secured: &Self::Secured) -> Published;

    /// Removes what was secured and will not be published.
    fn abandon(&self, secured: Vec<Self::Secured>);
    /// Removes what was staged and will not be secured.
    fn discard(&self, staged: Vec<Self::Staged>);

    /// Records that an original is to be put back; changes nothing else.
    ///
    /// # Errors
    /// Why it cannot be, or that the storage failed.
    fn prepare(&self, restore: &Restore<'_, Self::Version>) -> Result<Self::Prepared, ReadError>;

    /// Puts originals back and makes that durable. Gives an answer for each, in order, and why the storage failed, if it did.
    fn restore(&self, prepared: Vec<Self::Prepared>) -> (Vec<Restored>, Option<Stop>);

    /// Records which backups are to go, makes that durable, and removes them. Gives an answer for each, in order, and why the storage failed, if it did.
    fn prune(
        &self,
        batch: &[Prune<'_, Self::Version>],
    ) -> (Vec<Result<(), Diagnosis>>, Option<Stop>);

    /// Adds a record to the journal.
    fn append(&self, record: &crate::journal::Record);

    /// Ends the operation: makes the journal durable and tidies up. Gives what could not be recorded after the fact.
    fn finish(self, end: &crate::journal::Record) -> Vec<Diagnosis>;
}

/// The directory in a tree where operations keep their state.
pub const STATE_DIRECTORY: &str = ".migrate-manifests";
/// How the name of a file begins that is staged beside a manifest.
const STAGED_BESIDE: &str = ".migrate-manifests.";

/// The trouble that an error of the system is, with the verb that failed.
fn trouble_of(verb: &str, error: &io::Error) -> Diagnosis {
    let code = match error.kind() {
        io::ErrorKind::NotFound => Code::NotFound,
        io::ErrorKind::PermissionDenied => Code::PermissionDenied,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::NoSpace,
        io::ErrorKind::ReadOnlyFilesystem => Code::ReadOnly,
        _ => Code::IoError,
    };
    Diagnosis::new(code, format!("{verb}: {error}"))
}

/// Whether the system does not know such a call, or not on this file system.
fn is_not_supported(error: &io::Error) -> bool {
    const INVALID: i32 = 22;
    const NO_SUCH_CALL: i32 = 38;
    const NOT_SUPPORTED: i32 = 95;
    matches!(
        error.raw_os_error(),
        Some(INVALID | NO_SUCH_CALL | NOT_SUPPORTED)
    )
}

/// The stop that a failure of the storage itself is.
fn storage_failed(verb: &str, error: &io::Error) -> Stop {
    Stop::new(Code::StorageFailed, format!("{verb}: {error}"))
}
