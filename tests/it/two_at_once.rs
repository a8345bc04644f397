//! Two operations on one tree: the second is told who is at work, or waits; reading goes on.
//!
//! Invariant: the first is slowed down by `strace`, so that no test depends on luck.

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::aftermath::{Family, STATE};
use crate::support::sandbox::{Running, Sandbox};
use crate::support::skip::skip;
use crate::support::wait;

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
        wait_until_it_waits(&sandbox, waiting.id());
        let id = Pid::from_raw(i32::try_from(waiting.id()).unwrap()).unwrap();
        kill_process(id, signal).unwrap();
        waiting.wait().code(code).stderr(&format!(
            "error: interrupted by {name}\nhint: run again to continue from here\n"
        ));
    }
    first.wait().code(0).stdout("").stderr("");
    family.assert_done(sandbox.root(), "while others waited in vain");
}

/// An operation that stays in its first flush for some seconds, with its lock taken.
fn slow(sandbox: &Sandbox, seconds: u32) -> Option<Running> {
    slow_with(sandbox, seconds, &["--quiet"])
}

fn slow_with(sandbox: &Sandbox, seconds: u32, args: &[&str]) -> Option<Running> {
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
    let running = sandbox.invoke(args).under([
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
    let lock = sandbox.path(STATE).join("lock");
    // The holder is named with its operation a moment after the lock is taken.
    wait::until("the first operation never began", || {
        std::fs::read_to_string(&lock).is_ok_and(|text| text.starts_with("operation"))
    });
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
        "error: another operation is at work: {holder}\nhint: wait for the other operation, or give --wait\n"
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
        "warning: not finished, or still at work: operation {id} (unfinished_operation)\nhint: wait for it, or run migrate-manifests without --dry-run, which finishes or undoes an operation that was interrupted\n"
    ));

    let waiting = sandbox.run(["--wait", "--format", "json"]);
    waiting.code(0);
    assert_eq!(waiting.json()["counts"]["current"], 3, "{waiting}");
    first.wait().code(0).stdout("").stderr("");
    family.assert_done(sandbox.root(), "two at once");
}

/// Migrates such a tree once nobody else is at work.
const WAITING: [&str; 6] = [
    "artifacts",
    "--catalog",
    "cat",
    "--wait",
    "--format",
    "json",
];

/// A tree in which no two manifests may have the same id, and the catalog that says so.
fn with_rule_over_the_tree(sandbox: &Sandbox) {
    let rule = r#"{"rule":"unique","at":["/id"],"name":"one id"}"#;
    sandbox
        .file(
            "cat/catalog.json",
            format!(
                r#"{{"name":"c","kinds":{{"doc":{{"file":"manifest.json","version":"/v","history":"/h","unversioned":"1.0.0","rules":[{rule}]}}}}}}"#
            ),
        )
        .file(
            "cat/migrations/a.json",
            r#"{"from":"1.0.0","to":"1.1.0","kind":"doc","summary":"s","steps":[{"step":"set_default","at":"/s","value":"a"}]}"#,
        )
        .manifest("j/a", r#"{"id":1}"#)
        .manifest("j/b", r#"{"id":2}"#);
}

/// Until a process has the lock file open.
fn wait_until_it_waits(sandbox: &Sandbox, process: u32) {
    let lock = sandbox.path(STATE).join("lock").canonicalize().unwrap();
    wait::until("it never asked for the lock", || {
        let open = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap();
        open.filter_map(|one| std::fs::read_link(one.ok()?.path()).ok())
            .any(|target| target == lock)
    });
}

#[test]
fn what_changed_while_it_waited_is_judged_by_rules_over_the_tree() {
    let sandbox = Sandbox::new();
    with_rule_over_the_tree(&sandbox);
    let state = sandbox.path(STATE);
    std::fs::create_dir(&state).unwrap();
    sandbox
        .mode(STATE, 0o700)
        .file(format!("{STATE}/lock"), "process 1\n");
    let lock = std::fs::File::open(state.join("lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    // Nothing is unfinished, so the first look at the tree comes before the lock.
    let waiting = sandbox.invoke(WAITING).spawn();
    wait_until_it_waits(&sandbox, waiting.id());
    sandbox.manifest("j/c", r#"{"id":2}"#);
    drop(lock);
    let output = waiting.wait();
    let report = output.code(1).json();
    let told = |index: usize| {
        let one = &report["manifests"][index];
        let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
        format!("{} {} {}", text("path"), text("outcome"), text("message"))
    };
    let same = "refused rule `one id` does not hold: `/id` is the same in";
    assert_eq!(
        [told(0), told(1), told(2)],
        [
            "j/a/manifest.json migrated ".to_owned(),
            format!("j/b/manifest.json {same} `j/c/manifest.json`"),
            format!("j/c/manifest.json {same} `j/b/manifest.json`"),
        ]
    );
    assert_eq!(sandbox.read("artifacts/j/b/manifest.json"), br#"{"id":2}"#);
}

#[test]
fn an_operation_that_waits_for_another_judges_what_that_one_left() {
    let sandbox = Sandbox::new();
    with_rule_over_the_tree(&sandbox);
    let Some(first) = slow_with(&sandbox, 2, &["artifacts", "--catalog", "cat", "--quiet"]) else {
        return;
    };
    let waiting = sandbox.invoke(WAITING).spawn();
    wait_until_it_waits(&sandbox, waiting.id());
    sandbox.manifest("j/c", r#"{"id":2}"#);
    first.wait().code(0).stdout("").stderr("");
    let output = waiting.wait();
    let report = output.code(1).json();
    assert_eq!(report["counts"]["current"], 2, "{output}");
    assert_eq!(
        report["manifests"][0]["message"],
        "rule `one id` does not hold: `/id` is the same in `j/b/manifest.json`"
    );
    assert_eq!(report["operation"], serde_json::Value::Null);
    assert_eq!(sandbox.read("artifacts/j/c/manifest.json"), br#"{"id":2}"#);
}
