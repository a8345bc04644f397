//! A tree on either disk, with what tests do to it from outside.
//!
//! Invariant: paths are relative to the tree, and what is asked is what a reader would see.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use walkdir::WalkDir;

use super::setting::{MANIFESTS, Run, SETTINGS, Setting, original, roll_back, run};
use crate::storage::disk::{Disk as _, FileTime};
use crate::storage::kernel::Kernel;
use crate::storage::simulated::Simulated;
use crate::storage::{FileSystem, Lacking, OpenOptions};

/// A tree to try things on.
pub(super) enum World {
    Simulated(&'static Setting, Simulated),
    Kernel(TempDir, Vec<Lacking>),
}

/// Everything that the kernel's file systems can be told to do without.
const LACKING: [&[Lacking]; 7] = [
    &[],
    &[Lacking::Exchange],
    &[Lacking::Exchange, Lacking::Links],
    &[Lacking::Syncfs],
    &[Lacking::SameDevice],
    &[Lacking::FineTimes],
    &[Lacking::Exchange, Lacking::Syncfs, Lacking::SameDevice],
];

fn kernel(dir: &TempDir, lacking: &[Lacking]) -> FileSystem {
    let (kernel, root) = Kernel::open(dir.path()).unwrap();
    let options = OpenOptions {
        lacking: lacking.to_vec(),
        ..OpenOptions::default()
    };
    FileSystem::new(kernel, root, b"/tree".to_vec(), options)
}

impl World {
    /// The usual tree on every simulated disk, and on the kernel's file systems here.
    pub(super) fn all() -> Vec<Self> {
        let simulated = SETTINGS
            .iter()
            .filter(|setting| !setting.mounted && setting.exchange_fails.is_none())
            .map(|setting| Self::Simulated(setting, setting.disk()));
        let mut all: Vec<Self> = simulated.collect();
        all.push(Self::kernel(&std::env::temp_dir(), &[]));
        // Memory is the one that every Linux has, and that exchanges names in order.
        let memory = PathBuf::from("/dev/shm");
        if memory.is_dir() {
            all.extend(LACKING.map(|lacking| Self::kernel(&memory, lacking)));
        }
        all
    }

    fn kernel(below: &Path, lacking: &[Lacking]) -> Self {
        let dir = tempfile::Builder::new().tempdir_in(below).unwrap();
        let world = Self::Kernel(dir, lacking.to_vec());
        for name in MANIFESTS {
            world.put(name, &original(name));
        }
        world
    }

    /// What the world is, for messages.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Simulated(setting, _) => setting.name.to_owned(),
            Self::Kernel(dir, lacking) => format!("{} without {lacking:?}", dir.path().display()),
        }
    }

    pub(super) fn run(&self) -> Run {
        match self {
            Self::Simulated(setting, disk) => setting.run(disk, 2),
            Self::Kernel(dir, lacking) => run(&kernel(dir, lacking), 2),
        }
    }

    pub(super) fn roll_back(&self) -> Run {
        match self {
            Self::Simulated(setting, disk) => setting.roll_back(disk, 2),
            Self::Kernel(dir, lacking) => roll_back(&kernel(dir, lacking), 2),
        }
    }

    /// Whether originals are copied, and so do not keep their inode.
    pub(super) fn copies(&self) -> bool {
        match self {
            Self::Simulated(setting, _) => setting.copies(),
            Self::Kernel(_, lacking) => lacking.contains(&Lacking::Links),
        }
    }

    /// Writes a new file, with the directories above it.
    pub(super) fn put(&self, path: &str, bytes: &[u8]) {
        match self {
            Self::Simulated(_, disk) => disk.add_file(path, bytes),
            Self::Kernel(dir, _) => {
                let path = dir.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                let draft = path.with_extension("draft");
                fs::write(&draft, bytes).unwrap();
                fs::rename(draft, path).unwrap();
            }
        }
    }

    pub(super) fn put_dir(&self, path: &str) {
        match self {
            Self::Simulated(_, disk) => disk.add_dir(path),
            Self::Kernel(dir, _) => fs::create_dir_all(dir.path().join(path)).unwrap(),
        }
    }

    pub(super) fn put_link(&self, path: &str, target: &str) {
        match self {
            Self::Simulated(_, disk) => disk.add_link(path, target),
            Self::Kernel(dir, _) => symlink(target, dir.path().join(path)).unwrap(),
        }
    }

    /// Gives a file a second name.
    pub(super) fn put_name(&self, path: &str, second: &str) {
        match self {
            Self::Simulated(_, disk) => assert!(disk.add_name(path, second)),
            Self::Kernel(dir, _) => {
                fs::hard_link(dir.path().join(path), dir.path().join(second)).unwrap();
            }
        }
    }

    /// Takes a name away.
    pub(super) fn remove(&self, path: &str) {
        match self {
            Self::Simulated(_, disk) => assert!(disk.foreign_remove(path)),
            Self::Kernel(dir, _) => {
                let path = dir.path().join(path);
                if path.is_dir() {
                    fs::remove_dir_all(path).unwrap();
                } else {
                    fs::remove_file(path).unwrap();
                }
            }
        }
    }

    pub(super) fn bytes(&self, path: &str) -> Option<Vec<u8>> {
        match self {
            Self::Simulated(_, disk) => disk.read_path(path),
            Self::Kernel(dir, _) => fs::read(dir.path().join(path)).ok(),
        }
    }

    pub(super) fn inode(&self, path: &str) -> u64 {
        match self {
            Self::Simulated(_, disk) => disk.node(path).unwrap().inode,
            Self::Kernel(dir, _) => fs::symlink_metadata(dir.path().join(path)).unwrap().ino(),
        }
    }

    /// When a file was last modified.
    pub(super) fn modified(&self, path: &str) -> FileTime {
        match self {
            Self::Simulated(_, disk) => {
                let stat = disk.stat_below(&disk.root(), path.as_bytes(), false);
                stat.unwrap().modified
            }
            Self::Kernel(dir, _) => {
                let stat = fs::symlink_metadata(dir.path().join(path)).unwrap();
                (stat.mtime(), u32::try_from(stat.mtime_nsec()).unwrap())
            }
        }
    }

    /// Every path that is no directory, without the lock, journals and catalogs.
    pub(super) fn names(&self) -> BTreeSet<String> {
        let all: Vec<String> = match self {
            Self::Simulated(_, disk) => {
                let tree = disk.tree().into_iter();
                let files = tree
                    .filter(|(_, node)| node.kind != crate::storage::disk::EntryKind::Directory);
                files.map(|(path, _)| path).collect()
            }
            Self::Kernel(dir, _) => WalkDir::new(dir.path())
                .into_iter()
                .map(Result::unwrap)
                .filter(|entry| !entry.file_type().is_dir())
                .map(|entry| {
                    let path = entry.path().strip_prefix(dir.path()).unwrap();
                    path.to_string_lossy().into_owned()
                })
                .collect(),
        };
        let usual =
            ["lock", "operations/", "catalogs/"].map(|name| format!(".migrate-manifests/{name}"));
        all.into_iter()
            .filter(|path| !usual.iter().any(|usual| path.starts_with(usual)))
            .collect()
    }
}
