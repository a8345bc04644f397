//! A session on the map: a change is made when it is asked for.

use std::sync::OnceLock;

use crate::clock::Timestamp;
use crate::code::{Class, Code};
use crate::digest::Digest;
use crate::journal::{
    BackupId, Ended, Head, Opaque, OperationId, Outcome, Predecessor, Record, Removing, Replacing,
    Restoring, Settled, Stopped, TreeId,
};
use crate::path::TreePath;
use crate::report::{Diagnosis, Stop};
use crate::storage::seam::{Answer, Opening, Remove, Replace, Respond, Restore, Session};
use crate::version::Version as SchemaVersion;

use super::tree::{Memory, NOTHING, Tree, beside};

pub(super) struct MapSession {
    pub(super) memory: Memory,
    pub(super) is_new: bool,
    pub(super) id: OnceLock<OperationId>,
}

impl MapSession {
    fn change(
        &self,
        announcement: &Record,
        settled: (&TreePath, Outcome, [Option<SchemaVersion>; 2]),
        respond: Respond,
        make: impl FnOnce(&mut Tree) -> Result<Option<BackupId>, Diagnosis>,
    ) {
        let Some(id) = self.id.get() else {
            return respond(Answer::NotAttempted);
        };
        let mut tree = self.memory.tree();
        tree.append(id, announcement);
        let result = make(&mut tree);
        let (path, done, [from_version, to_version]) = settled;
        let removed = match announcement {
            Record::Removing(removing) => Some(removing.backup.clone()),
            _ => None,
        };
        let (outcome, backup, code) = match (&result, removed) {
            (Ok(backup), removed) => (done, backup.clone().or(removed), None),
            (Err(diagnosis), Some(removed)) if diagnosis.code == Code::NotFound => {
                (done, Some(removed), None)
            }
            (Err(_), Some(removed)) => (Outcome::Undone, Some(removed), None),
            (Err(diagnosis), None) => (outcome_of(diagnosis), None, Some(diagnosis.code)),
        };
        tree.append(
            id,
            &Record::Result(Settled {
                path: path.clone(),
                outcome,
                backup,
                code,
                from_version,
                to_version: to_version.filter(|_| outcome.is_done() == Some(true)),
            }),
        );
        drop(tree);
        respond(match result {
            Ok(backup) => Answer::Done(backup),
            Err(diagnosis) => Answer::Not(diagnosis),
        });
    }
}

fn outcome_of(diagnosis: &Diagnosis) -> Outcome {
    match diagnosis.code.class() {
        Class::Refused => Outcome::Refused,
        Class::Conflict => Outcome::Conflict,
        _ => Outcome::Failed,
    }
}

impl Session for MapSession {
    fn begin(&self, opening: Opening) -> Result<OperationId, Stop> {
        if let Some(id) = self.id.get() {
            return Ok(id.clone());
        }
        let mut tree = self.memory.tree();
        let changes = u128::from(tree.changes);
        let mut head = tree
            .head()
            .unwrap_or_else(|| Head::new(TreeId::of(changes.to_be_bytes())));
        let last = tree.last_serial();
        let before = head.operation.take().zip(head.chain);
        let next = head.serial.max(last).checked_add(1);
        head.serial =
            next.ok_or_else(|| Stop::new(Code::StateUnusable, "no serial number is left"))?;
        let id = OperationId::of(opening.started, head.serial);
        let name = format!("catalogs/{}.json", opening.catalog.digest);
        tree.state
            .insert(name, opening.catalog_bundle.clone().into_bytes());
        let before = before.map(|(operation, chain)| Predecessor { operation, chain });
        let began = Record::Began(Box::new(opening.began(id.clone(), &head, before)));
        (tree.writer, tree.totals) = Default::default();
        tree.append(&id, &began);
        head.operation = Some(id.clone());
        head.chain = tree.writer.chain();
        tree.write_head(&head);
        tree.unfinished.insert(id.clone());
        tree.holder = Some(format!("operation {id}, process {}", std::process::id()));
        Ok(self.id.get_or_init(|| id).clone())
    }

    fn replace(&self, replace: Replace<'_>, respond: Respond) {
        let announcement = Record::Replacing(Box::new(Replacing {
            path: replace.path.clone(),
            before: replace.before,
            after: Digest::of(replace.bytes),
            storage: Opaque::of(&()),
        }));
        let path = replace.path;
        let (from, to) = replace.versions;
        let settled = (path, Outcome::Migrated, [from, to]);
        self.change(&announcement, settled, respond, |tree| {
            tree.check(path, &replace.version)?;
            let backup = tree.free_backup(path, replace.before)?;
            let document = tree.document(replace.bytes.to_vec(), replace.version.modified);
            if let Some(original) = tree.files.insert(path.clone(), document) {
                tree.files.insert(beside(path, &backup), original);
            }
            Ok(Some(backup))
        });
    }

    fn restore(&self, restore: Restore<'_>, respond: Respond) {
        let announcement = Record::Restoring(Box::new(Restoring {
            path: restore.path.clone(),
            undoes: restore.undoes.clone(),
            before: restore.before,
            after: restore.after,
            backup: restore.backup.clone(),
            storage: Opaque::of(&()),
        }));
        let (from, to) = restore.versions;
        let settled = (restore.path, Outcome::Restored, [from, to]);
        self.change(&announcement, settled, respond, |tree| {
            let backup = beside(restore.path, restore.backup);
            tree.check(restore.path, &restore.version)?;
            tree.check(&backup, &restore.original)?;
            if let Some(original) = tree.files.remove(&backup) {
                tree.files.insert(restore.path.clone(), original);
            }
            Ok(None)
        });
    }

    fn remove(&self, remove: Remove<'_>, respond: Respond) {
        let announcement = Record::Removing(Box::new(Removing {
            path: remove.path.clone(),
            of: remove.of.clone(),
            backup: remove.backup.clone(),
            digest: remove.digest,
            storage: Opaque::of(&()),
        }));
        let settled = (remove.path, Outcome::Pruned, [None, None]);
        self.change(&announcement, settled, respond, |tree| {
            let backup = beside(remove.path, remove.backup);
            if !tree.files.contains_key(&backup) {
                let message = format!("cannot remove the backup: {NOTHING}");
                return Err(Diagnosis::new(Code::NotFound, message));
            }
            tree.check(&backup, &remove.version)?;
            tree.files.remove(&backup);
            Ok(None)
        });
    }

    fn append(&self, record: &Record) {
        if let Some(id) = self.id.get() {
            self.memory.tree().append(id, record);
        }
    }

    fn settle(&self) {}

    fn failure(&self) -> Option<Stop> {
        None
    }

    fn finish(self: Box<Self>, stopped: Option<Stopped>) -> Vec<Diagnosis> {
        let mut tree = self.memory.tree();
        match self.id.get() {
            Some(id) => {
                let (counts, codes) = tree.totals.clone();
                let ended = Ended {
                    ended_at: Some(Timestamp::now()),
                    counts,
                    codes,
                    recovered: false,
                    stopped,
                };
                tree.end(id, ended);
            }
            None if self.is_new => tree.has_state = false,
            None => {}
        }
        Vec::new()
    }
}

impl Drop for MapSession {
    fn drop(&mut self) {
        self.memory.tree().is_locked = false;
    }
}
