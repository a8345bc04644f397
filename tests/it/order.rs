//! The order of operations as the program shows it: journals that are gone, a head that is gone, and state that others can write to.
//!
//! Invariant: each cause is one finding, which names the file or the operation.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::support::aftermath::STATE;
use crate::support::pair::verify;
use crate::support::sandbox::Sandbox;

/// What a file with `{}` in it holds.
const BRACES: &str = "the SHA-256 44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

const OLD: &str = r#"{"schema_version":"1.0.0","run_id":"r"}"#;

/// Two operations, the second by `clock`; returns their ids.
fn twice(sandbox: &Sandbox) -> [String; 2] {
    ["one", "two"].map(|job| {
        sandbox.manifest(format!("{job}/r"), OLD);
        let output = sandbox.run(["--format", "json"]);
        output.code(0);
        output.json()["operation"].as_str().unwrap().to_owned()
    })
}

fn journal(id: &str) -> String {
    format!("{STATE}/operations/{id}.jsonl")
}

#[test]
fn a_journal_that_is_gone_is_one_finding_that_names_it() {
    let sandbox = Sandbox::new();
    let [one, two] = twice(&sandbox);
    verify(&sandbox, &[]).code(0);
    fs::remove_file(sandbox.path(journal(&two))).unwrap();
    let gone = verify(&sandbox, &[]);
    let report = gone.code(1).json();
    assert_eq!(report["findings"], json!({"journal_missing": 1}), "{gone}");
    let message = format!(
        "the journal of operation `{two}` is not there, but `.migrate-manifests/head` names it"
    );
    assert_eq!(report["state"][0]["message"], message);
    let listed = sandbox.run(["operations", "--format", "json"]).json();
    assert_eq!(listed["operations"][0]["id"], one);
    assert_eq!(listed["operations"][1]["id"], two);
    assert_eq!(listed["operations"][1]["state"], "missing");
    let refused = sandbox.run(["rollback", "--last"]);
    refused.code(2);
    assert!(refused.stderr.contains(&two), "{refused}");
}

#[test]
fn the_first_journal_of_several_is_missed_too() {
    let sandbox = Sandbox::new();
    let [one, two] = twice(&sandbox);
    fs::write(sandbox.path(journal(&one)), "").unwrap();
    let emptied = verify(&sandbox, &[]);
    let message = format!(
        "the journal of operation `{one}` is empty, but the journal of operation `{two}` names it"
    );
    let report = emptied.code(1).json();
    assert_eq!(report["state"][0]["message"], message, "{emptied}");
    assert_eq!(report["findings"], json!({"journal_missing": 1}));
}

#[test]
fn a_head_that_is_gone_is_found_and_stays_found() {
    let sandbox = Sandbox::new();
    twice(&sandbox);
    fs::remove_file(sandbox.path(STATE).join("head")).unwrap();
    let findings = || verify(&sandbox, &[]).code(1).json()["findings"].clone();
    assert_eq!(findings(), json!({"head_damaged": 1}));
    sandbox.manifest("three/r", OLD);
    let third = sandbox.run(["--format", "json"]).json();
    assert!(third["operation"].as_str().unwrap().ends_with("-3"));
    assert_eq!(findings(), json!({"head_damaged": 1}));
}

/// The findings about the state, as code and message.
fn state(sandbox: &Sandbox) -> Vec<String> {
    let verified = verify(sandbox, &[]);
    let report = verified.json();
    let state = report["state"].as_array().unwrap().iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let state: Vec<_> = state
        .map(|one| format!("{}: {}", text(&one["code"]), text(&one["message"])))
        .collect();
    verified.code(i32::from(!state.is_empty()));
    state
}

#[test]
fn state_that_others_can_write_to_is_named_file_by_file() {
    let sandbox = Sandbox::new();
    let [one, two] = twice(&sandbox);
    let expected = |path: &str, mode: &str| {
        format!("state_exposed: `{path}` has mode {mode}: others can write to it")
    };
    let inner = |path: &str| Path::new(STATE).join(path);
    sandbox.mode(STATE, 0o777).mode(journal(&two), 0o666);
    assert_eq!(
        state(&sandbox),
        [
            expected(".migrate-manifests", "0777"),
            expected(
                &format!(".migrate-manifests/operations/{two}.jsonl"),
                "0666"
            ),
        ]
    );
    sandbox.mode(STATE, 0o700).mode(journal(&two), 0o600);
    assert_eq!(state(&sandbox), [""; 0]);

    fs::hard_link(sandbox.path(journal(&one)), sandbox.path("elsewhere")).unwrap();
    assert_eq!(
        state(&sandbox),
        [format!(
            "state_exposed: `.migrate-manifests/operations/{one}.jsonl` has 2 names: it can be written by another one"
        )]
    );
    fs::remove_file(sandbox.path("elsewhere")).unwrap();

    for number in 0..10 {
        sandbox.file(inner(&format!("operations/{number}")), "");
        sandbox.mode(inner(&format!("operations/{number}")), 0o622);
    }
    let many = state(&sandbox);
    assert_eq!(many.len(), 6, "{many:?}");
    assert_eq!(
        many[5],
        "state_exposed: the same holds for 5 more files of the state"
    );
}

#[test]
fn rescued_and_left_over_files_are_found_until_they_are_dealt_with() {
    let sandbox = Sandbox::new();
    twice(&sandbox);
    let run = Path::new("artifacts/one/r");
    let staged = run.join(
        ".migrate-manifests.20200101T000000Z-1.0123456789abcdef-0123456789abcdef-0123456789abcdef",
    );
    let rescued = run.join("manifest.json.rescued.0123456789abcdef");
    let kept = Path::new(STATE).join("rescued/0123456789abcdef");
    for path in [&staged, &rescued, &kept] {
        sandbox.file(path, "{}");
    }
    let found = verify(&sandbox, &[]);
    let report = found.code(1).json();
    assert_eq!(
        report["findings"],
        json!({"left_over": 1, "rescued": 2}),
        "{found}"
    );
    assert_eq!(report["warnings"], json!([]));
    let beside = &report["manifests"][0]["findings"][0];
    assert_eq!(
        beside["message"],
        format!(
            "`manifest.json.rescued.0123456789abcdef` beside it, with {BRACES}, may be the only copy of somebody's version"
        )
    );
    assert_eq!(
        state(&sandbox),
        [
            format!(
                "rescued: `.migrate-manifests/rescued/0123456789abcdef`, with {BRACES}, may be the only copy of somebody's version"
            ),
            format!(
                "left_over: an operation left it, with {BRACES}, and no operation is unfinished that would deal with it"
            ),
        ]
    );
    // A migration says nothing of what verify finds.
    sandbox.run(["--quiet"]).code(0);
    for path in [&staged, &rescued, &kept] {
        fs::remove_file(sandbox.path(path)).unwrap();
    }
    verify(&sandbox, &[]).code(0);
}

#[test]
fn findings_are_accepted_with_a_reason_and_not_repeated() {
    let sandbox = Sandbox::new();
    twice(&sandbox);
    let backup = "artifacts/one/r/manifest.json.backup";
    fs::remove_file(sandbox.path(backup)).unwrap();
    verify(&sandbox, &[]).code(1);
    for wrong in [
        &["verify", "--accept"][..],
        &["verify", "--reason", "x"],
        &["verify", "--dry-run"],
        &["verify", "--accept", "--reason", " "],
    ] {
        sandbox.run(wrong).code(2);
    }
    let typed = ["verify", "--accept", "--reason", "it went to tape"];
    let shown = sandbox.run(typed.iter().chain(&["--dry-run"]));
    shown.code(0);
    assert!(
        shown.stdout.contains("--accept would accept 1 finding."),
        "{shown}"
    );
    verify(&sandbox, &[]).code(1);

    let accepted = sandbox.run(typed.iter().chain(&["--format", "json"]));
    let report = accepted.code(0).json();
    assert_eq!(report["accepted"], 1, "{accepted}");
    assert_eq!(report["dry_run"], false);
    let id = report["operation"].as_str().unwrap();
    assert!(id.ends_with("-3"), "{id}");
    let journal = String::from_utf8(sandbox.read(journal(id))).unwrap();
    assert!(journal.contains("it went to tape"), "{journal}");

    let later = verify(&sandbox, &[]);
    let report = later.code(0).json();
    assert_eq!(report["findings"], json!({}));
    assert_eq!(report["notes"]["accepted"], 1);
    let text = sandbox.run(["verify"]);
    assert!(
        text.stdout
            .contains("1 finding was accepted before; --all lists them."),
        "{text}"
    );
    let listed = sandbox.run(["operations"]);
    assert!(listed.stdout.contains("1 finding accepted"), "{listed}");
    let rollback = sandbox.run(["rollback", "--last", "--format", "json"]);
    assert!(rollback.json()["undoes"].as_str().unwrap().ends_with("-2"));
}

#[test]
fn every_command_works_by_whatever_clock() {
    for clock in [
        "1901-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "@-1",
    ] {
        let sandbox = Sandbox::new();
        sandbox.manifest("one/r", OLD);
        let one = "artifacts/one/r";
        for command in [
            &["--dry-run"][..],
            &["status"],
            &["show", one],
            &["plan"],
            &["--quiet"],
            &["verify", "--replay"],
            &["verify", "--accept", "--reason", "x"],
            &["operations"],
            &["explain", one],
            &["backups"],
            &["backups", "prune", "--older-than", "0m", "--dry-run"],
            &["rollback", "--last"],
            &["verify"],
        ] {
            sandbox.run(command.iter().chain(&["--now", clock])).code(0);
        }
    }
    let sandbox = Sandbox::new();
    sandbox.manifest("one/r", OLD);
    for beyond in ["253402300800", "-99999999999"] {
        let run = sandbox.invoke(["--quiet"]).real_clock();
        run.env("SOURCE_DATE_EPOCH", beyond).run().code(2);
    }
    let run = sandbox.invoke(["--quiet"]).real_clock();
    run.env("SOURCE_DATE_EPOCH", "-1").run().code(0);
}
