//! Stop at any call, lose power or be killed, do the same again while recovering, with foreign writers: nothing is lost.
//!
//! One seed makes one case. `CRASH_CASES=1000000 cargo test --release --lib crash_campaign -- --nocapture` tries that many, from `CRASH_SEED` on; a case that loses something names its seed, and `CRASH_SEED=that CRASH_CASES=1` shows it alone.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::foreign::{Foreign, Trace};
use super::setting::{BROKEN, MANIFESTS, Run, SETTINGS, Setting, original};
use crate::report::Status;
use crate::storage::disk::EntryKind;
use crate::storage::simulated::{Node, Simulated, Stop};

/// Random numbers that a seed determines (splitmix64).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 up to `end`, without `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap_or(0) % end.max(1)
    }
}

pub(super) const BATCHES: [usize; 3] = [1, 2, 4096];

/// A run in which nothing goes wrong: its calls, and what it makes of each manifest.
pub(super) struct Undisturbed {
    pub(super) log: Vec<String>,
    pub(super) migrated: BTreeMap<&'static str, Vec<u8>>,
}

/// One for each setting and batch size.
pub(super) fn undisturbed(settings: &'static [Setting]) -> Vec<[Undisturbed; 3]> {
    let one = |setting: &Setting, batch| {
        let disk = setting.disk();
        setting.prepare(&disk);
        let told = setting.run(&disk, batch);
        assert_eq!(told.exit_code(), 0, "{}: {told:?}", setting.name);
        let migrated = MANIFESTS.map(|name| (name, disk.read_path(name).unwrap()));
        Undisturbed {
            log: disk.log(),
            migrated: migrated.into(),
        }
    };
    settings
        .iter()
        .map(|setting| BATCHES.map(|batch| one(setting, batch)))
        .collect()
}

fn of_settings() -> &'static [[Undisturbed; 3]] {
    static KNOWN: OnceLock<Vec<[Undisturbed; 3]>> = OnceLock::new();
    KNOWN.get_or_init(|| undisturbed(SETTINGS))
}

/// What a case may do besides stopping and crashing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum With {
    ForeignWriters,
    Nobody,
}

/// Ends a process: without power, or just dead. Says whether nothing can have got lost on the way.
pub(super) fn end(disk: &Simulated, random: &mut Random) -> (Simulated, bool) {
    if random.below(3) == 0 {
        (disk.kill(), true)
    } else {
        (disk.crash(random.next()), false)
    }
}

/// Ends another process, which was stopped at call `at`; tells its death, too.
pub(super) fn end_again(
    disk: &Simulated,
    at: usize,
    random: &mut Random,
) -> (Simulated, bool, String) {
    let (next, was_killed) = end(disk, random);
    let call = disk.log().get(at - 1).cloned().unwrap_or_default();
    (
        next,
        was_killed,
        format!("then {call}, killed: {was_killed}"),
    )
}

pub(super) fn any_stop(random: &mut Random) -> Stop {
    [Stop::Before, Stop::Halfway, Stop::After][random.below(3)]
}

/// One case; what is wrong, if anything is.
fn case(
    seed: u64,
    settings: &'static [Setting],
    known: &[[Undisturbed; 3]],
    with: With,
) -> Result<(), String> {
    let mut random = Random::new(seed);
    let (place, size) = (random.below(settings.len()), random.below(BATCHES.len()));
    let (setting, batch, known) = (&settings[place], BATCHES[size], &known[place][size]);
    let disk = setting.disk();
    setting.prepare(&disk);
    // One behind the last is a power cut after all is done.
    let at = 1 + random.below(known.log.len() + 1);
    let stop = any_stop(&mut random);
    disk.stop_at(at, stop);
    let foreign = (with == With::ForeignWriters && random.below(3) == 0)
        .then(|| Foreign::any(&mut random, setting, &known.log))
        .flatten();
    // Where it is noticed at any call, also while recovering.
    let mut later = foreign.filter(|_| setting.notices_at_once() && random.below(2) == 0);
    let trace = match &foreign {
        Some(foreign) if later.is_none() => foreign.hook_into(&disk),
        _ => Trace::default(),
    };
    let first = setting.run(&disk, batch);
    let (mut disk, was_killed) = end(&disk, &mut random);
    let mut check = Check {
        known,
        trace,
        deaths: vec![format!(
            "{}, batches of {batch}: {stop:?} {}, killed: {was_killed}",
            setting.name,
            known.log.get(at - 1).map_or("at the end", String::as_str)
        )],
    };
    check.after_a_death(&disk, &first, was_killed)?;
    for _ in 0..random.below(3) {
        let at = 1 + random.below(known.log.len());
        disk.stop_at(at, any_stop(&mut random));
        if let Some(foreign) = later.take() {
            check.trace = foreign.hook_into(&disk);
        }
        let told = setting.run(&disk, batch);
        let (next, was_killed, death) = end_again(&disk, at, &mut random);
        check.deaths.push(death);
        check.after_a_death(&next, &told, was_killed)?;
        disk = next;
    }
    let last = setting.run(&disk, batch);
    check.at_the_end(&disk, &last)?;
    let calls = disk.calls();
    let again = setting.run(&disk, batch);
    if disk.calls() != calls {
        return check.wrong(&format!("a run with nothing to do has written: {again:?}"));
    }
    Ok(())
}

/// What must hold.
pub(super) struct Check<'k> {
    pub(super) known: &'k Undisturbed,
    pub(super) trace: Trace,
    pub(super) deaths: Vec<String>,
}

impl Check<'_> {
    fn wrong<T>(&self, what: &str) -> Result<T, String> {
        Err(format!(
            "{what}\n  {}\n  {:?}",
            self.deaths.join("\n  "),
            self.trace
        ))
    }

    /// Every manifest is whole, and what was told is true.
    fn after_a_death(&mut self, disk: &Simulated, told: &Run, killed: bool) -> Result<(), String> {
        for name in MANIFESTS {
            if self.trace.touched(name) {
                continue;
            }
            let Some(bytes) = disk.read_path(name) else {
                return self.wrong(&format!("`{name}` is gone"));
            };
            let is_new = bytes == self.known.migrated[name];
            if !is_new && bytes != original(name) {
                return self.wrong(&format!("`{name}` is torn"));
            }
            if told.status_of(name) == Some(Status::Migrated) && !is_new {
                return self.wrong(&format!("`{name}` was said to be migrated"));
            }
        }
        let honest = told.outcomes.len() == MANIFESTS.len()
            && told.outcomes.iter().all(|outcome| {
                matches!(outcome.status, Status::Migrated | Status::Current)
                    || self.trace.touched(&outcome.path.to_text())
            });
        if told.exit_code() == 0 && !honest && !self.trace.any() {
            return self.wrong(&format!("exit code 0: {told:?}"));
        }
        if let Err(what) = self.trace.look(disk, killed) {
            return self.wrong(&what);
        }
        Ok(())
    }

    /// All are migrated, the originals are kept once, and nothing is left over.
    pub(super) fn at_the_end(&mut self, disk: &Simulated, told: &Run) -> Result<(), String> {
        let code = told.exit_code();
        if code != 0 && !(code == 1 && self.trace.any()) {
            return self.wrong(&format!("the last run ended with {code}: {told:?}"));
        }
        let tree = disk.tree();
        for name in MANIFESTS {
            if !self.trace.touched(name) {
                self.one_at_the_end(name, &tree)?;
            }
        }
        if let Err(what) = self.trace.look(disk, true) {
            return self.wrong(&what);
        }
        let left = tree
            .iter()
            .find(|(path, node)| self.is_left_over(path, node));
        if let Some((path, _)) = left {
            return self.wrong(&format!("`{path}` is left over"));
        }
        Ok(())
    }

    fn one_at_the_end(&self, name: &str, tree: &BTreeMap<String, Node>) -> Result<(), String> {
        let Some(manifest) = tree.get(name) else {
            return self.wrong(&format!("`{name}` is gone"));
        };
        if manifest.bytes != self.known.migrated[name] {
            return self.wrong(&format!("`{name}` is not migrated"));
        }
        let backups: Vec<&Node> = tree
            .iter()
            .filter(|(path, _)| path.starts_with(&format!("{name}.")))
            .map(|(_, node)| node)
            .collect();
        let [backup] = &backups[..] else {
            return self.wrong(&format!("`{name}` has {} backups", backups.len()));
        };
        if backup.bytes != original(name) {
            return self.wrong(&format!("the backup of `{name}` has other bytes"));
        }
        let expected = match MANIFESTS.iter().position(|one| *one == name) {
            Some(0) => (0o640, 0),
            Some(1) => (0o644, 7),
            _ => (0o644, 0),
        };
        for node in [manifest, backup] {
            if (node.mode, node.owner, node.links) != (expected.0, expected.1, 1) {
                return self.wrong(&format!("mode or owner of `{name}` differ: {node:?}"));
            }
        }
        Ok(())
    }

    fn is_left_over(&self, path: &str, node: &Node) -> bool {
        const STATE: &str = ".migrate-manifests/";
        let Some(below) = path.strip_prefix(STATE) else {
            let is_known = path == STATE.trim_end_matches('/')
                || node.kind == EntryKind::Directory
                || MANIFESTS.iter().any(|name| {
                    path == *name
                        || path.starts_with(&format!("{name}.backup"))
                        || (path.starts_with(&format!("{name}.rescued."))
                            && self.trace.touched(name))
                });
            return !is_known;
        };
        let is_known = matches!(below, "lock" | "operations" | "staging" | "catalogs")
            || below.starts_with("operations/")
            || (below.starts_with("catalogs/") && !below.starts_with("catalogs/."))
            || (below.starts_with("rescued") && self.trace.any());
        !is_known
    }
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn crash_campaign_loses_nothing() {
    let known = of_settings();
    campaign(1000, |seed| {
        case(seed, SETTINGS, known, With::ForeignWriters)
    });
}

/// Tries as many cases as `CRASH_CASES` says, or that many.
#[expect(clippy::print_stderr, reason = "the long campaign tells how far it is")]
pub(super) fn campaign(usual: u64, case: impl Fn(u64) -> Result<(), String> + Sync) {
    let cases = from_environment("CRASH_CASES").unwrap_or(usual);
    let first = from_environment("CRASH_SEED").unwrap_or(1);
    let next = AtomicU64::new(0);
    let failed = AtomicU64::new(0);
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= cases || failed.load(Ordering::Relaxed) >= 5 {
                return;
            }
            let seed = first.wrapping_add(index);
            let attempt = std::panic::AssertUnwindSafe(|| case(seed));
            let wrong = match std::panic::catch_unwind(attempt) {
                Ok(Ok(())) => None,
                Ok(Err(wrong)) => Some(wrong),
                Err(_) => Some("it panicked".to_owned()),
            };
            if let Some(wrong) = wrong {
                failed.fetch_add(1, Ordering::Relaxed);
                eprintln!("CRASH_SEED={seed}: {wrong}");
            }
            if index > 0 && index.is_multiple_of(100_000) {
                eprintln!("{index} cases");
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    assert_eq!(failed.into_inner(), 0, "of {cases} cases from seed {first}");
}

#[test]
fn the_campaign_sees_what_broken_protocols_lose() {
    let known = undisturbed(BROKEN);
    for (place, setting) in BROKEN.iter().enumerate() {
        let losses = (1..=400)
            .filter(|seed| {
                let one = std::slice::from_ref(setting);
                case(*seed, one, &known[place..=place], With::Nobody).is_err()
            })
            .count();
        assert!(losses > 0, "{} loses nothing", setting.name);
    }
}
