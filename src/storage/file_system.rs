//! A tree on a file system: listing and reading it.
//!
//! Invariant: nothing here writes; [`Storage::guard`] is the only way to something that does.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use super::disk::{Crossing, Disk, EntryKind, Stat};
use super::guard::FileGuard;
use super::kernel::Kernel;
use super::permit::{may_put_back, permit, replaceable};
use super::recover::recover;
use super::state::State;
use super::walk::{Walk, nested, not_regular};
use super::{Backup, Listing, Recovery, STATE_DIRECTORY, Scope, Storage, archive, trouble_of};
use crate::code::Code;
use crate::digest::Digest;
use crate::json::MAX_BYTES;
use crate::path::TreePath;
use crate::report::{Diagnosis, Stop};

/// How storage is made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SyncChoice {
    /// By what the file system can be trusted with.
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

/// How to treat a file system.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// Whether directories on other file systems are entered.
    pub cross_file_systems: bool,
    /// How storage is made durable.
    pub sync: SyncChoice,
    /// What to do without.
    pub lacking: Vec<Lacking>,
}

/// A tree on a file system, by the protocol of docs/durability.md.
///
/// Cloning gives another handle to the same tree.
pub struct FileSystem<D: Disk = Kernel>(pub(super) Arc<Core<D>>);

impl<D: Disk> Clone for FileSystem<D> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// What all parts of the file-system storage share.
pub(super) struct Core<D: Disk> {
    pub(super) disk: D,
    pub(super) root: D::Dir,
    /// The tree's absolute path, for messages and to recognise links into it.
    pub(super) tree: Vec<u8>,
    pub(super) crossing: Crossing,
    pub(super) options: OpenOptions,
}

/// What identifies the bytes of a manifest that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    pub(super) stat: Stat,
}

impl Stamp {
    /// Whether a file is the one that was read, unchanged as far as its inode tells.
    pub(super) fn is(&self, stat: &Stat) -> bool {
        self.is_displaced(stat) && self.stat.changed == stat.changed
    }

    /// As [`Stamp::is`], after a change of its names, which is a change of the inode, too.
    pub(super) fn is_displaced(&self, stat: &Stat) -> bool {
        self.stat.device == stat.device
            && self.stat.inode == stat.inode
            && self.stat.size == stat.size
            && self.stat.modified == stat.modified
    }
}

impl<D: Disk> FileSystem<D> {
    /// The tree whose directory `root` is open on `disk`; `tree` is its absolute path.
    pub fn new(disk: D, root: D::Dir, tree: Vec<u8>, options: OpenOptions) -> Self {
        let crossing = if options.cross_file_systems {
            Crossing::Cross
        } else {
            Crossing::Stay
        };
        Self(Arc::new(Core {
            disk,
            root,
            tree,
            crossing,
            options,
        }))
    }

    /// The system calls below.
    #[must_use]
    pub fn disk(&self) -> &D {
        &self.0.disk
    }
}

impl<D: Disk> Core<D> {
    /// Opens and reads one manifest, checking what kind of file it is before reading.
    pub(super) fn read(&self, path: &TreePath, bytes: &mut Vec<u8>) -> Result<Stamp, Diagnosis> {
        let stamp = self.read_small(path, bytes, usize::MAX)?;
        // Without a bound there is none that is larger.
        stamp.ok_or_else(|| Diagnosis::new(Code::IoError, "it was not read".to_owned()))
    }

    /// As [`Core::read`], if it has at most `most` bytes.
    fn read_small(
        &self,
        path: &TreePath,
        bytes: &mut Vec<u8>,
        most: usize,
    ) -> Result<Option<Stamp>, Diagnosis> {
        bytes.clear();
        let file = self
            .disk
            .open(&self.root, path.as_bytes(), self.crossing)
            .map_err(|error| open_trouble(&error))?;
        let cannot = |error: io::Error| trouble_of("cannot read", &error);
        let stat = self.disk.stat(&file).map_err(cannot)?;
        if stat.kind != EntryKind::File {
            return Err(not_regular(stat.kind));
        }
        let too_large = |size: u64| {
            Diagnosis::new(
                Code::TooLarge,
                format!("the file has {size} bytes, the limit is {MAX_BYTES}"),
            )
        };
        let size = usize::try_from(stat.size).unwrap_or(usize::MAX);
        if size > MAX_BYTES {
            return Err(too_large(stat.size));
        }
        if size > most {
            return Ok(None);
        }
        self.disk
            .read(&file, bytes, size, MAX_BYTES)
            .map_err(cannot)?;
        if bytes.len() > MAX_BYTES {
            return Err(too_large(bytes.len() as u64));
        }
        if bytes.len() != size {
            return Err(Diagnosis::new(
                Code::ChangedMeanwhile,
                format!(
                    "its size changed from {size} to {} bytes while it was read",
                    bytes.len()
                ),
            ));
        }
        Ok(Some(Stamp { stat }))
    }
}

/// The trouble of a manifest that cannot be opened; links and sockets show only here.
pub(super) fn open_trouble(error: &io::Error) -> Diagnosis {
    const NO_SUCH_DEVICE: i32 = 6;
    const LOOP: i32 = 40;
    match error.kind() {
        _ if error.raw_os_error() == Some(LOOP) => Diagnosis::new(
            Code::NotRegular,
            "expected a regular file, found a symbolic link there or on the way".to_owned(),
        ),
        io::ErrorKind::CrossesDevices => Diagnosis::new(
            Code::NotFound,
            "it is on another file system than the tree".to_owned(),
        ),
        _ if error.raw_os_error() == Some(NO_SUCH_DEVICE) => not_regular(EntryKind::Socket),
        _ => trouble_of("cannot open", error),
    }
}

impl<D: Disk> Storage for FileSystem<D> {
    type Version = Stamp;
    type Guard = FileGuard<D>;

    fn list(
        &self,
        scope: &Scope<'_>,
        interrupt: &(dyn Fn() -> bool + Sync),
    ) -> Result<Listing, Stop> {
        if let Some(manifests) = &scope.selection.manifests {
            let listing = list_given(scope, manifests);
            refuse_nested(&self.0, &listing)?;
            return Ok(listing);
        }
        Walk {
            disk: &self.0.disk,
            root: &self.0.root,
            tree: &self.0.tree,
            scope,
            crossing: self.0.crossing,
            interrupt,
        }
        .run()
    }

    fn read(&self, path: &TreePath, bytes: &mut Vec<u8>) -> Result<Stamp, Diagnosis> {
        self.0.read(path, bytes)
    }

    fn read_small(
        &self,
        path: &TreePath,
        bytes: &mut Vec<u8>,
        most: usize,
    ) -> Result<Option<Stamp>, Diagnosis> {
        self.0.read_small(path, bytes, most)
    }

    fn modified(&self, version: &Stamp) -> i64 {
        version.stat.modified.0
    }

    fn replaceable(&self, version: &Stamp) -> Result<(), Diagnosis> {
        replaceable(self.0.disk.caller(), &version.stat)
    }

    fn most_jobs(&self) -> usize {
        // A run directory, a manifest, a new file, a copy, and one to look again.
        const OPEN_FILES_OF_A_JOB: u64 = 5;
        // No disk has deeper queues; more threads only wait for each other.
        const MOST: usize = 512;
        let half = self.0.disk.most_open_files() / 2;
        usize::try_from(half / OPEN_FILES_OF_A_JOB).map_or(MOST, |jobs| jobs.clamp(1, MOST))
    }

    fn has_place(&self, path: &TreePath, version: &Stamp, bytes: &[u8]) -> Result<(), Diagnosis> {
        let core = &self.0;
        let dir = core
            .disk
            .open_dir(&core.root, path.parent(), core.crossing)
            .map_err(|error| trouble_of("cannot open the run directory", &error))?;
        let before = Digest::of(bytes);
        permit(&core.disk, &dir, path, &version.stat, before).map(drop)
    }

    fn may_put_back(
        &self,
        path: &TreePath,
        version: &Stamp,
        original: &Stamp,
    ) -> Result<(), Diagnosis> {
        let core = &self.0;
        let dir = core
            .disk
            .open_dir(&core.root, path.parent(), core.crossing)
            .map_err(|error| trouble_of("cannot open the run directory", &error))?;
        may_put_back(&core.disk, &dir, &version.stat, &original.stat)
    }

    fn unfinished(&self) -> Result<Vec<String>, Diagnosis> {
        State::unfinished(&self.0.disk, &self.0.root).map_err(|error| Diagnosis {
            code: Code::StateUnreadable,
            path: None,
            message: trouble_of("cannot look for unfinished operations", &error).message,
        })
    }

    fn operations(&self) -> Result<Vec<String>, Diagnosis> {
        archive::operations(&self.0)
    }

    fn journal(&self, id: &str, feed: &mut dyn FnMut(&[u8])) -> Result<(), Diagnosis> {
        archive::journal(&self.0, id, feed)
    }

    fn kept_catalog(&self, digest: Digest) -> Result<Option<String>, Diagnosis> {
        archive::kept_catalog(&self.0, digest)
    }

    fn backups(&self, path: &TreePath) -> Result<Vec<Backup>, Diagnosis> {
        archive::backups(&self.0, path)
    }

    fn read_backup(
        &self,
        path: &TreePath,
        name: &str,
        bytes: &mut Vec<u8>,
    ) -> Result<Stamp, Diagnosis> {
        let backup = TreePath::join(path.parent(), name.as_bytes());
        self.0.read(&backup, bytes)
    }

    fn read_below(
        &self,
        manifest: &TreePath,
        name: &str,
        feed: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<(), Diagnosis> {
        archive::read_below(&self.0, manifest, name, feed)
    }

    fn guard(&self, wait: &mut dyn FnMut() -> bool) -> Result<(FileGuard<D>, Recovery), Stop> {
        let state = State::make(&self.0.disk, &self.0.root)?;
        let lock = state.lock(&self.0.disk, wait)?;
        super::state::name_holder(&self.0.disk, &lock, None)?;
        let recovery = recover(&self.0, &state)?;
        let guard = FileGuard {
            core: Arc::clone(&self.0),
            state,
            lock,
        };
        Ok((guard, recovery))
    }
}

/// The listing of manifests that were named one by one: the tree is not walked.
fn list_given(scope: &Scope<'_>, manifests: &[TreePath]) -> Listing {
    let mut paths = manifests.to_vec();
    paths.sort_unstable();
    paths.dedup();
    let mut listing = Listing::default();
    for path in paths {
        listing.found += 1;
        if scope.selection.excludes(&path) {
            listing.excluded += 1;
        } else if scope.selection.is_within(&path) && scope.selection.selects(&path) {
            let kind = scope
                .names
                .iter()
                .position(|name| name.as_bytes() == path.file_name());
            listing.manifests.push(
                path.parent(),
                path.file_name(),
                given_trouble(scope, &path, kind),
            );
        }
    }
    listing
}

/// A walk finds a tree in the tree on its way; here the directories on the way to what was named are looked at.
fn refuse_nested<D: Disk>(core: &Core<D>, listing: &Listing) -> Result<(), Stop> {
    let mut seen = BTreeSet::new();
    for found in listing.manifests.range(0..listing.manifests.len()) {
        // What is no manifest already, as in a directory that is never entered, is not entered for this either.
        if found.trouble.is_some() {
            continue;
        }
        // Upward, as long as no other manifest has led through there.
        let mut dir = TreePath::new(found.path.parent());
        while let Some(inner) = dir.take_if(|dir| !seen.contains(dir)) {
            let state = TreePath::join(inner.as_bytes(), STATE_DIRECTORY.as_bytes());
            // What cannot be looked at cannot be entered either: the manifest's own outcome says so.
            if core
                .disk
                .stat_below(&core.root, state.as_bytes(), false)
                .is_ok_and(|stat| stat.kind == EntryKind::Directory)
            {
                return Err(nested(&inner));
            }
            dir = TreePath::new(inner.parent());
            seen.insert(inner);
        }
    }
    Ok(())
}

/// Why a path that was named is no manifest, where its names alone show it.
fn given_trouble(scope: &Scope<'_>, path: &TreePath, kind: Option<usize>) -> Option<Diagnosis> {
    let no_manifest = |message: String| Some(Diagnosis::new(Code::NotFound, message));
    if kind.is_none() {
        let names = scope.names.join("`, `");
        return no_manifest(format!("no manifest: a manifest is named `{names}`"));
    }
    path.parent().split(|byte| *byte == b'/').find_map(|name| {
        let opaque = scope.opaque.iter().any(|opaque| opaque.as_bytes() == name);
        match name {
            _ if opaque => no_manifest(format!(
                "no manifest: what lies below `{}` is data",
                String::from_utf8_lossy(name)
            )),
            [b'.', ..] => no_manifest(format!(
                "no manifest: `{}` is never entered",
                String::from_utf8_lossy(name)
            )),
            _ => None,
        }
    })
}
