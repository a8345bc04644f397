//! Catalogs that are refused, and catalogs whose migrations are refused for what they would do to a document.
//!
//! Each directory in `refused` is a catalog that can be tried by hand. One that has a `tree` can be used; its migrations break a rule there. `told` is what `catalog check` says of the others, and why each document was refused.
//!
//! Invariant: the document that a migration would have spoilt is as it was.

use super::{CATALOGS, assert_told, cases, fixture, told_of};
use crate::support::sandbox::Sandbox;

#[test]
fn a_catalog_that_must_not_be_is_refused_with_its_place_or_with_each_document() {
    for name in CATALOGS {
        for (_, case) in cases(name, "refused") {
            let sandbox = Sandbox::new();
            sandbox.copy(&case, "catalog");
            let check = sandbox.run(["catalog", "check", "--catalog", "catalog"]);
            if !case.join("tree").is_dir() {
                assert_told(&case, &check.code(1).stdout);
                sandbox.dir("artifacts");
                sandbox.run(["--catalog", "catalog"]).code(2);
                continue;
            }
            check.code(0);
            sandbox.copy(case.join("tree"), "artifacts");
            let before = sandbox.snapshot_without_state();
            let output = sandbox.run(["--catalog", "catalog", "--format", "json"]);
            assert_told(&case, &told_of(&output));
            let after = sandbox.snapshot_without_state();
            assert!(before.differences(&after).is_empty(), "{}", case.display());
        }
    }
}

/// What is said of a catalog in which `from` stands as `to` in one file.
fn loaded_with(name: &str, file: &str, from: &str, to: &str) -> String {
    let sandbox = Sandbox::new();
    sandbox.copy(fixture(name), "catalog");
    let file = format!("catalog/migrations/{file}");
    let text = String::from_utf8(sandbox.read(&file)).unwrap();
    assert!(text.contains(from), "{text}");
    sandbox
        .file(&file, text.replacen(from, to, 1))
        .dir("artifacts");
    let output = sandbox.run(["--catalog", "catalog"]);
    output.code(2);
    output.stderr.lines().next().unwrap().to_owned()
}

#[test]
fn what_would_destroy_or_forge_is_refused_with_the_catalog() {
    assert_eq!(
        loaded_with(
            "domain-identity",
            "scope-2.0.0.json",
            ", \"allow_destructive\": true",
            ""
        ),
        "error: migrations/scope-2.0.0.json:8:14: `remove` destroys values: expected `\"allow_destructive\": true`, if that is meant"
    );
    let renewed = r#"[{"step": "derive", "at": "/scope_id", "template": "{/domain}.new"}, "#;
    assert_eq!(
        loaded_with("domain-identity", "scope-2.0.0.json", "[", renewed),
        "error: migrations/scope-2.0.0.json:6:22: `derive /scope_id` may not write `/scope_id`, which is immutable"
    );
    let forged = r#"[{"step": "set", "at": "/revenue_cents", "value": 0}, "#;
    assert_eq!(
        loaded_with("revenue", "ledger-1.3.0.json", "[", forged),
        "error: migrations/ledger-1.3.0.json:6:22: `set /revenue_cents` may not write `/revenue_cents`, which is immutable"
    );
}
