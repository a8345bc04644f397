//! Schemas and rules: what they refuse, halt and warn of, from outside.

use crate::support::sandbox::{Output, Sandbox};

const SCHEMA: &str =
    r#"{"properties":{"n":{"type":"integer"},"s":{"enum":["a","b"]}},"required":["s"]}"#;

/// A catalog of one kind in which 1.1.0 adds `/s`, with more members of the kind.
fn catalog(sandbox: &Sandbox, more: &str) {
    let kind = r#""file":"manifest.json","version":"/v","history":"/h","unversioned":"1.0.0""#;
    sandbox
        .file(
            "cat/catalog.json",
            format!("{{\"name\":\"ruled\",\"kinds\":{{\"doc\":{{{kind},\n {more}}}}}}}"),
        )
        .file(
            "cat/migrations/a.json",
            r#"{"from":"1.0.0","to":"1.1.0","kind":"doc","summary":"s","steps":[{"step":"set_default","at":"/s","value":"a"}]}"#,
        )
        .file("cat/schemas/doc.json", SCHEMA);
}

fn migrate(sandbox: &Sandbox, more: &[&str]) -> Output {
    sandbox.run([&["artifacts", "--catalog", "cat"], more].concat())
}

fn refused(output: &Output) -> Vec<String> {
    let report = output.json();
    let manifests = report["manifests"].as_array().unwrap().iter();
    let told = |one: &serde_json::Value| {
        let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
        format!("{} {}: {}", text("path"), text("code"), text("message"))
    };
    manifests
        .filter(|one| one["outcome"] == "refused")
        .map(told)
        .collect()
}

fn error_of(kind_members: &str) -> String {
    let sandbox = Sandbox::new();
    sandbox.manifest("j/r", "{}");
    catalog(&sandbox, kind_members);
    let output = migrate(&sandbox, &[]);
    output.code(2);
    let error = output.stderr.lines().next().unwrap().to_owned();
    error.strip_prefix("error: ").unwrap().to_owned()
}

#[test]
fn a_result_that_violates_its_schema_is_refused_and_the_others_are_migrated() {
    let sandbox = Sandbox::new();
    catalog(&sandbox, r#""schemas":{"1.1.0":"schemas/doc.json"}"#);
    sandbox
        .manifest("j/good", r#"{"n":1}"#)
        .manifest("j/number", r#"{"n":"1"}"#)
        .manifest("j/text", r#"{"s":"c"}"#);
    let expected = [
        "j/number/manifest.json schema_failed: `/n` violates the schema of version `1.1.0`: the value is not of type \"integer\"",
        "j/text/manifest.json schema_failed: `/s` violates the schema of version `1.1.0`: the value is not one of \"a\" or \"b\"",
    ];
    let before = sandbox.snapshot();
    let dry = migrate(&sandbox, &["--dry-run", "--format", "json"]);
    assert_eq!(refused(dry.code(1)), expected);
    assert!(before.differences(&sandbox.snapshot()).is_empty());
    let done = migrate(&sandbox, &["--format", "json"]);
    assert_eq!(refused(done.code(1)), expected);
    assert_eq!(done.json()["counts"]["migrated"], 1);
    assert_eq!(
        sandbox.read("artifacts/j/text/manifest.json"),
        br#"{"s":"c"}"#
    );
}

#[test]
fn a_document_must_have_been_what_its_version_is() {
    let sandbox = Sandbox::new();
    catalog(&sandbox, r#""schemas":{"1.0.0":"schemas/doc.json"}"#);
    sandbox.manifest("j/r", "{}");
    let output = migrate(&sandbox, &["--format", "json"]);
    assert_eq!(
        refused(output.code(1)),
        [
            "j/r/manifest.json schema_failed: the document violates the schema of version `1.0.0`: \"s\" is a required property"
        ]
    );
}

#[test]
fn with_rules_warn_a_failure_is_a_warning() {
    let sandbox = Sandbox::new();
    catalog(&sandbox, r#""schemas":{"1.1.0":"schemas/doc.json"}"#);
    sandbox.manifest("j/r", r#"{"n":"1"}"#);
    let output = migrate(&sandbox, &["--rules", "warn", "--format", "json"]);
    let report = output.code(0).json();
    assert_eq!(report["counts"]["migrated"], 1);
    assert_eq!(report["warnings"][0]["code"], "rule_warned");
    assert_eq!(report["warnings"][0]["path"], "j/r/manifest.json");
}

#[test]
fn a_number_beyond_all_doubles_keeps_its_text_and_is_told() {
    let sandbox = Sandbox::new();
    catalog(&sandbox, r#""schemas":{"1.1.0":"schemas/doc.json"}"#);
    sandbox.manifest("j/r", r#"{"x":1e400}"#);
    migrate(&sandbox, &[]).code(0).stderr(
        "warning: j/r/manifest.json: `/x` is beyond the range of doubles (number_beyond_range)\nhint: for the schema it was the nearest finite double; the manifest keeps it as it is written\n",
    );
    let text = String::from_utf8(sandbox.read("artifacts/j/r/manifest.json")).unwrap();
    assert!(text.starts_with(r#"{"x":1e400,"#), "{text}");
}

#[test]
fn verify_show_and_validate_hold_documents_against_the_schema() {
    let sandbox = Sandbox::new();
    catalog(&sandbox, r#""schemas":{"1.1.0":"schemas/doc.json"}"#);
    sandbox.manifest("j/old", r#"{"n":"1"}"#);
    sandbox.manifest("j/r", r#"{"v":"1.1.0","s":7}"#);
    let report = sandbox
        .run([
            "verify",
            "artifacts",
            "--catalog",
            "cat",
            "--format",
            "json",
        ])
        .code(1)
        .json();
    assert_eq!(report["findings"]["schema_failed"], 1);
    sandbox
        .run(["show", "artifacts/j/old", "--catalog", "cat"])
        .code(1)
        .stdout("");
    let path = "artifacts/j/r/manifest.json";
    let validated = sandbox.run(["validate", path, "--catalog", "cat", "--quiet"]);
    validated.code(1).stdout(&format!(
        "invalid   {path}\n          schema_failed: `/s` violates the schema of version `1.1.0`: the value is not one of \"a\" or \"b\"\n"
    ));
}

#[test]
fn a_schema_that_cannot_be_used_is_refused_before_any_manifest_is_read() {
    for (members, message) in [
        (
            r#""schemas":{"1.1.0":"schemas/no.json"}"#,
            "catalog.json:2:21: the catalog has no file `schemas/no.json`: expected the path of one, as in `schemas/run.json`",
        ),
        (
            r#""schemas":{"1.1.0":"migrations/a.json"}"#,
            "catalog.json:2:21: the catalog has no file `migrations/a.json`: expected the path of one, as in `schemas/run.json`",
        ),
        (
            r#""schemas":{"1.9.0":"schemas/doc.json"}"#,
            "catalog.json:2:21: kind `doc` has no version `1.9.0`",
        ),
        (
            r#""schemas":{"one":"schemas/doc.json"}"#,
            "catalog.json:2:13: `one` is not a schema version: expected MAJOR.MINOR.PATCH, as in `1.2.0`",
        ),
    ] {
        assert_eq!(error_of(members), message);
    }
    let sandbox = Sandbox::new();
    sandbox.manifest("j/r", "{}");
    catalog(&sandbox, r#""schemas":{"1.1.0":"schemas/doc.json"}"#);
    for (schema, message) in [
        (
            "{\"properties\":\n {\"n\":{\"type\":\"integr\"}}}",
            "error: schemas/doc.json:2:15: not a JSON Schema: ",
        ),
        ("{", "error: schemas/doc.json:1:2: expected a name or `}`"),
        (
            r#"{"$ref":"https://example.com/s.json"}"#,
            "error: schemas/doc.json:1:1: not a JSON Schema: it refers to something outside of itself, or to nothing: ",
        ),
    ] {
        sandbox.file("cat/schemas/doc.json", schema);
        let output = migrate(&sandbox, &[]);
        output.code(2);
        assert!(output.stderr.starts_with(message), "{}", output.stderr);
    }
}

#[test]
fn the_digest_of_a_catalog_covers_the_schemas_that_it_names() {
    let digest = |named: bool, schema: &str| {
        let sandbox = Sandbox::new();
        let members = r#""schemas":{"1.1.0":"schemas/doc.json"}"#;
        catalog(&sandbox, if named { members } else { r#""schemas":{}"# });
        sandbox
            .file("cat/schemas/doc.json", schema)
            .manifest("j/r", "{}");
        let report = migrate(&sandbox, &["--format", "json"]).code(0).json();
        report["catalog"]["digest"].clone()
    };
    assert_ne!(digest(true, "{}"), digest(true, r#"{"title":"t"}"#));
    assert_eq!(digest(false, "{}"), digest(false, "no JSON"));
}
