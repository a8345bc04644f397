//! Pruning stopped at any call, without power or killed, and with failing calls: manifests are never touched, and a backup is missing only where a journal says that it was to go.
//!
//! Invariant: every case ends with a pruning in which nothing goes wrong, after which no backup is left.

use std::num::NonZeroUsize;

use rayon::prelude::*;

use super::setting::{MANIFESTS, SETTINGS, Setting, catalog, original};
use crate::code::Code;
use crate::operation::{BackupsOptions, PruneOptions, Pruning, Verdict, prune_backups};
use crate::report::Status;
use crate::selection::Selection;
use crate::storage::simulated::{Often, Simulated, Stop};

fn options() -> PruneOptions {
    PruneOptions {
        backups: BackupsOptions {
            selection: Selection::default(),
            jobs: NonZeroUsize::MIN,
        },
        older_than_seconds: 0,
        include_destructive: false,
        dry_run: false,
        started: "2026-03-01T00:00:00Z".parse().unwrap(),
        wait: false,
    }
}

fn prune(setting: &Setting, disk: &Simulated) -> Pruning {
    prune_backups(&setting.storage(disk), catalog(), &options(), &|| None)
}

/// A disk on which the migration is done and durable.
fn migrated(setting: &Setting) -> Simulated {
    let disk = setting.disk();
    let told = setting.run(&disk, 2);
    assert_eq!(told.exit_code(), 0, "{}: {told:?}", setting.name);
    disk.settle();
    disk.kill()
}

fn backup(name: &str) -> String {
    format!("{name}.backup")
}

/// The manifests are as they were, and a backup is whole or gone.
fn look(setting: &Setting, before: &Simulated, disk: &Simulated, what: &str) {
    for name in MANIFESTS {
        let what = format!("{}: {what}: {name}", setting.name);
        assert_eq!(disk.read_path(name), before.read_path(name), "{what}");
        let kept = disk.read_path(backup(name));
        assert!(kept.is_none() || kept == Some(original(name)), "{what}");
    }
}

/// What is there comes back, and what is not there was pruned.
fn look_by_rollback(setting: &Setting, disk: &Simulated, what: &str) {
    let kept = MANIFESTS.map(|name| disk.read_path(backup(name)).is_some());
    let told = setting.roll_back(disk, 2);
    for (name, is_kept) in MANIFESTS.iter().zip(kept) {
        let what = format!("{}: {what}: {name}: {told:?}", setting.name);
        if is_kept {
            assert_eq!(told.status_of(name), Some(Status::Restored), "{what}");
        } else {
            let outcomes = told.outcomes.iter();
            let mut these = outcomes.filter(|one| one.path.to_text() == *name);
            let trouble = these.next().and_then(|one| one.trouble.clone());
            assert_eq!(
                trouble.map(|trouble| trouble.code),
                Some(Code::BackupPruned),
                "{what}"
            );
        }
    }
}

fn prune_to_the_end(setting: &Setting, before: &Simulated, disk: &Simulated, what: &str) {
    let last = prune(setting, disk);
    assert_eq!(last.stop, None, "{}: {what}: {last:?}", setting.name);
    look(setting, before, disk, what);
    for name in MANIFESTS {
        let left = disk.read_path(backup(name));
        assert_eq!(left, None, "{}: {what}: {name}: {last:?}", setting.name);
    }
}

#[test]
fn backups_go_and_a_second_pruning_writes_nothing() {
    for setting in SETTINGS {
        let disk = migrated(setting);
        let told = prune(setting, &disk);
        let gone = told.backups.iter();
        let gone = gone.filter(|one| one.verdict == Verdict::Gone).count();
        assert_eq!(gone, MANIFESTS.len(), "{}: {told:?}", setting.name);
        let calls = disk.calls();
        let again = prune(setting, &disk);
        assert_eq!((again.operation, disk.calls()), (None, calls));
        assert_eq!(again.backups, []);
    }
}

#[test]
fn whichever_call_of_a_pruning_is_the_last_no_manifest_is_touched() {
    let stop_at = |setting: &'static Setting, n: usize, stop: Stop, power_cut: Option<u64>| {
        let before = migrated(setting);
        let disk = migrated(setting);
        disk.stop_at(n, stop);
        prune(setting, &disk);
        let was_stopped = disk.stopped();
        let what = format!("{stop:?} call {n}, {power_cut:?}");
        let next = || power_cut.map_or_else(|| disk.kill(), |seed| disk.crash(seed));
        let disk = next();
        look(setting, &before, &disk, &what);
        if n.is_multiple_of(2) {
            look_by_rollback(setting, &disk, &what);
        } else {
            prune_to_the_end(setting, &before, &disk, &what);
        }
        was_stopped
    };
    SETTINGS.par_iter().for_each(|setting| {
        let mut n = 1;
        loop {
            let mut any = false;
            for stop in [Stop::Before, Stop::After] {
                any |= stop_at(setting, n, stop, None);
                for seed in 0..1 {
                    stop_at(setting, n, stop, Some(seed));
                }
            }
            if !any {
                break;
            }
            n += 1;
        }
    });
}

#[test]
fn whichever_call_of_a_pruning_fails_no_manifest_is_touched() {
    const EIO: i32 = 5;
    SETTINGS.par_iter().for_each(|setting| {
        let mut n = 1;
        loop {
            let before = migrated(setting);
            let disk = migrated(setting);
            let calls = {
                disk.fail_at(n, EIO, Often::Once);
                prune(setting, &disk);
                disk.calls()
            };
            let what = format!("call {n} fails");
            let disk = disk.kill();
            look(setting, &before, &disk, &what);
            prune_to_the_end(setting, &before, &disk, &what);
            if calls < n {
                break;
            }
            n += 1;
        }
    });
}
