//! The order of operations as the program shows it: journals that are gone, a head that is gone, and clocks.
//!
//! Invariant: whatever the clock says, the order of operations is that in which they were done.

use std::fs;

use serde_json::json;

use crate::support::aftermath::STATE;
use crate::support::pair::verify;
use crate::support::sandbox::Sandbox;

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
