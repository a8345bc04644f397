//! The values that a storage gives: documents as they were read, entries of directories, journals before they are read.
//! Invariant: versions are opaque above the storage that made them.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::{FileTimes, Permissions};

use crate::code::Code;
use crate::digest::Digest;
use crate::journal::{BackupId, ChainEnds, Integrity, OperationId, Reader, TreeId};
use crate::path::Name;
use crate::report::Diagnosis;

/// The bytes of a document as they were read, so that a change in between is noticed.
pub struct ReadVersion {
    /// When they were last modified, in seconds since 1970.
    pub modified: i64,
    /// The number of bytes.
    pub size: u64,
    /// Times and permissions for a copy outside the tree, if the storage keeps such things.
    pub attributes: Option<Attributes>,
    token: Box<dyn Any + Send + Sync>,
}

/// The reason why a document was not read: it has more bytes than were admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LargerDocument {
    /// The number of its bytes.
    pub size: usize,
}

/// The times and the permissions of a document.
#[derive(Debug, Clone)]
pub struct Attributes {
    /// When it was last read and modified.
    pub times: FileTimes,
    /// Who may read and write it.
    pub permissions: Permissions,
}

impl ReadVersion {
    /// A version that its storage knows by `token`.
    pub fn new(modified: i64, size: u64, token: impl Any + Send + Sync) -> Self {
        Self {
            modified,
            size,
            attributes: None,
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

impl fmt::Debug for ReadVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Version")
            .field("modified", &self.modified)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// One difference of a document from what a journal says of the original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyDifference {
    /// The property that differs.
    pub of: Property,
    /// The value that was found and the one that was expected, in words.
    pub words: String,
}

/// A property that a storage records of an original, apart from its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Property {
    /// Who may read and write it.
    Mode,
    /// The user and the group that it belongs to.
    Owner,
    /// When it was last modified.
    Modified,
    /// The extended attributes, with the ACL.
    Attributes,
    /// The number of names: one.
    Names,
}

impl Property {
    /// Every property, in the order of reports.
    pub const ALL: [Self; 5] = [
        Self::Mode,
        Self::Owner,
        Self::Modified,
        Self::Attributes,
        Self::Names,
    ];

    /// The property in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Mode => "mode",
            Self::Owner => "owner",
            Self::Modified => "modification time",
            Self::Attributes => "attributes",
            Self::Names => "number of names",
        }
    }
}

/// A backup beside a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupEntry {
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
    /// The state directory of a tree, which is the caller's.
    State,
    /// A state directory that another user made.
    ForeignState,
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
            Self::Directory | Self::State | Self::ForeignState => "a directory",
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
    /// The tree that the journal names, if its format has one.
    pub tree: Option<TreeId>,
    /// True if the operation is at work or was interrupted.
    pub is_unfinished: bool,
    /// The size of the journal.
    pub bytes: u64,
}

impl Log {
    /// Sorts journals in the order of their operations.
    pub(super) fn sort(logs: &mut [Self]) {
        logs.sort_by(|one, two| (one.serial, one.id.order()).cmp(&(two.serial, two.id.order())));
    }
}

/// The end of a journal that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogEnd {
    /// The extent to which the journal can be trusted.
    pub condition: Integrity,
    /// The size.
    pub bytes: u64,
    /// The chain values by which other journals and the head name it; `None` if no line of it is sound.
    pub chain: Option<ChainEnds>,
    /// A digest of all of it.
    pub fingerprint: Digest,
}

impl LogEnd {
    /// The end of a journal of which all was fed to `reader`.
    pub(super) fn of(reader: &Reader) -> Self {
        Self {
            condition: reader.condition(),
            bytes: reader.all_bytes(),
            chain: reader.chain_ends(),
            fingerprint: reader.fingerprint(),
        }
    }
}

/// Small files of the state, by path.
pub type StateFiles = BTreeMap<String, Vec<u8>>;
