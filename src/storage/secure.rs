//! Securing: everything staged becomes durable, with the backups of the ways that make them beforehand.
//!
//! Invariant: a manifest keeps its bytes and its name here; at most its original gets a second name or a copy.

use std::io;

use rayon::prelude::*;

use super::disk::{Crossing, Disk, Stat};
use super::file_system::Stamp;
use super::stage::{Content, Staged, changed_meanwhile, content};
use super::transaction::{FileTransaction, Sync};
use super::{storage_failed, trouble_of};
use crate::code::Code;
use crate::journal::{Copying, Record, RecordedPath, Way};
use crate::json::MAX_BYTES;
use crate::report::{Diagnosis, Stop};

/// A new file that is durable, but not visible.
pub struct Secured<D: Disk> {
    pub(super) staged: Box<Staged<D>>,
    /// The manifest as it must still be when it is replaced.
    pub(super) stamp: Stamp,
    /// The backup name that was given already, by the ways that do so.
    pub(super) backup: Option<String>,
}

/// Why a backup could not be made beforehand.
enum Kept {
    /// Under this name.
    Under(String),
    /// Not, and so the manifest is in trouble.
    Not(Diagnosis),
}

impl<D: Disk> FileTransaction<D> {
    #[expect(clippy::vec_box, reason = "thousands are moved from vector to vector")]
    pub(super) fn secure_all(
        &self,
        staged: Vec<Box<Staged<D>>>,
    ) -> Result<Vec<Result<Secured<D>, Diagnosis>>, Stop> {
        if self.has_failed() {
            let count = staged.len();
            self.give_up(staged.into_iter().map(Secured::plain).collect());
            return Err(Stop::new(
                Code::StorageFailed,
                format!("the storage has failed; {count} new files were removed"),
            ));
        }
        let early = staged.iter().any(|one| one.way != Way::Exchange);
        if early && let Err(error) = self.sync_intents() {
            self.give_up(staged.into_iter().map(Secured::plain).collect());
            return Err(self.fail("cannot make the journal durable", &error));
        }
        let (answers, stops): (Vec<_>, Vec<_>) = staged
            .into_par_iter()
            .map(|one| match one.way {
                Way::Exchange => (Ok(Secured::plain(one)), None),
                Way::Link | Way::Copy => self.keep_original(one),
            })
            .unzip();
        let flushed = match stops.into_iter().flatten().next() {
            Some(stop) => Err(stop),
            None => self
                .flush()
                .map_err(|error| self.fail("cannot make the new files durable", &error)),
        };
        match flushed {
            Ok(()) => Ok(answers),
            Err(stop) => {
                self.give_up(answers.into_iter().filter_map(Result::ok).collect());
                Err(stop)
            }
        }
    }

    /// Makes the intents durable before anything beside a manifest is made.
    fn sync_intents(&self) -> io::Result<()> {
        let devices = self
            .devices
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let sync = devices.get(&self.staging_device).map(|device| device.sync);
        drop(devices);
        let mut journal = self.journal();
        match sync {
            Some(Sync::None) => journal.write_out(&self.core.disk),
            _ => journal.sync(&self.core.disk),
        }
    }

    /// Gives the original its backup name, as a second name or a copy, before the manifest is replaced.
    fn keep_original(
        &self,
        mut staged: Box<Staged<D>>,
    ) -> (Result<Secured<D>, Diagnosis>, Option<Stop>) {
        let disk = &self.core.disk;
        let path = staged.path.clone();
        let dir = match disk.open_dir(&self.core.root, path.parent(), self.core.crossing) {
            Ok(dir) => dir,
            Err(error) => {
                self.remove_staged(&staged);
                return (
                    Err(trouble_of("cannot open the run directory", &error)),
                    None,
                );
            }
        };
        let kept = match staged.way {
            Way::Copy => self.copy_original(&dir, &staged),
            Way::Exchange | Way::Link => match self.link_original(&dir, &staged) {
                Err(error) if cannot_link(&error) => {
                    staged.device.lacks(Way::Link);
                    staged.way = Way::Copy;
                    self.copy_original(&dir, &staged)
                }
                other => other,
            },
        };
        let failed = |error: io::Error| {
            let trouble = trouble_of("cannot keep the original under a backup name", &error);
            let stop = (trouble.code == Code::NoSpace)
                .then(|| self.fail("cannot keep the original under a backup name", &error));
            (Err(trouble), stop)
        };
        let (backup, stamp) = match kept {
            Ok(Kept::Under(name)) => (name, disk.stat_at(&dir, path.file_name())),
            Ok(Kept::Not(trouble)) => {
                self.remove_staged(&staged);
                return (Err(trouble), None);
            }
            Err(error) => {
                self.remove_staged(&staged);
                return failed(error);
            }
        };
        let secured = Secured {
            stamp: Stamp {
                stat: stamp.as_ref().map_or(staged.stamp.stat, |stat| *stat),
            },
            backup: Some(backup),
            staged,
        };
        if !stamp.is_ok_and(|stat| secured.staged.stamp.is_displaced(&stat)) {
            self.take_back(&secured);
            return (Err(changed_meanwhile()), None);
        }
        if secured.staged.device.sync == Sync::File
            && let Err(error) = disk.sync_dir(&dir)
        {
            let stop = storage_failed("cannot flush a run directory", &error);
            return (Ok(secured), Some(stop));
        }
        (Ok(secured), None)
    }

    fn link_original(&self, dir: &D::Dir, staged: &Staged<D>) -> io::Result<Kept> {
        let name = staged.path.file_name();
        for backup in &staged.backups {
            match self.core.disk.link((dir, name), (dir, backup.as_bytes())) {
                Ok(()) => return Ok(Kept::Under(backup.clone())),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Kept::Not(names_taken()))
    }

    fn copy_original(&self, dir: &D::Dir, staged: &Staged<D>) -> io::Result<Kept> {
        let disk = &self.core.disk;
        let (manifest, bytes) =
            self.read_whole(dir, staged.path.file_name(), &staged.stamp.stat)?;
        if crate::digest::Digest::of(&bytes) != staged.before {
            return Ok(Kept::Not(changed_meanwhile()));
        }
        for backup in &staged.backups {
            let copy = match disk.create(dir, backup.as_bytes()) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                other => other?,
            };
            let made = self.write_copy(&copy, &manifest, staged, backup, &bytes);
            if made.is_err() {
                self.unlink_quietly(dir, backup);
                self.keep_undone(dir, staged);
            }
            return made
                .map(|trouble| trouble.map_or_else(|| Kept::Under(backup.clone()), Kept::Not));
        }
        Ok(Kept::Not(names_taken()))
    }

    /// Writes a copy of the original; gives the trouble that its metadata make, if they do.
    fn write_copy(
        &self,
        copy: &D::File,
        manifest: &D::File,
        staged: &Staged<D>,
        backup: &str,
        bytes: &[u8],
    ) -> io::Result<Option<Diagnosis>> {
        let disk = &self.core.disk;
        let stat = &staged.stamp.stat;
        let mut journal = self.journal();
        journal.append(&Record::Copying(Copying {
            path: RecordedPath::new(&staged.path),
            backup: backup.to_owned(),
            inode: disk.stat(copy)?.inode,
        }));
        // Durable before the first byte, so that what a crash leaves under the name is known to be ours, or empty.
        if staged.device.sync == Sync::None {
            journal.write_out(disk)?;
        } else {
            journal.sync(disk)?;
        }
        drop(journal);
        self.fill_copy(copy, (manifest, stat), bytes, staged.device.sync)?;
        Ok(None)
    }

    /// Opens and reads a file that has that size.
    pub(super) fn read_whole(
        &self,
        dir: &D::Dir,
        name: &[u8],
        stat: &Stat,
    ) -> io::Result<(D::File, Vec<u8>)> {
        let disk = &self.core.disk;
        let file = disk.open(dir, name, Crossing::Stay)?;
        let size = usize::try_from(stat.size).unwrap_or(usize::MAX);
        let mut bytes = Vec::new();
        disk.read(&file, &mut bytes, size.min(MAX_BYTES), MAX_BYTES)?;
        Ok((file, bytes))
    }

    /// Writes a copy of a file's bytes, with its mode, owner, attributes and times, and flushes it.
    pub(super) fn fill_copy(
        &self,
        copy: &D::File,
        (from, stat): (&D::File, &Stat),
        bytes: &[u8],
        sync: Sync,
    ) -> io::Result<()> {
        let disk = &self.core.disk;
        disk.write(copy, bytes)?;
        disk.copy_metadata(from, stat, copy)
            .map_err(io::Error::other)?;
        disk.set_times(copy, stat.accessed, stat.modified)?;
        match sync {
            Sync::None => Ok(()),
            Sync::Batch | Sync::File => disk.sync_file(copy),
        }
    }

    /// Undoes what staging and securing did for a manifest that will not be replaced.
    pub(super) fn take_back(&self, secured: &Secured<D>) {
        let disk = &self.core.disk;
        let staged = &secured.staged;
        self.remove_staged(staged);
        let Some(backup) = &secured.backup else {
            return;
        };
        let Ok(dir) = disk.open_dir(&self.core.root, staged.path.parent(), self.core.crossing)
        else {
            return self.leave_to_recovery();
        };
        if self.unlink_second_name(&dir, staged, backup) {
            return self.keep_undone(&dir, staged);
        }
        // A copy goes only where its bytes stand in the manifest for certain.
        let manifest = content(disk, &dir, staged.path.file_name());
        let kept = content(disk, &dir, backup.as_bytes());
        if let (Ok(Content::File(manifest, _)), Ok(Content::File(kept, _))) = (manifest, kept)
            && manifest == kept
            && manifest == staged.before
        {
            self.unlink_quietly(&dir, backup);
            self.keep_undone(&dir, staged);
        }
    }

    /// Makes it durable that a backup name is gone, before the staging directory goes, which says that recovery has to look.
    fn keep_undone(&self, dir: &D::Dir, staged: &Staged<D>) {
        let must = staged.device.sync != Sync::None && !self.has_failed();
        if must && self.core.disk.sync_dir(dir).is_err() {
            self.leave_to_recovery();
        }
    }

    /// Takes a backup name away that is just another name of the manifest, whatever was written to it since.
    fn unlink_second_name(&self, dir: &D::Dir, staged: &Staged<D>, backup: &str) -> bool {
        let disk = &self.core.disk;
        let inode = |name: &[u8]| disk.stat_at(dir, name).ok().map(|stat| stat.inode);
        let manifest = inode(staged.path.file_name());
        let is_second = manifest.is_some() && manifest == inode(backup.as_bytes());
        if is_second {
            self.unlink_quietly(dir, backup);
        }
        is_second
    }

    fn give_up(&self, secured: Vec<Secured<D>>) {
        for one in secured {
            self.take_back(&one);
        }
    }
}

impl<D: Disk> Secured<D> {
    /// Where nothing had to be done beforehand.
    fn plain(staged: Box<Staged<D>>) -> Self {
        Self {
            stamp: staged.stamp,
            backup: None,
            staged,
        }
    }
}

/// Whether the file system cannot give a file a second name.
pub(super) fn cannot_link(error: &io::Error) -> bool {
    const TOO_MANY_LINKS: i32 = 31;
    matches!(
        error.kind(),
        io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
    ) || matches!(error.raw_os_error(), Some(TOO_MANY_LINKS))
        || super::is_not_supported(error)
}

fn names_taken() -> Diagnosis {
    Diagnosis::new(
        Code::BackupNameTaken,
        "the backup names that were free are taken now".to_owned(),
    )
}
