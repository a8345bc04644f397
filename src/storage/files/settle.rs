//! The table of docs/durability.md: the content of a staged name, held against the manifest, decides what becomes of both.
//! Bytes decide, the journal says where to look. Every action is one rename or unlink after which the same decision is made again, so recovery itself can be ended at any point.
//! Invariant: nothing is unlinked unless it is an inode that we staged, or its bytes stand elsewhere for certain.

use std::io;

use super::core::{FileContent, Lacking, SyncChoice};
use super::disk::{Crossing, Disk};
use super::error::{if_there, is_gone};
use super::parts::{ReplacingPart, Way};
use super::rescue::{rename_to_free, rescue};
use super::unfinished::{RecoveryResult, Unfinished};
use crate::digest::Digest;
use crate::journal::{BackupId, Replacing};
use crate::path::{Name, TreePath};
use crate::storage::recovery::Recovery;

struct AnnouncedReplacement<'i, D: Disk> {
    path: &'i TreePath,
    before: Digest,
    after: Digest,
    part: ReplacingPart,
    dir: &'i D::Dir,
    new: (&'i D::Dir, Name<'i>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FoundAfterReplacing {
    Absent,
    Before,
    After { ours: bool },
    Other { ours: bool },
}

impl<D: Disk> Unfinished<'_, D> {
    pub(super) fn settle_replacing(
        &self,
        replacing: &Replacing,
        recovery: &mut Recovery,
    ) -> io::Result<(RecoveryResult, Option<BackupId>)> {
        let path = &replacing.path;
        let Some(dir) = self.open_again(path)? else {
            // What was staged for it in the state directory is looked at afterwards.
            return Ok((RecoveryResult::Left, None));
        };
        let Some(part) = replacing.storage.read::<ReplacingPart>() else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let staged = part.staged.clone();
        let intent = AnnouncedReplacement {
            path,
            before: replacing.before,
            after: replacing.after,
            new: (
                if part.beside { &dir } else { &self.staging },
                staged.name(),
            ),
            part,
            dir: &dir,
        };
        let answer = self.settle_intent(&intent, recovery)?;
        let backup = answer.1.as_ref().map(BackupId::name);
        self.make_durable(&dir, path.name(), backup)?;
        Ok(answer)
    }

    /// The run directory, which the operation was in, whatever this one may enter; `None` where it is gone.
    pub(super) fn open_again(&self, path: &TreePath) -> io::Result<Option<D::Dir>> {
        let core = self.core;
        match core
            .disk
            .open_dir(&core.root, path.parent(), Crossing::Cross)
        {
            Ok(dir) => Ok(Some(dir)),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes names and bytes durable where the flush of the state directory's file system does not.
    pub(super) fn make_durable(
        &self,
        dir: &D::Dir,
        manifest: Name<'_>,
        backup: Option<Name<'_>>,
    ) -> io::Result<()> {
        let (core, disk) = (self.core, &self.core.disk);
        let trusted = core.options.sync != SyncChoice::File
            && !core.lacks(Lacking::Syncfs)
            && disk.traits(dir)?.syncfs;
        let device = disk.stat_dir(dir)?.device;
        if trusted && disk.stat_dir(&self.state.dir)?.device == device {
            return Ok(());
        }
        for name in [Some(manifest), backup].into_iter().flatten() {
            if let FileContent::File(..) = core.content(dir, name)? {
                disk.sync_file(&disk.open(dir, name.as_bytes(), Crossing::Stay)?)?;
            }
        }
        disk.sync_dir(dir)
    }

    /// Removes new files that were staged beside manifests before others were. They were never put in place, so nothing but ours was ever there.
    pub(super) fn remove_superseded(&self) -> io::Result<()> {
        let disk = &self.core.disk;
        for replacing in &self.superseded {
            let path = &replacing.path;
            let part = replacing.storage.read::<ReplacingPart>();
            let Some(part) = part.filter(|part| part.beside) else {
                continue;
            };
            let name = part.staged.name();
            let Some(dir) = self.open_again(path)? else {
                continue;
            };
            if let FileContent::File(digest, stat) = self.core.content(&dir, name)?
                && (digest == replacing.after || Some(stat.inode) == part.inode)
            {
                disk.unlink(&dir, name)?;
                disk.sync_dir(&dir)?;
                self.discard(Some(path), name, Some(digest), None);
            }
        }
        Ok(())
    }

    fn settle_intent(
        &self,
        intent: &AnnouncedReplacement<'_, D>,
        recovery: &mut Recovery,
    ) -> io::Result<(RecoveryResult, Option<BackupId>)> {
        let disk = &self.core.disk;
        let (new, place) = (intent.new, (intent.dir, intent.path.name()));
        // Each pass makes at most one change of names and looks again; three are enough for the longest way.
        for _ in 0..4 {
            let staged = self.content_of(intent, new)?;
            let manifest = self.content_of(intent, place)?;
            match (staged, manifest) {
                (FoundAfterReplacing::Absent, _) => return self.settle_backups(intent, manifest),
                (FoundAfterReplacing::After { ours: true }, _)
                | (FoundAfterReplacing::After { ours: false }, FoundAfterReplacing::After { .. })
                | (FoundAfterReplacing::Other { ours: true }, FoundAfterReplacing::Before) => {
                    disk.unlink(new.0, new.1)?;
                }
                // Where nothing is exchanged, only our own file was ever there.
                (FoundAfterReplacing::Other { .. }, _) if intent.part.way != Way::Exchange => {
                    disk.unlink(new.0, new.1)?;
                }
                (FoundAfterReplacing::Before, _) => self.finish_move(intent, recovery)?,
                (FoundAfterReplacing::Other { ours: false }, FoundAfterReplacing::After { .. }) => {
                    disk.exchange(new, place)
                        .or_else(|error| self.rescue(intent, recovery).map_err(|_| error))?;
                }
                _ => self.rescue(intent, recovery)?,
            }
        }
        Ok((RecoveryResult::Left, None))
    }

    /// The original was displaced and has no backup name yet: it gets the first that is free.
    fn finish_move(
        &self,
        intent: &AnnouncedReplacement<'_, D>,
        recovery: &mut Recovery,
    ) -> io::Result<()> {
        for backup in &intent.part.backups {
            match rename_to_free(&self.core.disk, intent.new, (intent.dir, backup.name())) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                other => return other,
            }
        }
        self.rescue(intent, recovery)
    }

    fn rescue(
        &self,
        intent: &AnnouncedReplacement<'_, D>,
        recovery: &mut Recovery,
    ) -> io::Result<()> {
        let manifest = (intent.dir, intent.path.name());
        let kept = rescue(self.core, self.state, intent.new, manifest)?;
        self.rescued(Some(intent.path), intent.new.1, kept, recovery);
        Ok(())
    }

    /// Nothing is staged any more: tells what became of the manifest, and takes back a backup name that was given too early.
    fn settle_backups(
        &self,
        intent: &AnnouncedReplacement<'_, D>,
        manifest: FoundAfterReplacing,
    ) -> io::Result<(RecoveryResult, Option<BackupId>)> {
        let mut kept = None;
        for backup in &intent.part.backups {
            if self.was_given_too_early(intent, backup, manifest)? {
                self.core.disk.unlink(intent.dir, backup.name())?;
            } else if kept.is_none()
                && self.content_of(intent, (intent.dir, backup.name()))?
                    == FoundAfterReplacing::Before
            {
                kept = Some(backup.clone());
            }
        }
        Ok(match (manifest, kept) {
            (FoundAfterReplacing::After { .. }, Some(backup)) => {
                (RecoveryResult::Finished, Some(backup))
            }
            (FoundAfterReplacing::Before, _) => (RecoveryResult::Undone, None),
            (_, kept) => (RecoveryResult::Left, kept),
        })
    }

    /// Returns true if a backup name is a second name of a manifest that was not replaced, or a copy of one.
    fn was_given_too_early(
        &self,
        intent: &AnnouncedReplacement<'_, D>,
        backup: &BackupId,
        manifest: FoundAfterReplacing,
    ) -> io::Result<bool> {
        if intent.part.way == Way::Exchange
            || matches!(
                manifest,
                FoundAfterReplacing::After { .. } | FoundAfterReplacing::Absent
            )
        {
            return Ok(false);
        }
        let disk = &self.core.disk;
        let Some(named) = if_there(disk.stat_at(intent.dir, backup.name()))? else {
            return Ok(false);
        };
        let place = disk.stat_at(intent.dir, intent.path.name())?;
        Ok(place.inode == named.inode
            || (manifest == FoundAfterReplacing::Before
                && self.is_our_copy(intent, backup, named.inode)?))
    }

    /// Returns true if a file under a backup name is a copy that we began: by its inode, or because its bytes are the beginning of the manifest's.
    fn is_our_copy(
        &self,
        intent: &AnnouncedReplacement<'_, D>,
        backup: &BackupId,
        inode: u64,
    ) -> io::Result<bool> {
        let recorded = self.copy_of(intent.path);
        if recorded.is_some_and(|copy| copy.backup == *backup && copy.inode == inode) {
            return Ok(true);
        }
        let read = |name| self.core.read_whole(intent.dir, name);
        let (_, manifest) = read(intent.path.name())?;
        Ok(read(backup.name()).is_ok_and(|(_, copy)| manifest.starts_with(&copy)))
    }

    fn content_of(
        &self,
        intent: &AnnouncedReplacement<'_, D>,
        at: (&D::Dir, Name<'_>),
    ) -> io::Result<FoundAfterReplacing> {
        Ok(match self.core.content(at.0, at.1)? {
            FileContent::Absent => FoundAfterReplacing::Absent,
            FileContent::Opaque => FoundAfterReplacing::Other { ours: false },
            FileContent::File(digest, stat) => {
                // Only an exchange can bring a foreign file under the staged name; and not every file system keeps its inode numbers.
                let part = &intent.part;
                let ours =
                    part.way != Way::Exchange || part.inode.is_none_or(|inode| inode == stat.inode);
                match digest {
                    digest if digest == intent.after => FoundAfterReplacing::After { ours },
                    digest if digest == intent.before => FoundAfterReplacing::Before,
                    _ => FoundAfterReplacing::Other { ours },
                }
            }
        })
    }
}
