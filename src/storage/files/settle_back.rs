//! Settling what was to be put back or removed: the content of manifest and backup name says how far it had come.
//! Invariant: the backup name of an original goes only when the original is durable in its place; where anything else stands there than we put there, nothing is touched.

use std::io;

use super::core::FileContent;
use super::disk::Disk;
use super::error::if_there;
use super::parts::{RestoringPart, Way};
use super::rescue::rescue;
use super::unfinished::RecoveryResult;
use super::unfinished::Unfinished;
use crate::journal::{Removing, Restoring};
use crate::path::Name;
use crate::storage::recovery::Recovery;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FoundAfterRestoring {
    Absent,
    /// The bytes that the operation which is undone wrote; whether it is the file that stood there.
    Migrated {
        same: bool,
    },
    Original,
    Other,
}

impl<D: Disk> Unfinished<'_, D> {
    pub(super) fn settle_restoring(
        &self,
        restoring: &Restoring,
        recovery: &mut Recovery,
    ) -> io::Result<RecoveryResult> {
        let (path, backup) = (&restoring.path, restoring.backup.name());
        let Some(dir) = self.open_again(path)? else {
            return Ok(RecoveryResult::Left);
        };
        let Some(part) = restoring.storage.read::<RestoringPart>() else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        self.settle_beside(restoring, &part, &dir, recovery)?;
        let manifest = self.seen(restoring, &part, &dir, path.name())?;
        let found = match (manifest, self.seen(restoring, &part, &dir, backup)?) {
            (FoundAfterRestoring::Original, kept) if may_go(part.way, kept) => {
                // What was put back by a process that is dead now may not have been flushed.
                self.make_durable(&dir, path.name(), None)?;
                self.core.disk.unlink(&dir, backup)?;
                RecoveryResult::Finished
            }
            (FoundAfterRestoring::Original, FoundAfterRestoring::Absent) => {
                RecoveryResult::Finished
            }
            (FoundAfterRestoring::Migrated { .. }, FoundAfterRestoring::Original) => {
                RecoveryResult::Undone
            }
            // What was written to the original in its place stands under both names.
            _ if part.way == Way::Link && self.are_one_file(&dir, path.name(), backup)? => {
                self.core.disk.unlink(&dir, backup)?;
                RecoveryResult::Left
            }
            _ => RecoveryResult::Left,
        };
        self.make_durable(&dir, path.name(), Some(backup))?;
        Ok(found)
    }

    /// A second name or a copy of the original beside the manifest: removed where the original stands elsewhere.
    fn settle_beside(
        &self,
        restoring: &Restoring,
        part: &RestoringPart,
        dir: &D::Dir,
        recovery: &mut Recovery,
    ) -> io::Result<()> {
        let Some(staged) = &part.staged else {
            return Ok(());
        };
        let staged = staged.name();
        if matches!(self.core.content(dir, staged)?, FileContent::Absent) {
            return Ok(());
        }
        let path = &restoring.path;
        for name in [path.name(), restoring.backup.name()] {
            if self.seen(restoring, part, dir, name)? == FoundAfterRestoring::Original {
                return self.core.disk.unlink(dir, staged);
            }
        }
        let kept = rescue(self.core, self.state, (dir, staged), (dir, path.name()))?;
        self.rescued(Some(path), staged, kept, recovery);
        Ok(())
    }

    fn are_one_file(&self, dir: &D::Dir, one: Name<'_>, other: Name<'_>) -> io::Result<bool> {
        let look = |name| if_there(self.core.disk.stat_at(dir, name));
        let (one, other) = (look(one)?, look(other)?);
        Ok(one.is_some_and(|one| other.is_some_and(|other| one.inode == other.inode)))
    }

    fn seen(
        &self,
        restoring: &Restoring,
        part: &RestoringPart,
        dir: &D::Dir,
        name: Name<'_>,
    ) -> io::Result<FoundAfterRestoring> {
        Ok(match self.core.content(dir, name)? {
            FileContent::Absent => FoundAfterRestoring::Absent,
            FileContent::Opaque => FoundAfterRestoring::Other,
            FileContent::File(digest, stat) => match digest {
                digest if digest == restoring.after => FoundAfterRestoring::Original,
                digest if digest == restoring.before => FoundAfterRestoring::Migrated {
                    same: stat.inode == part.inode,
                },
                _ => FoundAfterRestoring::Other,
            },
        })
    }

    pub(super) fn settle_removing(&self, removing: &Removing) -> io::Result<RecoveryResult> {
        let backup = removing.backup.name();
        let Some(dir) = self.open_again(&removing.path)? else {
            return Ok(RecoveryResult::Finished);
        };
        let found = if_there(self.core.disk.stat_at(&dir, backup));
        self.make_durable(&dir, backup, None)?;
        Ok(match found? {
            Some(_) => RecoveryResult::Undone,
            None => RecoveryResult::Finished,
        })
    }
}

/// Returns true if the file under the backup name goes, once the original is in its place: the displaced file, or the name that the original still has.
fn may_go(way: Way, kept: FoundAfterRestoring) -> bool {
    match way {
        Way::Exchange => kept == FoundAfterRestoring::Migrated { same: true },
        Way::Link | Way::Copy => kept == FoundAfterRestoring::Original,
    }
}
