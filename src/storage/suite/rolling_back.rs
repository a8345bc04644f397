//! Rollbacks stopped at any call, without power or killed, recovered, stopped while recovering, with failing calls and foreign writers: the tree from before the migration comes back.
//!
//! Seeds as in `campaign`: `CRASH_CASES=100000 cargo test --lib rollback_campaign -- --nocapture` tries that many, from `CRASH_SEED` on.
//!
//! Invariant: at every moment an original stands in its place or under its backup name.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use rayon::prelude::*;

use super::campaign::{BATCHES, Random, any_stop, campaign, end, end_again};
use super::foreign::{Foreign, Trace};
use super::setting::{BROKEN, MANIFESTS, Run, SETTINGS, Setting, original};
use crate::report::Status;
use crate::storage::disk::{Disk as _, EntryKind, FileTime};
use crate::storage::simulated::{Call, Node, Often, Simulated, Stop};

/// What the tree was before the migration, and the calls of a rollback in which nothing goes wrong.
struct Undisturbed {
    log: Vec<String>,
    before: BTreeMap<&'static str, (Node, FileTime)>,
    migrated: BTreeMap<&'static str, Vec<u8>>,
}

fn modified(disk: &Simulated, name: &str) -> FileTime {
    let stat = disk.stat_below(&disk.root(), name.as_bytes(), false);
    stat.unwrap().modified
}

/// A disk on which the migration is done and durable, as the next process finds it.
fn migrated(setting: &Setting, batch: usize) -> Simulated {
    let disk = setting.disk();
    let told = setting.run(&disk, batch);
    assert_eq!(told.exit_code(), 0, "{}: {told:?}", setting.name);
    disk.settle();
    let disk = disk.kill();
    prepare(setting, &disk);
    disk
}

/// Names in one directory are never on two devices.
fn prepare(setting: &Setting, disk: &Simulated) {
    if setting
        .exchange_fails
        .is_some_and(|(_, often)| often == Often::ForEver)
    {
        setting.prepare(disk);
    }
}

fn undisturbed(settings: &'static [Setting]) -> Vec<[Undisturbed; 3]> {
    let one = |setting: &'static Setting, batch| {
        let before = setting.disk();
        let node = |name| (name, (before.node(name).unwrap(), modified(&before, name)));
        let disk = migrated(setting, batch);
        let text = |name| (name, disk.read_path(name).unwrap());
        let migrated = MANIFESTS.map(text).into();
        let told = setting.roll_back(&disk, batch);
        assert_eq!(told.exit_code(), 0, "{}: {told:?}", setting.name);
        Undisturbed {
            log: disk.log(),
            before: MANIFESTS.map(node).into(),
            migrated,
        }
    };
    let three = |setting| BATCHES.map(|batch| one(setting, batch));
    settings.iter().map(three).collect()
}

fn of_settings() -> &'static [[Undisturbed; 3]] {
    static KNOWN: OnceLock<Vec<[Undisturbed; 3]>> = OnceLock::new();
    KNOWN.get_or_init(|| undisturbed(SETTINGS))
}

/// What must hold.
struct Check<'k> {
    setting: &'static Setting,
    known: &'k Undisturbed,
    trace: Trace,
    deaths: Vec<String>,
}

impl Check<'_> {
    fn wrong<T>(&self, what: &str) -> Result<T, String> {
        let deaths = self.deaths.join("\n  ");
        Err(format!(
            "{what}\n  {}: {deaths}\n  {:?}",
            self.setting.name, self.trace
        ))
    }

    fn untouched(&self) -> impl Iterator<Item = &'static str> {
        MANIFESTS
            .into_iter()
            .filter(|name| !self.trace.touched(name))
    }

    /// Every manifest is whole, its original stands where it can be found, and what was told is true.
    fn after_a_death(&mut self, disk: &Simulated, told: &Run, killed: bool) -> Result<(), String> {
        for name in self.untouched() {
            let Some(bytes) = disk.read_path(name) else {
                return self.wrong(&format!("`{name}` is gone"));
            };
            let is_back = bytes == original(name);
            if !is_back && bytes != self.known.migrated[name] {
                return self.wrong(&format!("`{name}` is torn"));
            }
            if !is_back && disk.read_path(format!("{name}.backup")) != Some(original(name)) {
                return self.wrong(&format!("the original of `{name}` is lost"));
            }
            if told.status_of(name) == Some(Status::Restored) && !is_back {
                return self.wrong(&format!("`{name}` was said to be restored"));
            }
        }
        if let Err(what) = self.trace.look(disk, killed) {
            return self.wrong(&what);
        }
        Ok(())
    }

    /// The tree is the one from before the migration, and nothing is left over.
    fn at_the_end(&mut self, disk: &Simulated, told: &Run) -> Result<(), String> {
        let code = told.exit_code();
        if code != 0 && !(code == 1 && self.trace.any()) {
            return self.wrong(&format!("the last rollback ended with {code}: {told:?}"));
        }
        let tree = disk.tree();
        for name in self.untouched() {
            let Some(node) = tree.get(name) else {
                return self.wrong(&format!("`{name}` is gone"));
            };
            let (mut expected, then) = self.known.before[name].clone();
            if self.setting.copies() {
                expected.inode = node.inode;
            }
            let now = modified(disk, name);
            if (node, now) != (&expected, then) {
                let what = format!("`{name}` is {node:?} of {now:?}, was {expected:?} of {then:?}");
                return self.wrong(&what);
            }
        }
        if let Err(what) = self.trace.look(disk, true) {
            return self.wrong(&what);
        }
        match tree
            .iter()
            .find(|(path, node)| self.is_left_over(path, node))
        {
            Some((path, _)) => self.wrong(&format!("`{path}` is left over: {told:?}")),
            None => Ok(()),
        }
    }

    fn is_left_over(&self, path: &str, node: &Node) -> bool {
        let of_touched = |name: &&str| path.starts_with(*name) && self.trace.touched(name);
        let is_known = if let Some(below) = path.strip_prefix(".migrate-manifests/") {
            matches!(below, "lock" | "operations" | "staging" | "catalogs")
                || below.starts_with("operations/")
                || below.starts_with("catalogs/")
                || (below.starts_with("rescued") && self.trace.any())
        } else {
            node.kind == EntryKind::Directory
                || MANIFESTS.contains(&path)
                || MANIFESTS.iter().any(of_touched)
        };
        !is_known
    }
}

/// One case; what is wrong, if anything is.
fn case(
    seed: u64,
    settings: &'static [Setting],
    known: &[[Undisturbed; 3]],
    with_foreign_writers: bool,
) -> Result<(), String> {
    let mut random = Random::new(seed);
    let (place, size) = (random.below(settings.len()), random.below(BATCHES.len()));
    let (setting, batch, known) = (&settings[place], BATCHES[size], &known[place][size]);
    let disk = migrated(setting, batch);
    // One behind the last is a power cut after all is done.
    let at = 1 + random.below(known.log.len() + 1);
    let stop = any_stop(&mut random);
    disk.stop_at(at, stop);
    let foreign = (with_foreign_writers && random.below(3) == 0)
        .then(|| Foreign::any(&mut random, setting, &known.log))
        .flatten();
    let trace = foreign.map_or_else(Trace::default, |foreign| foreign.hook_into(&disk));
    let first = setting.roll_back(&disk, batch);
    let (mut disk, was_killed) = end(&disk, &mut random);
    let call = known.log.get(at - 1).map_or("at the end", String::as_str);
    let mut check = Check {
        setting,
        known,
        trace,
        deaths: vec![format!(
            "batches of {batch}: {stop:?} {call}, killed: {was_killed}"
        )],
    };
    check.after_a_death(&disk, &first, was_killed)?;
    for _ in 0..random.below(3) {
        let at = 1 + random.below(known.log.len());
        disk.stop_at(at, any_stop(&mut random));
        let told = if random.below(2) == 0 {
            // Any command that writes recovers.
            let _stopped_or_not = setting.recover(&disk);
            Run::default()
        } else {
            setting.roll_back(&disk, batch)
        };
        let (next, was_killed, death) = end_again(&disk, at, &mut random);
        check.deaths.push(death);
        check.after_a_death(&next, &told, was_killed)?;
        disk = next;
    }
    let last = setting.roll_back(&disk, batch);
    check.at_the_end(&disk, &last)?;
    let calls = disk.calls();
    let again = setting.roll_back(&disk, batch);
    if disk.calls() != calls && !check.trace.any() {
        return check.wrong(&format!(
            "a rollback with nothing to do has written: {again:?}"
        ));
    }
    Ok(())
}

#[test]
fn rollback_campaign_loses_nothing() {
    let known = of_settings();
    campaign(1000, |seed| case(seed, SETTINGS, known, true));
}

#[test]
fn the_rollback_campaign_sees_what_broken_protocols_lose() {
    let known = undisturbed(BROKEN);
    for (place, setting) in BROKEN.iter().enumerate() {
        let one = std::slice::from_ref(setting);
        let loses = |seed| case(seed, one, &known[place..=place], false).is_err();
        assert!((1..=400).any(loses), "{} loses nothing", setting.name);
    }
}

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

/// A rollback with a fault, then its end, then one without.
fn examine(setting: &'static Setting, known: &Undisturbed, disk: &Simulated, fault: &str) {
    let told = setting.roll_back(disk, 2);
    let mut check = Check {
        setting,
        known,
        trace: Trace::default(),
        deaths: vec![format!("{fault}: {told:?}")],
    };
    for (disk, killed) in [
        (disk.kill(), true),
        (disk.crash(disk.calls() as u64), false),
    ] {
        let is_back = |name: &&str| disk.read_path(name) == Some(original(name));
        let all = MANIFESTS.iter().all(is_back);
        assert!(told.exit_code() != 0 || all, "{fault}: {told:?}");
        let wrong = check.after_a_death(&disk, &told, killed).and_then(|()| {
            let last = setting.roll_back(&disk, 2);
            check.at_the_end(&disk, &last)
        });
        if let Err(wrong) = wrong {
            panic!("{wrong}");
        }
    }
}

#[test]
fn whichever_call_of_a_rollback_fails_nothing_is_lost_and_a_later_one_finishes() {
    for (setting, known) in SETTINGS.iter().zip(of_settings()) {
        for (errno, often) in [(EIO, Often::Once), (ENOSPC, Often::ForEver)] {
            for (n, call) in known[1].log.iter().enumerate() {
                let disk = migrated(setting, 2);
                disk.fail_at(n + 1, errno, often);
                examine(
                    setting,
                    &known[1],
                    &disk,
                    &format!("{call} fails with {errno} {often:?}"),
                );
            }
        }
    }
}

#[test]
fn whichever_reading_call_of_a_rollback_fails_nothing_is_lost() {
    for (setting, known) in SETTINGS.iter().zip(of_settings()) {
        for call in [
            Call::OpenDir,
            Call::Stat,
            Call::Open,
            Call::Read,
            Call::List,
        ] {
            for n in 1..=12 {
                let disk = migrated(setting, 2);
                disk.fail_kind(call, n, EIO, Often::Once);
                examine(
                    setting,
                    &known[1],
                    &disk,
                    &format!("{call:?} number {n} fails"),
                );
            }
        }
    }
}

/// Calls that change names of manifests or backups.
fn changes_names(call: &str) -> bool {
    ["Exchange", "RenameOver", "Link", "Unlink"]
        .iter()
        .any(|name| call.contains(name))
        && call.contains("manifest")
}

/// Killed behind call `n` of a rollback, then without power before call `m` of the recovery; `false` where the recovery has no such call.
fn stopped_twice(
    setting: &'static Setting,
    known: &Undisturbed,
    n: usize,
    m: usize,
    seed: u64,
) -> bool {
    let disk = migrated(setting, 4096);
    disk.stop_at(n, Stop::After);
    setting.roll_back(&disk, 4096);
    let disk = disk.kill();
    disk.stop_at(m, Stop::Before);
    let _stopped_or_not = setting.recover(&disk);
    let was_stopped = disk.stopped();
    let disk = disk.crash(seed);
    let mut check = Check {
        setting,
        known,
        trace: Trace::default(),
        deaths: vec![format!(
            "killed behind {}, then at call {m}",
            known.log[n - 1]
        )],
    };
    let wrong = check
        .after_a_death(&disk, &Run::default(), false)
        .and_then(|()| check.at_the_end(&disk, &setting.roll_back(&disk, 4096)));
    if let Err(wrong) = wrong {
        panic!("{wrong}");
    }
    was_stopped
}

#[test]
fn whatever_call_of_the_recovery_of_a_rollback_is_the_last_nothing_is_lost() {
    SETTINGS
        .par_iter()
        .zip(of_settings())
        .for_each(|(setting, known)| {
            let known = &known[2];
            for (n, call) in known.log.iter().enumerate() {
                if changes_names(call) {
                    for seed in 0..2 {
                        let mut m = 1;
                        while stopped_twice(setting, known, n + 1, m, seed) {
                            m += 1;
                        }
                    }
                }
            }
        });
}
