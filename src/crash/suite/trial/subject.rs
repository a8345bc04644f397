//! A command that is tried, and what is known of it from a run in which nothing goes wrong.

use std::collections::BTreeMap;

use crate::crash::simulated::{Node, Simulated};
use crate::crash::suite::foreign::Trace;
use crate::crash::suite::process::{Run, START};
use crate::crash::suite::setting::{BATCHES, MANIFESTS, Setting};
use crate::storage::Storage;
use crate::storage::disk::{Disk as _, FileTime};

/// A file as it was, with the time of its last change.
pub(in crate::crash::suite) type Seen = (Node, FileTime);

/// A run in which nothing goes wrong.
pub(in crate::crash::suite) struct Known {
    /// The disk that it began with.
    start: Simulated,
    /// Its calls that change something.
    pub(in crate::crash::suite) log: Vec<String>,
    /// Every manifest before it was ever migrated.
    pub(super) originals: BTreeMap<&'static str, Seen>,
    /// Every manifest once it is migrated.
    pub(super) migrated: BTreeMap<&'static str, Vec<u8>>,
}

impl Known {
    /// The disk that a case begins with.
    pub(in crate::crash::suite) fn disk(&self) -> Simulated {
        self.start.kill()
    }
}

/// A command, and what must hold.
pub(in crate::crash::suite) trait Trial: Sync {
    fn prepare(&self, storage: &dyn Storage);

    /// The command itself, by a clock that says so many seconds.
    fn run(&self, storage: &dyn Storage, seconds: i64) -> Run;

    /// At every moment every manifest is whole and its original kept, and what was told is true.
    fn check_any_time(&self, known: &Known, disk: &Simulated, trace: &Trace) -> Result<(), String>;

    fn check_told(
        &self,
        known: &Known,
        disk: &Simulated,
        trace: &Trace,
        told: &Run,
    ) -> Result<(), String>;

    /// Once a run has come to its end, all is done.
    fn check_done(
        &self,
        setting: &Setting,
        known: &Known,
        disk: &Simulated,
        trace: &Trace,
    ) -> Result<(), String>;
}

pub(in crate::crash::suite) fn know(trial: &dyn Trial, settings: &[Setting]) -> Vec<[Known; 3]> {
    let one = |setting: &Setting, batch| {
        let fresh = setting.disk();
        let originals = MANIFESTS.map(|name| (name, seen(&fresh, name)));
        let migrated = fresh.kill();
        let told = Run::migrate(&setting.storage(&migrated, 2));
        assert_eq!(told.exit_code(), 0, "{}: {told:?}", setting.name);
        let migrated = MANIFESTS.map(|name| (name, migrated.read_path(name).unwrap()));
        let start = setting.disk();
        trial.prepare(&setting.storage(&start, batch));
        start.settle();
        let disk = start.kill();
        let told = trial.run(&setting.storage(&disk, batch), START);
        assert_eq!(told.exit_code(), 0, "{}: {told:?}", setting.name);
        Known {
            start,
            log: disk.log(),
            originals: originals.into(),
            migrated: migrated.into(),
        }
    };
    settings
        .iter()
        .map(|setting| BATCHES.map(|batch| one(setting, batch)))
        .collect()
}

pub(super) fn seen(disk: &Simulated, name: &str) -> Seen {
    let stat = disk.stat_below(&disk.root(), name.as_bytes(), false);
    (disk.node(name).unwrap(), stat.unwrap().modified)
}

/// The manifests that nobody else was at.
pub(super) fn untouched(trace: &Trace) -> impl Iterator<Item = &'static str> {
    let all = MANIFESTS.into_iter();
    all.filter(|name| !trace.touched(name))
}
