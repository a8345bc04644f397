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
    let document = crate::json::Text::scan(b"{}").unwrap();
    let of = |name: &[u8]| catalog.kind_of(name, document.root());
    assert_eq!(
        (of(b"manifest.json"), of(b"Manifest.JSON")),
        (Some(0), None)
    );
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
            "catalog.json:3:13: unknown catalog `other`, expected `run-manifest`",
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
            "catalog.json:2:16: kinds `k` and `l` have the same file name `f.json`, and one document could be of both: expected a `where` in each, with different values of one pointer",
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
    let kind = format!("{KIND}, \"schemas\": {{}}, \"rules\": [], \"where\": {{}}");
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

const LEDGERS: &str = r#"{"name": "n", "kinds": {
 "event": {"file": "d.json", "where": {"/document": "event"}, "version": "/v", "history": "/h", "unversioned": "1.0.0"},
 "ledger": {"file": "d.json", "where": {"/document": "ledger", "/of": 1}, "version": "/v", "history": "/h", "unversioned": "2.0.0"},
 "other": {"file": "o.json", "version": "/v", "history": "/h", "unversioned": "1.0.0"}}}"#;

#[test]
fn kinds_of_one_file_name_are_told_apart_by_their_marks() {
    let catalog = read(&[("catalog.json", LEDGERS)]).unwrap();
    assert_eq!(catalog.file_names(), ["d.json", "o.json"]);
    assert_eq!(catalog.latest(), None);
    for (name, document, kind) in [
        ("d.json", r#"{"document":"ev\u0065nt"}"#, Some("event")),
        ("d.json", r#"{"document":"ledger","of":1}"#, Some("ledger")),
        ("d.json", r#"{"document":"ledger","of":2}"#, None),
        ("d.json", r#"{"document":["ledger"]}"#, None),
        ("d.json", "{}", None),
        ("o.json", "{}", Some("other")),
        ("p.json", "{}", None),
    ] {
        let text = crate::json::Text::scan(document.as_bytes()).unwrap();
        let found = catalog.kind_of(name.as_bytes(), text.root());
        let found = found.map(|index| catalog.kinds()[index].name.as_str());
        assert_eq!(found, kind, "{document}");
    }
    let text = crate::json::Text::scan(b"{}").unwrap();
    let refusal = crate::manifest::kind_of(&catalog, b"d.json", text.root()).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "it is of no kind that its file name can have: expected `event`, where `/document` is `\"event\"`, or `ledger`, where `/document` is `\"ledger\"` and `/of` is `1`"
    );
    assert_eq!(refusal.code().as_str(), "kind_unknown");
}

#[test]
fn marks_that_leave_it_open_or_that_migrations_could_change_are_refused() {
    for (from, to, message) in [
        (
            r#""/document": "event""#,
            r#""/else": 1"#,
            "catalog.json:3:21: kinds `event` and `ledger` have the same file name `d.json`, and one document could be of both: expected a `where` in each, with different values of one pointer",
        ),
        (
            r#""/document": "event""#,
            r#""/v": "1.0.0""#,
            "catalog.json:2:39: `/v` and `/v` overlap: version, history and guarded members must stand apart",
        ),
        (
            r#""/document": "event""#,
            r#""/*": 1"#,
            "catalog.json:2:39: `/*` is not supported here: expected a pointer without `*`",
        ),
    ] {
        assert_eq!(error_of_catalog(&LEDGERS.replace(from, to)), message);
    }
    let step = r#"{"from": "1.0.0", "to": "1.1.0", "kind": "event", "summary": "s",
 "steps": [{"step": "set", "at": "/document", "value": "ledger"}]}"#;
    let error = read(&[("catalog.json", LEDGERS), ("migrations/m.json", step)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "migrations/m.json:2:21: `set /document` may not write `/document`, which is immutable"
    );
}

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
    // That 1.3.0 is unknown follows from a migration that cannot be read, and is told only where there is none.
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

#[test]
fn what_is_wrong_with_one_file_does_not_hide_what_is_wrong_with_another() {
    let files = [
        ("catalog.json", catalog(KIND, "")),
        ("migrations/a.json", migration(r#"{"step": "sett"}"#)),
        ("migrations/b.json", "{".to_owned()),
        ("migrations/c.json", migration("").replace("1.0.0", "1.1.0")),
        ("migrations/d.json", migration("")),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text));
    let errors = Catalog::check_files(Source::BuiltIn, &files.into()).unwrap_err();
    let places: Vec<_> = errors.iter().map(|error| error.place.to_string()).collect();
    assert_eq!(
        places,
        [
            "migrations/a.json:2:21: ",
            "migrations/b.json:1:2: ",
            "migrations/c.json:1:25: "
        ]
    );
}

#[test]
fn two_hundred_versions_are_read_and_routed_in_no_noticeable_time() {
    let mut files = BTreeMap::from([("catalog.json".to_owned(), catalog(KIND, ""))]);
    for minor in 0..200 {
        let (from, to) = (format!("1.{minor}.0"), format!("1.{}.0", minor + 1));
        let step = format!(r#"{{"step": "set_default", "at": "/m{minor}", "value": null}}"#);
        let text = migration(&step)
            .replace("1.1.0", &to)
            .replace("1.0.0", &from);
        files.insert(format!("migrations/{minor}.json"), text);
    }
    let began = std::time::Instant::now();
    let catalog = Catalog::check_files(Source::BuiltIn, &files).unwrap();
    crate::plan::Plan::new(&catalog, None, false).unwrap();
    // Some milliseconds even without optimisation; the bound is for machines at their limit.
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    assert_eq!(catalog.kinds()[0].registry.versions().len(), 201);
}
