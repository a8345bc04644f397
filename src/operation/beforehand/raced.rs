//! A storage for tests, in which somebody else is quicker to the lock.
//!
//! Invariant: but for what it counts and what is done before the lock, it is the file system.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::digest::Digest;
use crate::path::TreePath;
use crate::report::{Diagnosis, Stop};
use crate::storage::kernel::Kernel;
use crate::storage::{Backup, FileSystem, Listing, Recovery, Scope, Storage};

pub(super) type Inner = FileSystem<Kernel>;

/// A storage that counts how often it is listed and locked, and in which somebody is quicker to the lock.
pub(super) struct Raced<'t> {
    pub(super) inner: Inner,
    /// What is done just before the lock is given.
    pub(super) before_lock: &'t (dyn Fn() + Sync),
    /// A directory that cannot be listed, where the whole tree is.
    pub(super) unlisted: Option<Diagnosis>,
    pub(super) listed: AtomicUsize,
    pub(super) locked: AtomicUsize,
}

impl Storage for Raced<'_> {
    type Version = <Inner as Storage>::Version;
    type Guard = <Inner as Storage>::Guard;

    fn list(
        &self,
        scope: &Scope<'_>,
        interrupt: &(dyn Fn() -> bool + Sync),
    ) -> Result<Listing, Stop> {
        self.listed.fetch_add(1, Ordering::Relaxed);
        let mut listing = self.inner.list(scope, interrupt)?;
        if !scope.selection.is_partial() {
            listing.directories_failed.extend(self.unlisted.clone());
        }
        Ok(listing)
    }

    fn read(&self, path: &TreePath, bytes: &mut Vec<u8>) -> Result<Self::Version, Diagnosis> {
        self.inner.read(path, bytes)
    }

    fn read_small(
        &self,
        path: &TreePath,
        bytes: &mut Vec<u8>,
        most: usize,
    ) -> Result<Option<Self::Version>, Diagnosis> {
        self.inner.read_small(path, bytes, most)
    }

    fn modified(&self, version: &Self::Version) -> i64 {
        self.inner.modified(version)
    }

    fn replaceable(&self, version: &Self::Version) -> Result<(), Diagnosis> {
        self.inner.replaceable(version)
    }

    fn has_place(
        &self,
        path: &TreePath,
        version: &Self::Version,
        bytes: &[u8],
    ) -> Result<(), Diagnosis> {
        self.inner.has_place(path, version, bytes)
    }

    fn may_put_back(
        &self,
        path: &TreePath,
        version: &Self::Version,
        original: &Self::Version,
    ) -> Result<(), Diagnosis> {
        self.inner.may_put_back(path, version, original)
    }

    fn most_jobs(&self) -> usize {
        self.inner.most_jobs()
    }

    fn unfinished(&self) -> Result<Vec<String>, Diagnosis> {
        self.inner.unfinished()
    }

    fn operations(&self) -> Result<Vec<String>, Diagnosis> {
        self.inner.operations()
    }

    fn journal(&self, id: &str, feed: &mut dyn FnMut(&[u8])) -> Result<(), Diagnosis> {
        self.inner.journal(id, feed)
    }

    fn kept_catalog(&self, digest: Digest) -> Result<Option<String>, Diagnosis> {
        self.inner.kept_catalog(digest)
    }

    fn backups(&self, path: &TreePath) -> Result<Vec<Backup>, Diagnosis> {
        self.inner.backups(path)
    }

    fn read_backup(
        &self,
        path: &TreePath,
        name: &str,
        bytes: &mut Vec<u8>,
    ) -> Result<Self::Version, Diagnosis> {
        self.inner.read_backup(path, name, bytes)
    }

    fn read_below(
        &self,
        manifest: &TreePath,
        name: &str,
        feed: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<(), Diagnosis> {
        self.inner.read_below(manifest, name, feed)
    }

    fn guard(&self, wait: &mut dyn FnMut() -> bool) -> Result<(Self::Guard, Recovery), Stop> {
        self.locked.fetch_add(1, Ordering::Relaxed);
        // With `--wait`, somebody else has it at the first try.
        wait();
        (self.before_lock)();
        self.inner.guard(wait)
    }
}
