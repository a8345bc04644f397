//! Steps inside of steps, and the places at which the loader refuses them.
//!
//! Invariant: a place is asserted with its file, line and column.

use super::{Catalog, CatalogError, read};

const CATALOG: &str = r#"{"name": "n", "kinds": {"k": {"file": "f.json", "version": "/v", "history": "/h", "unversioned": "1.0.0", "immutable": ["/id"], "protected": ["/p/q"]}}}"#;

/// The catalog with one migration of these steps, each a JSON object.
fn catalog(steps: &str) -> Result<Catalog, CatalogError> {
    let migration = format!(
        r#"{{"from": "1.0.0", "to": "1.1.0", "kind": "k", "summary": "s", "steps": [{steps}]}}"#
    );
    read(&[("catalog.json", CATALOG), ("migrations/m.json", &migration)])
}

#[test]
fn a_step_in_a_step_is_refused_with_its_own_place() {
    for (steps, message) in [
        (
            "\n{\"step\": \"for_each\", \"at\": \"/l\", \"steps\": [\n {\"step\": \"sett\"}]}",
            "migrations/m.json:3:11: unknown step `sett`",
        ),
        (
            "\n{\"step\": \"when\", \"at\": \"/l\", \"exists\": true, \"steps\": [\n {\"step\": \"rename\", \"at\": \"/a\"}]}",
            "migrations/m.json:3:2: missing member `to`",
        ),
        (
            "\n{\"step\": \"for_each\", \"at\": \"/l\", \"steps\": [\n {\"at\": \"/a\"}]}",
            "migrations/m.json:3:2: missing member `step`",
        ),
        (
            "\n{\"step\": \"for_each\", \"at\": \"/l\"}",
            "migrations/m.json:2:1: missing member `steps`",
        ),
        (
            "\n{\"step\": \"for_each\", \"at\": \"/l\", \"steps\": [\n {\"step\": \"copy\", \"from\": \"/a\", \"to\": \"a\"}]}",
            "migrations/m.json:3:39: `a` is not a JSON Pointer",
        ),
        (
            "\n{\"step\": \"when\", \"at\": \"/v\", \"exists\": true, \"steps\": [\n {\"step\": \"set\", \"at\": \"/a\", \"value\": 1}]}",
            "migrations/m.json:3:11: `set /a` may not read `/v`, which is the version",
        ),
    ] {
        let error = catalog(steps).unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
}
