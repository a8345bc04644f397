//! `validate`: one document or many, right and wrong, from files and from standard input.

use crate::support::sandbox::{Output, Sandbox};

const GOOD: &str = "{\"schema_version\":\"1.2.0\",\"run_id\":\"r\"}";

fn piped(input: impl Into<Vec<u8>>, more: &[&str]) -> Output {
    let sandbox = Sandbox::new();
    let words = [&["validate", "-"], more].concat();
    sandbox.invoke(words).stdin(input).run()
}

#[test]
fn a_good_document_is_valid() {
    piped(GOOD, &[])
        .code(0)
        .stderr("")
        .stdout("The document on standard input is valid.\n");
    piped(GOOD, &["--quiet"]).code(0).stdout("");
    piped(GOOD, &["--all"])
        .code(0)
        .stdout("valid     standard input  1.2.0\n\nThe document on standard input is valid.\n");
}

#[test]
fn each_line_has_its_findings() {
    let lines = format!("{GOOD}\r\n{{\"run_id\":\n\n{{\"schema_version\":\"1.1.0\"}}\r\n");
    piped(lines, &["--target-version", "1.2.0"])
        .code(1)
        .stderr("")
        .stdout(
            "\
invalid   line 2
          truncated: line 2, column 11: expected a value, found the end of the text
invalid   line 4
          required_missing: `/run_id` is required, but missing
          version_differs: `/schema_version` is `1.1.0`, expected `1.2.0`

hint: truncated: restore the file from a copy: its end is missing
hint: required_missing: add the member, or restore the file
hint: version_differs: write the document at the version asked for, or ask for the version that it has

2 of 3 documents on standard input are not valid.
",
        );
}

#[test]
fn inputs_that_are_no_documents_are_named() {
    for (input, finding) in [
        ("", "empty: line 1, column 1: the text is empty"),
        (
            "\u{feff}{}",
            "byte_order_mark: line 1, column 1: the text begins with a byte order mark",
        ),
        (
            "[{}]",
            "not_an_object: line 1, column 1: expected an object at the top level, found an array",
        ),
    ] {
        let output = piped(input, &["--quiet"]);
        output
            .code(1)
            .stdout(&format!("invalid   standard input\n          {finding}\n"));
    }
}

#[test]
fn programs_get_one_object_or_one_line_for_each() {
    let lines = format!("{GOOD}\n{{}}\n");
    let report = piped(lines.clone(), &["--format", "json"]);
    let report = report.code(1).json();
    assert_eq!(report["command"], "validate");
    assert_eq!(
        (&report["checked"], &report["invalid"]),
        (&2.into(), &1.into())
    );
    assert_eq!(report["documents"][0]["line"], 2);
    let findings = &report["documents"][0]["findings"];
    assert_eq!(findings[0]["code"], "required_missing");
    let told = piped(lines, &["--format", "jsonl", "--all"]).json_lines();
    assert_eq!(told.len(), 3);
    assert_eq!(told[0]["version"], "1.2.0");
    assert_eq!(told[1]["findings"][0]["code"], "required_missing");
}

#[test]
fn a_file_is_validated_with_the_catalog_of_its_tree() {
    let sandbox = Sandbox::new();
    sandbox
        .manifest("job/one", "{\"id\":1,\"v\":\"2.0.0\"}\n")
        .dir("artifacts/.migrate-manifests")
        .mode("artifacts/.migrate-manifests", 0o700)
        .file(
            "artifacts/.migrate-manifests/catalog/catalog.json",
            r#"{"name":"mine","kinds":{"one":{"file":"manifest.json","version":"/v","history":"/h","unversioned":"1.0.0","required":["/id"]},"two":{"file":"other.json","version":"/v","history":"/h","unversioned":"1.0.0"}}}"#,
        )
        .file(
            "artifacts/.migrate-manifests/catalog/migrations/a.json",
            r#"{"from":"1.0.0","to":"2.0.0","kind":"one","summary":"s","steps":[]}"#,
        );
    let file = "artifacts/job/one/manifest.json";
    sandbox.run(["validate", file]).code(0);
    sandbox.file("draft.json", "{}");
    let catalog = ["--catalog", "artifacts/.migrate-manifests/catalog"];
    sandbox.run([&["validate", "draft.json"], &catalog[..]].concat())
        .code(2)
        .stderr("error: the catalog `mine` has several kinds: `one`, `two`\nhint: give --kind with one of them\n");
    sandbox
        .run([&["validate", "draft.json", "--kind", "two"], &catalog[..]].concat())
        .code(0);
}

#[test]
fn what_cannot_be_read_is_an_error_with_a_hint() {
    let sandbox = Sandbox::new();
    sandbox.dir("artifacts");
    let hint = "hint: give a file with one document, or one on each line\n";
    for (file, reason) in [
        ("artifacts", "Is a directory (os error 21)"),
        ("nowhere", "No such file or directory (os error 2)"),
    ] {
        let before = sandbox.snapshot();
        sandbox
            .run(["validate", file])
            .code(2)
            .stdout("")
            .stderr(&format!("error: cannot read `{file}`: {reason}\n{hint}"));
        assert!(before.differences(&sandbox.snapshot()).is_empty());
    }
    piped(GOOD, &["--target-version", "9.9.9"]).code(2).stderr(
        "error: target version `9.9.9` does not exist, expected one of `1.0.0, 1.1.0, 1.2.0`\nhint: choose one of the versions of the catalog\n",
    );
    piped(GOOD, &["--kind", "x"]).code(2).stderr(
        "error: the catalog `run-manifest` has no kind `x`, expected one of `run`\nhint: give --kind with one of them\n",
    );
}
