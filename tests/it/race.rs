//! An unprivileged owner of the tree swaps everything in it while root works: nothing outside the tree may be touched.
//!
//! `RACE_SECONDS=600 cargo test --test it race:: -- --nocapture` races for ten minutes; `RACE_SEED` repeats the choices of the owner, though not their timing. The gate races for a few seconds.
//!
//! Invariant: the control without any checks is caught by the same race, else the race proves nothing.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, RenameFlags, mknodat, renameat_with};
use tempfile::TempDir;

use crate::support::skip::{is_root, skip};
use crate::support::snapshot::{Detail, Snapshot};

/// A user who exists nowhere else.
const OWNER: u32 = 61_234;
const RUNS: u64 = 12;
const MANIFEST: &str = r#"{"run_id": "r", "job_id": "j", "schema_version": "1.0.0"}"#;
/// A journal of format 1 whose names climb out of the tree.
const PLANTED: &str = concat!(
    r#"{"type":"began","format":"migrate-manifests/journal/1","command":"migrate"}"#,
    "\n",
    r#"{"type":"intent","path":"job/run-0/manifest.json","staged":"../../../../outside/passwd","backups":["../../../../outside/secret/manifest.json"]}"#,
    "\n"
);

/// The place of a race: the tree of the owner, and what is root's.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let place = Self { dir };
        let outside = place.outside();
        fs::create_dir_all(outside.join("secret")).unwrap();
        for (name, text) in [
            ("passwd", "root"),
            ("secret/manifest.json", MANIFEST),
            ("secret/manifest.json.backup", MANIFEST),
            ("lock", "held"),
        ] {
            fs::write(outside.join(name), text).unwrap();
        }
        symlink("passwd", outside.join("link")).unwrap();
        for run in 0..RUNS {
            mend(&place.tree(), run).unwrap();
        }
        let planted = place.tree().join("planted/operations");
        fs::create_dir_all(&planted).unwrap();
        fs::create_dir_all(place.tree().join("planted/staging/20200101T000000Z-1")).unwrap();
        fs::write(planted.join("20200101T000000Z-1.jsonl"), PLANTED).unwrap();
        let all = Command::new("chown")
            .args(["-R", &OWNER.to_string()])
            .arg(place.tree())
            .status();
        assert!(all.unwrap().success());
        place
    }

    fn tree(&self) -> PathBuf {
        self.dir.path().join("tree")
    }

    fn outside(&self) -> PathBuf {
        self.dir.path().join("outside")
    }

    /// All that is root's. The owner may give it further names, where the system lets him.
    fn snapshot(&self) -> Snapshot {
        let detail = Detail {
            state: true,
            times: true,
            identity: true,
        };
        let mut snapshot = Snapshot::of(&self.outside(), detail);
        for entry in snapshot.0.values_mut() {
            entry.identity.as_mut().unwrap().links = 0;
        }
        snapshot
    }

    fn stop(&self) -> PathBuf {
        self.dir.path().join("stop")
    }

    /// Starts the owner: this test binary, as another user.
    fn owner(&self) -> Child {
        let program = self.dir.path().join("owner");
        fs::copy(env::current_exe().unwrap(), &program).unwrap();
        let seed = env::var("RACE_SEED").unwrap_or_else(|_| "1".to_owned());
        Command::new(program)
            .args(["race::the_owner_swaps", "--exact", "--ignored"])
            .env_clear()
            .env("RACE_PLACE", self.dir.path())
            .env("RACE_SEED", seed)
            .stdout(File::create(self.dir.path().join("told")).unwrap())
            .uid(OWNER)
            .gid(OWNER)
            .spawn()
            .unwrap()
    }

    /// Ends the owner, and returns the number of swaps.
    fn end(&self, mut owner: Child) -> u64 {
        fs::write(self.stop(), "").unwrap();
        let status = owner.wait().unwrap();
        let told = fs::read_to_string(self.dir.path().join("told")).unwrap();
        assert!(status.success(), "{told}");
        let swaps = told.lines().find_map(|line| line.strip_prefix("swaps "));
        swaps
            .and_then(|swaps| swaps.parse().ok())
            .unwrap_or_else(|| panic!("{told}"))
    }
}

fn run_dir(tree: &Path, run: u64) -> PathBuf {
    tree.join(format!("job-{}/run-{run}", run % 3))
}

/// Makes a run whole again that the race has taken apart.
fn mend(tree: &Path, run: u64) -> io::Result<()> {
    let dir = run_dir(tree, run);
    if dir.is_symlink() {
        fs::remove_file(&dir)?;
    }
    fs::create_dir_all(&dir)?;
    let new = dir.join(format!("new-{run}"));
    fs::write(&new, MANIFEST)?;
    fs::rename(new, dir.join("manifest.json"))
}

/// Numbers that look random, the same for the same seed.
struct Choices(u64);

impl Choices {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

/// Puts something else under a name for a moment.
fn swap(at: &Path, bait: &Path, moment: u64) -> io::Result<()> {
    let exchange = || renameat_with(CWD, bait, CWD, at, RenameFlags::EXCHANGE);
    exchange()?;
    for _ in 0..moment {
        std::hint::spin_loop();
    }
    exchange()?;
    Ok(())
}

fn swap_something(place: &Path, choices: &mut Choices) -> io::Result<()> {
    let (tree, outside) = (place.join("tree"), place.join("outside"));
    let run = choices.next(RUNS);
    let (dir, bait) = (run_dir(&tree, run), tree.join("bait"));
    let moment = choices.next(20_000);
    let manifest = dir.join("manifest.json");
    if bait.is_dir() && !bait.is_symlink() {
        fs::remove_dir_all(&bait)?;
    } else if bait.symlink_metadata().is_ok() {
        fs::remove_file(&bait)?;
    }
    let secret = outside.join("secret");
    match choices.next(10) {
        0 => symlink(&secret, &bait).and_then(|()| swap(&dir, &bait, moment)),
        1 => symlink(secret.join("manifest.json"), &bait)
            .and_then(|()| swap(&manifest, &bait, moment)),
        2 => mknodat(CWD, &bait, FileType::Fifo, Mode::RWXU, 0)
            .map_err(io::Error::from)
            .and_then(|()| swap(&manifest, &bait, moment)),
        3 => fs::hard_link(outside.join("passwd"), &bait)
            .and_then(|()| swap(&manifest, &bait, moment)),
        4 => symlink(outside.join("passwd"), &bait)
            .and_then(|()| swap(&dir.join("manifest.json.backup"), &bait, moment)),
        5 => symlink(&outside, &bait)
            .and_then(|()| swap(&tree.join(".migrate-manifests"), &bait, moment)),
        6 => swap(
            &tree.join(".migrate-manifests"),
            &tree.join("planted"),
            moment,
        ),
        7 => symlink(&outside, &bait)
            .and_then(|()| swap(dir.parent().unwrap_or(&tree), &bait, moment)),
        8 => fs::create_dir(&bait).and_then(|()| swap(&manifest, &bait, moment)),
        _ => mend(&tree, run),
    }
}

/// The owner, in a process of its own.
#[test]
#[ignore = "it is started by the races"]
fn the_owner_swaps() {
    let Some(place) = env::var_os("RACE_PLACE").map(PathBuf::from) else {
        return;
    };
    let seed = env::var("RACE_SEED").unwrap().parse::<u64>().unwrap();
    let mut choices = Choices(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut swaps = 0_u64;
    while !place.join("stop").exists() {
        // What fails here is in the way of the owner only.
        if swap_something(&place, &mut choices).is_err() {
            let _still_apart = mend(&place.join("tree"), choices.next(RUNS));
        }
        swaps += 1;
    }
    writeln!(io::stdout(), "\nswaps {swaps}").unwrap();
}

fn race_seconds() -> u64 {
    let seconds = env::var("RACE_SECONDS").ok();
    seconds.map_or(5, |seconds| seconds.parse().unwrap())
}

#[test]
fn nothing_outside_is_touched_while_the_owner_swaps_what_root_works_on() {
    if !is_root() {
        return skip("root", "the owner of the tree is another user");
    }
    let place = Place::new();
    let before = place.snapshot();
    let owner = place.owner();
    let commands: [&[&str]; 6] = [
        &["--quiet"],
        &["verify", "--quiet"],
        &["rollback", "--last", "--quiet"],
        &["--quiet", "--as-owner"],
        &["backups", "prune", "--older-than", "0s", "--quiet"],
        &["--quiet", "--jobs", "1"],
    ];
    let (end, mut count) = (Instant::now() + Duration::from_secs(race_seconds()), 0);
    while Instant::now() < end {
        let words = commands[count % commands.len()];
        let output = Command::new(env!("CARGO_BIN_EXE_migrate-manifests"))
            .args(words)
            .arg(place.tree())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(
            matches!(output.status.code(), Some(0..=6)),
            "{words:?}: {:?}: {told}",
            output.status
        );
        let after = place.snapshot();
        assert!(before.differences(&after).is_empty(), "{words:?}: {told}");
        count += 1;
    }
    let swaps = place.end(owner);
    writeln!(io::stderr(), "{count} commands, {swaps} swaps").unwrap();
    assert!(count > 0 && swaps > 0);
}

#[test]
fn the_race_catches_a_program_that_checks_no_name() {
    if !is_root() {
        return skip("root", "the owner of the tree is another user");
    }
    let place = Place::new();
    let before = place.snapshot();
    let owner = place.owner();
    let mut open = OpenOptions::new();
    // A pipe must not hold it up.
    open.read(true)
        .write(true)
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    let end = Instant::now() + Duration::from_secs(60);
    let mut is_caught = false;
    while !is_caught && Instant::now() < end {
        for run in 0..RUNS {
            let path = run_dir(&place.tree(), run).join("manifest.json");
            let Ok(mut file) = open.open(path) else {
                continue;
            };
            let mut text = String::new();
            // Nothing of this matters but where it is written.
            let _written = file
                .read_to_string(&mut text)
                .and_then(|_| file.rewind())
                .and_then(|()| file.write_all(text.replace("1.0.0", "1.2.0").as_bytes()));
        }
        let after = place.snapshot();
        is_caught = !before.differences(&after).is_empty();
    }
    place.end(owner);
    assert!(is_caught, "a writer that follows links was not noticed");
}
