//! Schemas, and rules over one document: what they refuse and warn of, from outside.

use crate::support::sandbox::{Output, Sandbox};

const SCHEMA: &str =
    r#"{"properties":{"n":{"type":"integer"},"s":{"enum":["a","b"]}},"required":["s"]}"#;

/// A catalog of one kind in which 1.1.0 adds `/s`, with more members of the kind.
pub(crate) fn catalog(sandbox: &Sandbox, more: &str) {
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

pub(crate) fn migrate(sandbox: &Sandbox, more: &[&str]) -> Output {
    sandbox.run([&["artifacts", "--catalog", "cat"], more].concat())
}

pub(crate) fn verify(sandbox: &Sandbox) -> Output {
    let args = "verify artifacts --catalog cat --format json";
    sandbox.run(args.split(' '))
}

pub(crate) fn refused(output: &Output) -> Vec<String> {
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
        "warning: j/r/manifest.json: `/x` is beyond the range of doubles (number_beyond_range)\nhint: nothing needs to be done if the number is intended: the schema saw the nearest finite double, and the manifest keeps the number as written\n",
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
    let report = verify(&sandbox).code(1).json();
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

#[test]
fn rules_of_a_document_hold_once_it_is_migrated_from_their_version_on() {
    let sandbox = Sandbox::new();
    catalog(
        &sandbox,
        r#""rules":[
  {"rule":"starts_with","at":"/scope","prefix":"/s","separator":":","name":"scope","from":"1.1.0"},
  {"rule":"sum_equals","items":"/lines","value":"","expected":"/total","when":{"at":"/status","is":["closed"]}},
  {"rule":"unchanged","at":["/s"],"on_failure":"warn"},
  {"rule":"count_equals","items":"/lines","expected":2,"check":"require","name":"two lines"}]"#,
    );
    sandbox
        .manifest(
            "j/good",
            r#"{"scope":"a:1","lines":[0.1,0.2],"total":0.3,"status":"closed"}"#,
        )
        .manifest("j/open", r#"{"lines":[0.1,0.2],"total":9,"status":"open"}"#)
        .manifest("j/scope", r#"{"scope":"b:1"}"#)
        .manifest(
            "j/sum",
            r#"{"lines":[0.1,0.2],"total":0.31,"status":"closed"}"#,
        )
        .manifest("j/three", r#"{"lines":[1,2,3]}"#);
    let output = migrate(&sandbox, &["--format", "json"]);
    assert_eq!(
        refused(output.code(1)),
        [
            "j/scope/manifest.json rule_failed: rule `scope` does not hold: `/scope` is `b:1`, expected it to begin with `a:`, after `/s`",
            "j/sum/manifest.json rule_failed: rule `sum_equals` does not hold: `/lines` adds up to 0.3, expected 0.31 as `/total` says",
            "j/three/manifest.json rule_failed: rule `two lines` does not hold: `/lines` has so many elements: 3, expected 2",
        ]
    );
    let warnings = output.json()["warnings"].as_array().unwrap().clone();
    assert_eq!(warnings.len(), 2);
    assert_eq!(
        warnings[0]["message"],
        "rule `unchanged` does not hold: `/s` would be added"
    );
}

#[test]
fn a_rule_that_cannot_be_used_is_refused_with_its_place() {
    let place = "catalog.json:2:19: ";
    for (rule, message) in [
        (
            r#"{"rule":"odd"}"#,
            "unknown rule `odd`, expected one of `unchanged`, `append_only`, `starts_with`, `sum_equals`, `count_equals`, `unique`, `references`",
        ),
        (
            r#"{"rule":"unchanged","at":["/a"],"check":"require"}"#,
            "`unchanged` compares with the document before, so it can only be ensured",
        ),
        (
            r#"{"rule":"unique","at":["/a"],"from":"7.0.0"}"#,
            "kind `doc` has no version `7.0.0`",
        ),
        (
            r#"{"rule":"unique","at":[""]}"#,
            "the pointer names the whole document: expected a member, as in `/status`",
        ),
        (
            r#"{"rule":"references","at":["/a"],"kind":"dock","to":["/b"]}"#,
            "unknown kind `dock`, expected `doc`",
        ),
        (
            r#"{"rule":"unique","at":["/a"],"when":{"at":"/b"}}"#,
            "`when` has `at` and exactly one of `is`, `not`, `exists` and `has_value`",
        ),
        (r#"{"rule":"unique","at":[]}"#, "`at` is empty"),
    ] {
        let error = error_of(&format!("\"rules\":[{rule}]"));
        assert_eq!(error, format!("{place}{message}"));
    }
    for (rule, message) in [
        (
            r#"{"rule":"unique","at":["a"]}"#,
            "catalog.json:2:34: `a` is not a JSON Pointer: expected names that each follow a `/`, with `~` only in `~0` and `~1`",
        ),
        (
            r#"{"rule":"unique","at":["/a"],"on":"warn"}"#,
            "catalog.json:2:40: unknown member `on`, expected one of `rule`, `name`, `check`, `on_failure`, `from`, `when`, `at`",
        ),
        (
            r#"{"rule":"unique","at":["/a"],"on_failure":"stop"}"#,
            "catalog.json:2:53: unknown variant `stop`, expected one of `halt`, `refuse`, `warn`",
        ),
        (
            r#"{"rule":"unique","at":["/a"]},{"rule":"unique","at":["/b"]}"#,
            "catalog.json:2:49: two rules of this kind are called `unique`: give one of them another `name`",
        ),
    ] {
        assert_eq!(error_of(&format!("\"rules\":[{rule}]")), message);
    }
}

#[test]
fn a_rule_on_a_member_that_no_schema_lists_is_refused() {
    let schemas = r#""schemas":{"1.0.0":"schemas/doc.json","1.1.0":"schemas/doc.json"}"#;
    let rule = r#""rules":[{"rule":"unchanged","at":["/m"]}]"#;
    assert_eq!(
        error_of(&format!("{schemas},\n{rule}")),
        "catalog.json:3:18: no version has `/m`: the schemas of those that the rule is about list their members, and it is not among them"
    );
    // What is ensured is about the latest version; what is required may be about one that has no schema.
    let latest = r#""schemas":{"1.1.0":"schemas/doc.json"}"#;
    let unique = |check: &str| {
        format!("\"rules\":[{{\"rule\":\"unique\",\"check\":\"{check}\",\"at\":[\"/m\"]}}]")
    };
    assert_eq!(
        error_of(&format!("{latest},\n{}", unique("ensure"))),
        "catalog.json:3:18: no version has `/m`: the schemas of those that the rule is about list their members, and it is not among them"
    );
    let there = r#""rules":[{"rule":"references","at":["/s"],"kind":"doc","to":["/m"]}]"#;
    assert_eq!(
        error_of(&format!("{latest},\n{there}")),
        "catalog.json:3:18: no version has `/m`: the schemas of those that the rule is about list their members, and it is not among them"
    );
    let earlier = r#""schemas":{"1.0.0":"schemas/doc.json"}"#;
    let named = r#""deferred_when":{"/m":["x"]}"#;
    for accepted in [
        format!("{latest},\n{}", unique("require")),
        format!("{earlier},\n{}", unique("ensure")),
        format!("{latest},{named},\n{}", unique("ensure")),
        format!("{schemas},{named},\n{}", unique("require")),
    ] {
        let sandbox = Sandbox::new();
        sandbox.manifest("j/r", "{}");
        catalog(&sandbox, &accepted);
        migrate(&sandbox, &["--list-versions"]).code(0);
    }
}

#[test]
fn what_only_warns_is_a_note_of_verify_and_makes_no_document_invalid() {
    let sandbox = Sandbox::new();
    catalog(
        &sandbox,
        r#""rules":[{"rule":"starts_with","at":"/a","prefix":"/b","on_failure":"warn"},{"rule":"unique","at":["/k"],"on_failure":"warn"}]"#,
    );
    let odd = r#"{"v":"1.1.0","s":"a","a":"x","b":"y","k":1}"#;
    sandbox
        .manifest("j/one", odd)
        .manifest("j/two", r#"{"v":"1.1.0","k":1}"#)
        .file("odd.json", odd);
    let verified = verify(&sandbox);
    let report = verified.code(0).json();
    assert_eq!(report["notes"]["rule_warned"], 3);
    assert_eq!(report["findings"]["rule_failed"], serde_json::Value::Null);
    sandbox
        .run(["validate", "odd.json", "--catalog", "cat"])
        .code(0)
        .stdout(
            "\
valid     odd.json  1.1.0
          rule_warned: rule `starts_with` does not hold: `/a` is `x`, expected it to begin with `y`, after `/b`

hint: rule_warned: check the documents in the message; nothing was refused because of it

The document in odd.json is valid.
",
        );
}
