//! The table of docs/durability.md: what a staged name holds, against what the manifest is, decides what becomes of both.
//!
//! Bytes decide, the journal says where to look. Every action is one rename or unlink after which the same decision is made again, so recovery itself can be ended at any point.
//!
//! Invariant: nothing is unlinked unless it is an inode that we staged, or its bytes stand elsewhere for certain.

use std::io;

use super::Recovery;
use super::disk::{Crossing, Disk};
use super::file_system::{Lacking, SyncChoice};
use super::rescue::{rename_to_free, rescue};
use super::stage::{Content, content};
use super::unfinished::Unfinished;
use crate::journal::{Intent, Way};
use crate::path::TreePath;

/// What became of a manifest of which something was announced, without a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// It was done.
    Finished,
    /// It is as it was.
    Undone,
    /// Somebody else changed it since; theirs stays.
    Left,
}

/// Where an intent's files stand.
struct Place<'p, D: Disk> {
    dir: &'p D::Dir,
    manifest: &'p [u8],
    new: (&'p D::Dir, &'p [u8]),
}

/// What a name holds, seen from an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    Absent,
    Before,
    After { ours: bool },
    Other { ours: bool },
}

impl<D: Disk> Unfinished<'_, D> {
    /// Settles one intent, and makes durable what then stands there.
    pub(super) fn settle_one(
        &self,
        intent: &Intent,
        path: &TreePath,
        recovery: &mut Recovery,
    ) -> io::Result<(Found, Option<String>)> {
        let disk = &self.core.disk;
        // The journal is ours: where it says that we were, we go again, whatever this operation may enter.
        let dir = match disk.open_dir(&self.core.root, path.parent(), Crossing::Cross) {
            Ok(dir) => dir,
            // What was staged for it in the state directory is looked at afterwards.
            Err(error) if is_gone(&error) => return Ok((Found::Left, None)),
            Err(error) => return Err(error),
        };
        let place = Place {
            dir: &dir,
            manifest: path.file_name(),
            new: (
                if intent.beside { &dir } else { &self.staging },
                intent.staged.as_bytes(),
            ),
        };
        let answer = self.settle_in(intent, path, &place, recovery)?;
        self.make_durable(&dir, place.manifest, answer.1.as_deref().map(str::as_bytes))?;
        Ok(answer)
    }

    /// Makes names and bytes durable where the flush of the state directory's file system does not.
    pub(super) fn make_durable(
        &self,
        dir: &D::Dir,
        manifest: &[u8],
        backup: Option<&[u8]>,
    ) -> io::Result<()> {
        let (disk, options) = (&self.core.disk, &self.core.options);
        let trusted = options.sync != SyncChoice::File
            && !options.lacking.contains(&Lacking::Syncfs)
            && disk.traits(dir)?.syncfs;
        let device = disk.stat_dir(dir)?.device;
        if trusted && disk.stat_dir(&self.state.dir)?.device == device {
            return Ok(());
        }
        for name in [Some(manifest), backup].into_iter().flatten() {
            if let Content::File(..) = content(disk, dir, name)? {
                disk.sync_file(&disk.open(dir, name, Crossing::Stay)?)?;
            }
        }
        disk.sync_dir(dir)
    }

    fn settle_in(
        &self,
        intent: &Intent,
        path: &TreePath,
        place: &Place<'_, D>,
        recovery: &mut Recovery,
    ) -> io::Result<(Found, Option<String>)> {
        let disk = &self.core.disk;
        // Each pass makes at most one change of names and looks again; three are enough for the longest way.
        for _ in 0..4 {
            let (staged, manifest) = (
                self.content_of(intent, place.new.0, place.new.1)?,
                self.content_of(intent, place.dir, place.manifest)?,
            );
            match (staged, manifest) {
                (Is::Absent, _) => return self.settle_backups(intent, place, manifest),
                (Is::After { ours: true }, _) | (Is::After { ours: false }, Is::After { .. }) => {
                    disk.unlink(place.new.0, place.new.1)?;
                }
                (Is::Other { ours: true }, Is::Before) => disk.unlink(place.new.0, place.new.1)?,
                // Where nothing is exchanged, only our own file was ever there.
                (Is::Other { .. }, _) if intent.way != Way::Exchange => {
                    disk.unlink(place.new.0, place.new.1)?;
                }
                (Is::Before, _) => self.finish_move(intent, path, place, recovery)?,
                (Is::Other { ours: false }, Is::After { .. }) => {
                    disk.exchange(place.new, (place.dir, place.manifest))
                        .or_else(|error| self.rescue(path, place, recovery).map_err(|_| error))?;
                }
                _ => self.rescue(path, place, recovery)?,
            }
        }
        Ok((Found::Left, None))
    }

    /// The original was displaced and has no backup name yet: it gets the first that is free.
    fn finish_move(
        &self,
        intent: &Intent,
        path: &TreePath,
        place: &Place<'_, D>,
        recovery: &mut Recovery,
    ) -> io::Result<()> {
        for backup in &intent.backups {
            match rename_to_free(&self.core.disk, place.new, (place.dir, backup.as_bytes())) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                other => return other,
            }
        }
        self.rescue(path, place, recovery)
    }

    fn rescue(
        &self,
        path: &TreePath,
        place: &Place<'_, D>,
        recovery: &mut Recovery,
    ) -> io::Result<()> {
        let kept = rescue(self.core, self.state, place.dir, place.new, place.manifest)?;
        recovery.rescued(Some(path), kept);
        Ok(())
    }

    /// Nothing is staged any more: tells what became of the manifest, and takes back a backup name that was given too early.
    fn settle_backups(
        &self,
        intent: &Intent,
        place: &Place<'_, D>,
        manifest: Is,
    ) -> io::Result<(Found, Option<String>)> {
        let disk = &self.core.disk;
        let mut kept = None;
        for backup in &intent.backups {
            if self.was_given_too_early(intent, place, backup, manifest)? {
                disk.unlink(place.dir, backup.as_bytes())?;
            } else if kept.is_none()
                && matches!(
                    self.content_of(intent, place.dir, backup.as_bytes())?,
                    Is::Before
                )
            {
                kept = Some(backup.clone());
            }
        }
        Ok(match (manifest, kept) {
            (Is::After { .. }, Some(backup)) => (Found::Finished, Some(backup)),
            (Is::Before, _) => (Found::Undone, None),
            (_, kept) => (Found::Left, kept),
        })
    }

    /// Whether a backup name is a second name of a manifest that was not replaced, or a copy of one.
    fn was_given_too_early(
        &self,
        intent: &Intent,
        place: &Place<'_, D>,
        backup: &str,
        manifest: Is,
    ) -> io::Result<bool> {
        if intent.way == Way::Exchange || matches!(manifest, Is::After { .. } | Is::Absent) {
            return Ok(false);
        }
        let disk = &self.core.disk;
        let named = match disk.stat_at(place.dir, backup.as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            other => other?,
        };
        let is_second_name = disk.stat_at(place.dir, place.manifest)?.inode == named.inode;
        Ok(is_second_name
            || (manifest == Is::Before && self.is_our_copy(intent, place, backup, named.inode)?))
    }

    /// Whether a file under a backup name is a copy that we began: by its inode, or because its bytes are the beginning of the manifest's.
    fn is_our_copy(
        &self,
        intent: &Intent,
        place: &Place<'_, D>,
        backup: &str,
        inode: u64,
    ) -> io::Result<bool> {
        let recorded = self.log.copy_for(intent);
        if recorded.is_some_and(|copy| copy.backup == backup && copy.inode == inode) {
            return Ok(true);
        }
        let disk = &self.core.disk;
        let read = |name: &[u8]| -> io::Result<Vec<u8>> {
            let mut bytes = Vec::new();
            let file = disk.open(place.dir, name, Crossing::Stay)?;
            disk.read(&file, &mut bytes, 4096, usize::MAX)?;
            Ok(bytes)
        };
        let manifest = read(place.manifest)?;
        Ok(read(backup.as_bytes()).is_ok_and(|copy| manifest.starts_with(&copy)))
    }

    fn content_of(&self, intent: &Intent, dir: &D::Dir, name: &[u8]) -> io::Result<Is> {
        Ok(match content(&self.core.disk, dir, name)? {
            Content::Absent => Is::Absent,
            Content::Opaque => Is::Other { ours: false },
            Content::File(digest, stat) => {
                // Only an exchange can bring a foreign file under the staged name; and not every file system keeps its inode numbers.
                let ours = intent.way != Way::Exchange
                    || intent.inode.is_none_or(|inode| inode == stat.inode);
                match digest.to_string() {
                    text if text == intent.after => Is::After { ours },
                    text if text == intent.before => Is::Before,
                    _ => Is::Other { ours },
                }
            }
        })
    }
}

/// Whether a directory is not there any more, or something else has its name.
pub(super) fn is_gone(error: &io::Error) -> bool {
    const LOOP: i32 = 40;
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    ) || error.raw_os_error() == Some(LOOP)
}
