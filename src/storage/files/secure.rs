//! Securing: what is made in run directories beforehand, and taking back what will not be put in place.
//! Invariant: every intent is durable before anything of it appears in a run directory. A manifest keeps its bytes and its name here; at most its original gets a second name or a copy.

use std::io;

use super::core::{FileContent, FileStamp};
use super::device::Sync;
use super::disk::{Crossing, Disk, Stat};
use super::error::{cannot_link, diagnose, gone_or, if_there, names_taken};
use super::parts::{CopyingPart, Way};
use super::protocol::Protocol;
use super::replacement::{NotStaged, Secured, Staged};
use crate::digest::Digest;
use crate::journal::{BackupId, Opaque, Record, StorageNote};
use crate::report::Diagnosis;
use crate::storage::results::Ticket;
use crate::storage::trouble::changed_meanwhile;

enum Kept {
    As(BackupId),
    Not(Diagnosis),
}

impl<D: Disk> Protocol<D> {
    /// Writes the new files that stand beside manifests and makes the backups that are made beforehand; what cannot have them is answered.
    pub(super) fn secure(&self, batch: Vec<(Ticket, Staged<D>)>) -> Vec<(Ticket, Secured<D>)> {
        let is_early = |one: &Staged<D>| one.way != Way::Exchange || one.unwritten.is_some();
        if batch.iter().any(|(_, one)| is_early(one)) && !self.has_failed() {
            // Where this fails, nothing more is made.
            let _storage_failed = self.sync_journal();
        }
        let answers = self.in_parallel(batch, |(ticket, staged)| (ticket, self.secure_one(staged)));
        let mut secured = Vec::with_capacity(answers.len());
        for (ticket, answer) in answers {
            match answer {
                Ok(one) => secured.push((ticket, one)),
                Err(why) => self.answer_not_staged(ticket, why),
            }
        }
        secured
    }

    fn secure_one(&self, mut staged: Staged<D>) -> Result<Secured<D>, NotStaged> {
        if self.stopped().is_some() {
            return Ok(Secured::plain(staged));
        }
        self.write_beside(&mut staged)?;
        match staged.way {
            Way::Exchange => Ok(Secured::plain(staged)),
            Way::Link | Way::Copy => self.keep_original(staged).map_err(NotStaged::Trouble),
        }
    }

    /// Gives the original its backup name, as a second name or a copy, before the manifest is replaced.
    fn keep_original(&self, mut staged: Staged<D>) -> Result<Secured<D>, Diagnosis> {
        let disk = self.disk();
        let dir = self.core.run_dir(&staged.path);
        let dir = dir.inspect_err(|_| self.remove_staged(&staged))?;
        let kept = match staged.way {
            Way::Copy => self.copy_original(&dir, &staged),
            Way::Exchange | Way::Link => match self.link_original(&dir, &staged) {
                Err(error) if cannot_link(&error) => {
                    staged.device.give_up(Way::Link);
                    staged.way = Way::Copy;
                    self.copy_original(&dir, &staged)
                }
                other => other,
            },
        };
        let (backup, stat) = match kept {
            Ok(Kept::As(backup)) => (backup, disk.stat_at(&dir, staged.path.name())),
            Ok(Kept::Not(diagnosis)) => {
                self.remove_staged(&staged);
                return Err(diagnosis);
            }
            Err(error) => {
                // The name may have been made all the same.
                self.leave_to_recovery();
                self.remove_staged(&staged);
                let verb = "cannot keep the original under a backup name";
                let diagnosis = diagnose(verb, &error);
                self.stop_if_full(&staged.path, &diagnosis);
                return Err(diagnosis);
            }
        };
        let secured = Secured {
            stamp: FileStamp(*stat.as_ref().unwrap_or(&staged.stamp.0)),
            backup: Some(backup),
            staged,
        };
        let is_same = match stat {
            Ok(stat) if secured.staged.stamp.is_displaced(&stat) => Ok(()),
            Ok(_) => Err(changed_meanwhile()),
            Err(error) => Err(gone_or("cannot look at the manifest", &error)),
        };
        if let Err(diagnosis) = is_same {
            self.take_back(&secured);
            return Err(diagnosis);
        }
        if secured.staged.device.sync == Sync::File
            && let Err(error) = disk.sync_dir(&dir)
        {
            self.fail_at(
                &secured.staged.path,
                "cannot flush the run directory",
                &error,
            );
        }
        Ok(secured)
    }

    fn link_original(&self, dir: &D::Dir, staged: &Staged<D>) -> io::Result<Kept> {
        let name = staged.path.name();
        for backup in &staged.backups {
            match self.disk().link((dir, name), (dir, backup.name())) {
                Ok(()) => return Ok(Kept::As(backup.clone())),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Kept::Not(names_taken()))
    }

    fn copy_original(&self, dir: &D::Dir, staged: &Staged<D>) -> io::Result<Kept> {
        let disk = self.disk();
        let (manifest, bytes) = self.core.read_whole(dir, staged.path.name())?;
        if Digest::of(&bytes) != staged.before {
            return Ok(Kept::Not(changed_meanwhile()));
        }
        for backup in &staged.backups {
            let copy = match disk.create(dir, backup.name()) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                other => other?,
            };
            let made = self.write_copy((backup, &copy), (&manifest, &bytes), staged);
            if made.is_err() {
                self.unlink_quietly(dir, backup.name());
                self.keep_undone(dir, staged);
            }
            return made.map(|()| Kept::As(backup.clone()));
        }
        Ok(Kept::Not(names_taken()))
    }

    fn write_copy(
        &self,
        (backup, copy): (&BackupId, &D::File),
        (manifest, bytes): (&D::File, &[u8]),
        staged: &Staged<D>,
    ) -> io::Result<()> {
        let part = CopyingPart {
            backup: backup.clone(),
            inode: self.disk().stat(copy)?.inode,
        };
        self.append(&Record::Storage(StorageNote {
            path: staged.path.clone(),
            storage: Opaque::of(&part),
        }));
        // Durable before the first byte, so that what a crash leaves under the name is known to be ours, or empty.
        self.sync_journal()?;
        self.fill_copy(copy, (manifest, &staged.stamp.0), bytes, staged.device.sync)
    }

    pub(super) fn fill_copy(
        &self,
        copy: &D::File,
        (from, stat): (&D::File, &Stat),
        bytes: &[u8],
        sync: Sync,
    ) -> io::Result<()> {
        let disk = self.disk();
        disk.write(copy, bytes)?;
        disk.copy_metadata(from, stat, copy)
            .map_err(io::Error::other)?;
        disk.set_times(copy, stat.accessed, stat.modified)?;
        match sync {
            Sync::None => Ok(()),
            Sync::Batch | Sync::File => disk.sync_file(copy),
        }
    }

    pub(super) fn take_back(&self, secured: &Secured<D>) {
        let staged = &secured.staged;
        self.remove_staged(staged);
        let Some(backup) = &secured.backup else {
            return;
        };
        let Ok(dir) = self.core.open_dir(staged.path.parent()) else {
            return self.leave_to_recovery();
        };
        match self.is_second_name(&dir, staged, backup) {
            Ok(true) => {
                self.unlink_quietly(&dir, backup.name());
                return self.keep_undone(&dir, staged);
            }
            Ok(false) => {}
            Err(_) => return self.leave_to_recovery(),
        }
        // A copy goes only where its bytes stand in the manifest for certain.
        let manifest = self.core.content(&dir, staged.path.name());
        let kept = self.core.content(&dir, backup.name());
        match (manifest, kept) {
            (Ok(FileContent::File(manifest, _)), Ok(FileContent::File(kept, _))) => {
                if manifest == kept && manifest == staged.before {
                    self.unlink_quietly(&dir, backup.name());
                    self.keep_undone(&dir, staged);
                }
            }
            (Ok(_), Ok(_)) => {}
            _ => self.leave_to_recovery(),
        }
    }

    /// Removes a new file. Beside a manifest that must be durable, too: once the operation has ended nobody looks there again.
    pub(super) fn unlink_new(&self, dir: &D::Dir, staged: &Staged<D>) {
        self.unlink_quietly(dir, staged.name.name());
        if staged.beside {
            self.keep_undone(dir, staged);
        }
    }

    /// Makes it durable that a name is gone, before the staging directory goes, which says that recovery has to look.
    fn keep_undone(&self, dir: &D::Dir, staged: &Staged<D>) {
        let must = staged.device.sync != Sync::None && !self.has_failed();
        if must && self.disk().sync_dir(dir).is_err() {
            self.leave_to_recovery();
        }
    }

    /// Returns true if a backup name is just another name of the manifest, whatever was written to it since.
    fn is_second_name(
        &self,
        dir: &D::Dir,
        staged: &Staged<D>,
        backup: &BackupId,
    ) -> io::Result<bool> {
        let look = |name| if_there(self.disk().stat_at(dir, name));
        let Some(manifest) = look(staged.path.name())? else {
            return Ok(false);
        };
        Ok(look(backup.name())?.is_some_and(|kept| kept.inode == manifest.inode))
    }

    pub(super) fn sync_existing(
        &self,
        dir: &D::Dir,
        name: crate::path::Name<'_>,
    ) -> io::Result<()> {
        let file = self.disk().open(dir, name.as_bytes(), Crossing::Stay)?;
        self.disk().sync_file(&file)
    }
}
