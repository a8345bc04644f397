//! Publishing: the new file takes the manifest's place, the original goes to its backup name.
//! Invariant: whatever fails, the manifest's name has the old bytes or the new ones, and no version that anybody wrote is gone.

use std::io;
use std::sync::atomic::Ordering;

use super::core::FileContent;
use super::device::Sync;
use super::disk::{Disk, Stat};
use super::error::{diagnose, gone_or, is_not_supported, names_taken};
use super::parts::Way;
use super::protocol::Protocol;
use super::replacement::Secured;
use super::rescue::rescue;
use crate::code::Code;
use crate::journal::BackupId;
use crate::path::Name;
use crate::report::Diagnosis;
use crate::storage::trouble::changed_meanwhile;

pub(super) enum Published {
    /// It is in place; durable after the next flush.
    Done(BackupId),
    Not(Diagnosis),
    /// It was not tried: the storage had failed before its turn.
    Skipped,
    /// It is not, because the way taken does not work there. The new file is staged still.
    Again,
}

impl<D: Disk> Protocol<D> {
    pub(super) fn publish(&self, secured: &Secured<D>) -> Published {
        let disk = self.disk();
        let staged = &secured.staged;
        if self.has_failed() {
            self.take_back(secured);
            return Published::Skipped;
        }
        let dir = self.core.run_dir(&staged.path);
        let looked = dir.and_then(|dir| match disk.stat_at(&dir, staged.path.name()) {
            Ok(stat) if secured.stamp.is(&stat) => Ok(dir),
            Ok(_) => Err(changed_meanwhile()),
            Err(error) => Err(gone_or("cannot look at the manifest", &error)),
        });
        let dir = match looked {
            Ok(dir) => dir,
            Err(diagnosis) => {
                self.take_back(secured);
                return Published::Not(diagnosis);
            }
        };
        let published = match staged.way {
            Way::Exchange => self.exchange(&dir, secured),
            Way::Link | Way::Copy => self.replace_by_name(&dir, secured),
        };
        if staged.device.sync == Sync::File
            && matches!(published, Published::Done(_))
            && let Err(error) = disk.sync_dir(&dir)
        {
            self.fail_at(&staged.path, "cannot flush the run directory", &error);
            return Published::Not(Diagnosis::new(
                Code::NotDurable,
                format!("it was replaced, but its directory could not be flushed: {error}"),
            ));
        }
        published
    }

    fn new_file<'d>(&'d self, dir: &'d D::Dir, secured: &'d Secured<D>) -> (&'d D::Dir, Name<'d>) {
        let at = if secured.staged.beside {
            dir
        } else {
            &self.staging
        };
        (at, secured.staged.name.name())
    }

    /// Exchange, look at what was displaced, move it to its backup name.
    fn exchange(&self, dir: &D::Dir, secured: &Secured<D>) -> Published {
        let disk = self.disk();
        let staged = &secured.staged;
        let new = self.new_file(dir, secured);
        if let Err(error) = disk.exchange(new, (dir, staged.path.name())) {
            return self.cannot_replace(secured, Way::Exchange, &error);
        }
        let displaced = disk
            .stat_at(new.0, new.1)
            .and_then(|stat| self.is_what_was_read(secured, new, &stat));
        match displaced {
            Ok(true) => {}
            Ok(false) => return self.exchange_back(dir, secured, changed_meanwhile()),
            Err(error) => {
                let diagnosis = diagnose("cannot look at what was displaced", &error);
                return self.exchange_back(dir, secured, diagnosis);
            }
        }
        for backup in &staged.backups {
            match disk.rename_new(new, (dir, backup.name())) {
                Ok(()) => return Published::Done(backup.clone()),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    let diagnosis = diagnose("cannot move the original to its backup name", &error);
                    return self.exchange_back(dir, secured, diagnosis);
                }
            }
        }
        self.exchange_back(dir, secured, names_taken())
    }

    /// Returns true if the displaced file is what was read, by its inode, and by its content where two writes can leave the same time.
    fn is_what_was_read(
        &self,
        secured: &Secured<D>,
        (dir, name): (&D::Dir, Name<'_>),
        stat: &Stat,
    ) -> io::Result<bool> {
        let staged = &secured.staged;
        if !staged.stamp.is_displaced(stat) || staged.device.fine_times {
            return Ok(staged.stamp.is_displaced(stat));
        }
        self.core.has_bytes(dir, name, staged.before)
    }

    /// Puts the displaced file back in its place; what stands under the staged name then must be the file that was staged.
    fn exchange_back(&self, dir: &D::Dir, secured: &Secured<D>, diagnosis: Diagnosis) -> Published {
        let disk = self.disk();
        let staged = &secured.staged;
        let new = self.new_file(dir, secured);
        let back = disk.exchange(new, (dir, staged.path.name()));
        match (back, disk.stat_at(new.0, new.1)) {
            (Ok(()), Ok(stat)) if staged.is_own(&stat) => {
                self.unlink_new(new.0, staged);
                return Published::Not(diagnosis);
            }
            // Whether somebody changed something is not known: recovery looks, before the operation ends.
            (Err(error), _) | (_, Err(error)) => {
                self.leave_to_recovery();
                return Published::Not(Diagnosis {
                    code: Code::IoError,
                    message: format!(
                        "{}, and it could not be put back at once: {error}",
                        diagnosis.message
                    ),
                    ..diagnosis
                });
            }
            (Ok(()), Ok(_)) => {}
        }
        match rescue(&self.core, &self.state, new, (dir, staged.path.name())) {
            Ok(Some(name)) => Published::Not(Diagnosis::new(
                Code::Rescued,
                format!(
                    "somebody replaced it meanwhile; the version that was displaced is kept as `{name}`"
                ),
            )),
            Ok(None) => Published::Not(diagnosis),
            Err(error) => {
                self.leave_to_recovery();
                Published::Not(Diagnosis::new(
                    Code::IoError,
                    format!(
                        "a displaced version stays in the staging directory until the next operation: {error}"
                    ),
                ))
            }
        }
    }

    /// Renames the new file over the manifest, whose original has its backup name already.
    fn replace_by_name(&self, dir: &D::Dir, secured: &Secured<D>) -> Published {
        let disk = self.disk();
        let staged = &secured.staged;
        let name = staged.path.name();
        if !staged.device.fine_times {
            let is_same = match self.core.content(dir, name) {
                Ok(FileContent::File(digest, _)) => Ok(digest == staged.before),
                Ok(_) => Ok(false),
                Err(error) => Err(diagnose("cannot look at the manifest", &error)),
            };
            if !matches!(is_same, Ok(true)) {
                self.take_back(secured);
                return Published::Not(is_same.err().unwrap_or_else(changed_meanwhile));
            }
        }
        let Some(backup) = &secured.backup else {
            self.take_back(secured);
            return Published::Not(Diagnosis::new(Code::IoError, "it has no backup yet"));
        };
        self.has_renamed_over.store(true, Ordering::Relaxed);
        match disk.rename_over(self.new_file(dir, secured), (dir, name)) {
            Ok(()) => Published::Done(backup.clone()),
            Err(error) => self.cannot_replace(secured, staged.way, &error),
        }
    }

    /// Another way is taken where this one does not work; after any other error recovery looks.
    fn cannot_replace(&self, secured: &Secured<D>, way: Way, error: &io::Error) -> Published {
        let staged = &secured.staged;
        match error.kind() {
            io::ErrorKind::CrossesDevices if !staged.beside => {
                self.stage_beside_from_now_on(staged.path.parent());
                return Published::Again;
            }
            _ if way == Way::Exchange && is_not_supported(error) => {
                staged.device.give_up(Way::Exchange);
                return Published::Again;
            }
            _ => {}
        }
        // It may have been replaced all the same: a reply can get lost on a network.
        self.leave_to_recovery();
        self.take_back(secured);
        Published::Not(gone_or("cannot replace the manifest", error))
    }
}
