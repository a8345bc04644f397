//! The whole way, there and back, on a tree with all versions and true hashes: migrated, proved, rolled back, migrated again; and killed after a random manifest, again and again.
//!
//! The gate takes a small tree; `PROOF_RUNS=10000 cargo test --release --test it proof:: -- --nocapture` is the campaign. `PROOF_SEED` chooses where the kills fall.
//!
//! Invariant: what is compared at the end is bytes, modes, owners, inodes and times of everything in the tree.

use std::env;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::support::pair::verify;
use crate::support::sandbox::Sandbox;
use crate::support::snapshot::{Detail, Snapshot};
use crate::support::tree::{TreeSpec, generate, random::Random};
use crate::support::wait;

fn number(name: &str, usual: u64) -> u64 {
    let typed = env::var(name).ok();
    typed.map_or(usual, |text| text.parse().expect("a number"))
}

fn tree() -> Sandbox {
    let sandbox = Sandbox::new();
    let runs = usize::try_from(number("PROOF_RUNS", 300)).unwrap();
    let made = generate(sandbox.root(), &TreeSpec::new(7, runs)).unwrap();
    assert!(made.versions.len() >= 3, "{made:?}");
    // The state directory is one more link of the tree's own: it is there from the beginning.
    sandbox.run(["--limit", "1", "--quiet"]).code(0);
    sandbox.run(["rollback", "--last", "--quiet"]).code(0);
    sandbox
}

/// Everything but the state, with times and inodes.
fn whole(sandbox: &Sandbox) -> Snapshot {
    let detail = Detail {
        state: false,
        times: true,
        identity: true,
    };
    Snapshot::of(sandbox.root(), detail)
}

/// Bytes, without the state.
fn bytes(sandbox: &Sandbox) -> Snapshot {
    sandbox.snapshot_without_state()
}

fn assert_same(before: &Snapshot, after: &Snapshot, why: &str) {
    let differences = before.differences(after);
    let some = &differences[..differences.len().min(20)];
    assert!(differences.is_empty(), "{why}: {some:#?}");
}

fn assert_sound(sandbox: &Sandbox, more: &[&str]) {
    let proved = verify(sandbox, more);
    let report = proved.json();
    assert_eq!(report["findings"], json!({}), "{more:?}");
    proved.code(0);
}

#[test]
fn there_and_back_and_there_again() {
    let sandbox = tree();
    let before = whole(&sandbox);
    sandbox.run(["--quiet"]).code(0).stdout("");
    assert_sound(&sandbox, &[]);
    assert_sound(&sandbox, &["--replay"]);
    let migrated = bytes(&sandbox);
    sandbox.run(["rollback", "--last", "--quiet"]).code(0);
    assert_same(&before, &whole(&sandbox), "after the rollback");
    assert_sound(&sandbox, &["--replay"]);
    sandbox.run(["--quiet"]).code(0);
    assert_same(&migrated, &bytes(&sandbox), "migrated again");
    assert_sound(&sandbox, &["--replay"]);
}

#[test]
fn killed_ten_times_and_rolled_back_it_is_the_tree_from_before() {
    let sandbox = tree();
    let before = whole(&sandbox);
    let report = sandbox
        .run(["--dry-run", "--format", "json"])
        .code(0)
        .json();
    let pending = report["manifests"].as_array().unwrap().iter();
    let pending = pending.filter(|one| one["outcome"] == "pending");
    let pending: Vec<_> = pending.map(|one| one["path"].as_str().unwrap()).collect();
    let mut random = Random::new(number("PROOF_SEED", 1), 0, 0);
    let share = pending.len() / 10;
    for round in 0..10 {
        let more = random.below(share as u64);
        let last = pending[round * share + usize::try_from(more).unwrap()];
        let is_replaced = wait::is_replaced(sandbox.path("artifacts").join(last));
        let mut running = sandbox.invoke(["--quiet"]).real_clock().spawn();
        running.wait_until(is_replaced);
        if running.is_running() {
            let id = Pid::from_raw(i32::try_from(running.id()).unwrap()).unwrap();
            // It may have ended in this very moment.
            let _sent_or_over = kill_process(id, Signal::KILL);
        }
        running.wait();
    }
    // What is unfinished is settled by the first command that writes; then all are undone, last first.
    for _ in 0..20 {
        let undone = sandbox.run(["rollback", "--last", "--format", "json"]);
        undone.code(0);
        if undone.json()["counts"]["restored"] == 0 {
            break;
        }
    }
    assert_same(
        &before,
        &whole(&sandbox),
        "after ten kills and the way back",
    );
    assert_sound(&sandbox, &[]);
}
