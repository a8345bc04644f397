//! What authors of catalogs are told: dimensions, new versions, and what schemas and rules say before a catalog is used.
//!
//! Invariant: a command that only looks leaves every file as it was.

use std::path::Path;

use serde_json::json;

use crate::docs::assert_fits;
use crate::support::sandbox::Sandbox;

/// A copy of a catalog of the fixtures, with its tree.
fn copied(name: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/catalogs")
        .join(name);
    for part in ["migrations", "schemas", "tree"] {
        sandbox.copy(fixture.join(part), format!("mine/{part}"));
    }
    let catalog = std::fs::read_to_string(fixture.join("catalog.json")).unwrap();
    sandbox.file("mine/catalog.json", catalog);
    sandbox.copy(fixture.join("tree"), "artifacts");
    sandbox
}

#[test]
fn dimensions_are_shown_by_check() {
    let sandbox = copied("attribution");
    let checked = sandbox.run(["catalog", "check", "--catalog", "mine"]);
    let shown = "\ndimension /agent_id: column agent_id\n          /provider_type: column provider_type\n          /risk_level: column risk_level\n\nThe catalog can be used.\n";
    assert!(checked.code(0).out().ends_with(shown), "{checked}");
    let report = sandbox.run(["catalog", "check", "--catalog", "mine", "--format", "json"]);
    let report = report.code(0).json();
    assert_fits("report", &report, "dimensions");
    assert_eq!(
        report["dimensions"],
        json!([
            {"at": "/agent_id", "column": "agent_id"},
            {"at": "/provider_type", "column": "provider_type"},
            {"at": "/risk_level", "column": "risk_level"},
        ])
    );
}

#[test]
fn a_dimension_that_no_schema_has_is_refused_before_any_manifest_is_read() {
    let sandbox = copied("attribution");
    let path = sandbox.path("mine/catalog.json");
    let catalog = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        catalog.replace("/risk_level\"\n  ]", "/risk_levle\"\n  ]"),
    )
    .unwrap();
    let before = sandbox.snapshot();
    let message = "catalog.json:38:5: no latest version has `/risk_levle`: expected a member that the schema of some kind's latest version names";
    sandbox
        .run(["--catalog", "mine"])
        .code(2)
        .stdout("")
        .stderr(&format!(
            "error: {message}\nhint: fix the catalog at the place in the message\n"
        ));
    let report = sandbox.run(["--catalog", "mine", "--format", "json"]);
    assert_eq!(report.code(2).json()["error"]["code"], "catalog_invalid");
    sandbox
        .run(["catalog", "check", "--catalog", "mine"])
        .code(1)
        .stderr("")
        .stdout(&format!(
            "invalid   {message}\n\nhint: fix the catalog at the place in the message\n\n1 error. The catalog cannot be used.\n"
        ));
    assert!(before.differences(&sandbox.snapshot()).is_empty());
}

/// A catalog whose schemas, rules, steps and fixtures contradict each other.
const HELD: &[(&str, &str)] = &[
    (
        "catalog.json",
        r#"{"name": "mine", "extends": "run-manifest", "kinds": {"run": {
  "schemas": {"1.2.0": "schemas/old.json", "1.3.0": "schemas/new.json"},
  "rules": [
    {"rule": "append_only", "at": "/log"},
    {"rule": "starts_with", "name": "named after its team", "at": "/name", "prefix": "/team", "on_failure": "warn"},
    {"rule": "starts_with", "name": "of its owner", "at": "/team", "prefix": "/owner", "check": "require"},
    {"rule": "starts_with", "name": "never", "at": "/team", "prefix": "/owner", "check": "require", "from": "1.4.0"},
    {"rule": "unique", "at": ["/name"], "on_failure": "halt"}
  ]}}}"#,
    ),
    (
        "fixtures/run/log/after.json",
        r#"{"run_id": "r", "schema_version": "1.3.0", "log": [], "priority": 1, "team": "x", "owner": "y"}"#,
    ),
    (
        "fixtures/run/log/before.json",
        r#"{"run_id": "r", "schema_version": "1.2.0", "log": [1], "priority": 1, "team": "x", "owner": "y"}"#,
    ),
    (
        "fixtures/run/name/after.json",
        r#"{"run_id": "r", "schema_version": "1.3.0", "priority": 1, "team": "x", "name": "y", "log": []}"#,
    ),
    (
        "fixtures/run/name/before.json",
        r#"{"run_id": "r", "schema_version": "1.2.0", "priority": 1, "team": "x", "name": "y"}"#,
    ),
    (
        "fixtures/run/priority/after.json",
        r#"{"run_id": "r", "schema_version": "1.3.0", "priority": "1", "log": []}"#,
    ),
    (
        "fixtures/run/priority/before.json",
        r#"{"run_id": "r", "schema_version": "1.2.0", "priority": 1, "colour": "red"}"#,
    ),
    (
        "migrations/next.json",
        r#"{"from": "1.3.0", "to": "1.4.0", "kind": "run", "summary": "s", "steps": []}"#,
    ),
    (
        "migrations/priority.json",
        r#"{"from": "1.2.0", "to": "1.3.0", "kind": "run", "summary": "s", "steps": [
  {"step": "set_default", "at": "/priority", "value": "3"},
  {"step": "set", "at": "/log", "value": [], "allow_destructive": true}
]}"#,
    ),
    (
        "schemas/new.json",
        r#"{"properties": {"run_id": {"type": "string"}, "schema_version": {}, "migration_history": {}, "log": {"type": "array"}, "name": {"type": "string"}, "team": {}, "owner": {}, "priority": {"type": "integer"}}, "additionalProperties": false, "required": ["migration_history"]}"#,
    ),
    (
        "schemas/old.json",
        r#"{"properties": {"run_id": {"type": "string"}, "schema_version": {}, "migration_history": {}, "log": {"type": "array"}, "name": {"type": "string"}, "team": {}, "owner": {}, "priority": {"type": ["string", "integer"]}}, "additionalProperties": false}"#,
    ),
];

/// The same, and a tree.
fn held() -> Sandbox {
    let sandbox = Sandbox::new();
    for (path, text) in HELD {
        sandbox.file(format!("mine/{path}"), text);
    }
    sandbox
        .manifest(
            "job/one",
            r#"{"run_id":"one","schema_version":"1.2.0","name":"a","team":"b"}"#,
        )
        .manifest(
            "job/two",
            r#"{"run_id":"two","schema_version":"1.4.0","name":"a"}"#,
        )
        .manifest(
            "job/three",
            r#"{"run_id":"three","schema_version":"1.2.0","name":"c","log":[1]}"#,
        )
        .manifest(
            "job/four",
            r#"{"run_id":"four","schema_version":"1.2.0","name":"d","team":"b"}"#,
        );
    sandbox
}

#[test]
fn fixtures_and_a_tree_are_held_against_schemas_and_rules() {
    let sandbox = held();
    let before = sandbox.snapshot();
    let tested = sandbox.run(["catalog", "test", "--catalog", "mine", "--on", "artifacts"]);
    tested.code(1).stderr("").stdout(r#"finding   fixtures/run/log/before.json
          fixture_violates: rule `of its owner` does not hold: `/team` is `x`, expected it to begin with `y`, after `/owner`
finding   fixtures/run/log/after.json
          fixture_violates: rule `append_only` does not hold: `/log` would have 0 elements, expected at least 1
note      fixtures/run/name/after.json
          fixture_warned: rule `named after its team` does not hold: `/name` is `y`, expected it to begin with `x`, after `/team`
finding   fixtures/run/priority/after.json
          fixture_differs: the migrations give another document: `/priority` is `1`, expected `"1"`
finding   fixtures/run/priority/before.json
          fixture_violates: the document violates the schema of version `1.2.0`: Additional properties are not allowed ('colour' was unexpected)
finding   fixtures/run/priority/after.json
          fixture_violates: `/priority` violates the schema of version `1.3.0`: the value is not of type "integer"
finding   fixtures/run/priority/after.json
          fixture_violates: what the migration makes of it: the document violates the schema of version `1.3.0`: Additional properties are not allowed ('colour' was unexpected)
note      migrations/priority.json:1:1
          result_refused: a document that is valid at 1.2.0 is refused once it is migrated: `/priority` violates the schema of version `1.3.0`: the value is not of type "integer"; it is `{"run_id":"r","schema_version":"1.2.0"}`
finding
          rule_halted: 2 manifests violate a rule that halts: rule `unique` does not hold: `/name` is the same in `job/two/manifest.json`
finding   job/one/manifest.json
          rule_failed: rule `unique` does not hold: `/name` is the same in `job/two/manifest.json`
finding   job/three/manifest.json
          rule_failed: rule `append_only` does not hold: `/log` would have 0 elements, expected at least 1
finding   job/two/manifest.json
          rule_failed: rule `unique` does not hold: `/name` is the same in `job/one/manifest.json`
note      job/four/manifest.json
          rule_warned: rule `named after its team` does not hold: `/name` is `d`, expected it to begin with `b`, after `/team`

hint: rule_failed: fix the documents in the message, or fix the rule; `--rules warn` migrates them anyway
hint: fixture_differs: fix the migration or the fixture, whichever is wrong
hint: fixture_violates: fix the fixture, the migration, the schema or the rule, whichever is wrong
hint: fixture_warned: nothing needs to be done if the warning is intended: such documents are migrated with a warning
hint: result_refused: nothing needs to be done if such documents are not to be migrated; otherwise fix the migration, or make the schema of the version before refuse them
hint: rule_warned: check the documents in the message; nothing was refused because of it
hint: rule_halted: fix the documents in the message; nothing was written

Tried 3 fixtures, 640 made-up documents and 4 manifests (1 pending). 10 findings, 3 notes.
"#);
    let report = sandbox.run([
        "catalog",
        "test",
        "--catalog",
        "mine",
        "--on",
        "artifacts",
        "--format",
        "json",
    ]);
    assert_fits("report", &report.code(1).json(), "held");
    assert!(before.differences(&sandbox.snapshot()).is_empty());
}

#[test]
fn lint_says_what_schemas_and_rules_cannot_mean() {
    let sandbox = held();
    let linted = sandbox.run(["catalog", "lint", "--catalog", "mine"]);
    linted.code(1).stderr("").stdout(r#"note      migrations/priority.json:3:12
          step_destroys: `set /log` destroys the value that was there
finding   migrations/priority.json:2:12
          step_contradicts_schema: `set_default /priority` sets `"3"`, which the schema of version 1.3.0 refuses at `/priority`: the value is not of type "integer"
note      migrations/next.json:1:1
          no_fixture: no fixture shows what it does
note      migrations/next.json:1:1
          schema_forgotten: version 1.4.0 of kind `run` has no schema, and 1.3.0 has one
note      catalog.json
          rule_never_asked: rule `never` of kind `run` is required of documents at 1.4.0 and above before they are migrated, and none of those is migrated

hint: step_contradicts_schema: fix the value or the schema: no document in which the step sets this value can be migrated to this version
hint: schema_forgotten: add a schema for the version; without one its documents are not checked
hint: rule_never_asked: make the rule hold from a lower version on, or leave out `"check": "require"`
hint: step_destroys: make sure that nobody needs the values; the backups keep them
hint: no_fixture: put a document before and after the migration into `fixtures/<kind>/<name>`

1 finding, 4 notes.
"#);
}

#[test]
fn lint_says_which_step_has_no_inverse() {
    let sandbox = Sandbox::new();
    sandbox.file(
        "mine/catalog.json",
        r#"{"name": "mine", "extends": "run-manifest"}"#,
    );
    sandbox.file(
        "mine/migrations/ids.json",
        r#"{"from": "1.2.0", "to": "1.3.0", "kind": "run", "summary": "s", "steps": [
  {"step": "set_default", "at": "/label", "value": "none", "when": "missing_or_null"}
]}"#,
    );
    let linted = sandbox.run(["catalog", "lint", "--catalog", "mine"]);
    linted.code(0).stderr("").stdout(r"note      migrations/ids.json:2:12
          step_without_inverse: `set_default /label` has no inverse: whether the member was missing or null cannot be told afterwards
note      migrations/ids.json:1:1
          no_fixture: no fixture shows what it does

hint: step_without_inverse: nothing needs to be done if no downgrade below this migration is needed; a rollback to the originals is always possible
hint: no_fixture: put a document before and after the migration into `fixtures/<kind>/<name>`

0 findings, 2 notes.
");
}

/// What a dry run says of manifests that it refuses, and what `catalog test` says of them.
fn said(sandbox: &Sandbox) -> [Vec<String>; 2] {
    let told = |words: &[&str], list: &str| {
        let report = sandbox.run([words, &["--catalog", "mine", "--format", "json"]].concat());
        let report = report.json();
        assert_fits("report", &report, "said");
        let told = report[list].as_array().unwrap().iter();
        let mut told: Vec<_> = told
            .filter(|one| one["path"].is_string() && one["code"].is_string())
            .map(|one| format!("{} {} {}", one["path"], one["code"], one["message"]))
            .collect();
        told.sort();
        told
    };
    [
        told(&["--dry-run"], "manifests"),
        told(&["catalog", "test", "--on", "artifacts"], "remarks"),
    ]
}

#[test]
fn a_test_on_a_tree_says_what_a_dry_run_would_refuse() {
    let mut refused = 0;
    for name in ["attribution", "domain-identity", "revenue"] {
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures/catalogs")
            .join(name);
        let whole = copied(name);
        assert_eq!(said(&whole), [Vec::<String>::new(), Vec::new()], "{name}");
        for case in std::fs::read_dir(fixture.join("broken")).unwrap() {
            let case = case.unwrap().path();
            let sandbox = copied(name);
            sandbox.copy(&case, "artifacts");
            let [dry_run, test] = said(&sandbox);
            assert_eq!(dry_run, test, "{}", case.display());
            assert!(!test.is_empty(), "{}", case.display());
            refused += test.len();
        }
    }
    assert!(refused > 20, "{refused}");
}

const WITH_SCHEMA: &str = "{\n  \"name\": \"mine\",\t\"extends\": \"run-manifest\",\n  \"kinds\": {\n    \"run\": { \"schemas\": {\n      \"1.2.0\": \"schemas/run.json\"\n    } }\n  }\n}\n";

/// A catalog whose latest version has a schema that asks for more than the smallest document has.
fn with_schema() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("mine/catalog.json", WITH_SCHEMA).file(
        "mine/schemas/run.json",
        r#"{"properties": {"schema_version": {"const": "1.2.0"}}, "required": ["team"]}"#,
    );
    sandbox
}

#[test]
fn a_new_version_carries_the_schema_over_and_says_what_to_fill_in() {
    let sandbox = with_schema();
    let read = |path: &str| String::from_utf8(sandbox.read(path)).unwrap();
    let new = |version| sandbox.run(["catalog", "new", version, "--catalog", "mine"]);
    new("1.3.0").code(0).stderr("").stdout(
        r#"wrote     mine/fixtures/run/1.2.0-to-1.3.0/after.json
wrote     mine/fixtures/run/1.2.0-to-1.3.0/before.json
wrote     mine/migrations/1.2.0-to-1.3.0.json
wrote     mine/schemas/run-1.3.0.json
changed   mine/catalog.json
fill in   mine/fixtures/run/1.2.0-to-1.3.0/before.json
          the document violates the schema of version `1.2.0`: "team" is a required property
fill in   mine/fixtures/run/1.2.0-to-1.3.0/after.json
          the document violates the schema of version `1.3.0`: "team" is a required property

Fill in the steps, what the schema asks, and what becomes of the fixture. Then: migrate-manifests catalog check --catalog mine
"#,
    );
    let one_more = WITH_SCHEMA.replace(
        "run.json\"\n",
        "run.json\",\n      \"1.3.0\": \"schemas/run-1.3.0.json\"\n",
    );
    assert_eq!(read("mine/catalog.json"), one_more);
    assert_eq!(
        read("mine/schemas/run-1.3.0.json"),
        r#"{"properties": {"schema_version": {"const": "1.3.0"}}, "required": ["team"]}"#
    );
    for (name, version) in [("before", "1.2.0"), ("after", "1.3.0")] {
        sandbox.file(
            format!("mine/fixtures/run/1.2.0-to-1.3.0/{name}.json"),
            format!(r#"{{"run_id": "r", "team": 1.50, "schema_version": "{version}"}}"#),
        );
    }
    // What was filled in there, the next version begins with; what a crash left is in nobody's way.
    sandbox.file("mine/catalog.json.new1", "half");
    new("2.0.0").code(0).stderr("").stdout(
        "wrote     mine/fixtures/run/1.3.0-to-2.0.0/after.json\nwrote     mine/fixtures/run/1.3.0-to-2.0.0/before.json\nwrote     mine/migrations/1.3.0-to-2.0.0.json\nwrote     mine/schemas/run-2.0.0.json\nchanged   mine/catalog.json\n\nFill in the steps, what the schema asks, and what becomes of the fixture. Then: migrate-manifests catalog check --catalog mine\n",
    );
    assert_eq!(
        read("mine/fixtures/run/1.3.0-to-2.0.0/after.json"),
        r#"{"run_id": "r", "team": 1.50, "schema_version": "2.0.0"}"#
    );
    assert_eq!(read("mine/catalog.json.new1"), "half");
    sandbox
        .run(["catalog", "test", "--catalog", "mine"])
        .code(0)
        .stdout("Tried 2 fixtures and 640 made-up documents. Nothing to remark.\n");
}

#[test]
fn a_new_version_overwrites_no_schema_and_changes_no_link() {
    let sandbox = with_schema();
    let new = || sandbox.run(["catalog", "new", "1.3.0", "--catalog", "mine"]);
    sandbox.file("mine/schemas/run-1.3.0.json", "{}");
    let before = sandbox.snapshot();
    new().code(2).stdout("").stderr(
        "error: `mine/schemas/run-1.3.0.json` is there already\nhint: give another name, or move the file away: nothing is ever overwritten\n",
    );
    assert!(before.differences(&sandbox.snapshot()).is_empty());
    std::fs::remove_file(sandbox.path("mine/schemas/run-1.3.0.json")).unwrap();
    std::fs::remove_file(sandbox.path("mine/catalog.json")).unwrap();
    sandbox
        .file("kept.json", WITH_SCHEMA)
        .link("mine/catalog.json", "../kept.json");
    let linked = new();
    let by_hand = "by hand   mine/catalog.json\n          cannot change `mine/catalog.json`: it is no regular file. Add \"1.3.0\": \"schemas/run-1.3.0.json\" to `schemas` of kind `run` there\n";
    assert!(linked.code(0).out().contains(by_hand), "{linked}");
    assert_eq!(sandbox.read("kept.json"), WITH_SCHEMA.as_bytes());
}

#[test]
fn a_valid_document_that_is_refused_once_it_is_migrated_is_a_note() {
    let sandbox = Sandbox::new();
    sandbox
        .file(
            "mine/catalog.json",
            r#"{"name": "mine", "extends": "run-manifest", "kinds": {"run": {"schemas": {"1.2.0": "schemas/old.json", "1.3.0": "schemas/new.json"}}}}"#,
        )
        .file(
            "mine/migrations/m.json",
            r#"{"from": "1.2.0", "to": "1.3.0", "kind": "run", "summary": "s", "steps": [{"step": "convert", "at": "/priority", "from": "string", "to": "integer"}]}"#,
        )
        .file(
            "mine/schemas/old.json",
            r#"{"properties": {"priority": {"enum": ["1", "2"]}}}"#,
        )
        .file(
            "mine/schemas/new.json",
            r#"{"properties": {"priority": {"minimum": 2}}}"#,
        );
    let tested = sandbox.run(["catalog", "test", "--catalog", "mine"]);
    let note = "note      migrations/m.json:1:1\n          result_refused: a document that is valid at 1.2.0 is refused once it is migrated: `/priority` violates the schema of version `1.3.0`: ";
    let document = r#"; it is `{"priority":"1","run_id":"r","schema_version":"1.2.0"}`"#;
    tested.code(0);
    assert!(tested.out().starts_with(note), "{tested}");
    assert!(tested.out().contains(document), "{tested}");
}

#[test]
fn steps_that_refuse_every_valid_document_are_a_note_and_lint_leaves_refused_manifests_out() {
    let sandbox = Sandbox::new();
    sandbox
        .file(
            "mine/catalog.json",
            r#"{"name": "mine", "extends": "run-manifest", "kinds": {"run": {"schemas": {"1.2.0": "schemas/old.json", "1.3.0": "schemas/old.json"}}}}"#,
        )
        .file(
            "mine/migrations/m.json",
            r#"{"from": "1.2.0", "to": "1.3.0", "kind": "run", "summary": "s", "steps": [{"step": "convert", "at": "/priority", "from": "string", "to": "integer"}, {"step": "remove", "at": "/trace", "allow_destructive": true}]}"#,
        )
        .file(
            "mine/schemas/old.json",
            r#"{"properties": {"priority": {"enum": ["low", "high"]}, "trace": true}, "required": ["priority"]}"#,
        )
        .manifest(
            "j/r",
            r#"{"run_id": "r", "schema_version": "1.2.0", "priority": "low", "trace": 1}"#,
        );
    let tested = sandbox.run(["catalog", "test", "--catalog", "mine", "--format", "json"]);
    let report = tested.code(0).json();
    let message = report["remarks"][0]["message"].as_str().unwrap();
    let expected =
        "a document that is valid at 1.2.0 is refused once it is migrated: `convert /priority`";
    assert_eq!(report["remarks"][0]["code"], "result_refused");
    assert!(message.starts_with(expected), "{message}");
    let linted = sandbox.run(["catalog", "lint", "--catalog", "mine", "--on", "artifacts"]);
    let note = "manifests_refused: 1 of 1 manifest would be refused; what steps change is told of the others\n";
    assert!(linted.code(0).out().contains(note), "{linted}");
}
