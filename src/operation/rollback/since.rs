//! What was done to manifests since an operation, as journals tell that are read from the last one backward.
//!
//! Pure. Invariant: what a later rollback has put back is not left to be undone.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::digest::Digest;
use crate::journal::{Account, Deed, Entry};
use crate::path::TreePath;

/// What an operation did to a manifest, and what was done since.
#[derive(Debug)]
pub(super) struct Replaced {
    /// The operation that did it.
    pub(super) operation: Arc<str>,
    /// The bytes that it wrote.
    pub(super) wrote: Digest,
    /// The bytes that it found.
    pub(super) original: Digest,
    /// Where it keeps the original.
    pub(super) backup: Box<str>,
    /// The operation that removed the backup.
    pub(super) pruned_by: Option<Arc<str>>,
    /// The later operation that replaced the manifest last, and the bytes that it wrote.
    pub(super) later: Option<(Arc<str>, Digest)>,
}

/// What operations did since, read from the last one backward.
#[derive(Default)]
pub(super) struct Since {
    /// Manifests put back, by the operation that was undone there.
    restored: HashMap<Box<str>, HashSet<TreePath>>,
    /// Backups removed, by manifest and name.
    pruned: HashMap<(TreePath, Box<str>), Arc<str>>,
    /// The last operation that replaced a manifest and was not undone there.
    wrote: HashMap<TreePath, (Arc<str>, Digest)>,
}

impl Since {
    /// What is to be undone of an entry; `None` where nothing was done, or it is undone already.
    pub(super) fn leaves(&self, id: &str, entry: &Entry) -> Option<Replaced> {
        let Deed::Replaced {
            before,
            after,
            backup: Some(backup),
        } = &entry.deed
        else {
            return None;
        };
        // Where something went wrong after the original had its backup name, bytes tell.
        if entry.is_done == Some(false) || self.has_restored(id, &entry.path) {
            return None;
        }
        let key = (entry.path.clone(), backup.clone());
        Some(Replaced {
            operation: id.into(),
            wrote: *after,
            original: *before,
            backup: backup.clone(),
            pruned_by: self.pruned.get(&key).cloned(),
            later: self.wrote.get(&entry.path).cloned(),
        })
    }

    pub(super) fn has_restored(&self, id: &str, path: &TreePath) -> bool {
        let restored = self.restored.get(id);
        restored.is_some_and(|restored| restored.contains(path))
    }

    /// Takes the next earlier operation in.
    pub(super) fn add(&mut self, id: &str, account: &Account) {
        let id: Arc<str> = id.into();
        for entry in account
            .entries
            .iter()
            .filter(|entry| entry.is_done == Some(true))
        {
            let path = entry.path.clone();
            match &entry.deed {
                Deed::Replaced { after, .. } => {
                    if !self.has_restored(&id, &path) {
                        let by = || (Arc::clone(&id), *after);
                        self.wrote.entry(path).or_insert_with(by);
                    }
                }
                Deed::Restored { undoes, .. } => {
                    self.restored
                        .entry(undoes.clone())
                        .or_default()
                        .insert(path);
                }
                Deed::Pruned { backup, .. } => {
                    self.pruned.insert((path, backup.clone()), Arc::clone(&id));
                }
            }
        }
    }
}
