//! Pruning: backups whose content the manifest and a catalog give are removed.
//!
//! Invariant: a backup goes only after its intent is durable, and only while it is the file that was read.

use std::io;

use rayon::prelude::*;

use super::disk::Disk;
use super::file_system::Stamp;
use super::stage::{Content, changed_meanwhile, content};
use super::transaction::{FileTransaction, Sync};
use super::{Prune, trouble_of};
use crate::code::Code;
use crate::journal::{Pruning, Record, RecordedPath};
use crate::report::{Diagnosis, Stop};

impl<D: Disk> FileTransaction<D> {
    /// Announces a batch, makes that durable, removes, and makes that durable.
    pub(super) fn prune_all(
        &self,
        batch: &[Prune<'_, Stamp>],
    ) -> (Vec<Result<(), Diagnosis>>, Option<Stop>) {
        let not_tried = || {
            Diagnosis::new(
                Code::IoError,
                "it was not tried: the storage had failed before its turn".to_owned(),
            )
        };
        let none = |stop| (batch.iter().map(|_| Err(not_tried())).collect(), Some(stop));
        if let Err(error) = self.learn_devices(batch) {
            return none(self.fail("cannot find out what the file system can do", &error));
        }
        self.announce_pruning(batch);
        if let Err(error) = self.flush() {
            return none(self.fail("cannot make durable which backups are to go", &error));
        }
        let answers: Vec<_> = batch.par_iter().map(|one| self.prune_one(one)).collect();
        let is_uncertain = |answer: &Result<(), Diagnosis>| matches!(answer, Err(trouble) if trouble.code != Code::ChangedMeanwhile);
        if answers.iter().any(is_uncertain) {
            self.leave_to_recovery();
        }
        let stop = self
            .flush()
            .err()
            .map(|error| self.fail("cannot make durable which backups are gone", &error));
        (answers, stop)
    }

    /// A flush reaches only devices that are known.
    fn learn_devices(&self, batch: &[Prune<'_, Stamp>]) -> io::Result<()> {
        let known = |number: u64| {
            let devices = self.devices.read();
            devices.is_ok_and(|devices| devices.contains_key(&number))
        };
        for one in batch {
            let number = one.version.stat.device;
            if !known(number) {
                let core = &self.core;
                let dir = core
                    .disk
                    .open_dir(&core.root, one.path.parent(), core.crossing)?;
                self.device(number, &dir)?;
            }
        }
        Ok(())
    }

    fn announce_pruning(&self, batch: &[Prune<'_, Stamp>]) {
        let mut journal = self.journal();
        for one in batch {
            journal.append(&Record::Pruning(Pruning {
                path: RecordedPath::new(one.path),
                of: one.of.to_owned(),
                backup: one.backup.to_owned(),
                digest: one.digest.to_string(),
                inode: one.version.stat.inode,
            }));
            journal.relieve(&self.core.disk);
        }
    }

    fn prune_one(&self, one: &Prune<'_, Stamp>) -> Result<(), Diagnosis> {
        let (core, name) = (&self.core, one.backup.as_bytes());
        let disk = &core.disk;
        let dir = disk
            .open_dir(&core.root, one.path.parent(), core.crossing)
            .map_err(|error| trouble_of("cannot open the run directory", &error))?;
        let cannot = |error: io::Error| trouble_of("cannot remove the backup", &error);
        let stat = disk.stat_at(&dir, name).map_err(cannot)?;
        let device = self.device(stat.device, &dir).map_err(cannot)?;
        let is_same = one.version.is(&stat)
            && (device.fine_times
                || matches!(content(disk, &dir, name), Ok(Content::File(digest, _)) if digest == one.digest));
        if !is_same {
            return Err(changed_meanwhile());
        }
        disk.unlink(&dir, name).map_err(cannot)?;
        if device.sync == Sync::File {
            disk.sync_dir(&dir).map_err(cannot)?;
        }
        Ok(())
    }
}
