//! Restoring: the original comes back from its backup name, and the file that had its place goes.
//! A batch goes step by step, with a flush before each: each step relies on durable ones. By exchange: exchange manifest and backup; remove the displaced file. By link or copy, in `restore_beside`: give the original a name beside the manifest; rename that over the manifest; remove the backup name.
//! Invariant: until a flush has made the original durable in its place, its backup name or a name that an intent gives keeps it.

use std::io;
use std::mem;
use std::sync::Arc;

use super::batch::Batch;
use super::core::FileStamp;
use super::device::{Device, Sync};
use super::directory::stamp_of;
use super::disk::{Disk, Stat};
use super::error::{diagnose, gone_or, if_there, is_not_supported};
use super::names;
use super::parts::{RestoringPart, Way};
use super::permit;
use super::protocol::Protocol;
use super::rescue::rescue;
use crate::code::Code;
use crate::digest::Digest;
use crate::journal::{ChangeResult, Opaque, Record, Restoring};
use crate::path::Name;
use crate::report::Diagnosis;
use crate::storage::results::{self, Ticket};
use crate::storage::seam::{Answer, RestoreManifest};
use crate::storage::trouble::changed_meanwhile;

pub(super) struct RestoringQueue<D: Disk>(pub(super) Batch<(Ticket, StagedOriginal<D>)>);

pub(super) struct StagedOriginal<D: Disk> {
    pub(super) record: Restoring,
    pub(super) part: RestoringPart,
    manifest: FileStamp,
    pub(super) backup_stamp: FileStamp,
    pub(super) device: Arc<Device<D>>,
    at: At,
}

/// The step that a restore has reached. It is durable before the next one is taken.
pub(super) enum At {
    Announced,
    /// The original, or its copy, has a name beside the manifest, too.
    Beside(Stat),
    /// The original is in its place. The file whose name has yet to go, by exchange; what is in place, by the other ways.
    InPlace(Stat),
    /// Nothing more is to be done: true after the next flush.
    Flushing(Answer),
    Over(Answer),
}

impl<D: Disk> RestoringQueue<D> {
    pub(super) fn take(
        &self,
        protocol: &Protocol<D>,
        restore: &RestoreManifest<'_>,
        ticket: Ticket,
    ) {
        match protocol.announce_original(restore) {
            Ok(original) => {
                if let Some(full) = self.0.push((ticket, original), 0) {
                    protocol.restore_all(full);
                }
            }
            Err(diagnosis) => {
                protocol.answer(ticket, ChangeResult::Restored, Answer::Not(diagnosis));
            }
        }
    }

    pub(super) fn settle(&self, protocol: &Protocol<D>) {
        let batch = self.0.take();
        protocol.restore_all(batch);
    }
}

impl<D: Disk> Protocol<D> {
    /// Looks once more at what was read, and announces in the journal what is to be done.
    fn announce_original(
        &self,
        restore: &RestoreManifest<'_>,
    ) -> Result<StagedOriginal<D>, Diagnosis> {
        let dir = self.core.run_dir(restore.path)?;
        let manifest = stamp_of::<D>(&restore.version)?;
        let original = stamp_of::<D>(&restore.original)?;
        permit::may_restore(&self.core, &dir, &manifest, &original)?;
        let device = self.device_of(manifest.0.device, restore.path)?;
        if device.sync == Sync::File {
            // Whoever wrote it, it must be as durable as what it takes the place of.
            self.sync_existing(&dir, restore.backup.name())
                .map_err(|error| self.fail_at(restore.path, "cannot flush the original", &error))?;
        }
        let part = RestoringPart {
            inode: manifest.0.inode,
            backup_inode: original.0.inode,
            staged: None,
            way: Way::Exchange,
        };
        let mut one = StagedOriginal {
            record: results::restoring(restore, Opaque::of(&part)),
            part,
            manifest,
            backup_stamp: original,
            device,
            at: At::Announced,
        };
        self.announce_restore(&mut one)?;
        Ok(one)
    }

    fn announce_restore(&self, one: &mut StagedOriginal<D>) -> Result<(), Diagnosis> {
        let record = &mut one.record;
        one.part.way = one.device.way();
        // Original first, as if it were staged by the operation that is undone.
        one.part.staged = match one.part.way {
            Way::Exchange => None,
            Way::Link | Way::Copy => {
                let name = names::staged(&record.path, record.after, record.before, 0);
                let name = self.beside_name(&name);
                let verb = "cannot name the original beside its place";
                Some(name.map_err(|error| diagnose(verb, &error))?)
            }
        };
        record.storage = Opaque::of(&one.part);
        self.append(&Record::Restoring(Box::new(record.clone())));
        Ok(())
    }

    pub(super) fn announce_next_way(&self, one: &mut StagedOriginal<D>) -> At {
        match self.announce_restore(one) {
            Ok(()) => At::Announced,
            Err(diagnosis) => over(diagnosis),
        }
    }

    fn restore_all(&self, mut batch: Vec<(Ticket, StagedOriginal<D>)>) {
        while !self.has_failed() && batch.iter().any(|(_, one)| !matches!(one.at, At::Over(_))) {
            if let Err(error) = self.flush() {
                let verb = "cannot make the restored originals durable";
                self.fail(&self.in_tree(verb), &error);
                break;
            }
            batch = self.in_parallel(batch, |(ticket, mut one)| {
                self.step(&mut one);
                (ticket, one)
            });
        }
        for (ticket, one) in batch {
            let answer = match one.at {
                At::Announced | At::Beside(_) => Answer::NotAttempted,
                At::InPlace(_) | At::Flushing(Answer::Done(_)) => Answer::Not(Diagnosis::new(
                    Code::NotDurable,
                    "the original was put back, but the flush that makes it durable failed",
                )),
                At::Flushing(answer) | At::Over(answer) => answer,
            };
            if let Answer::Not(diagnosis) = &answer {
                self.stop_if_full(&one.record.path, diagnosis);
            }
            self.answer(ticket, ChangeResult::Restored, answer);
        }
    }

    fn step(&self, one: &mut StagedOriginal<D>) {
        if self.has_failed() {
            return;
        }
        let at = match mem::replace(&mut one.at, At::Announced) {
            At::Flushing(answer) | At::Over(answer) => {
                one.at = At::Over(answer);
                return;
            }
            at => at,
        };
        let dir = match self.core.run_dir(&one.record.path) {
            Ok(dir) => dir,
            Err(diagnosis) => {
                if !matches!(at, At::Announced) {
                    self.leave_to_recovery();
                }
                one.at = over(diagnosis);
                return;
            }
        };
        let way = one.part.way;
        one.at = match at {
            At::Announced if way == Way::Exchange => self.exchange_with_backup(&dir, one),
            At::Announced => self.set_beside(&dir, one),
            At::Beside(stat) => self.replace_by_original(&dir, one, &stat),
            At::InPlace(displaced) if way == Way::Exchange => {
                self.remove_displaced(&dir, one, &displaced)
            }
            At::InPlace(stat) => self.remove_backup_name(&dir, one, &stat),
            At::Flushing(_) | At::Over(_) => at,
        };
        if one.device.sync == Sync::File
            && !matches!(one.at, At::Over(_))
            && let Err(error) = self.disk().sync_dir(&dir)
        {
            self.fail_at(&one.record.path, "cannot flush the run directory", &error);
        }
    }

    pub(super) fn check_both(
        &self,
        dir: &D::Dir,
        one: &StagedOriginal<D>,
    ) -> Result<(), Diagnosis> {
        let cannot = |error: io::Error| gone_or("cannot look at manifest and backup", &error);
        let look = |name: Name<'_>| self.disk().stat_at(dir, name).map_err(cannot);
        let manifest = look(one.record.path.name())?;
        let original = look(one.record.backup.name())?;
        // Where times are coarse they may also be told late: bytes are compared there.
        let is_manifest = one.manifest.is(&manifest)
            || (!one.device.fine_times && one.manifest.is_displaced(&manifest));
        let are_same = is_manifest
            && one.backup_stamp.is_displaced(&original)
            && one.backup_stamp.has_rights_of(&original)
            && self
                .has_bytes(one, dir, one.record.path.name(), one.record.before)
                .map_err(cannot)?
            && self
                .has_bytes(one, dir, one.record.backup.name(), one.record.after)
                .map_err(cannot)?;
        if are_same {
            Ok(())
        } else {
            Err(changed_meanwhile())
        }
    }

    /// Compares bytes where two writes can leave the same time.
    pub(super) fn has_bytes(
        &self,
        one: &StagedOriginal<D>,
        dir: &D::Dir,
        name: Name<'_>,
        digest: Digest,
    ) -> io::Result<bool> {
        Ok(one.device.fine_times || self.core.has_bytes(dir, name, digest)?)
    }

    /// The file that a name holds now, if it is that one with those bytes, after a change of its names.
    pub(super) fn holds(
        &self,
        one: &StagedOriginal<D>,
        (dir, name): (&D::Dir, Name<'_>),
        stamp: &FileStamp,
        digest: Digest,
    ) -> io::Result<Option<Stat>> {
        let Some(stat) = if_there(self.disk().stat_at(dir, name))? else {
            return Ok(None);
        };
        let is_same = stamp.is_displaced(&stat) && self.has_bytes(one, dir, name, digest)?;
        Ok(is_same.then_some(stat))
    }

    fn exchange_with_backup(&self, dir: &D::Dir, one: &mut StagedOriginal<D>) -> At {
        if let Err(diagnosis) = self.check_both(dir, one) {
            return over(diagnosis);
        }
        let (manifest, backup) = (one.record.path.name(), one.record.backup.name());
        match self.disk().exchange((dir, backup), (dir, manifest)) {
            Ok(()) => {}
            Err(error) if is_not_supported(&error) => {
                one.device.give_up(Way::Exchange);
                return self.announce_next_way(one);
            }
            Err(error) => {
                self.leave_to_recovery();
                return over(diagnose("cannot exchange manifest and backup", &error));
            }
        }
        let displaced = self.holds(one, (dir, backup), &one.manifest, one.record.before);
        let restored = self.holds(one, (dir, manifest), &one.backup_stamp, one.record.after);
        match (displaced, restored) {
            (Ok(Some(displaced)), Ok(Some(_))) => At::InPlace(displaced),
            (Err(error), _) | (_, Err(error)) => self.unsure(&error),
            _ => At::Flushing(Answer::Not(self.exchange_with_backup_again(dir, one))),
        }
    }

    /// Something was changed, and it cannot be found out what stands there: recovery looks before the operation ends.
    pub(super) fn unsure(&self, error: &io::Error) -> At {
        self.leave_to_recovery();
        let verb = "cannot look at what was put back";
        At::Flushing(Answer::Not(diagnose(verb, error)))
    }

    /// Somebody was faster: exchanges back. What stands under the backup name then must be the original.
    fn exchange_with_backup_again(&self, dir: &D::Dir, one: &StagedOriginal<D>) -> Diagnosis {
        let disk = self.disk();
        let (manifest, backup) = (one.record.path.name(), one.record.backup.name());
        let back = disk.exchange((dir, backup), (dir, manifest));
        let found = if_there(disk.stat_at(dir, backup));
        let error = match (found, back) {
            (Ok(Some(stat)), _) if one.backup_stamp.is_displaced(&stat) => {
                return changed_meanwhile();
            }
            // What is displaced still and not ours is somebody's version.
            (Ok(Some(stat)), Err(_)) if !one.manifest.is_displaced(&stat) => {
                return self.keep_aside(dir, one);
            }
            (Ok(_), Ok(())) => return self.keep_aside(dir, one),
            (Err(error), _) | (Ok(_), Err(error)) => error,
        };
        self.leave_to_recovery();
        diagnose(
            "somebody changed it, and it cannot be found out what stands there",
            &error,
        )
    }

    /// Moves what stands under the backup name and is not what should stand there to a name of its own.
    fn keep_aside(&self, dir: &D::Dir, one: &StagedOriginal<D>) -> Diagnosis {
        let (manifest, backup) = (one.record.path.name(), one.record.backup.name());
        match rescue(&self.core, &self.state, (dir, backup), (dir, manifest)) {
            Ok(Some(name)) => Diagnosis::new(
                Code::Rescued,
                format!(
                    "somebody changed it meanwhile; the version that was displaced is kept as `{name}`"
                ),
            ),
            Ok(None) => changed_meanwhile(),
            Err(error) => {
                self.leave_to_recovery();
                diagnose(
                    &format!("a displaced version stays under the name `{backup}`"),
                    &error,
                )
            }
        }
    }

    /// By exchange, the last step: removes the file that had the original's place.
    fn remove_displaced(&self, dir: &D::Dir, one: &StagedOriginal<D>, displaced: &Stat) -> At {
        let backup = one.record.backup.name();
        let stat = match if_there(self.disk().stat_at(dir, backup)) {
            Ok(Some(stat)) => stat,
            Ok(None) => return At::Flushing(Answer::Done(None)),
            Err(error) => return self.unsure(&error),
        };
        match self.has_bytes(one, dir, backup, one.record.before) {
            Ok(true) if FileStamp(*displaced).is(&stat) => self.remove_name(dir, backup),
            Ok(_) => At::Flushing(Answer::Not(self.keep_aside(dir, one))),
            Err(error) => self.unsure(&error),
        }
    }

    pub(super) fn remove_name(&self, dir: &D::Dir, name: Name<'_>) -> At {
        At::Flushing(match self.disk().unlink(dir, name) {
            Ok(()) => Answer::Done(None),
            Err(error) => {
                self.leave_to_recovery();
                let verb = "the original is back, but its backup name cannot be removed";
                Answer::Not(diagnose(verb, &error))
            }
        })
    }
}

pub(super) fn over(diagnosis: Diagnosis) -> At {
    At::Over(Answer::Not(diagnosis))
}
