//! Dimensions: what is refused, and what catalogs that extend another add.
//!
//! Invariant: the whole message is asserted, place included.

use super::{Catalog, Source, read};

/// A catalog of two kinds, with a schema for the one's version and for the other's latest.
fn of(dimensions: &str, schema: &str) -> Result<Catalog, String> {
    let head = r#""version": "/v", "history": "/h", "unversioned": "1.0.0""#;
    let catalog = format!(
        "{{\"name\": \"n\", \"kinds\": {{\n\
         \"a\": {{\"file\": \"a.json\", {head}, \"schemas\": {{\"1.0.0\": \"schemas/a.json\"}}}},\n\
         \"b\": {{\"file\": \"b.json\", {head}, \"schemas\": {{\"1.0.0\": \"schemas/old.json\", \"1.1.0\": \"schemas/b.json\"}}}}}},\n\
         \"dimensions\": {dimensions}}}"
    );
    let edge = r#"{"from": "1.0.0", "to": "1.1.0", "kind": "b", "summary": "s", "steps": []}"#;
    let files = [
        ("catalog.json", &*catalog),
        ("migrations/b.json", edge),
        ("schemas/a.json", schema),
        (
            "schemas/b.json",
            r#"{"properties": {"b": {"properties": {"c": {}, "Id": {}}}, "b_id": {}}}"#,
        ),
        ("schemas/old.json", r#"{"properties": {"old": {}}}"#),
    ];
    read(&files).map_err(|error| error.to_string())
}

const A: &str = r#"{"properties": {"a": {}, "a_id": {}}}"#;

#[test]
fn a_dimension_is_a_member_of_some_latest_version_and_a_column_of_its_own() {
    let catalog = of(r#"["/a_id", "/b", "/b/c"]"#, A).unwrap();
    let told = catalog.dimensions().iter();
    let told: Vec<_> = told
        .map(|one| format!("{} {}", one.at, one.column))
        .collect();
    assert_eq!(told, ["/a_id a_id", "/b b", "/b/c b_c"]);
    assert!(of("[]", A).unwrap().dimensions().is_empty());
    assert!(of("null", A).unwrap().dimensions().is_empty());
}

#[test]
fn a_dimension_that_is_wrong_is_refused_with_its_place() {
    for (dimensions, message) in [
        (
            r#"["/a",
 "/nowhere"]"#,
            "catalog.json:5:2: no latest version has `/nowhere`: expected a member that the schema of some kind's latest version names",
        ),
        (
            r#"["/old"]"#,
            "catalog.json:4:16: no latest version has `/old`: expected a member that the schema of some kind's latest version names",
        ),
        (
            r#"["/b/d"]"#,
            "catalog.json:4:16: no latest version has `/b/d`: expected a member that the schema of some kind's latest version names",
        ),
        (
            r#"["/a", "/a"]"#,
            "catalog.json:4:22: `/a` and `/a` would both be the column `a`",
        ),
        (
            r#"["/b_id", "/b/Id"]"#,
            "catalog.json:4:25: `/b_id` and `/b/Id` would both be the column `b_id`",
        ),
        (
            r#"["/b/*"]"#,
            "catalog.json:4:16: `/b/*` is not supported here: expected a pointer without `*`",
        ),
        (
            r#"[""]"#,
            "catalog.json:4:16: the pointer names the whole document: expected a member, as in `/status`",
        ),
        (
            r#"["agent"]"#,
            "catalog.json:4:16: `agent` is not a JSON Pointer: expected names that each follow a `/`, with `~` only in `~0` and `~1`",
        ),
        (
            r#"{"/a": 1}"#,
            "catalog.json:4:1: invalid type: map, expected a sequence",
        ),
    ] {
        assert_eq!(of(dimensions, A).unwrap_err(), message, "{dimensions}");
    }
}

#[test]
fn that_no_schema_has_a_dimension_is_not_told_where_a_schema_cannot_be_used() {
    assert_eq!(
        of(r#"["/nowhere"]"#, r#"{"type": 1}"#).unwrap_err(),
        "schemas/a.json:1:10: not a JSON Schema: the value is not valid under any of the schemas listed in the 'anyOf' keyword"
    );
}

#[test]
fn a_catalog_without_schemas_has_no_dimension() {
    let own = r#"{"name": "n", "extends": "run-manifest", "dimensions": ["/run_id"]}"#;
    assert_eq!(
        read(&[("catalog.json", own)]).unwrap_err().to_string(),
        "catalog.json:1:57: no latest version has `/run_id`: expected a member that the schema of some kind's latest version names"
    );
}

#[test]
fn dimensions_are_kept_in_the_bundle_of_a_catalog_that_extends_another() {
    let own = r#"{"name": "n", "extends": "run-manifest", "kinds": {"run": {"schemas": {"1.2.0": "schemas/run.json"}}}, "dimensions": ["/run_id"]}"#;
    let schema = r#"{"allOf": [{"properties": {"run_id": {"type": "string"}}}]}"#;
    let catalog = read(&[("catalog.json", own), ("schemas/run.json", schema)]).unwrap();
    assert_eq!(catalog.dimensions().len(), 1);
    let again = Catalog::from_bundle(Source::BuiltIn, catalog.bundle()).unwrap();
    assert_eq!(again.dimensions(), catalog.dimensions());
}
