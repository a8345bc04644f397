//! Two operations on one tree: the second is told who is at work, or waits; reading goes on.
//!
//! Invariant: the first is slowed down by `strace`, so that no test depends on luck.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::aftermath::{Family, STATE};
use crate::support::sandbox::{Running, Sandbox};
use crate::support::skip::skip;

#[test]
fn a_signal_ends_the_waiting() {
    let family = Family::of_three();
    let sandbox = Sandbox::new();
    family.write(sandbox.root());
    let Some(first) = slow(&sandbox, 4) else {
        return;
    };
    for (signal, code, name) in [(Signal::INT, 130, "SIGINT"), (Signal::TERM, 143, "SIGTERM")] {
        let waiting = sandbox.invoke(["--wait", "--quiet"]).spawn();
        // Until it waits: sooner, the signal would end the process by itself.
        thread::sleep(Duration::from_millis(600));
        let id = Pid::from_raw(i32::try_from(waiting.id()).unwrap()).unwrap();
        kill_process(id, signal).unwrap();
        waiting.wait().code(code).stderr(&format!(
            "error: interrupted by {name}\nhint: run again: it goes on where this stopped\n"
        ));
    }
    first.wait().code(0).stdout("").stderr("");
    family.assert_done(sandbox.root(), "while others waited in vain");
}

/// An operation that stays in its first flush for some seconds, with its lock taken.
fn slow(sandbox: &Sandbox, seconds: u32) -> Option<Running> {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .any(|dir| dir.join("strace").is_file());
    if !found {
        skip("strace", "the program `strace` is not installed");
        return None;
    }
    let delay = format!(
        "inject=syncfs,fsync:delay_enter={}:when=1",
        seconds * 1_000_000
    );
    let running = sandbox.invoke(["--quiet"]).under([
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        "trace=syncfs,fsync",
        "-e",
        &delay,
    ]);
    let running = running.spawn();
    let until = Instant::now() + Duration::from_secs(20);
    let lock = sandbox.path(STATE).join("lock");
    // The holder is named with its operation a moment after the lock is taken.
    while !std::fs::read_to_string(&lock).is_ok_and(|text| text.starts_with("operation")) {
        assert!(Instant::now() < until, "the first operation never began");
        thread::sleep(Duration::from_millis(5));
    }
    Some(running)
}

fn holder(sandbox: &Sandbox) -> String {
    let text = std::fs::read_to_string(sandbox.path(STATE).join("lock")).unwrap();
    text.trim().to_owned()
}

#[test]
fn the_second_names_the_holder_or_waits_and_reading_goes_on() {
    let family = Family::of_three();
    let sandbox = Sandbox::new();
    family.write(sandbox.root());
    let Some(first) = slow(&sandbox, 3) else {
        return;
    };
    let holder = holder(&sandbox);
    let second = sandbox.run(["--quiet"]);
    second.code(5).stdout("").stderr(&format!(
        "error: another operation is at work: {holder}\nhint: wait for it, or give --wait\n"
    ));
    let report = sandbox.run(["--format", "json"]);
    report.code(5);
    assert_eq!(report.json()["error"]["code"], "locked");
    assert_eq!(report.json()["operation"], serde_json::Value::Null);

    let reading = sandbox.run(["--check", "--format", "json"]);
    reading.code(3);
    assert_eq!(reading.json()["counts"]["pending"], 3);
    assert_eq!(
        reading.json()["warnings"][0]["code"],
        "unfinished_operation",
        "{reading}"
    );
    let id = holder.split([' ', ',']).nth(1).unwrap();
    reading.stderr(&format!(
        "warning: not finished, or still at work: operation {id} (unfinished_operation)\nhint: run migrate-manifests without --dry-run: it finishes or undoes what was begun\n"
    ));

    let waiting = sandbox.run(["--wait", "--format", "json"]);
    waiting.code(0);
    assert_eq!(waiting.json()["counts"]["current"], 3, "{waiting}");
    first.wait().code(0).stdout("").stderr("");
    family.assert_done(sandbox.root(), "two at once");
}
