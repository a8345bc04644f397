//! Migrations and their steps: what is refused, what a program brings along, and how many there may be.
//!
//! Invariant: the whole message is asserted, place included.

use super::{KIND, catalog, error_of_step, migration, read};
use crate::catalog::{Catalog, Migration, Source};
use crate::json::{Edit, Fragment, Value};
use crate::transform::{Change, StepError, Transform};
use crate::version::Version;

#[test]
fn a_step_that_is_wrong_is_refused_with_its_place() {
    for (step, message) in [
        (
            r#"{"step": "set_defualt"}"#,
            "migrations/m.json:2:21: unknown step `set_defualt`, expected one of `set_default`, `set`, `rename`, `move`, `copy`, `coalesce`, `map`, `convert`, `derive`, `hash`, `wrap`, `unwrap`, `for_each`, `when`, `remove`",
        ),
        (
            "{\"at\": \"/x\"}",
            "migrations/m.json:2:12: missing member `step`",
        ),
        (
            "\n{\"step\": \"set_default\",\n \"at\": \"/x\", \"valu\": 1}",
            "migrations/m.json:4:14: unknown member `valu`, expected one of `step`, `at`, `value`, `when`, `backfill`",
        ),
        (
            r#"{"step": "set_default", "at": "/x", "value": 1, "wen": 1}"#,
            "migrations/m.json:2:60: unknown member `wen`, expected one of `step`, `at`, `value`, `when`, `backfill`",
        ),
        (
            r#"{"step": "set_default", "at": "/x", "value": 1, "when": "never"}"#,
            "migrations/m.json:2:68: unknown variant `never`, expected one of `missing`, `null`, `missing_or_null`",
        ),
        (
            r#"{"step": "set_default", "at": "/x/-", "value": 1}"#,
            "migrations/m.json:2:21: `/x/-` names the end of an array: expected a pointer without `-`",
        ),
        (
            r#"{"step": "set_default", "at": "/v", "value": 1}"#,
            "migrations/m.json:2:21: `set_default /v` may not write `/v`, which is the version",
        ),
        (
            r#"{"step": "set_default", "at": "/h/0", "value": 1}"#,
            "migrations/m.json:2:21: `set_default /h/0` may not write `/h`, which is the history",
        ),
        (
            r#"{"step": "set_default", "at": "/id", "value": 1}"#,
            "migrations/m.json:2:21: `set_default /id` may not write `/id`, which is immutable",
        ),
        (
            r#"{"step": "set_default", "at": "/p", "value": 1}"#,
            "migrations/m.json:2:21: `set_default /p` may not write `/p/q`, which is protected",
        ),
        (
            r#"{"step": "set_default", "at": "/p/q/r", "value": 1}"#,
            "migrations/m.json:2:21: `set_default /p/q/r` may not write `/p/q`, which is protected",
        ),
        (
            r#"{"step": "set_default", "at": "/p/q", "value": 1, "when": "null"}"#,
            "migrations/m.json:2:21: `set_default /p/q` may not write `/p/q`, which is protected",
        ),
    ] {
        assert_eq!(error_of_step(step), message, "{step}");
    }
}

#[test]
fn a_migration_that_is_wrong_is_refused_with_its_place() {
    let good = migration(r#"{"step": "set_default", "at": "/p/q", "value": 1}"#);
    let head = catalog(KIND, "");
    let with = |text: &str| read(&[("catalog.json", &head), ("migrations/m.json", text)]);
    assert!(with(&good).is_ok());
    for (from, to, message) in [
        (
            "\"k\"",
            "\"j\"",
            "migrations/m.json:1:42: unknown kind `j`, expected `k`",
        ),
        (
            "\"s\"",
            "\"\"",
            "migrations/m.json:1:58: `summary` is empty",
        ),
        (
            "1.1.0",
            "1.0.0",
            "migrations/m.json:1:25: kind `k`: the migration from `1.0.0` to `1.0.0` does not lead upward",
        ),
        (
            "1.0.0",
            "1.0.5",
            "catalog.json:2:85: kind `k`: no migrations lead from `1.0.0` to the latest version `1.1.0`",
        ),
        (
            "\"summary\": \"s\",",
            "",
            "migrations/m.json:1:1: missing member `summary`",
        ),
    ] {
        let error = with(&good.replace(from, to)).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    let twice = read(&[
        ("catalog.json", &head),
        ("migrations/a.json", &good),
        ("migrations/b.json", &good),
    ]);
    assert_eq!(
        twice.unwrap_err().to_string(),
        "migrations/b.json:1:10: kind `k`: two migrations lead from `1.0.0` to `1.1.0`"
    );
}

#[derive(Debug)]
struct Owner;

impl Transform for Owner {
    fn name(&self) -> String {
        "owner".to_owned()
    }
    fn changes(&self, _: Value<'_>) -> Result<Vec<Change>, StepError> {
        let at = "/owner".parse().unwrap();
        let value = Fragment::string("nobody");
        Ok(vec![Change::Edit(Edit::Insert { at, value })])
    }
}

#[test]
fn a_compiled_migration_joins_and_changes_the_digest() {
    let migration = |summary: &str| {
        Migration::new(Version::new(1, 2, 0), Version::new(2, 0, 0), summary).with(Owner)
    };
    let built_in = Catalog::built_in().unwrap();
    let one = built_in.clone().with_migration("run", migration("one"));
    let two = built_in.clone().with_migration("run", migration("two"));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.kinds()[0].registry.latest(), &Version::new(2, 0, 0));
    assert_ne!(one.digest(), built_in.digest());
    assert_ne!(one.digest(), two.digest());
    let error = Catalog::from_bundle(Source::BuiltIn, one.bundle()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "compiled/run/1.2.0-2.0.0.json: this migration is compiled into a program and cannot be read from a bundle"
    );
    let error = one.with_migration("run", migration("one")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "kind `run`: two migrations lead from `1.2.0` to `2.0.0`"
    );
    let error = two.with_migration("job", migration("one")).unwrap_err();
    assert_eq!(error.to_string(), "unknown kind `job`, expected `run`");
    let error = built_in.with_migration("run", migration(" ")).unwrap_err();
    assert_eq!(error.to_string(), "`summary` is empty");
}
