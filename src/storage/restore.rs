//! Restoring: the original comes back from its backup name, and the file that had its place goes.
//!
//! A batch goes step by step, with a flush before each: what a step relies on is durable. By exchange: exchange manifest and backup; remove what was displaced. By link or copy, in [`restore_beside`](super::restore_beside): give the original a name beside the manifest; rename that over the manifest; remove the backup name.
//!
//! Invariant: until a flush has made the original durable in its place, its backup name or a name that an intent gives keeps it.

use std::io;
use std::mem;
use std::sync::Arc;

use rayon::prelude::*;

use super::disk::{Crossing, Disk, Stat};
use super::file_system::Stamp;
use super::permit::may_put_back;
use super::rescue::rescue;
use super::stage::{Content, changed_meanwhile, content};
use super::transaction::{Device, FileTransaction, Sync};
use super::{ReadError, Restore, Restored, is_not_supported, trouble_of};
use crate::code::Code;
use crate::digest::Digest;
use crate::journal::{Record, RecordedPath, Restoring, Way};
use crate::path::TreePath;
use crate::report::{Diagnosis, Stop};

/// An original that is announced to be put back, and how far that has come.
pub struct Prepared<D: Disk> {
    pub(super) path: TreePath,
    /// What the journal says, with the way that is taken.
    pub(super) record: Restoring,
    pub(super) before: Digest,
    pub(super) after: Digest,
    pub(super) manifest: Stamp,
    pub(super) original: Stamp,
    pub(super) device: Arc<Device<D>>,
    at: At,
}

/// How far it has come. What the step before did is durable when the next one is taken.
pub(super) enum At {
    /// Nothing has changed yet.
    Announced,
    /// The original, or its copy, has a name beside the manifest, too.
    Beside(Stat),
    /// The original is in its place. The file whose name has yet to go, by exchange; what is in place, by the other ways.
    InPlace(Stat),
    /// Nothing more is to be done: true after the next flush.
    Flushing(Restored),
    /// It is over.
    Over(Restored),
}

impl<D: Disk> FileTransaction<D> {
    /// Looks once more at what was read, and announces in the journal what is to be done.
    pub(super) fn prepare_one(
        &self,
        restore: &Restore<'_, Stamp>,
    ) -> Result<Prepared<D>, ReadError> {
        let (disk, path) = (&self.core.disk, restore.path);
        let trouble =
            |verb: &'static str| move |error| ReadError::Trouble(trouble_of(verb, &error));
        let dir = disk
            .open_dir(&self.core.root, path.parent(), self.core.crossing)
            .map_err(trouble("cannot open the run directory"))?;
        let (manifest, original) = (&restore.version.stat, &restore.original.stat);
        may_put_back(disk, &dir, manifest, original).map_err(ReadError::Trouble)?;
        let device = self
            .device(manifest.device, &dir)
            .map_err(trouble("cannot find out what the file system can do"))?;
        if device.sync == Sync::File {
            // Whoever wrote it, it must be as durable as what it takes the place of.
            disk.open(&dir, restore.backup.as_bytes(), Crossing::Stay)
                .and_then(|file| disk.sync_file(&file))
                .map_err(|error| ReadError::Stop(self.fail("cannot flush the original", &error)))?;
        }
        let mut prepared = Prepared {
            path: path.clone(),
            record: Restoring {
                path: RecordedPath::new(path),
                undoes: restore.undoes.to_owned(),
                before: restore.before.to_string(),
                after: restore.after.to_string(),
                backup: restore.backup.to_owned(),
                inode: manifest.inode,
                backup_inode: original.inode,
                staged: None,
                way: Way::Exchange,
            },
            before: restore.before,
            after: restore.after,
            manifest: *restore.version,
            original: *restore.original,
            device,
            at: At::Announced,
        };
        self.announce_restore(&mut prepared);
        Ok(prepared)
    }

    /// Records the intent, with the way that is open now.
    pub(super) fn announce_restore(&self, one: &mut Prepared<D>) -> At {
        one.record.way = one.device.way();
        // Original first, as if it were staged by the operation that is undone: whoever sweeps without a journal then keeps it.
        one.record.staged = (one.record.way != Way::Exchange).then(|| {
            let path = Digest::of(one.path.as_bytes());
            let digests = [path, one.after, one.before].map(|digest| digest.short());
            self.beside_name(&digests.join("-"))
        });
        let mut journal = self.journal();
        journal.append(&Record::Restoring(Box::new(one.record.clone())));
        journal.relieve(&self.core.disk);
        At::Announced
    }

    /// Takes a batch all the way, with one flush for each step of it.
    pub(super) fn restore_all(&self, mut batch: Vec<Prepared<D>>) -> (Vec<Restored>, Option<Stop>) {
        let mut stop = None;
        while stop.is_none() && batch.iter().any(|one| !matches!(one.at, At::Over(_))) {
            stop = if let Err(error) = self.flush() {
                Some(self.fail("cannot make durable what is put back", &error))
            } else {
                let stops = batch.par_iter_mut().filter_map(|one| self.step(one));
                stops.collect::<Vec<_>>().into_iter().next()
            };
        }
        let answers = batch.into_iter().map(|one| match one.at {
            At::Announced | At::Beside(_) => Restored::Skipped,
            At::InPlace(_) | At::Flushing(Restored::Done) => Restored::Not(Diagnosis::new(
                Code::NotDurable,
                "the original was put back, but the flush that makes it durable failed".to_owned(),
            )),
            At::Flushing(restored) | At::Over(restored) => restored,
        });
        (answers.collect(), stop)
    }

    /// One step of one; the stop where the storage fails.
    fn step(&self, one: &mut Prepared<D>) -> Option<Stop> {
        if self.has_failed() {
            return None;
        }
        let disk = &self.core.disk;
        let at = match mem::replace(&mut one.at, At::Announced) {
            At::Flushing(restored) | At::Over(restored) => {
                one.at = At::Over(restored);
                return None;
            }
            at => at,
        };
        let dir = match disk.open_dir(&self.core.root, one.path.parent(), self.core.crossing) {
            Ok(dir) => dir,
            Err(error) => {
                if !matches!(at, At::Announced) {
                    self.leave_to_recovery();
                }
                one.at = over(trouble_of("cannot open the run directory", &error));
                return None;
            }
        };
        let way = one.record.way;
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
        if one.device.sync != Sync::File || matches!(one.at, At::Over(_)) {
            return None;
        }
        let error = disk.sync_dir(&dir).err()?;
        Some(self.fail("cannot flush a run directory", &error))
    }

    /// Whether manifest and backup are still what was read.
    pub(super) fn check_both(&self, dir: &D::Dir, one: &Prepared<D>) -> Result<(), Diagnosis> {
        let disk = &self.core.disk;
        let look = |name: &[u8]| match disk.stat_at(dir, name) {
            Ok(stat) => Ok(Some(stat)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(trouble_of("cannot look at manifest and backup", &error)),
        };
        let manifest = look(one.path.file_name())?;
        let original = look(one.record.backup.as_bytes())?;
        // Where times are coarse they may also be told late: bytes are compared there.
        let is_read = |stat: &Stat| {
            one.manifest.is(stat) || (!one.device.fine_times && one.manifest.is_displaced(stat))
        };
        let are_same = manifest.is_some_and(|stat| is_read(&stat))
            && original.is_some_and(|stat| one.original.is_displaced(&stat))
            && self.has_bytes(one, dir, one.path.file_name(), one.before)
            && self.has_bytes(one, dir, one.record.backup.as_bytes(), one.after);
        if are_same {
            Ok(())
        } else {
            Err(changed_meanwhile())
        }
    }

    /// Compares bytes where two writes can leave the same time.
    fn has_bytes(&self, one: &Prepared<D>, dir: &D::Dir, name: &[u8], digest: Digest) -> bool {
        one.device.fine_times || {
            let found = content(&self.core.disk, dir, name);
            matches!(found, Ok(Content::File(found, _)) if found == digest)
        }
    }

    /// Whether a name now holds that file with those bytes, after a change of its names; what it is.
    pub(super) fn holds(
        &self,
        one: &Prepared<D>,
        (dir, name): (&D::Dir, &[u8]),
        stamp: &Stamp,
        digest: Digest,
    ) -> Option<Stat> {
        let stat = self.core.disk.stat_at(dir, name).ok()?;
        let same = stamp.is_displaced(&stat) && self.has_bytes(one, dir, name, digest);
        same.then_some(stat)
    }

    fn exchange_with_backup(&self, dir: &D::Dir, one: &mut Prepared<D>) -> At {
        if let Err(trouble) = self.check_both(dir, one) {
            return over(trouble);
        }
        let (manifest, backup) = (one.path.file_name(), one.record.backup.as_bytes());
        match self.core.disk.exchange((dir, backup), (dir, manifest)) {
            Ok(()) => {}
            Err(error) if is_not_supported(&error) => {
                one.device.lacks(Way::Exchange);
                return self.announce_restore(one);
            }
            Err(error) => {
                self.leave_to_recovery();
                return over(trouble_of("cannot exchange manifest and backup", &error));
            }
        }
        let displaced = self.holds(one, (dir, backup), &one.manifest, one.before);
        let restored = self.holds(one, (dir, manifest), &one.original, one.after);
        match (displaced, restored) {
            (Some(displaced), Some(_)) => At::InPlace(displaced),
            _ => At::Flushing(Restored::Not(self.exchange_with_backup_again(dir, one))),
        }
    }

    /// Somebody was faster: exchanges back. What stands under the backup name then must be the original.
    fn exchange_with_backup_again(&self, dir: &D::Dir, one: &Prepared<D>) -> Diagnosis {
        let disk = &self.core.disk;
        let (manifest, backup) = (one.path.file_name(), one.record.backup.as_bytes());
        // Where this fails, the look that follows says so.
        let _looked_at_below = disk.exchange((dir, backup), (dir, manifest));
        let found = disk.stat_at(dir, backup);
        if found.is_ok_and(|stat| one.original.is_displaced(&stat)) {
            return changed_meanwhile();
        }
        self.keep_aside(dir, one)
    }

    /// Moves what stands under the backup name and is not what should stand there to a name of its own.
    fn keep_aside(&self, dir: &D::Dir, one: &Prepared<D>) -> Diagnosis {
        let (manifest, backup) = (one.path.file_name(), one.record.backup.as_bytes());
        match rescue(&self.core, &self.state, dir, (dir, backup), manifest) {
            Ok(Some(name)) => Diagnosis::new(
                Code::Rescued,
                format!(
                    "somebody changed it meanwhile; the version that was displaced is kept as `{name}`"
                ),
            ),
            Ok(None) => changed_meanwhile(),
            Err(error) => {
                self.leave_to_recovery();
                trouble_of(
                    &format!(
                        "a displaced version stays under the name `{}`",
                        one.record.backup
                    ),
                    &error,
                )
            }
        }
    }

    /// By exchange, the last step: removes the file that had the original's place.
    fn remove_displaced(&self, dir: &D::Dir, one: &Prepared<D>, displaced: &Stat) -> At {
        let backup = one.record.backup.as_bytes();
        let expected = Stamp { stat: *displaced };
        match self.core.disk.stat_at(dir, backup) {
            Ok(stat) if expected.is(&stat) && self.has_bytes(one, dir, backup, one.before) => {
                self.remove_name(dir, backup)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => At::Flushing(Restored::Done),
            _ => At::Flushing(Restored::Not(self.keep_aside(dir, one))),
        }
    }

    pub(super) fn remove_name(&self, dir: &D::Dir, name: &[u8]) -> At {
        At::Flushing(match self.core.disk.unlink(dir, name) {
            Ok(()) => Restored::Done,
            Err(error) => {
                self.leave_to_recovery();
                let verb = "the original is back, but its backup name cannot be removed";
                Restored::Not(trouble_of(verb, &error))
            }
        })
    }
}

/// Nothing has changed, and nothing will.
pub(super) fn over(trouble: Diagnosis) -> At {
    At::Over(Restored::Not(trouble))
}
