//! A pruning: manifests are never touched, and a backup is whole, or a journal says that it was to go.

use super::subject::{Known, Trial, untouched};
use crate::crash::simulated::Simulated;
use crate::crash::suite::bookkeeping::{Journal, journals};
use crate::crash::suite::foreign::Trace;
use crate::crash::suite::process::Run;
use crate::crash::suite::setting::{Setting, original};
use crate::storage::Storage;

pub(in crate::crash::suite) struct Pruning;

fn backup(disk: &Simulated, name: &str) -> Option<Vec<u8>> {
    disk.read_path(format!("{name}.backup"))
}

impl Trial for Pruning {
    fn prepare(&self, storage: &dyn Storage) {
        let told = Run::migrate(storage);
        assert_eq!(told.exit_code(), 0, "{told:?}");
    }

    fn run(&self, storage: &dyn Storage, seconds: i64) -> Run {
        Run::prune_at(storage, seconds)
    }

    fn check_any_time(&self, known: &Known, disk: &Simulated, trace: &Trace) -> Result<(), String> {
        for name in untouched(trace) {
            if disk.read_path(name).as_ref() != Some(&known.migrated[name]) {
                return Err(format!("`{name}` was touched"));
            }
            let was_announced = |journal: &Journal| journal.announces_end_of(name);
            match backup(disk, name) {
                None if !journals(disk).values().any(was_announced) => {
                    return Err(format!("the backup of `{name}` is gone without a word"));
                }
                Some(bytes) if bytes != original(name) => {
                    return Err(format!("the backup of `{name}` is torn"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check_told(
        &self,
        _: &Known,
        disk: &Simulated,
        trace: &Trace,
        told: &Run,
    ) -> Result<(), String> {
        for name in untouched(trace) {
            let is_gone = backup(disk, name).is_none();
            if told.has_pruned(name) && !is_gone {
                return Err(format!("the backup of `{name}` was said to be gone"));
            }
            if told.exit_code() == 0 && !is_gone {
                return Err(format!(
                    "the backup of `{name}` is there, exit code 0: {told:?}"
                ));
            }
        }
        Ok(())
    }

    fn check_done(
        &self,
        _: &Setting,
        _: &Known,
        disk: &Simulated,
        trace: &Trace,
    ) -> Result<(), String> {
        let mut all = untouched(trace);
        match all.find(|name| backup(disk, name).is_some()) {
            Some(name) => Err(format!("the backup of `{name}` is left over")),
            None => Ok(()),
        }
    }
}
