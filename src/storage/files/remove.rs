//! Removing backups that nothing needs any more.
//! Invariant: a backup goes only after its intent is durable, and only while it is the file that was read.

use super::batch::Batch;
use super::core::FileStamp;
use super::device::Sync;
use super::directory::stamp_of;
use super::disk::Disk;
use super::error::diagnose;
use super::parts::RemovingPart;
use super::protocol::Protocol;
use crate::code::Code;
use crate::digest::Digest;
use crate::journal::{BackupId, ChangeResult, Opaque, Record};
use crate::report::Diagnosis;
use crate::storage::results::{self, Ticket};
use crate::storage::seam::{Answer, RemoveBackup};
use crate::storage::trouble::changed_meanwhile;

pub(super) struct RemovingQueue(pub(super) Batch<(Ticket, Unneeded)>);

pub(super) struct Unneeded {
    backup: BackupId,
    stamp: FileStamp,
    digest: Digest,
}

impl RemovingQueue {
    /// Announces the end of a backup; the thread that fills a batch takes it through.
    pub(super) fn take<D: Disk>(
        &self,
        protocol: &Protocol<D>,
        remove: &RemoveBackup<'_>,
        ticket: Ticket,
    ) {
        let unneeded = match announce(protocol, remove) {
            Ok(unneeded) => unneeded,
            Err(diagnosis) => return ticket.respond(Answer::Not(diagnosis)),
        };
        if let Some(full) = self.0.push((ticket, unneeded), 0) {
            protocol.remove_all(full);
        }
    }

    pub(super) fn settle<D: Disk>(&self, protocol: &Protocol<D>) {
        let batch = self.0.take();
        if !batch.is_empty() {
            protocol.remove_all(batch);
        }
    }
}

fn announce<D: Disk>(
    protocol: &Protocol<D>,
    remove: &RemoveBackup<'_>,
) -> Result<Unneeded, Diagnosis> {
    let stamp = stamp_of::<D>(&remove.version)?;
    protocol.device_of(stamp.0.device, remove.path)?;
    let part = Opaque::of(&RemovingPart {
        inode: stamp.0.inode,
    });
    protocol.append(&Record::Removing(Box::new(results::removing(remove, part))));
    Ok(Unneeded {
        backup: remove.backup.clone(),
        stamp,
        digest: remove.digest,
    })
}

impl<D: Disk> Protocol<D> {
    /// Makes durable what is announced, removes, and makes that durable.
    fn remove_all(&self, batch: Vec<(Ticket, Unneeded)>) {
        if !self.has_failed()
            && let Err(error) = self.flush()
        {
            let verb = "cannot make the list of backups to delete durable";
            self.fail(&self.in_tree(verb), &error);
        }
        let removed = self.in_parallel(batch, |(ticket, one)| {
            let answer = if self.has_failed() {
                Answer::NotAttempted
            } else {
                match self.remove_one(&ticket, &one) {
                    Ok(()) => Answer::Done(None),
                    Err(diagnosis) => Answer::Not(diagnosis),
                }
            };
            (ticket, one.backup, answer)
        });
        if !self.has_failed()
            && let Err(error) = self.flush()
        {
            let verb = "cannot make the deletion of backups durable";
            self.fail(&self.in_tree(verb), &error);
        }
        for (ticket, backup, mut answer) in removed {
            if self.has_failed() && matches!(answer, Answer::Done(_)) {
                answer = Answer::Not(Diagnosis::new(
                    Code::NotDurable,
                    "it was removed, but the flush that makes it durable failed",
                ));
            }
            // What is not certain is left to recovery, which looks.
            let outcome = match &answer {
                Answer::Done(_) => Some(ChangeResult::Pruned),
                Answer::NotAttempted => Some(ChangeResult::Undone),
                Answer::Not(diagnosis) if diagnosis.code == Code::ChangedMeanwhile => {
                    Some(ChangeResult::Undone)
                }
                Answer::Not(_) => None,
            };
            match outcome {
                Some(outcome) => self.settle(&ticket, outcome, Some(backup), None),
                None => self.leave_to_recovery(),
            }
            ticket.respond(answer);
        }
    }

    fn remove_one(&self, ticket: &Ticket, one: &Unneeded) -> Result<(), Diagnosis> {
        let disk = self.disk();
        let dir = self.core.run_dir(&ticket.path)?;
        let cannot = |error: std::io::Error| diagnose("cannot remove the backup", &error);
        let name = one.backup.name();
        let stat = disk.stat_at(&dir, name).map_err(cannot)?;
        let device = self.device(stat.device, &dir).map_err(cannot)?;
        let is_same = one.stamp.is(&stat)
            && (device.fine_times
                || self
                    .core
                    .has_bytes(&dir, name, one.digest)
                    .map_err(cannot)?);
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
