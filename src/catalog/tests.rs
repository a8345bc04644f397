//! Tests of catalogs as a whole: the built-in one, and each way in which files can be wrong.
//!
//! Invariant: the whole message is asserted, place included.

use super::*;
use crate::json::{Edit, Fragment, Value};
use crate::transform::{Change, StepError, Transform};
use crate::version::Version;

const KIND: &str = r#""file": "f.json", "version": "/v", "history": "/h", "unversioned": "1.0.0", "immutable": ["/id"], "protected": ["/p/q"]"#;

fn catalog(kind: &str, more: &str) -> String {
    format!("{{\"name\": \"n\",\n \"kinds\": {{\"k\": {{{kind}}}}}{more}}}")
}

fn migration(steps: &str) -> String {
    format!(
        "{{\"from\": \"1.0.0\", \"to\": \"1.1.0\", \"kind\": \"k\", \"summary\": \"s\",\n \"steps\": [{steps}]}}"
    )
}

fn read(files: &[(&str, &str)]) -> Result<Catalog, CatalogError> {
    let files = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    Catalog::from_files(Source::Directory("dir".into()), &files.collect())
}

fn error_of_catalog(text: &str) -> String {
    read(&[("catalog.json", text)]).unwrap_err().to_string()
}

fn error_of_step(step: &str) -> String {
    let files = [
        ("catalog.json", &*catalog(KIND, "")),
        ("migrations/m.json", &*migration(step)),
    ];
    read(&files).unwrap_err().to_string()
}

#[test]
fn the_built_in_catalog_is_the_one_of_the_design() {
    let catalog = Catalog::built_in().unwrap();
    assert_eq!(catalog.name(), "run-manifest");
    assert_eq!(catalog.source().to_string(), "built in");
    assert_eq!(catalog.opaque(), ["inputs", "outputs"]);
    assert_eq!(catalog.kind_for_file(b"manifest.json"), Some(0));
    assert_eq!(catalog.kind_for_file(b"Manifest.JSON"), None);
    let kind = &catalog.kinds()[0];
    let texts = |pointers: &[crate::json::Pointer]| {
        let texts = pointers.iter().map(ToString::to_string);
        texts.collect::<Vec<_>>()
    };
    assert_eq!(texts(&kind.required), ["/run_id"]);
    assert_eq!(texts(&kind.immutable), ["/run_id", "/job_id"]);
    assert_eq!(kind.protected.len(), 11);
    let versions = kind.registry.versions().map(ToString::to_string);
    assert_eq!(versions.collect::<Vec<_>>(), ["1.0.0", "1.1.0", "1.2.0"]);
    let migrations = kind.registry.migrations().map(ToString::to_string);
    assert_eq!(
        migrations.collect::<Vec<_>>(),
        ["1.0.0 to 1.1.0", "1.0.0 to 1.2.0", "1.1.0 to 1.2.0"]
    );
}

#[test]
fn a_bundle_makes_the_same_catalog_again() {
    let catalog = Catalog::built_in().unwrap();
    let again = Catalog::from_bundle(Source::BuiltIn, catalog.bundle()).unwrap();
    assert_eq!(again.digest(), catalog.digest());
    assert_eq!(again.bundle(), catalog.bundle());
    let files: BTreeMap<String, String> = serde_json::from_str(catalog.bundle()).unwrap();
    assert_eq!(files.len(), 4);
    let error = Catalog::from_bundle(Source::BuiltIn, "{\"catalog.json\": 1}").unwrap_err();
    assert_eq!(
        error.to_string(),
        "bundle:1:18: invalid type: integer `1`, expected a string"
    );
}

#[test]
fn what_is_beside_the_catalog_takes_no_part_but_a_stray_json_file_is_refused() {
    let text = catalog(KIND, "");
    let plain = read(&[("catalog.json", &text)]).unwrap();
    let more = read(&[
        ("catalog.json", &text),
        ("README.md", "# hi"),
        ("rollout.json", "{}"),
        ("schemas/a.json", "not looked at"),
        ("fixtures/deep/a.json", "{"),
    ]);
    assert_eq!(more.unwrap().digest(), plain.digest());
    for stray in ["migration.json", "migration/a.json", "migrations/a/b.json"] {
        let error = read(&[("catalog.json", &text), (stray, "{}")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "{stray}: not a file of a catalog: expected `catalog.json`, `migrations/*.json`, `schemas/*.json` or `fixtures/*`"
            )
        );
    }
    assert_eq!(
        read(&[]).unwrap_err().to_string(),
        "the catalog has no `catalog.json`"
    );
}

#[test]
fn a_catalog_file_that_is_wrong_is_refused_with_its_place() {
    let kind = |more: &str| catalog(&format!("{KIND}, {more}"), "");
    for (text, message) in [
        (
            "{\"name\": \"n\",}".to_owned(),
            "catalog.json:1:14: expected a name, found `}`",
        ),
        (
            "{\"name\": \"n\",\n \"name\": \"n\"}".to_owned(),
            "catalog.json:2:2: expected each name once in an object, found `name` again",
        ),
        (
            catalog(KIND, ",\n \"kindz\": {}"),
            "catalog.json:3:2: unknown member `kindz`, expected one of `$schema`, `name`, `extends`, `kinds`, `opaque`, `exclude`, `dimensions`",
        ),
        (
            "{\"name\": \"n\"}".to_owned(),
            "catalog.json:1:1: missing member `kinds`",
        ),
        (
            "{\"name\": \" \", \"kinds\": {}}".to_owned(),
            "catalog.json:1:10: `name` is empty",
        ),
        (
            "{\"name\": \"n\", \"kinds\": {}}".to_owned(),
            "catalog.json:1:24: the catalog has no kinds",
        ),
        (
            catalog(KIND, ",\n \"extends\": \"other\""),
            "catalog.json:3:13: `extends` is not supported: leave it out, or leave it empty",
        ),
        (
            catalog(KIND, ",\n \"dimensions\": [1]"),
            "catalog.json:3:16: `dimensions` is not supported: leave it out, or leave it empty",
        ),
        (
            catalog(KIND, ",\n \"opaque\": [\"a/b\"]"),
            "catalog.json:3:12: `a/b` is not a file name: expected one name without `/`",
        ),
        (
            kind("\n\"rules\": [{}]"),
            "catalog.json:3:11: missing member `rule`",
        ),
        (
            kind("\n\"required\": [\"id\"]"),
            "catalog.json:3:14: `id` is not a JSON Pointer: expected names that each follow a `/`, with `~` only in `~0` and `~1`",
        ),
        (
            kind("\n\"required\": [\"/a/*\"]"),
            "catalog.json:3:13: `/a/*` is not supported here: expected a pointer without `*`",
        ),
        (
            kind("\n\"required\": [\"\"]"),
            "catalog.json:3:13: the pointer names the whole document: expected a member, as in `/status`",
        ),
        (
            catalog(&KIND.replace("/id", "/v/x"), ""),
            "catalog.json:2:107: `/v/x` and `/v` overlap: version, history and guarded members must stand apart",
        ),
        (
            catalog(&KIND.replace("1.0.0", "1.0"), ""),
            "catalog.json:2:85: `1.0` is not a schema version: expected MAJOR.MINOR.PATCH, as in `1.2.0`",
        ),
        (
            format!("{{\"name\": \"n\", \"kinds\": {{\"k\": {{{KIND}}},\n \"l\": {{{KIND}}}}}}}"),
            "catalog.json:2:16: kinds `k` and `l` have the same file name `f.json`",
        ),
    ] {
        assert_eq!(error_of_catalog(&text), message, "{text}");
    }
}

#[test]
fn what_is_wrong_with_snapshots_is_refused_with_its_place() {
    let snapshots = |more: &str| {
        let snapshots = format!("{KIND},\n\"snapshots\": {{{more}}}");
        error_of_catalog(&catalog(&snapshots, ""))
    };
    for (more, message) in [
        ("", "catalog.json:3:14: missing member `declared`"),
        (
            r#""declared": "/d", "x": 1"#,
            "catalog.json:3:33: unknown member `x`, expected one of `declared`, `hash`, `run_id`, `job_id`, `legacy_directory`, `agree`",
        ),
        (
            r#""declared": "/d", "agree": {"a": "/*"}"#,
            "catalog.json:3:14: `/*` is not supported here: expected a pointer without `*`",
        ),
        (
            r#""declared": "/d", "legacy_directory": "a/b""#,
            "catalog.json:3:14: `a/b` is not a file name: expected one name without `/`",
        ),
    ] {
        assert_eq!(snapshots(more), message, "{more}");
    }
}

#[test]
fn what_is_not_supported_may_be_there_as_long_as_it_says_nothing() {
    let kind = format!("{KIND}, \"schemas\": {{}}, \"rules\": [], \"where\": null");
    let text = catalog(
        &kind,
        ", \"extends\": null, \"dimensions\": [], \"$schema\": \"x\"",
    );
    assert!(read(&[("catalog.json", &text)]).is_ok());
}

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
            "kind `k`: the migration from `1.0.0` to `1.0.0` does not lead upward",
        ),
        (
            "1.0.0",
            "1.0.5",
            "kind `k`: no migrations lead from `1.0.0` to the latest version `1.1.0`",
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
        "kind `k`: two migrations lead from `1.0.0` to `1.1.0`"
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
