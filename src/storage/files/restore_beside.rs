//! Restoring where two names cannot be exchanged: the original, or its copy, gets a name beside the manifest and is renamed over it.
//! Where names are not ordered a power cut may keep any of them: so the backup name goes last, once the original is durable in its place.
//! Invariant: nothing here leaves the original without a name, in whatever order its names reach the medium.

use std::io;
use std::sync::atomic::Ordering;

use super::core::FileStamp;
use super::disk::{Disk, Stat};
use super::error::{cannot_link, diagnose, if_there};
use super::parts::Way;
use super::protocol::Protocol;
use super::restore::{At, StagedOriginal, over};
use crate::digest::Digest;
use crate::path::Name;
use crate::report::Diagnosis;
use crate::storage::seam::Answer;
use crate::storage::trouble::changed_meanwhile;

impl<D: Disk> Protocol<D> {
    /// By link or copy, the first step: the original gets the name that the intent gives it.
    pub(super) fn set_beside(&self, dir: &D::Dir, one: &mut StagedOriginal<D>) -> At {
        if let Err(diagnosis) = self.check_both(dir, one) {
            return over(diagnosis);
        }
        let Some(staged) = one.part.staged.clone() else {
            return self.announce_next_way(one);
        };
        let made = match one.part.way {
            Way::Exchange | Way::Link => self.link_beside(dir, one, staged.name()),
            Way::Copy => self.copy_beside(dir, one, staged.name()),
        };
        let verb = "cannot give the original a second name";
        match made {
            Ok(Some(stat)) => At::Beside(stat),
            Ok(None) => self.take_from_beside(dir, one, changed_meanwhile()),
            Err(error) if one.part.way == Way::Link && cannot_link(&error) => {
                one.device.give_up(Way::Link);
                self.announce_next_way(one)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                over(diagnose(verb, &error))
            }
            Err(error) => self.take_from_beside(dir, one, diagnose(verb, &error)),
        }
    }

    /// Gives the original a second name. That the file system has no such call shows at the call itself only.
    fn link_beside(
        &self,
        dir: &D::Dir,
        one: &StagedOriginal<D>,
        staged: Name<'_>,
    ) -> io::Result<Option<Stat>> {
        let disk = self.disk();
        disk.link((dir, one.record.backup.name()), (dir, staged))?;
        let stat = disk.stat_at(dir, staged).map_err(|error| {
            // The name is there now, whatever the look at it said.
            io::Error::other(error.to_string())
        })?;
        Ok(one.backup_stamp.is_displaced(&stat).then_some(stat))
    }

    fn copy_beside(
        &self,
        dir: &D::Dir,
        one: &StagedOriginal<D>,
        staged: Name<'_>,
    ) -> io::Result<Option<Stat>> {
        let (disk, original) = (self.disk(), &one.backup_stamp.0);
        let (file, bytes) = self.core.read_whole(dir, one.record.backup.name())?;
        if Digest::of(&bytes) != one.record.after {
            return Ok(None);
        }
        let copy = disk.create(dir, staged)?;
        self.fill_copy(&copy, (&file, original), &bytes, one.device.sync)?;
        disk.stat(&copy).map(Some)
    }

    fn take_from_beside(&self, dir: &D::Dir, one: &StagedOriginal<D>, diagnosis: Diagnosis) -> At {
        if let Some(staged) = &one.part.staged
            && if_there(self.disk().unlink(dir, staged.name())).is_err()
        {
            self.leave_to_recovery();
        }
        At::Flushing(Answer::Not(diagnosis))
    }

    /// By link or copy, the second step: renames the original over the manifest.
    pub(super) fn replace_by_original(
        &self,
        dir: &D::Dir,
        one: &StagedOriginal<D>,
        beside: &Stat,
    ) -> At {
        let Some(staged) = &one.part.staged else {
            return over(changed_meanwhile());
        };
        let (staged, manifest) = (staged.name(), one.record.path.name());
        if let Err(diagnosis) = self.check_both(dir, one) {
            return self.take_from_beside(dir, one, diagnosis);
        }
        match self.holds(one, (dir, staged), &FileStamp(*beside), one.record.after) {
            Ok(Some(_)) => {}
            Ok(None) => return self.take_from_beside(dir, one, changed_meanwhile()),
            Err(error) => {
                let diagnosis = diagnose("cannot look at the original", &error);
                return self.take_from_beside(dir, one, diagnosis);
            }
        }
        self.has_renamed_over.store(true, Ordering::Relaxed);
        match self.disk().rename_over((dir, staged), (dir, manifest)) {
            Ok(()) => At::InPlace(*beside),
            Err(error) => {
                self.leave_to_recovery();
                let diagnosis = diagnose("cannot replace the manifest", &error);
                self.take_from_beside(dir, one, diagnosis)
            }
        }
    }

    /// By link or copy, the last step: removes the backup name while the original is in its place for certain.
    pub(super) fn remove_backup_name(
        &self,
        dir: &D::Dir,
        one: &StagedOriginal<D>,
        restored: &Stat,
    ) -> At {
        let backup = one.record.backup.name();
        let in_place = self.holds(
            one,
            (dir, one.record.path.name()),
            &FileStamp(*restored),
            one.record.after,
        );
        let kept = self.holds(one, (dir, backup), &one.backup_stamp, one.record.after);
        match (in_place, kept) {
            (Ok(Some(_)), Ok(Some(_))) => self.remove_name(dir, backup),
            (Err(error), _) | (_, Err(error)) => self.unsure(&error),
            _ => {
                // What was written to the original in its place stands under both names.
                self.leave_to_recovery();
                At::Flushing(Answer::Not(changed_meanwhile()))
            }
        }
    }
}
