//! Restoring where two names cannot be exchanged: the original, or its copy, gets a name beside the manifest and is renamed over it.
//!
//! Where names are not ordered a power cut may keep any of them: so the backup name goes last, once the original is durable in its place.
//!
//! Invariant: nothing here leaves the original without a name, in whatever order its names reach the medium.

use std::io;
use std::sync::atomic::Ordering;

use super::disk::{Disk, Stat};
use super::file_system::Stamp;
use super::restore::{At, Prepared, over};
use super::secure::cannot_link;
use super::stage::changed_meanwhile;
use super::transaction::FileTransaction;
use super::{Restored, trouble_of};
use crate::digest::Digest;
use crate::journal::Way;
use crate::report::Diagnosis;

impl<D: Disk> FileTransaction<D> {
    /// By link or copy, the first step: the original gets the name that the intent gives it.
    pub(super) fn set_beside(&self, dir: &D::Dir, one: &mut Prepared<D>) -> At {
        if let Err(trouble) = self.check_both(dir, one) {
            return over(trouble);
        }
        let Some(staged) = one.record.staged.clone() else {
            return self.announce_restore(one);
        };
        let made = match one.record.way {
            Way::Exchange | Way::Link => self.link_beside(dir, one, &staged),
            Way::Copy => self.copy_beside(dir, one, &staged),
        };
        match made {
            Ok(Some(stat)) => At::Beside(stat),
            Ok(None) => self.take_from_beside(dir, one, changed_meanwhile()),
            Err(error) if one.record.way == Way::Link && cannot_link(&error) => {
                one.device.lacks(Way::Link);
                self.announce_restore(one)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                over(trouble_of("cannot give the original a second name", &error))
            }
            Err(error) => {
                let trouble = trouble_of("cannot give the original a second name", &error);
                self.take_from_beside(dir, one, trouble)
            }
        }
    }

    fn link_beside(
        &self,
        dir: &D::Dir,
        one: &Prepared<D>,
        staged: &str,
    ) -> io::Result<Option<Stat>> {
        let disk = &self.core.disk;
        disk.link(
            (dir, one.record.backup.as_bytes()),
            (dir, staged.as_bytes()),
        )?;
        let stat = disk.stat_at(dir, staged.as_bytes())?;
        Ok(one.original.is_displaced(&stat).then_some(stat))
    }

    fn copy_beside(
        &self,
        dir: &D::Dir,
        one: &Prepared<D>,
        staged: &str,
    ) -> io::Result<Option<Stat>> {
        let (disk, original) = (&self.core.disk, &one.original.stat);
        let backup = one.record.backup.as_bytes();
        let (file, bytes) = self.read_whole(dir, backup, original)?;
        if Digest::of(&bytes) != one.after {
            return Ok(None);
        }
        let copy = disk.create(dir, staged.as_bytes())?;
        self.fill_copy(&copy, (&file, original), &bytes, one.device.sync)?;
        disk.stat(&copy).map(Some)
    }

    /// Removes the name beside the manifest again, which no manifest has yet.
    fn take_from_beside(&self, dir: &D::Dir, one: &Prepared<D>, trouble: Diagnosis) -> At {
        if let Some(staged) = &one.record.staged {
            match self.core.disk.unlink(dir, staged.as_bytes()) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => self.leave_to_recovery(),
                _ => {}
            }
        }
        At::Flushing(Restored::Not(trouble))
    }

    /// By link or copy, the second step: renames the original over the manifest.
    pub(super) fn replace_by_original(&self, dir: &D::Dir, one: &Prepared<D>, beside: &Stat) -> At {
        let disk = &self.core.disk;
        let staged = one.record.staged.as_deref().unwrap_or_default().as_bytes();
        let manifest = one.path.file_name();
        let stamp = Stamp { stat: *beside };
        if let Err(trouble) = self.check_both(dir, one) {
            return self.take_from_beside(dir, one, trouble);
        }
        if self.holds(one, (dir, staged), &stamp, one.after).is_none() {
            return self.take_from_beside(dir, one, changed_meanwhile());
        }
        self.has_renamed_over.store(true, Ordering::Relaxed);
        match disk.rename_over((dir, staged), (dir, manifest)) {
            Ok(()) => At::InPlace(*beside),
            Err(error) => {
                self.leave_to_recovery();
                let trouble = trouble_of("cannot replace the manifest", &error);
                self.take_from_beside(dir, one, trouble)
            }
        }
    }

    /// By link or copy, the last step: removes the backup name while the original is in its place for certain.
    pub(super) fn remove_backup_name(
        &self,
        dir: &D::Dir,
        one: &Prepared<D>,
        restored: &Stat,
    ) -> At {
        let backup = one.record.backup.as_bytes();
        let stamp = Stamp { stat: *restored };
        let in_place = self.holds(one, (dir, one.path.file_name()), &stamp, one.after);
        let kept = self.holds(one, (dir, backup), &one.original, one.after);
        if in_place.is_some() && kept.is_some() {
            return self.remove_name(dir, backup);
        }
        At::Flushing(Restored::Not(changed_meanwhile()))
    }
}
