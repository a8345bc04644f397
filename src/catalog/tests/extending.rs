//! Catalogs that extend the built-in one.
//!
//! Invariant: what the catalog that is extended says stays as it is.

use super::{error_of_catalog, read};
use crate::catalog::{Catalog, Source};
use crate::version::Version;

const PRIORITY: &str =
    r#"{"from": "1.2.0", "to": "1.3.0", "kind": "run", "summary": "s", "steps": []}"#;

#[test]
fn a_catalog_that_extends_the_built_in_one_adds_to_it() {
    let built_in = Catalog::built_in().unwrap();
    let own =
        r#"{"name": "mine", "extends": "run-manifest", "opaque": ["logs"], "exclude": ["x/**"]}"#;
    let catalog = read(&[("catalog.json", own), ("migrations/p.json", PRIORITY)]).unwrap();
    assert_eq!(catalog.name(), "mine");
    assert_eq!(catalog.opaque(), ["inputs", "outputs", "logs"]);
    assert_eq!(catalog.exclude(), ["x/**"]);
    let run = &catalog.kinds()[0];
    assert_eq!(run.registry.latest(), &Version::new(1, 3, 0));
    assert_eq!(run.registry.migrations().count(), 4);
    assert_eq!(run.protected, built_in.kinds()[0].protected);
    // The bundle holds all of it, so it stays what it was when the program changes.
    let bundle = catalog.bundle();
    assert!(bundle.contains("run-manifest/migrations/1.0.0-1.1.0.json"));
    let again = Catalog::from_bundle(Source::BuiltIn, bundle).unwrap();
    assert_eq!(again.digest(), catalog.digest());
    let changed = bundle.replace("Chained pipelines", "Chains");
    let changed = Catalog::from_bundle(Source::BuiltIn, &changed).unwrap();
    assert_ne!(changed.digest(), catalog.digest());
}

#[test]
fn a_catalog_that_extends_the_built_in_one_adds_schemas_and_rules_to_its_kinds() {
    let own = r#"{"name": "mine", "extends": "run-manifest", "kinds": {
 "run": {"schemas": {"1.3.0": "schemas/run.json"}, "rules": [{"rule": "unique", "at": ["/run_id"]}]},
 "job": {"file": "job.json", "version": "/v", "history": "/h", "unversioned": "1.0.0",
  "schemas": {"1.0.0": "schemas/job.json"}, "rules": [{"rule": "references", "at": ["/run"], "kind": "run", "to": ["/run_id"]}]}}}"#;
    let files = |run: &'static str| {
        read(&[
            ("catalog.json", own),
            ("migrations/p.json", PRIORITY),
            ("schemas/run.json", run),
            ("schemas/job.json", "{}"),
            ("schemas/other.json", "{}"),
        ])
    };
    let catalog = files(r#"{"required": ["owner"]}"#).unwrap();
    for kind in catalog.kinds() {
        let latest = kind.registry.latest();
        assert!(kind.schemas.contains_key(latest), "{}", kind.name);
        assert_eq!((kind.schemas.len(), kind.rules.len()), (1, 1));
    }
    let bundle = catalog.bundle();
    assert!(bundle.contains(r#""schemas/run.json""#) && !bundle.contains("other.json"));
    let again = Catalog::from_bundle(Source::BuiltIn, bundle).unwrap();
    assert_eq!(again.digest(), catalog.digest());
    assert_eq!(again.kinds()[1].schemas.len(), 1);
    let other = files(r#"{"required": ["team"]}"#).unwrap();
    assert_ne!(other.digest(), catalog.digest());
}

#[test]
fn what_is_wrong_with_migrations_schemas_and_rules_is_told_at_once() {
    let kind = |more: &str| {
        format!(
            "{{\"name\": \"mine\", \"extends\": \"run-manifest\", \"kinds\": {{\"run\": {{\n{more}}}}}}}"
        )
    };
    let wrong = kind(
        r#""schemas": {"1.2.0": "schemas/a.json", "1.1.0": "schemas/b.json", "1.3.0": "schemas/c.json"},
"rules": [{"rule": "unique", "at": ["/a"]}, {"rule": "unique", "at": ["/b"]},
 {"rule": "uniqe"}, {"rule": "append_only", "at": "/c", "from": "1.3.0"}]"#,
    );
    let schemas_and_rules = [
        "schemas/b.json:2:9: not a JSON Schema: the value is not valid under any of the schemas listed in the 'anyOf' keyword",
        "catalog.json:2:22: the catalog has no file `schemas/a.json`: expected the path of one, as in `schemas/run.json`",
        "catalog.json:3:54: two rules of this kind are called `unique`: give one of them another `name`",
        "catalog.json:4:11: unknown rule `uniqe`, expected one of `unchanged`, `append_only`, `starts_with`, `sum_equals`, `count_equals`, `unique`, `references`",
    ];
    // The error that 1.3.0 is unknown is a consequence of a migration that cannot be read, and is left out then.
    let of_versions = [
        "catalog.json:2:76: kind `run` has no version `1.3.0`",
        "catalog.json:4:30: kind `run` has no version `1.3.0`",
    ];
    let told = |migrations: &[(&str, &str)]| {
        let schema = ("schemas/b.json", "{\n\"type\": 1}");
        let files = [
            ("catalog.json", wrong.as_str()),
            schema,
            ("schemas/c.json", "{}"),
        ];
        let files = files.into_iter();
        let files = files.chain(migrations.iter().copied());
        let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let source = Source::Directory("dir".into());
        let errors = Catalog::check_files(source, &files.collect()).unwrap_err();
        errors.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let migration = PRIORITY.replace("\"run\"", "\"rum\"");
    let migration = [("migrations/p.json", migration.as_str())];
    let mut expected = vec!["migrations/p.json:1:42: unknown kind `rum`, expected `run`"];
    expected.extend(schemas_and_rules);
    assert_eq!(told(&migration), expected);
    let [b, a, twice, unknown] = schemas_and_rules;
    let [schema, rule] = of_versions;
    assert_eq!(told(&[]), [b, a, schema, twice, unknown, rule]);
}

#[test]
fn a_kind_of_the_same_name_can_be_extended_with_what_it_leaves_out() {
    let own = |kind: &str| {
        format!("{{\"name\": \"mine\", \"extends\": \"run-manifest\",\n \"kinds\": {{{kind}}}}}")
    };
    let text = own(
        r#""run": {"where": {"/document": "run"}, "required": ["/owner"], "protected": ["/owner"], "deferred_when": {"/locked": [true]}},
 "job": {"file": "manifest.json", "where": {"/document": "job"}, "version": "/v", "history": "/h", "unversioned": "1.0.0"}"#,
    );
    let catalog = read(&[("catalog.json", &text)]).unwrap();
    let names = catalog.kinds().iter().map(|kind| kind.name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["job", "run"]);
    let run = &catalog.kinds()[1];
    assert_eq!((run.required.len(), run.deferred_when.len()), (2, 2));
    for (kind, message) in [
        (
            r#""run": {"file": "other.json"}"#,
            "catalog.json:2:28: `run-manifest` says `file` already: a catalog that extends it can only add",
        ),
        (
            r#""run": {"deferred_when": {"/status": []}}"#,
            "catalog.json:2:37: `run-manifest` says `deferred_when` already: a catalog that extends it can only add",
        ),
        (
            r#""job": {"version": "/v"}"#,
            "catalog.json:2:19: missing member `unversioned`",
        ),
        (
            r#""run": {"immutable": ["/schema_version"]}"#,
            "catalog.json:2:33: `/schema_version` and `/schema_version` overlap: version, history and guarded members must stand apart",
        ),
    ] {
        assert_eq!(error_of_catalog(&own(kind)), message);
    }
    let twice = PRIORITY.replace("1.2.0", "1.0.0").replace("1.3.0", "1.1.0");
    let files = [("catalog.json", &*own("")), ("migrations/p.json", &twice)];
    assert_eq!(
        read(&files).unwrap_err().to_string(),
        "migrations/p.json:1:10: kind `run`: two migrations lead from `1.0.0` to `1.1.0`"
    );
}
