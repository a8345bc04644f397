//! The first day in parts: a version between, a canary, selections, a list from a program, what a writer still has.
//!
//! Invariant: what was not selected keeps every byte.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::{manifest, pending, small, taken};
use crate::support::sandbox::{Output, Sandbox};

#[test]
fn a_target_between_is_reached_and_then_left() {
    let sandbox = small();
    let first = sandbox.run(["--target-version", "1.1.0", "--format", "json"]);
    first.code(1);
    assert_eq!(taken(&first), ["job-a/one"]);
    // What is above the target and known is ahead of it.
    assert_eq!(first.json()["counts"]["ahead"], 2);
    assert_eq!(first.json()["counts"]["current"], 1);
    let second = sandbox.run(["--format", "json"]);
    assert_eq!(taken(&second), ["job-a/one", "job-a/two"]);
    // The first backup has its name; the second gets one of its own.
    let names: Vec<_> = second.json()["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["backup"].as_str().map(str::to_owned))
        .collect();
    assert!(names[0].starts_with("manifest.json.backup."), "{names:?}");
    assert_eq!(names[1], "manifest.json.backup");
    let history: Value =
        serde_json::from_slice(&sandbox.read("artifacts/job-a/one/manifest.json")).unwrap();
    assert_eq!(history["migration_history"].as_array().unwrap().len(), 2);
}

#[test]
fn a_limit_is_a_canary_that_moves_on() {
    let sandbox = pending(5);
    let mut seen = Vec::new();
    for _ in 0..3 {
        let output = sandbox.run(["--limit", "2", "--format", "json"]);
        output.code(0);
        seen.push(taken(&output));
    }
    assert_eq!(
        seen,
        [
            vec!["job/00", "job/01"],
            vec!["job/02", "job/03"],
            vec!["job/04"]
        ]
    );
}

#[test]
fn selections_are_combined_by_intersection() {
    let sandbox = Sandbox::new();
    for job in ["ig-a", "ig-b", "yt-a"] {
        for run in ["1", "2", "3", "4"] {
            sandbox.manifest(format!("{job}/{run}"), manifest("1.0.0", run));
        }
    }
    let chosen = |words: &[&str]| {
        let output = sandbox.run([&["--dry-run", "--format", "json"], words].concat());
        output.code(0);
        taken(&output)
    };
    assert_eq!(chosen(&[]).len(), 12);
    assert_eq!(chosen(&["--job", "ig-*"]).len(), 8);
    assert_eq!(chosen(&["--job", "ig-a", "--job", "yt-*"]).len(), 8);
    assert_eq!(chosen(&["--job", "ig-*", "--exclude", "2"]).len(), 6);
    assert_eq!(
        chosen(&[
            "--manifest",
            "artifacts/ig-a/1",
            "--manifest",
            "yt-a/3/manifest.json"
        ]),
        ["ig-a/1", "yt-a/3"]
    );
    assert_eq!(
        chosen(&[
            "--manifest",
            "artifacts/ig-a/1",
            "--manifest",
            "yt-a/3",
            "--job",
            "yt-*"
        ]),
        ["yt-a/3"]
    );
    let mut parts: Vec<_> = (0..3)
        .flat_map(|part| chosen(&["--shard", &format!("{part}/3")]))
        .collect();
    parts.sort();
    assert_eq!(parts, chosen(&[]), "the shards are the whole");
    let (small, large) = (chosen(&["--sample", "30%"]), chosen(&["--sample", "60%"]));
    assert!(
        small.iter().all(|one| large.contains(one)),
        "{small:?} {large:?}"
    );
    assert_eq!(chosen(&["--sample", "100%"]).len(), 12);
}

#[test]
fn a_list_gets_one_line_for_each_of_its_paths_and_exit_0() {
    let sandbox = small();
    let list = "job-a/one/manifest.json\njob-a/one/manifest.json\njob-b/current/manifest.json\njob-x/manifest.json\n\"job-b/refused/manifest.json\"\njob-b/ahead/manifest.json\n";
    let invoke = |words: &[&str]| {
        sandbox
            .invoke([&["--files-from", "-", "--format", "jsonl"], words].concat())
            .stdin(list)
            .run()
    };
    let lines = |output: &Output| -> BTreeMap<String, String> {
        let lines = output.json_lines();
        let (end, lines) = lines.split_last().unwrap();
        assert!(end["format"].is_string());
        let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
        let found: BTreeMap<_, _> = lines
            .iter()
            .map(|one| {
                let outcome = format!("{} {}", text(one, "outcome"), text(one, "code"));
                (
                    text(one, "path").replace("/manifest.json", ""),
                    outcome.trim().to_owned(),
                )
            })
            .collect();
        assert_eq!(found.len(), lines.len(), "a path has two lines: {output}");
        found
    };
    let expected = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(path, outcome)| ((*path).to_owned(), (*outcome).to_owned()))
            .collect()
    };
    let output = invoke(&[]);
    output.code(0).stderr("");
    assert_eq!(
        lines(&output),
        expected(&[
            ("job-a/one", "migrated"),
            ("job-b/ahead", "ahead"),
            ("job-b/current", "current"),
            ("job-b/refused", "refused duplicate_name"),
            ("job-x", "failed not_found"),
        ])
    );
    let output = invoke(&["--exclude", "job-b"]);
    output.code(0);
    assert_eq!(
        lines(&output),
        expected(&[
            ("job-a/one", "current"),
            ("job-b/ahead", "excluded"),
            ("job-b/current", "excluded"),
            ("job-b/refused", "excluded"),
            ("job-x", "failed not_found"),
        ])
    );
    // What was not in the list was not touched.
    assert!(
        !sandbox
            .path("artifacts/job-a/two/manifest.json.backup")
            .exists()
    );
    let with_nul = sandbox
        .invoke(["--files-from", "-", "-0", "--format", "json"])
        .stdin("job-a/two/manifest.json\0")
        .run();
    with_nul.code(0);
    assert_eq!(taken(&with_nul), ["job-a/two"]);
}

#[test]
fn many_failures_stop_it_only_where_asked() {
    let sandbox = small();
    let tolerant = sandbox.run(["--max-failures", "1", "--dry-run", "--format", "json"]);
    tolerant.code(1);
    assert!(tolerant.json()["error"].is_null());
    let strict = sandbox.run(["--max-failures", "0", "--dry-run", "--format", "json"]);
    strict.code(4);
    assert_eq!(strict.json()["error"]["code"], "too_many_failures");
    strict.stderr(
        "error: 1 of 5 manifests were refused, failed or in conflict\nhint: check the manifests that are listed, or raise --max-failures\n",
    );
    let share = sandbox.run(["--max-failures", "50%", "--dry-run", "--format", "json"]);
    assert!(share.json()["error"].is_null());
}

#[test]
fn what_a_writer_has_is_left_alone_until_it_is_asked_for() {
    let sandbox = Sandbox::new();
    let text = "{\"schema_version\":\"1.0.0\",\"run_id\":\"a\",\"status\":\"running\"}\n";
    sandbox.manifest("job/run", text);
    sandbox.run(["--check", "--quiet"]).code(0);
    let output = sandbox.run::<&str>([]);
    output.code(0).stderr("");
    assert!(
        output
            .stdout
            .contains("deferred longest: job/run/manifest.json, last written "),
        "{output}"
    );
    assert_eq!(
        sandbox.read("artifacts/job/run/manifest.json"),
        text.as_bytes()
    );
    assert!(!sandbox.path("artifacts/.migrate-manifests").exists());
    let taken_now = sandbox.run(["--include-running", "--format", "json"]);
    taken_now.code(0);
    assert_eq!(taken(&taken_now), ["job/run"]);
}

#[test]
fn a_directory_in_the_tree_is_a_selection_and_the_tree_is_found_above_it() {
    let sandbox = small();
    // No state yet: the directory named artifacts is the tree.
    let output = sandbox.run(["artifacts/job-a/one", "--format", "json"]);
    output.code(0);
    assert_eq!(output.json()["tree"], "[SANDBOX]/artifacts");
    assert_eq!(taken(&output), ["job-a/one"]);
    assert!(sandbox.path("artifacts/.migrate-manifests").is_dir());
    assert!(
        !sandbox
            .path("artifacts/job-a/one/.migrate-manifests")
            .exists()
    );
    // With a state, whatever the tree is called.
    fs::rename(sandbox.path("artifacts"), sandbox.path("store")).unwrap();
    let output = sandbox
        .invoke([".", "--format", "json"])
        .within("store/job-a")
        .run();
    output.code(0);
    assert_eq!(output.json()["tree"], "[SANDBOX]/store");
    assert_eq!(taken(&output), ["job-a/two"]);
    // Without either, what was named.
    fs::remove_dir_all(sandbox.path("store/.migrate-manifests")).unwrap();
    let output = sandbox.run(["store/job-a", "--dry-run", "--format", "json"]);
    assert_eq!(output.json()["tree"], "[SANDBOX]/store/job-a");
}

#[test]
fn one_tree_inside_the_other_is_refused_before_anything_is_written() {
    let sandbox = small();
    sandbox.dir("artifacts/job-b/.migrate-manifests");
    let before = sandbox.snapshot();
    let output = sandbox.run(["--format", "json"]);
    output.code(2);
    assert_eq!(output.json()["error"]["code"], "nested_tree", "{output}");
    // Also where the tree is not walked, and what was named lies in the inner one.
    let named = fs::read_dir(sandbox.path("artifacts/job-b"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.join("manifest.json").is_file())
        .unwrap();
    let output = sandbox.run(["--format", "json", "--manifest", named.to_str().unwrap()]);
    output.code(2);
    assert_eq!(output.json()["error"]["code"], "nested_tree", "{output}");
    assert_eq!(before, sandbox.snapshot());
}
