//! Snapshots of a directory: every entry with what can be seen of it, to be compared with what is there later.
//!
//! Invariant: two snapshots are equal only where nothing that was looked at differs.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use walkdir::WalkDir;

use super::tree::hex;

/// How much of each entry a snapshot keeps, and of which entries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Detail {
    /// The state directories, too.
    pub(crate) state: bool,
    /// Modification times of everything that is no directory.
    pub(crate) times: bool,
    /// Inode, number of links, owner and group.
    pub(crate) identity: bool,
}

impl Default for Detail {
    fn default() -> Self {
        Self {
            state: true,
            times: false,
            identity: false,
        }
    }
}

/// Everything below a directory, for comparing whole trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Snapshot(pub(crate) BTreeMap<PathBuf, Entry>);

/// One entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) content: Content,
    pub(crate) mode: u32,
    pub(crate) modified_ns: Option<i128>,
    pub(crate) identity: Option<Identity>,
}

/// Which file an entry names, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) inode: u64,
    pub(crate) links: u64,
    pub(crate) owner: u32,
    pub(crate) group: u32,
}

/// What an entry is and holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    Directory,
    /// A file that is a short text.
    Text(String),
    /// Any other file: length and SHA-256.
    Bytes(u64, String),
    Link(PathBuf),
    Fifo,
    Socket,
    Device(u64),
    /// A file that this user may not read.
    Unreadable,
}

impl Snapshot {
    const LONGEST_TEXT: usize = 8 * 1024;

    /// Everything below `root`; the paths are relative to it.
    pub(crate) fn of(root: &Path, detail: Detail) -> Self {
        let wanted = |name: &OsStr| detail.state || name != ".migrate-manifests";
        let walk = WalkDir::new(root).min_depth(1).into_iter();
        let entries = walk
            .filter_entry(|entry| wanted(entry.file_name()))
            .filter_map(|entry| {
                let entry = match entry {
                    Ok(entry) => entry,
                    // A directory that cannot be listed has an entry of its own already.
                    Err(error) if error.io_error().is_some_and(is_denied) => return None,
                    Err(error) => panic!("walk: {error}"),
                };
                let path = entry
                    .path()
                    .strip_prefix(root)
                    .expect("it is below")
                    .to_owned();
                Some((path, Entry::of(entry.path(), detail)))
            });
        Self(entries.collect())
    }

    /// The entries that are in one of the two only, or differ, as lines of text; empty if there are none.
    pub(crate) fn differences(&self, after: &Self) -> Vec<String> {
        let paths: std::collections::BTreeSet<_> = self.0.keys().chain(after.0.keys()).collect();
        let line = |path: &PathBuf| match (self.0.get(path), after.0.get(path)) {
            (Some(_), None) => Some(format!("- {}", path.display())),
            (None, Some(_)) => Some(format!("+ {}", path.display())),
            (before, after) if before != after => Some(format!("~ {}", path.display())),
            _ => None,
        };
        paths.into_iter().filter_map(line).collect()
    }
}

fn is_denied(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::PermissionDenied
}

impl Entry {
    fn of(path: &Path, detail: Detail) -> Self {
        let metadata = fs::symlink_metadata(path).expect("an entry has metadata");
        let nanoseconds =
            i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
        let keeps_time = detail.times && !metadata.is_dir();
        Self {
            content: Content::of(path, &metadata),
            mode: metadata.mode() & 0o7777,
            modified_ns: keeps_time.then_some(nanoseconds),
            identity: detail.identity.then(|| Identity {
                inode: metadata.ino(),
                links: metadata.nlink(),
                owner: metadata.uid(),
                group: metadata.gid(),
            }),
        }
    }
}

impl Content {
    fn of(path: &Path, metadata: &fs::Metadata) -> Self {
        let kind = metadata.file_type();
        if kind.is_dir() {
            Self::Directory
        } else if kind.is_symlink() {
            Self::Link(fs::read_link(path).expect("a link can be read"))
        } else if kind.is_fifo() {
            Self::Fifo
        } else if kind.is_socket() {
            Self::Socket
        } else if !kind.is_file() {
            Self::Device(metadata.rdev())
        } else {
            match fs::read(path) {
                Ok(bytes) => Self::of_file(bytes),
                Err(error) if is_denied(&error) => Self::Unreadable,
                Err(error) => panic!("read {}: {error}", path.display()),
            }
        }
    }

    fn of_file(bytes: Vec<u8>) -> Self {
        let digest = |bytes: &[u8]| Self::Bytes(bytes.len() as u64, hex(&Sha256::digest(bytes)));
        if bytes.len() > Snapshot::LONGEST_TEXT {
            return digest(&bytes);
        }
        String::from_utf8(bytes).map_or_else(|error| digest(error.as_bytes()), Self::Text)
    }
}
