//! A session on the map: a change is made when it is asked for.
//! Invariant: a journal has the intent and the result of every change.

use std::sync::OnceLock;

use super::tree::{Memory, NOTHING, Tree, beside};
use crate::code::Code;
use crate::digest::Digest;
use crate::journal::{
    Accepted, BackupId, ChangeResult, Head, Opaque, OperationId, Record, Replacing, Stopped, TreeId,
};
use crate::report::{Diagnosis, Stop};
use crate::storage::results::{Ticket, outcome_of, removing, restoring};
use crate::storage::seam::{Answer, Opening, Respond, Session, StorageChange};

pub(super) struct MapSession {
    pub(super) memory: Memory,
    pub(super) id: OnceLock<OperationId>,
}

/// Makes a change; returns the backup of a manifest that was replaced.
fn make(tree: &mut Tree, change: &StorageChange<'_>) -> Result<Option<BackupId>, Diagnosis> {
    match change {
        StorageChange::ReplaceManifest(replace) => {
            let (path, version) = (replace.path, &replace.version);
            tree.check(path, version)?;
            let backup = tree.free_backup(path, replace.before)?;
            if let Some(original) = tree.put(path, replace.bytes, version.modified) {
                tree.files.insert(beside(path, &backup), original);
            }
            Ok(Some(backup))
        }
        StorageChange::RestoreManifest(restore) => {
            let backup = beside(restore.path, restore.backup);
            tree.check(restore.path, &restore.version)?;
            tree.check(&backup, &restore.original)?;
            if let Some(original) = tree.files.remove(&backup) {
                tree.files.insert(restore.path.clone(), original);
            }
            Ok(None)
        }
        StorageChange::RemoveBackup(remove) => {
            let backup = beside(remove.path, remove.backup);
            if !tree.files.contains_key(&backup) {
                let message = format!("cannot remove the backup: {NOTHING}");
                return Err(Diagnosis::new(Code::NotFound, message));
            }
            tree.check(&backup, &remove.version)?;
            tree.files.remove(&backup);
            Ok(None)
        }
    }
}

impl Session for MapSession {
    fn begin(&self, opening: Opening) -> Result<OperationId, Stop> {
        let mut tree = self.memory.tree();
        let last = tree.logs().pop();
        let known = last.as_ref().and_then(|log| log.tree);
        let random = u128::from(tree.changes).to_be_bytes();
        let mut head = tree
            .head()
            .unwrap_or_else(|| Head::new(known.unwrap_or_else(|| TreeId::of(random))));
        let last = last.and_then(|log| log.serial);
        let next = head.serial.max(last.unwrap_or(0)).checked_add(1);
        head.serial =
            next.ok_or_else(|| Stop::new(Code::StateUnusable, "no serial number is left"))?;
        let id = OperationId::of(opening.started, head.serial);
        let name = format!("catalogs/{}.json", opening.catalog.digest);
        let bundle = opening.catalog_bundle.clone().into_bytes();
        tree.state.insert(name, bundle);
        (tree.writer, tree.totals) = Default::default();
        tree.append(&id, &opening.began(&id, &mut head));
        head.chain = tree.writer.chain();
        tree.write_head(&head);
        tree.unfinished.insert(id.clone());
        tree.holder = Some(format!("operation {id}, process {}", std::process::id()));
        Ok(self.id.get_or_init(|| id).clone())
    }

    fn change(&self, change: StorageChange<'_>, respond: Respond) {
        let Some(id) = self.id.get() else {
            return respond(Answer::NotAttempted);
        };
        let (ticket, storage) = (Ticket::new(&change, respond), Opaque::of(&()));
        let (announced, done, removed) = match &change {
            StorageChange::ReplaceManifest(replace) => {
                let replacing = Replacing {
                    path: replace.path.clone(),
                    before: replace.before,
                    after: Digest::of(replace.bytes),
                    storage,
                };
                let announced = Record::Replacing(Box::new(replacing));
                (announced, ChangeResult::Migrated, None)
            }
            StorageChange::RestoreManifest(restore) => {
                let announced = Record::Restoring(Box::new(restoring(restore, storage)));
                (announced, ChangeResult::Restored, None)
            }
            StorageChange::RemoveBackup(remove) => {
                let announced = Record::Removing(Box::new(removing(remove, storage)));
                (announced, ChangeResult::Pruned, Some(remove.backup.clone()))
            }
        };
        let mut tree = self.memory.tree();
        tree.append(id, &announced);
        let made = make(&mut tree, &change);
        let (outcome, backup, code) = match (&made, removed) {
            (Ok(backup), removed) => (done, backup.clone().or(removed), None),
            (Err(diagnosis), Some(removed)) if diagnosis.code == Code::NotFound => {
                (done, Some(removed), None)
            }
            (Err(_), removed @ Some(_)) => (ChangeResult::Undone, removed, None),
            (Err(diagnosis), None) => (outcome_of(diagnosis), None, Some(diagnosis.code)),
        };
        let settled = ticket.result(outcome, backup, code);
        tree.totals.add(&settled);
        tree.append(id, &Record::Result(settled));
        drop(tree);
        ticket.respond(made.map_or_else(Answer::Not, Answer::Done));
    }

    fn accept(&self, findings: &[Accepted]) -> Result<(), Stop> {
        let Some(id) = self.id.get() else {
            return Err(Stop::new(Code::StateUnusable, "no operation has begun"));
        };
        let mut tree = self.memory.tree();
        for one in findings {
            tree.append(id, &Record::Accepted(one.clone()));
        }
        Ok(())
    }

    fn settle(&self) {}

    fn failure(&self) -> Option<Stop> {
        None
    }

    fn finish(self: Box<Self>, stopped: Option<Stopped>) -> Vec<Diagnosis> {
        if let Some(id) = self.id.get() {
            let mut tree = self.memory.tree();
            let ended = tree.totals.ended(stopped);
            tree.end(id, ended);
        }
        Vec::new()
    }
}

impl Drop for MapSession {
    fn drop(&mut self) {
        self.memory.tree().is_locked = false;
    }
}
