//! Publishing: the new file takes the manifest's place, the original goes to its backup name.
//!
//! Invariant: whatever fails, the manifest's name has the old bytes or the new ones, and no version that anybody wrote is gone.

use std::io;
use std::sync::atomic::Ordering;

use super::disk::{Disk, Stat};
use super::rescue::rescue;
use super::secure::Secured;
use super::stage::{Content, changed_meanwhile, content};
use super::transaction::{FileTransaction, Sync};
use super::{Published, is_not_supported, trouble_of};
use crate::code::Code;
use crate::journal::Way;
use crate::report::Diagnosis;

impl<D: Disk> FileTransaction<D> {
    pub(super) fn publish_one(&self, secured: &Secured<D>) -> Published {
        let disk = &self.core.disk;
        let staged = &secured.staged;
        if self.has_failed() {
            self.take_back(secured);
            return Published::Skipped;
        }
        let dir = match disk.open_dir(&self.core.root, staged.path.parent(), self.core.crossing) {
            Ok(dir) => dir,
            Err(error) => {
                self.take_back(secured);
                return Published::Not(trouble_of("cannot open the run directory", &error));
            }
        };
        match disk.stat_at(&dir, staged.path.file_name()) {
            Ok(stat) if secured.stamp.is(&stat) => {}
            Ok(_) => {
                self.take_back(secured);
                return Published::Not(changed_meanwhile());
            }
            Err(error) => {
                self.take_back(secured);
                return Published::Not(match error.kind() {
                    io::ErrorKind::NotFound => gone(),
                    _ => trouble_of("cannot look at the manifest", &error),
                });
            }
        }
        let published = match staged.way {
            Way::Exchange => self.exchange(&dir, secured),
            Way::Link | Way::Copy => self.replace(&dir, secured),
        };
        if staged.device.sync == Sync::File
            && matches!(published, Published::Done { .. })
            && let Err(error) = disk.sync_dir(&dir)
        {
            self.fail("cannot flush a run directory", &error);
            return Published::Not(Diagnosis::new(
                Code::NotDurable,
                format!("it was replaced, but its directory could not be flushed: {error}"),
            ));
        }
        published
    }

    /// Where the new file stands until it is published.
    fn staged_in<'d>(&'d self, dir: &'d D::Dir, secured: &Secured<D>) -> &'d D::Dir {
        if secured.staged.beside {
            dir
        } else {
            &self.staging
        }
    }

    /// Exchange, look at what was displaced, move it to its backup name.
    fn exchange(&self, dir: &D::Dir, secured: &Secured<D>) -> Published {
        let disk = &self.core.disk;
        let staged = &secured.staged;
        let manifest = (dir, staged.path.file_name());
        let new = (self.staged_in(dir, secured), staged.name.as_bytes());
        if let Err(error) = disk.exchange(new, manifest) {
            return self.cannot_replace(secured, Way::Exchange, &error);
        }
        match disk.stat_at(new.0, new.1) {
            Ok(displaced) if self.is_what_was_read(secured, new, &displaced) => {}
            _ => return self.exchange_back(dir, secured, changed_meanwhile()),
        }
        for backup in &staged.backups {
            match disk.rename_new(new, (dir, backup.as_bytes())) {
                Ok(()) => {
                    return Published::Done {
                        backup: backup.clone(),
                    };
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    let trouble = trouble_of("cannot move the original to its backup name", &error);
                    return self.exchange_back(dir, secured, trouble);
                }
            }
        }
        let trouble = Diagnosis::new(
            Code::BackupNameTaken,
            "the backup names that were free are taken now".to_owned(),
        );
        self.exchange_back(dir, secured, trouble)
    }

    /// Whether the displaced file is what was read, by its inode, and by its content where two writes can leave the same time.
    fn is_what_was_read(
        &self,
        secured: &Secured<D>,
        displaced: (&D::Dir, &[u8]),
        stat: &Stat,
    ) -> bool {
        secured.staged.stamp.is_displaced(stat)
            && (secured.staged.device.fine_times || {
                let found = content(&self.core.disk, displaced.0, displaced.1);
                matches!(found, Ok(Content::File(digest, _)) if digest == secured.staged.before)
            })
    }

    /// Puts the displaced file back in its place; what stands under the staged name then must be the file that was staged.
    fn exchange_back(&self, dir: &D::Dir, secured: &Secured<D>, trouble: Diagnosis) -> Published {
        let disk = &self.core.disk;
        let staged = &secured.staged;
        let new = (self.staged_in(dir, secured), staged.name.as_bytes());
        let back = disk.exchange(new, (dir, staged.path.file_name()));
        let ours = disk.stat_at(new.0, new.1);
        if back.is_ok() && ours.is_ok_and(|stat| staged.is_own(&stat)) {
            self.unlink_quietly(new.0, &staged.name);
            return Published::Not(trouble);
        }
        match rescue(&self.core, &self.state, dir, new, staged.path.file_name()) {
            Ok(Some(name)) => Published::Not(Diagnosis::new(
                Code::Rescued,
                format!(
                    "somebody replaced it meanwhile; the version that was displaced is kept as `{name}`"
                ),
            )),
            Ok(None) => Published::Not(trouble),
            Err(error) => Published::Not(Diagnosis::new(
                Code::IoError,
                format!(
                    "a displaced version stays in the staging directory until the next operation: {error}"
                ),
            )),
        }
    }

    /// Renames the new file over the manifest, whose original has its backup name already.
    fn replace(&self, dir: &D::Dir, secured: &Secured<D>) -> Published {
        let disk = &self.core.disk;
        let staged = &secured.staged;
        let name = staged.path.file_name();
        if !secured.staged.device.fine_times {
            let found = content(disk, dir, name);
            if !matches!(found, Ok(Content::File(digest, _)) if digest == staged.before) {
                self.take_back(secured);
                return Published::Not(changed_meanwhile());
            }
        }
        let new = (self.staged_in(dir, secured), staged.name.as_bytes());
        self.has_renamed_over.store(true, Ordering::Relaxed);
        match (disk.rename_over(new, (dir, name)), &secured.backup) {
            (Ok(()), Some(backup)) => Published::Done {
                backup: backup.clone(),
            },
            (Ok(()), None) => Published::Not(Diagnosis::new(
                Code::IoError,
                "it was replaced without a backup name".to_owned(),
            )),
            (Err(error), _) => self.cannot_replace(secured, staged.way, &error),
        }
    }

    /// The manifest is as it was; another way is taken where this one does not work.
    fn cannot_replace(&self, secured: &Secured<D>, way: Way, error: &io::Error) -> Published {
        let staged = &secured.staged;
        self.take_back(secured);
        match error.kind() {
            io::ErrorKind::CrossesDevices if !staged.beside => {
                self.stage_beside_from_now_on(staged.path.parent());
                self.again()
            }
            io::ErrorKind::NotFound => Published::Not(gone()),
            _ if way == Way::Exchange && is_not_supported(error) => {
                staged.device.lacks(Way::Exchange);
                self.again()
            }
            _ => Published::Not(trouble_of("cannot replace the manifest", error)),
        }
    }

    fn again(&self) -> Published {
        self.tries.fetch_add(1, Ordering::Relaxed);
        Published::Again
    }
}

fn gone() -> Diagnosis {
    Diagnosis::new(
        Code::ChangedMeanwhile,
        "somebody removed it after it was read".to_owned(),
    )
}
