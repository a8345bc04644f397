//! The number of system calls for each manifest, counted by `strace` as the slope between two trees on ext4.
//!
//! Invariant: calls about memory and threads do not count, because they depend on the machine; nor does `fcntl`, by which debug builds check that a file is open before they close it.

use std::collections::BTreeMap;

use crate::support::mounts::{FsType, mount};
use crate::support::sandbox::Sandbox;

const FEW: usize = 40;
const MANY: usize = 140;

/// Calls for the directories of jobs, which grow with the number of runs in them.
const SLACK: usize = 2;

const RULED: &str = r#"{"name": "ruled", "extends": "run-manifest", "kinds": {"run": {
  "rules": [{"rule": "unique", "at": ["/run_id"], "on_failure": "halt"}]
}}}"#;

/// The calls that one run makes, by name, and the names of files that it opens.
struct Counted {
    calls: BTreeMap<String, usize>,
    manifests_opened: usize,
}

/// Runs a command on a tree of so many runs in one job, whose state is there already.
fn count(sandbox: &Sandbox, runs: usize, words: &[&str]) -> Counted {
    let tree = format!("tree-{runs}");
    let text = |id: &str| format!("{{\"schema_version\":\"1.1.0\",\"run_id\":\"{id}\"}}\n");
    sandbox.file(
        format!("{tree}/artifacts/a/seed/manifest.json"),
        text("seed"),
    );
    sandbox.run([&*tree, "--job", "a"]).code(0);
    for run in 0..runs {
        let id = format!("run-{run:04}");
        sandbox.file(
            format!("{tree}/artifacts/job/{id}/manifest.json"),
            text(&id),
        );
    }
    let log = sandbox.path("calls");
    let filter = "trace=!mmap,munmap,mprotect,madvise,brk,mremap,futex,fcntl";
    let strace = [
        "strace",
        "-f",
        "-qq",
        "-o",
        log.to_str().unwrap(),
        "-e",
        filter,
    ];
    let words = words.iter().copied().chain([&*tree, "--jobs", "1"]);
    let output = sandbox.invoke(words).under(strace).run();
    output.code(0);
    let log = String::from_utf8_lossy(&std::fs::read(&log).unwrap()).into_owned();
    let mut counted = Counted {
        calls: BTreeMap::new(),
        manifests_opened: 0,
    };
    for line in log.lines() {
        // The process id stands first; a call that was interrupted by another thread counts where it begins.
        let call = line.trim_start().split_once(' ').unwrap().1.trim_start();
        let Some((name, rest)) = call.split_once('(') else {
            continue;
        };
        if name.starts_with("<...") {
            continue;
        }
        *counted.calls.entry(name.to_owned()).or_default() += 1;
        let opens = name.starts_with("open") && rest.contains("manifest.json\"");
        counted.manifests_opened += usize::from(opens);
    }
    counted
}

/// Asserts how many calls, and how many opens of the manifest, a command makes for each manifest.
fn assert_slope(words: &[&str], most: usize, opens: usize) {
    if !crate::killed::has_tools() {
        return;
    }
    let Some(mount) = mount(FsType::Ext4) else {
        return;
    };
    let sandbox = Sandbox::on(mount.path());
    sandbox.file("ruled/catalog.json", RULED);
    let [few, many] = [FEW, MANY].map(|runs| count(&sandbox, runs, words));
    let slope = |name: &String| {
        let few = few.calls.get(name).copied().unwrap_or_default();
        many.calls[name].saturating_sub(few)
    };
    let by_name: BTreeMap<_, _> = many.calls.keys().map(|name| (name, slope(name))).collect();
    let all: usize = by_name.values().sum();
    let runs = MANY - FEW;
    assert!(
        all <= most * runs + SLACK,
        "{words:?}: {all} calls for {runs} manifests: {by_name:#?}"
    );
    assert_eq!(
        many.manifests_opened - few.manifests_opened,
        opens * runs,
        "{words:?}"
    );
}

#[test]
fn a_list_makes_eight_calls_for_each_manifest() {
    assert_slope(&["--list-versions"], 8, 1);
}

#[test]
fn a_dry_run_makes_eight_calls_for_each_manifest() {
    assert_slope(&["--dry-run"], 8, 1);
}

#[test]
fn a_migration_makes_at_most_23_calls_for_each_manifest() {
    assert_slope(&[], 23, 1);
}

#[test]
fn a_rule_that_halts_opens_each_manifest_once_more() {
    assert_slope(&["--catalog", "ruled"], 31, 2);
}
