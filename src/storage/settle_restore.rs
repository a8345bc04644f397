//! Settling what was to be put back or pruned: what manifest and backup name hold says how far it had come.
//!
//! Invariant: the backup name of an original goes only when the original is durable in its place; where anything else stands there than we put there, nothing is touched.

use std::io;

use super::Recovery;
use super::disk::{Crossing, Disk, Stat};
use super::rescue::rescue;
use super::settle::{Found, is_gone};
use super::stage::{Content, content};
use super::unfinished::Unfinished;
use crate::journal::{Pruning, Restoring, Way};
use crate::path::TreePath;

/// What a name holds, seen from the intent to put an original back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    Absent,
    /// What the operation that is undone wrote; whether it is the file that stood there.
    Migrated {
        same: bool,
    },
    Original,
    Other,
}

impl<D: Disk> Unfinished<'_, D> {
    /// Settles one original that was to be put back.
    pub(super) fn settle_restoring(
        &self,
        restoring: &Restoring,
        path: &TreePath,
        recovery: &mut Recovery,
    ) -> io::Result<Found> {
        let disk = &self.core.disk;
        let dir = match disk.open_dir(&self.core.root, path.parent(), Crossing::Cross) {
            Ok(dir) => dir,
            Err(error) if is_gone(&error) => return Ok(Found::Left),
            Err(error) => return Err(error),
        };
        let backup = restoring.backup.as_bytes();
        self.settle_beside(restoring, path, &dir, recovery)?;
        let manifest = self.seen(restoring, &dir, path.file_name())?;
        let found = match (manifest, self.seen(restoring, &dir, backup)?) {
            (Is::Original, kept) if may_go(restoring.way, kept) => {
                // What was put back by a process that is dead now may not have been flushed.
                self.make_durable(&dir, path.file_name(), None)?;
                disk.unlink(&dir, backup)?;
                Found::Finished
            }
            (Is::Original, Is::Absent) => Found::Finished,
            (Is::Migrated { .. }, Is::Original) => Found::Undone,
            _ => Found::Left,
        };
        self.make_durable(&dir, path.file_name(), Some(backup))?;
        Ok(found)
    }

    /// A second name or a copy of the original beside the manifest: removed where the original stands elsewhere.
    fn settle_beside(
        &self,
        restoring: &Restoring,
        path: &TreePath,
        dir: &D::Dir,
        recovery: &mut Recovery,
    ) -> io::Result<()> {
        let Some(staged) = restoring.staged.as_deref() else {
            return Ok(());
        };
        if matches!(
            content(&self.core.disk, dir, staged.as_bytes())?,
            Content::Absent
        ) {
            return Ok(());
        }
        for name in [path.file_name(), restoring.backup.as_bytes()] {
            if self.seen(restoring, dir, name)? == Is::Original {
                return self.core.disk.unlink(dir, staged.as_bytes());
            }
        }
        let from = (dir, staged.as_bytes());
        let kept = rescue(self.core, self.state, dir, from, path.file_name())?;
        recovery.rescued(Some(path), kept);
        Ok(())
    }

    fn seen(&self, restoring: &Restoring, dir: &D::Dir, name: &[u8]) -> io::Result<Is> {
        Ok(match content(&self.core.disk, dir, name)? {
            Content::Absent => Is::Absent,
            Content::Opaque => Is::Other,
            Content::File(digest, Stat { inode, .. }) => match digest.to_string() {
                text if text == restoring.after => Is::Original,
                text if text == restoring.before => Is::Migrated {
                    same: inode == restoring.inode,
                },
                _ => Is::Other,
            },
        })
    }

    /// Settles one backup that was to be removed: it is gone, or it is still there.
    pub(super) fn settle_pruning(&self, pruning: &Pruning, path: &TreePath) -> io::Result<Found> {
        let disk = &self.core.disk;
        let dir = match disk.open_dir(&self.core.root, path.parent(), Crossing::Cross) {
            Ok(dir) => dir,
            Err(error) if is_gone(&error) => return Ok(Found::Finished),
            Err(error) => return Err(error),
        };
        let found = disk.stat_at(&dir, pruning.backup.as_bytes());
        self.make_durable(&dir, pruning.backup.as_bytes(), None)?;
        match found {
            Ok(_) => Ok(Found::Undone),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Found::Finished),
            Err(error) => Err(error),
        }
    }
}

/// Whether what the backup name holds goes, once the original is in its place: the file that was displaced, or the name that the original still has.
fn may_go(way: Way, kept: Is) -> bool {
    match way {
        Way::Exchange => kept == Is::Migrated { same: true },
        Way::Link | Way::Copy => kept == Is::Original,
    }
}
