//! A rollback: at every moment an original stands in its place or under its backup name; at the end the tree is the one from before the migration.

use super::subject::{Known, Trial, seen, untouched};
use crate::crash::simulated::Simulated;
use crate::crash::suite::foreign::Trace;
use crate::crash::suite::process::Run;
use crate::crash::suite::setting::{Setting, original};
use crate::report::Status;
use crate::storage::Storage;

pub(in crate::crash::suite) struct RollingBack;

impl Trial for RollingBack {
    fn prepare(&self, storage: &dyn Storage) {
        let told = Run::migrate(storage);
        assert_eq!(told.exit_code(), 0, "{told:?}");
    }

    fn run(&self, storage: &dyn Storage, seconds: i64) -> Run {
        Run::roll_back_at(storage, seconds)
    }

    fn check_any_time(&self, known: &Known, disk: &Simulated, trace: &Trace) -> Result<(), String> {
        for name in untouched(trace) {
            let Some(bytes) = disk.read_path(name) else {
                return Err(format!("`{name}` is gone"));
            };
            let is_back = bytes == original(name);
            if !is_back && bytes != known.migrated[name] {
                return Err(format!("`{name}` is torn"));
            }
            if !is_back && disk.read_path(format!("{name}.backup")) != Some(original(name)) {
                return Err(format!("the original of `{name}` is lost"));
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
            let is_back = disk.read_path(name) == Some(original(name));
            if told.status_of(name) == Some(Status::Restored) && !is_back {
                return Err(format!("`{name}` was said to be restored"));
            }
            if told.exit_code() == 0 && !is_back {
                return Err(format!("`{name}` is not restored, exit code 0: {told:?}"));
            }
        }
        Ok(())
    }

    /// The original itself is back, and no backup is left.
    fn check_done(
        &self,
        setting: &Setting,
        known: &Known,
        disk: &Simulated,
        trace: &Trace,
    ) -> Result<(), String> {
        let tree = disk.tree();
        for name in untouched(trace) {
            let mut expected = known.originals[name].clone();
            let now = seen(disk, name);
            if setting.copies() {
                expected.0.inode = now.0.inode;
            }
            if now != expected {
                return Err(format!("`{name}` is {now:?}, was {expected:?}"));
            }
            let is_beside = |path: &&String| path.starts_with(&format!("{name}."));
            if let Some(left) = tree.keys().find(is_beside) {
                return Err(format!("`{left}` is left over"));
            }
        }
        Ok(())
    }
}
