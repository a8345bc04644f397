//! SIGINT and SIGTERM in the middle of a few thousand manifests.
//!
//! Invariant: whenever the signal comes, every manifest is whole, and the next run finishes.

use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::aftermath::{Family, STATE};
use crate::support::sandbox::Sandbox;
use crate::support::wait;

const MANIFESTS: usize = 6_000;

fn interrupted(signal: Signal, code: i32, name: &str) {
    let family = Family::of_many(MANIFESTS);
    let place = if Path::new("/dev/shm").is_dir() {
        Path::new("/dev/shm").to_owned()
    } else {
        std::env::temp_dir()
    };
    let mut was_between = false;
    // Once while the first batch is staged, then later and later.
    for migrated in [0, 1_000, 3_000, 5_000] {
        let sandbox = Sandbox::on(&place);
        family.write(sandbox.root());
        let last = family.paths().nth(migrated).unwrap();
        let is_replaced = wait::is_replaced(sandbox.path(last));
        let mut running = sandbox.invoke(["--jobs", "2"]).spawn();
        running.wait_until(|| sandbox.path(STATE).join("staging").exists());
        if migrated > 0 {
            running.wait_until(is_replaced);
        }
        let id = Pid::from_raw(i32::try_from(running.id()).unwrap()).unwrap();
        // It may have ended meanwhile.
        let sent = kill_process(id, signal).is_ok();
        let output = running.wait();
        let new = family.assert_whole(sandbox.root(), name);
        if !sent || output.status.code() == Some(0) {
            family.assert_done(sandbox.root(), "before the signal");
            continue;
        }
        output.code(code);
        was_between |= new < MANIFESTS;
        assert_eq!(
            output.stderr,
            format!("error: interrupted by {name}\nhint: run again to continue from here\n")
        );
        assert!(output.stdout.contains("Stopped early: "), "{output}");
        if new > 0 && new < MANIFESTS {
            let digits: Vec<_> = new.to_string().chars().collect();
            let migrated: String = match digits.as_slice() {
                [thousands, rest @ ..] if rest.len() == 3 => {
                    format!("{thousands},{}", rest.iter().collect::<String>())
                }
                other => other.iter().collect(),
            };
            let plural = if new == 1 { "" } else { "s" };
            let sentence = format!("Migrated {migrated} manifest{plural} to 1.2.0 in operation ");
            assert!(output.stdout.contains(&sentence), "{sentence}: {output}");
        }
        sandbox.run(["--quiet"]).code(0).stdout("");
        family.assert_done(sandbox.root(), name);
    }
    assert!(was_between, "no signal came in time");
}

#[test]
fn sigint_ends_it_with_130() {
    interrupted(Signal::INT, 130, "SIGINT");
}

#[test]
fn sigterm_ends_it_with_143() {
    interrupted(Signal::TERM, 143, "SIGTERM");
}

#[test]
fn a_rollback_that_is_interrupted_goes_on_the_next_time() {
    let family = Family::of_many(MANIFESTS);
    let mut was_between = false;
    for restored in [0, 2_000, 4_000] {
        let sandbox = Sandbox::new();
        family.write(sandbox.root());
        sandbox.run(["--quiet"]).code(0);
        let last = family.paths().nth(restored).unwrap();
        let is_replaced = wait::is_replaced(sandbox.path(last));
        let mut running = sandbox
            .invoke(["rollback", "--last", "--jobs", "2"])
            .spawn();
        let operations = sandbox.path(STATE).join("operations");
        let has_begun = || std::fs::read_dir(&operations).unwrap().count() > 1;
        running.wait_until(has_begun);
        if restored > 0 {
            running.wait_until(is_replaced);
        }
        let id = Pid::from_raw(i32::try_from(running.id()).unwrap()).unwrap();
        // It may have ended meanwhile.
        let _sent_or_over = kill_process(id, Signal::INT);
        let output = running.wait();
        let migrated = family.assert_whole(sandbox.root(), "SIGINT");
        if output.status.code() == Some(0) {
            assert_eq!(migrated, 0, "{output}");
            continue;
        }
        output.code(130);
        was_between = true;
        assert!(output.stdout.contains("Stopped early: "), "{output}");
        family.assert_rolled_back(&sandbox, "after SIGINT");
    }
    assert!(was_between, "no signal came in time");
}
