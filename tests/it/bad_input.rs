//! Bad input that is no manifest: arguments, trees, state directories, places that cannot be written to.
//!
//! Invariant: nothing is written, the message says what to do, and with `--format json` standard output is one object all the same.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::chown;
use std::path::Path;

use serde_json::Value;

use crate::support::aftermath::STATE;
use crate::support::is_root;
use crate::support::sandbox::{Invocation, Sandbox};
use crate::support::skip::skip;

const MANIFEST: &str = "{\"schema_version\":\"1.0.0\",\"run_id\":\"a\"}\n";
const USER: &str = "65533";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.manifest("job/run", MANIFEST);
    sandbox
}

/// As somebody who owns nothing here and may enter the sandbox.
fn as_user(sandbox: &Sandbox, words: &[&str]) -> Invocation {
    let invocation = sandbox.invoke(words);
    if !is_root() {
        return invocation;
    }
    sandbox.mode("", 0o755);
    invocation.under([
        "setpriv",
        "--reuid",
        USER,
        "--regid",
        USER,
        "--clear-groups",
    ])
}

/// An error as the user is told it.
struct ToldError<'e> {
    code: &'e str,
    message: &'e str,
    hint: &'e str,
}

/// Refused with exactly this error, as text and as JSON, and nothing is written.
#[track_caller]
fn refused(sandbox: &Sandbox, words: &[&str], error: &ToldError<'_>) {
    let ToldError {
        code,
        message,
        hint,
    } = *error;
    let before = sandbox.snapshot();
    let text = sandbox.run(words);
    text.code(2)
        .stderr(&format!("error: {message}\nhint: {hint}\n"));
    for format in ["json", "jsonl"] {
        let output = sandbox.run([words, &["--format", format]].concat());
        output.code(2);
        let lines: Vec<Value> = match format {
            "json" => vec![output.json()],
            _ => output.json_lines(),
        };
        assert_eq!(lines.len(), 1, "{output}");
        let error = &lines[0]["error"];
        assert_eq!(error["code"], code, "{output}");
        assert_eq!(error["hint"], hint, "{output}");
        let told = error["message"].as_str().unwrap();
        let told = told.replace(&sandbox.root().display().to_string(), "[SANDBOX]");
        assert!(
            message.replace("\ncaused by: ", ": ") == told,
            "{told} is not {message}"
        );
        assert_eq!(lines[0]["operation"], Value::Null);
    }
    let differences = before.differences(&sandbox.snapshot());
    assert!(differences.is_empty(), "{differences:#?}");
}

#[test]
fn a_tree_that_is_not_there_is_refused() {
    let sandbox = sandbox();
    let hint = "give the directory that holds the artifacts, or its parent";
    refused(
        &sandbox,
        &["nowhere"],
        &ToldError {
            code: "tree_not_found",
            message: "`nowhere` cannot be a tree: it does not exist",
            hint: &format!("{hint}; for the commands, see --help"),
        },
    );
    refused(
        &sandbox,
        &["artifacts/job/run/manifest.json"],
        &ToldError {
            code: "tree_not_found",
            message: "`artifacts/job/run/manifest.json` cannot be a tree: it is not a directory",
            hint,
        },
    );
}

#[test]
fn a_target_that_is_not_there_is_refused_with_those_that_are() {
    let sandbox = sandbox();
    for flags in [
        &["--target-version", "9.9.9"][..],
        &["--dry-run", "--target-version", "9.9.9"],
    ] {
        refused(
            &sandbox,
            flags,
            &ToldError {
                code: "target_unknown",
                message: "target version `9.9.9` does not exist, expected one of `1.0.0, 1.1.0, 1.2.0`",
                hint: "choose one of the versions of the catalog",
            },
        );
    }
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let sandbox = sandbox();
    for (words, message, hint) in [
        (
            &["--list-versions", "--check"][..],
            "--list-versions and --check exclude each other: the one counts what was found, the other says whether work is pending",
            "leave one of them out",
        ),
        (
            &["--list-versions", "--limit", "3"],
            "--list-versions and --limit exclude each other: a list of versions that stops early counts wrong",
            "leave one of them out",
        ),
        (
            &["--bogus"],
            "unexpected argument '--bogus' found",
            "to pass '--bogus' as a value, use '-- --bogus'",
        ),
        (
            &["--target-version", "v1"],
            "invalid value 'v1' for '--target-version <VERSION>': `v1` is not a schema version: expected MAJOR.MINOR.PATCH, as in `1.2.0`",
            "see --help",
        ),
    ] {
        refused(
            &sandbox,
            words,
            &ToldError {
                code: "usage",
                message,
                hint,
            },
        );
    }
    for words in [
        &["--limit", "0"][..],
        &["--jobs", "0"],
        &["--sample", "0%"],
        &["--sample", "101%"],
        &["--sample", "5"],
        &["--shard", "4/4"],
        &["--shard", "x"],
        &["--now", "yesterday"],
        &["--max-failures", "-1"],
        &["--format", "xml"],
        &["--job", "["],
        &["one", "two"],
        &["-0"],
    ] {
        let output = sandbox.run([words, &["--format", "json"]].concat());
        // Two formats are one error more.
        output.code(2);
        assert_eq!(
            output.json()["error"]["code"],
            "usage",
            "{words:?}: {output}"
        );
        assert!(output.stderr.starts_with("error: "), "{output}");
        assert_eq!(output.stderr.matches("error: ").count(), 1, "{output}");
    }
    assert!(!sandbox.path(STATE).exists());
}

#[test]
fn what_is_selected_must_be_there_and_in_the_tree() {
    let sandbox = sandbox();
    sandbox.file("elsewhere/manifest.json", MANIFEST);
    sandbox.file("artifacts/job/run/other.json", MANIFEST);
    let hint = "check the selection";
    refused(
        &sandbox,
        &["--manifest", "nothing"],
        &ToldError {
            code: "selection_invalid",
            message: "nothing is at `nothing`: looked in the working directory, in `.` and in `[SANDBOX]/artifacts`",
            hint,
        },
    );
    refused(
        &sandbox,
        &["--manifest", "elsewhere"],
        &ToldError {
            code: "selection_invalid",
            message: "`elsewhere` is not in the tree `[SANDBOX]/artifacts`",
            hint,
        },
    );
    refused(
        &sandbox,
        &["--manifest", "artifacts/job/run/other.json"],
        &ToldError {
            code: "selection_invalid",
            message: "`artifacts/job/run/other.json` is neither a run directory nor a manifest named `manifest.json`",
            hint,
        },
    );
    let output = sandbox.run(["--files-from", "nothing", "--format", "json"]);
    output.code(2);
    assert_eq!(
        output.json()["error"]["code"],
        "selection_invalid",
        "{output}"
    );
    let output = sandbox
        .invoke(["--files-from", "-", "--format", "json"])
        .stdin("../elsewhere/manifest.json\n")
        .run();
    output.code(2);
    assert_eq!(
        output.json()["error"]["code"],
        "selection_invalid",
        "{output}"
    );
}

#[test]
fn a_manifest_that_is_named_must_be_one_that_can_be_looked_up() {
    let sandbox = sandbox();
    for (path, message) in [
        ("nowhere/run", "nothing is at `nowhere/run`"),
        (
            "artifacts/job/run/manifest.json/inner",
            "`artifacts/job/run/manifest.json/inner` cannot be looked up: Not a directory (os error 20)",
        ),
    ] {
        refused(
            &sandbox,
            &["explain", path],
            &ToldError {
                code: "selection_invalid",
                message,
                hint: "check the selection",
            },
        );
    }
}

#[test]
fn a_tree_that_this_user_cannot_open_is_told() {
    if !is_root() {
        return skip("root", "a tree of somebody else's");
    }
    let sandbox = sandbox();
    sandbox.mode("artifacts", 0o311);
    let told = as_user(&sandbox, &["--dry-run"]).run();
    told.code(2).stdout("").stderr(
        "error: cannot open the tree `[SANDBOX]/artifacts`: Permission denied (os error 13)\nhint: give this user the permission to read the tree; if the message is about input or output, check the storage\n",
    );
}

#[test]
fn a_clock_from_the_environment_must_be_one() {
    let sandbox = sandbox();
    let output = sandbox
        .invoke(["--dry-run"])
        .real_clock()
        .env("SOURCE_DATE_EPOCH", "soon")
        .run();
    output.code(2).stdout("").stderr(
        "error: the environment variable SOURCE_DATE_EPOCH is `soon`: expected seconds since 1970\nhint: unset it, or give --now\n",
    );
    let output = sandbox
        .invoke(["--dry-run", "--format", "json"])
        .real_clock()
        .env("SOURCE_DATE_EPOCH", "1772274600")
        .run();
    assert_eq!(output.json()["started_at"], "2026-02-28T10:30:00Z");
}

#[test]
fn a_state_directory_that_is_something_else_is_not_used() {
    for kind in ["link", "file", "mode"] {
        let sandbox = sandbox();
        match kind {
            "link" => drop(sandbox.dir("elsewhere").link(STATE, "../elsewhere")),
            "file" => drop(sandbox.file(STATE, "x")),
            _ => drop(sandbox.dir(STATE).mode(STATE, 0o777)),
        }
        let before = sandbox.snapshot();
        let output = sandbox.run(["--format", "json"]);
        output.code(2);
        assert_eq!(
            output.json()["error"]["code"],
            "state_untrusted",
            "{kind}: {output}"
        );
        let differences = before.differences(&sandbox.snapshot());
        assert!(differences.is_empty(), "{kind}: {differences:#?}");
        // Reading commands accept it, or say what they could not see.
        let reading = sandbox.run(["--dry-run", "--format", "json"]);
        reading.code(0);
        assert_eq!(reading.json()["counts"]["pending"], 1, "{kind}: {reading}");
    }
}

#[test]
fn a_state_directory_of_somebody_else_is_not_used() {
    if !is_root() {
        return skip("root", "a directory of somebody else's");
    }
    let sandbox = sandbox();
    sandbox.dir(STATE);
    sandbox.mode(STATE, 0o700);
    chown(sandbox.path(STATE), Some(65_534), Some(65_534)).unwrap();
    let before = sandbox.snapshot();
    let output = sandbox.run(["--format", "json"]);
    output.code(2);
    assert_eq!(output.json()["error"]["code"], "state_not_ours", "{output}");
    assert_eq!(before, sandbox.snapshot());
}

#[test]
fn a_tree_that_this_user_cannot_write_to_is_read_and_left() {
    if !is_root() {
        return skip("root", "a tree of somebody else's");
    }
    let sandbox = sandbox();
    let give = |path: &str| chown(sandbox.path(path), Some(65_533), Some(65_533)).unwrap();
    give("artifacts/job/run/manifest.json");
    let user = |words: &[&str]| as_user(&sandbox, words).run();
    // A directory that cannot be written to is found out before anything is begun.
    let before = sandbox.snapshot();
    for words in [&["--dry-run", "--quiet"][..], &["--quiet"]] {
        user(words).code(1).stderr("").stdout(
            "failed    job/run/manifest.json\n          permission_denied: cannot write to the run directory: Permission denied (os error 13)\n",
        );
    }
    assert_eq!(before, sandbox.snapshot());
    give("artifacts/job/run");
    let before = sandbox.snapshot();
    user(&["--check", "--quiet"]).code(3).stdout("").stderr("");
    let output = user(&["--format", "json"]);
    output.code(2).stderr(
        "error: cannot make `.migrate-manifests`: Permission denied (os error 13)\nhint: make the state directory in the tree writable for this user\n",
    );
    assert_eq!(output.json()["error"]["code"], "state_unusable", "{output}");
    assert_eq!(before.0.len(), sandbox.snapshot().0.len());
    // What belongs to somebody else is refused, and versions can be counted all the same.
    sandbox.manifest("job/of-root", MANIFEST);
    let output = user(&["--dry-run", "--format", "json"]);
    output.code(1);
    assert_eq!(
        output.json()["manifests"][0]["code"],
        "not_owned",
        "{output}"
    );
    let output = user(&["--list-versions", "--format", "json"]);
    assert_eq!(output.json()["versions"]["1.0.0"], 2, "{output}");
    // What root's operations left behind cannot be seen, and that is told.
    sandbox.run(["--quiet"]).code(0);
    let output = user(&["--check", "--format", "json"]);
    output.code(2);
    assert_eq!(
        output.json()["error"]["code"],
        "catalog_untrusted",
        "{output}"
    );
    sandbox.mode(STATE, 0o755);
    let output = user(&["--check", "--format", "json"]);
    assert_eq!(
        output.json()["warnings"][1]["code"],
        "state_unreadable",
        "{output}"
    );
}

#[test]
fn a_directory_that_cannot_be_listed_is_named_and_the_others_are_migrated() {
    if !is_root() {
        return skip("root", "giving a tree away");
    }
    let sandbox = sandbox();
    sandbox.manifest("closed/run", MANIFEST);
    for entry in walkdir::WalkDir::new(sandbox.root()) {
        chown(entry.unwrap().path(), Some(65_533), Some(65_533)).unwrap();
    }
    sandbox.mode("artifacts/closed", 0o000);
    let output = as_user(&sandbox, &[]).run();
    output.code(1);
    let named = "failed    closed (directory)\n          permission_denied: cannot list: Permission denied (os error 13)\n";
    assert!(output.stdout.contains(named), "{output}");
    assert!(
        output.stdout.contains("1 directory could not be listed."),
        "{output}"
    );
    assert!(
        output.stdout.contains("Migrated 1 manifest to 1.2.0"),
        "{output}"
    );
    sandbox.mode("artifacts/closed", 0o755);
    assert_eq!(
        sandbox.read("artifacts/closed/run/manifest.json"),
        MANIFEST.as_bytes()
    );
}

#[test]
fn names_from_the_tree_control_no_terminal_and_are_read_back() {
    let sandbox = Sandbox::new();
    let name = std::ffi::OsStr::from_bytes(b"a\n\x1b[31mred\"\\");
    sandbox.manifest(Path::new("job").join(name), MANIFEST);
    let output = sandbox.run(["--dry-run"]);
    let shown = "\"job/a\\n\\u001b[31mred\\\"\\\\/manifest.json\"";
    assert!(output.stdout.contains(shown), "{output}");
    let output = sandbox
        .invoke(["--files-from", "-", "--quiet"])
        .stdin(format!("{shown}\n"))
        .run();
    output.code(0).stdout("").stderr("");
    let migrated = fs::read(
        sandbox
            .path("artifacts/job")
            .join(name)
            .join("manifest.json"),
    );
    assert_ne!(migrated.unwrap(), MANIFEST.as_bytes());
}

#[test]
fn output_that_goes_nowhere_is_an_error_and_nothing_is_torn() {
    let sandbox = sandbox();
    let program = env!("CARGO_BIN_EXE_migrate-manifests");
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = std::process::Command::new(program)
        .args(["--format", "json"])
        .current_dir(sandbox.root())
        .env_clear()
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: cannot write the output\ncaused by: No space left on device (os error 28)\nhint: check the file or program that receives the output; every manifest is whole, old or new\n"
    );
}
