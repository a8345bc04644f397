//! Rules that compare with the document before, held by `verify` against the originals that operations left.
//!
//! Invariant: a member is changed by hand after two migrations, one at a time.

use serde_json::Value;

use crate::support::sandbox::Sandbox;

/// A tree that was migrated from 1.0.0 to 1.1.0 and then to 1.2.0, with rules that compare.
fn compared() -> Sandbox {
    let sandbox = Sandbox::new();
    let rules = r#"
      {"rule":"unchanged","at":["/id"],"name":"one id"},
      {"rule":"unchanged","at":["/note"],"name":"note","on_failure":"warn"},
      {"rule":"unchanged","at":["/a"],"name":"late","from":"1.2.0"},
      {"rule":"unchanged","at":["/b"],"name":"closed","when":{"at":"/status","is":["closed"]}},
      {"rule":"append_only","at":"/log","name":"log"}"#;
    let edge = |from: &str, to: &str, at: &str| {
        format!(
            r#"{{"from":"{from}","to":"{to}","kind":"doc","summary":"s","steps":[{{"step":"set_default","at":"{at}","value":"d"}}]}}"#
        )
    };
    sandbox
        .file(
            "cat/catalog.json",
            format!(
                r#"{{"name":"c","kinds":{{"doc":{{"file":"manifest.json","version":"/v","history":"/h","unversioned":"1.0.0","rules":[{rules}]}}}}}}"#
            ),
        )
        .file("cat/migrations/a.json", edge("1.0.0", "1.1.0", "/a"))
        .file("cat/migrations/b.json", edge("1.1.0", "1.2.0", "/b"))
        .manifest(
            "j/r",
            r#"{"id":"x","note":"n","log":[1,2],"status":"open"}"#,
        );
    for target in ["1.1.0", "1.2.0"] {
        sandbox
            .run(["artifacts", "--catalog", "cat", "--target-version", target])
            .code(0);
    }
    sandbox
}

/// What is told, without the hash in the name of the backup.
fn without_hash(told: Vec<String>) -> Vec<String> {
    const NAME: &str = "compared with `manifest.json.backup.";
    let shorten = |one: String| match one.split_once(NAME) {
        Some((code, rest)) => format!("{code}{}", rest[16..].trim_start_matches("`, ")),
        None => one,
    };
    told.into_iter().map(shorten).collect()
}

#[test]
fn a_member_that_a_rule_compares_is_as_the_originals_have_it() {
    let damaged = |from: &str, to: &str| {
        let sandbox = compared();
        let path = "artifacts/j/r/manifest.json";
        let text = String::from_utf8(sandbox.read(path)).unwrap();
        assert!(text.contains(from), "{from} is not in {text}");
        sandbox.file(path, text.replacen(from, to, 1));
        let args = ["verify", "artifacts", "--catalog", "cat"];
        let report = sandbox
            .run([&args[..], &["--format", "json", "--all"]].concat())
            .json();
        let findings = report["manifests"][0]["findings"].as_array();
        let told = |one: &Value| format!("{}: {}", one["code"], one["message"]).replace('"', "");
        let told: Vec<String> = findings.into_iter().flatten().map(told).collect();
        let of_rules = told.into_iter().filter(|one| one.starts_with("rule_"));
        (of_rules.collect::<Vec<_>>(), report)
    };
    for (from, to, expected) in [
        (
            r#""id":"x""#,
            r#""id":"y""#,
            "rule_failed: rule `one id` does not hold: `/id` would be `y`, expected `x`",
        ),
        (
            "[1,2]",
            "[2]",
            "rule_failed: rule `log` does not hold: `/log` would have 1 elements, expected at least 2",
        ),
        (
            r#""a":"d""#,
            r#""a":"e""#,
            "rule_failed: rule `late` does not hold: `/a` would be `e`, expected `d`",
        ),
    ] {
        let (told, report) = damaged(from, to);
        assert_eq!(without_hash(told), [expected], "{report:#}");
        assert_eq!(report["findings"]["rule_failed"], 1);
    }
    let (told, report) = damaged(r#""note":"n""#, r#""note":"m""#);
    assert_eq!(
        without_hash(told),
        ["rule_warned: rule `note` does not hold: `/note` would be `m`, expected `n`"]
    );
    assert_eq!(report["notes"]["rule_warned"], 1);
    assert_eq!(report["findings"]["rule_warned"], Value::Null);
    let (told, _) = damaged(r#""status":"open""#, r#""status":"closed""#);
    assert_eq!(
        without_hash(told),
        ["rule_failed: rule `closed` does not hold: `/b` would be added"]
    );
    let (told, _) = damaged("[1,2]", "[1,2,3]");
    assert_eq!(told, [""; 0]);
}

#[test]
fn where_an_original_is_gone_nothing_is_compared() {
    let sandbox = compared();
    let run = sandbox.path("artifacts/j/r");
    for entry in std::fs::read_dir(&run).unwrap() {
        let path = entry.unwrap().path();
        if path.to_str().unwrap().contains(".backup.") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let text = String::from_utf8(sandbox.read("artifacts/j/r/manifest.json")).unwrap();
    sandbox.file(
        "artifacts/j/r/manifest.json",
        text.replace(r#""id":"x""#, r#""id":"y""#),
    );
    let args = [
        "verify",
        "artifacts",
        "--catalog",
        "cat",
        "--format",
        "json",
    ];
    let report = sandbox.run(args).code(1).json();
    assert_eq!(report["findings"]["backup_missing"], 1);
    assert_eq!(report["findings"]["rule_failed"], Value::Null);
}
