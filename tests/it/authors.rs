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
            "error: {message}\nhint: mend the catalog at the place named\n"
        ));
    sandbox
        .run(["catalog", "check", "--catalog", "mine"])
        .code(1)
        .stderr("")
        .stdout(&format!(
            "invalid   {message}\n\nhint: mend the catalog at the place named\n\n1 error. The catalog cannot be used.\n"
        ));
    assert!(before.differences(&sandbox.snapshot()).is_empty());
}
