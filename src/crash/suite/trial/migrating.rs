//! A migration: every manifest is the old one or the new one, and the original is kept.

use super::subject::{Known, Trial, untouched};
use crate::crash::simulated::{Node, Simulated};
use crate::crash::suite::foreign::Trace;
use crate::crash::suite::process::Run;
use crate::crash::suite::setting::{Setting, original};
use crate::report::Status;
use crate::storage::Storage;

pub(in crate::crash::suite) struct Migrating;

impl Trial for Migrating {
    fn prepare(&self, _: &dyn Storage) {}

    fn run(&self, storage: &dyn Storage, seconds: i64) -> Run {
        Run::migrate_at(storage, seconds)
    }

    fn check_any_time(&self, known: &Known, disk: &Simulated, trace: &Trace) -> Result<(), String> {
        let tree = disk.tree();
        for name in untouched(trace) {
            let Some(manifest) = tree.get(name) else {
                return Err(format!("`{name}` is gone"));
            };
            if manifest.bytes != known.migrated[name] && manifest.bytes != original(name) {
                return Err(format!("`{name}` is torn"));
            }
            let mut all = tree.values();
            if !all.any(|node| node.bytes == original(name)) {
                return Err(format!("the original of `{name}` is lost"));
            }
        }
        Ok(())
    }

    fn check_told(
        &self,
        known: &Known,
        disk: &Simulated,
        trace: &Trace,
        told: &Run,
    ) -> Result<(), String> {
        for name in untouched(trace) {
            let is_new = disk.read_path(name).as_ref() == Some(&known.migrated[name]);
            let said = told.status_of(name);
            if said == Some(Status::Migrated) && !is_new {
                return Err(format!("`{name}` was said to be migrated"));
            }
            let is_well = matches!(said, Some(Status::Migrated | Status::Current));
            if told.exit_code() == 0 && !is_well && !trace.any() {
                return Err(format!("exit code 0: {told:?}"));
            }
        }
        Ok(())
    }

    /// All are migrated, and the originals are kept once.
    fn check_done(
        &self,
        _: &Setting,
        known: &Known,
        disk: &Simulated,
        trace: &Trace,
    ) -> Result<(), String> {
        let tree = disk.tree();
        for name in untouched(trace) {
            let Some(manifest) = tree.get(name) else {
                return Err(format!("`{name}` is gone"));
            };
            if manifest.bytes != known.migrated[name] {
                return Err(format!("`{name}` is not migrated"));
            }
            let of_manifest = tree
                .iter()
                .filter(|(path, _)| path.starts_with(&format!("{name}.")));
            let backups: Vec<&Node> = of_manifest.map(|(_, node)| node).collect();
            let [backup] = &backups[..] else {
                return Err(format!("`{name}` has {} backups", backups.len()));
            };
            if backup.bytes != original(name) {
                return Err(format!("the backup of `{name}` has other bytes"));
            }
            let before = &known.originals[name].0;
            let expected = (before.mode, before.owner, 1);
            for node in [manifest, backup] {
                if (node.mode, node.owner, node.links) != expected {
                    return Err(format!("mode or owner of `{name}` differ: {node:?}"));
                }
            }
        }
        Ok(())
    }
}
