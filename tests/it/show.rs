//! `show`: what a migration would write, without writing it.

use crate::support::sandbox::Sandbox;

const RUN: &str = "artifacts/job/one";

fn manifest(version: &str, more: &str) -> String {
    format!("{{\"schema_version\":\"{version}\",\"run_id\":\"one\",\"cost\":1.50{more}}}\n")
}

fn one(version: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.manifest("job/one", manifest(version, ""));
    sandbox
}

#[test]
fn what_is_shown_is_what_a_migration_writes_byte_for_byte() {
    let sandbox = one("1.0.0");
    let before = sandbox.snapshot();
    let file = format!("{RUN}/manifest.json");
    let from_directory = sandbox.run(["show", RUN]);
    let from_file = sandbox.run(["show", &file]);
    let from_tree = sandbox.run(["show", "job/one", "--root", "artifacts"]);
    let piped = sandbox.invoke(["show", "-"]);
    let piped = piped.stdin(manifest("1.0.0", "")).run();
    assert!(before.differences(&sandbox.snapshot()).is_empty());
    sandbox.run(["--quiet"]).code(0);
    let written = String::from_utf8(sandbox.read(&file)).unwrap();
    for shown in [from_directory, from_file, from_tree, piped] {
        shown.code(0).stderr("").stdout(&written);
    }
}

#[test]
fn a_version_in_between_can_be_asked_for_and_what_needs_nothing_is_shown_as_it_is() {
    let sandbox = one("1.0.0");
    let shown = sandbox.run(["show", RUN, "--target-version", "1.1.0"]);
    assert!(
        shown
            .code(0)
            .stdout
            .contains("\"schema_version\":\"1.1.0\"")
    );
    for version in ["1.2.0", "1.3.0"] {
        let text = manifest(version, ",\"status\":\"running\"");
        sandbox.manifest("job/one", &text);
        sandbox.run(["show", RUN]).code(0).stdout(&text);
    }
}

#[test]
fn a_run_that_goes_on_is_shown_like_any_other() {
    let sandbox = Sandbox::new();
    sandbox.manifest("job/one", manifest("1.1.0", ",\"status\":\"running\""));
    let shown = sandbox.run(["show", RUN]);
    assert!(shown.code(0).stdout.contains("\"chain_metadata\""));
}

#[test]
fn what_cannot_be_shown_is_told_with_its_code_and_a_hint() {
    let sandbox = one("1.0.0");
    sandbox
        .manifest("job/broken", "{")
        .manifest("job/strange", manifest("7.0.0", ""))
        .manifest("job/one/inputs/x", "{}")
        .dir("artifacts/job/empty")
        .file("artifacts/job/one/other.json", "{}");
    for (words, code, stderr) in [
        (
            &["show", "artifacts/job/broken"][..],
            1,
            "error: `job/broken/manifest.json`: line 1, column 2: expected a name or `}`, found the end of the text\nhint: restore the file from a copy: its end is missing\n",
        ),
        (
            &["show", "artifacts/job/strange"],
            1,
            "error: `job/strange/manifest.json`: `/schema_version` is `7.0.0`, which the catalog does not know: its latest version is `1.2.0`\nhint: use a catalog that has this version\n",
        ),
        (
            &["show", "artifacts/job/none"],
            2,
            "error: nothing is at `artifacts/job/none`\nhint: check the selection\n",
        ),
        (
            &["show", "artifacts/job/empty"],
            2,
            "error: `job/empty/manifest.json`: cannot open: No such file or directory (os error 2)\nhint: check the path: it is relative to the tree\n",
        ),
        (
            &["show", "artifacts/job/one/inputs/x"],
            2,
            "error: `job/one/inputs/x/manifest.json`: no manifest: what lies below `inputs` is data\nhint: check the path: it is relative to the tree\n",
        ),
        (
            &["show", "artifacts/job/one/other.json"],
            2,
            "error: `artifacts/job/one/other.json` is neither a run directory nor a manifest named `manifest.json`\nhint: check the selection\n",
        ),
        (
            &["show", RUN, "--target-version", "9.9.9"],
            2,
            "error: target version `9.9.9` does not exist, expected one of `1.0.0, 1.1.0, 1.2.0`\nhint: choose one of the versions of the catalog\n",
        ),
    ] {
        let before = sandbox.snapshot();
        sandbox.run(words).code(code).stdout("").stderr(stderr);
        assert!(before.differences(&sandbox.snapshot()).is_empty());
    }
    let piped = sandbox.invoke(["show", "-"]).stdin("[]").run();
    piped.code(1).stderr(
        "error: standard input: line 1, column 1: expected an object at the top level, found an array\nhint: check that the file is a manifest: a manifest is a JSON object\n",
    );
}

#[test]
fn a_link_that_the_operator_names_is_followed_to_the_run() {
    let sandbox = one("1.2.0");
    sandbox.link("artifacts/runs/one", "../job/one");
    let shown = sandbox.run(["show", "artifacts/runs/one"]);
    shown.code(0).stdout(&manifest("1.2.0", ""));
}
