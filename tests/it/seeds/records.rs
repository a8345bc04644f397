//! Records that are counted, marked, rejected and proved.
//!
//! Invariant: what is counted here is what the program says, not what the fixtures are known to hold, but for the numbers that a test names.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use super::{CATALOGS, cases, fixture, manifests, refused, run, tree};
use crate::support::sandbox::Sandbox;

/// How many manifests of each file name there are, which is of each kind here.
fn records(sandbox: &Sandbox) -> BTreeMap<String, usize> {
    let mut records = BTreeMap::new();
    for path in manifests(&sandbox.path("artifacts")).into_keys() {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        *records.entry(name).or_default() += 1;
    }
    records
}

#[test]
fn the_number_of_records_is_the_same_before_and_after() {
    for name in CATALOGS {
        let sandbox = tree(name);
        let count = || {
            let report = run(&sandbox, name, &["status", "--format", "json"]);
            report.code(0).json()["counts"]["found"].clone()
        };
        let (before, kinds) = (count(), records(&sandbox));
        run(&sandbox, name, &["--quiet"]).code(0);
        assert_eq!(before, count(), "{name}");
        assert_eq!(kinds, records(&sandbox), "{name}");
        assert_eq!(before, kinds.values().sum::<usize>(), "{name}");
    }
}

/// The codes of what `verify` finds, with their numbers.
fn found(sandbox: &Sandbox, name: &str) -> Value {
    let report = run(sandbox, name, &["verify", "--format", "json"]);
    report.code(1).json()["findings"].clone()
}

#[test]
fn a_record_that_is_gone_afterwards_is_found() {
    let sandbox = tree("domain-identity");
    run(&sandbox, "domain-identity", &["--quiet"]).code(0);
    let audit = "artifacts/org-1/finance/prod-system/d-1/audit.json";
    fs::remove_file(sandbox.path(audit)).unwrap();
    assert_eq!(
        found(&sandbox, "domain-identity"),
        json!({"manifest_missing": 1})
    );
}

#[test]
fn an_entry_that_somebody_changes_afterwards_is_found() {
    let sandbox = tree("revenue");
    run(&sandbox, "revenue", &["--quiet"]).code(0);
    let entry = "artifacts/t-1/l-1/ledger.json";
    let text = String::from_utf8(sandbox.read(entry)).unwrap();
    let amount = r#""amount_cents": 10000"#;
    assert!(text.contains(amount), "{text}");
    sandbox.file(entry, text.replace(amount, r#""amount_cents": 9999"#));
    assert_eq!(
        found(&sandbox, "revenue"),
        json!({"bytes_differ_from_journal": 1, "checksum_after_differs": 1})
    );
}

#[test]
fn what_nobody_knows_is_counted_before() {
    let sandbox = tree("attribution");
    let fields = "agent_id,actor_type,actor_id,source";
    let words = ["status", "--fields", fields, "--format", "json"];
    let report = run(&sandbox, "attribution", &words).code(0).json();
    let counted: Vec<_> = report["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| format!("{} {} {}", field["at"], field["null"], field["missing"]))
        .collect();
    assert_eq!(
        counted,
        [
            r#""/agent_id" 1 2"#,
            r#""/actor_type" 1 1"#,
            r#""/actor_id" 2 2"#,
            r#""/source" 1 2"#
        ]
    );
}

#[test]
fn rejections_are_a_log_with_a_line_and_codes_for_each() {
    for name in CATALOGS {
        for kind in fs::read_dir(fixture(name).join("schemas")).unwrap() {
            let kind = kind.unwrap().file_name().into_string().unwrap();
            let (kind, _) = kind.rsplit_once('-').unwrap();
            let file = format!("{kind}.json");
            let documents: Vec<String> = cases(name, "invalid")
                .into_iter()
                .filter(|(_, case)| case.join(&file).is_file())
                .map(|(_, case)| fs::read(case.join(&file)).unwrap())
                .map(|bytes| serde_json::from_slice::<Value>(&bytes).unwrap().to_string())
                .collect();
            let sandbox = Sandbox::new();
            let catalog = fixture(name);
            let words = ["validate", "-", "--format", "jsonl", "--kind", kind];
            let words = [&words[..], &["--catalog", catalog.to_str().unwrap()]].concat();
            let output = sandbox.invoke(words).stdin(documents.join("\n")).run();
            let log: Vec<Value> = output
                .code(1)
                .out()
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            let (end, lines) = log.split_last().unwrap();
            assert_eq!(lines.len(), documents.len(), "{name} {kind}");
            assert_eq!(end["invalid"], documents.len(), "{name} {kind}");
            assert_eq!(end["checked"], documents.len(), "{name} {kind}");
            for line in lines {
                for finding in line["findings"].as_array().unwrap() {
                    let code = finding["code"].as_str().unwrap();
                    assert!(["schema_failed", "rule_failed"].contains(&code), "{line}");
                }
            }
        }
    }
}

#[test]
fn more_rejections_than_allowed_are_an_error() {
    let sandbox = tree("attribution");
    let allowed = ["--max-failures", "0.1%"];
    run(&sandbox, "attribution", &allowed).code(0);
    let case = fixture("attribution").join("broken/actor-of-no-agent/acme");
    sandbox.copy(case, "artifacts/acme");
    let output = run(&sandbox, "attribution", &allowed);
    let told = "error: 1 of 7 manifests were refused, failed or in conflict\n";
    assert!(output.code(4).stderr.contains(told), "{output}");
}

#[test]
fn an_allocation_is_not_made_twice_at_either_version() {
    for target in ["1.1.0", "1.2.0"] {
        let sandbox = tree("revenue");
        let case = fixture("revenue").join("broken/allocation-twice");
        sandbox.copy(case.join("t-1"), "artifacts/t-1");
        let words = ["--target-version", target, "--format", "json"];
        let told: Vec<_> = refused(&run(&sandbox, "revenue", &words))
            .into_iter()
            .filter(|[_, code, _]| code == "rule_failed")
            .map(|[path, ..]| path)
            .collect();
        assert_eq!(
            told,
            ["t-1/e-1/a-2/allocation.json", "t-1/e-1/a-6/allocation.json"],
            "{target}"
        );
    }
}
