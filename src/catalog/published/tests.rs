//! The published schemas against the types that read the files, and against the loader.
//!
//! Invariant: what the schemas refuse the loader refuses, and what the loader refuses for its form they refuse.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::{CATALOG, MIGRATION, derived};
use crate::catalog::{Catalog, CatalogProblem, Source};
use crate::form::ObjectProblem;
use crate::rule::RULES;
use crate::step::STEPS;

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn the_schemas_are_what_the_types_say() {
    for (name, published, derived) in [
        ("catalog", CATALOG, derived::catalog()),
        ("migration", MIGRATION, derived::migration()),
    ] {
        let path = project(&format!("docs/{name}.schema.json"));
        let text = format!("{derived:#}\n");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &text).unwrap();
        } else {
            let is_published = published == text;
            assert!(
                is_published,
                "{} is not what the types say: UPDATE=1",
                path.display()
            );
        }
    }
}

fn validator(schema: &Value) -> Validator {
    jsonschema::validator_for(schema).unwrap()
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn every_catalog_and_migration_has_the_form() {
    let catalog = validator(&derived::catalog());
    let migration = validator(&derived::migration());
    let mut folders = vec![project("src/catalog/run-manifest")];
    let fixtures = fs::read_dir(project("fixtures/catalogs")).unwrap();
    folders.extend(fixtures.map(|entry| entry.unwrap().path()));
    let mut count = 0;
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        let mut check = |validator: &Validator, path: PathBuf| {
            let errors: Vec<_> = validator
                .iter_errors(&read(&path))
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert_eq!(errors, [""; 0], "{}", path.display());
            count += 1;
        };
        check(&catalog, folder.join("catalog.json"));
        for entry in fs::read_dir(folder.join("migrations")).unwrap() {
            check(&migration, entry.unwrap().path());
        }
    }
    assert!(count > 12, "{count}");
}

/// A catalog that says all that one can say.
fn full_catalog() -> Value {
    let own = json!({"file": "f.json", "version": "/v", "history": "/h", "unversioned": "1.0.0",
    "where": {"/what": "own"}, "required": ["/id"], "immutable": ["/id"], "protected": ["/p"],
    "deferred_when": {"/status": ["running"]},
    "snapshots": {"declared": "/s", "hash": "/s_hash", "run_id": "/id", "job_id": "/job", "legacy_directory": "runs", "agree": {"doctrine": "/doctrine"}},
    "rules": [
        {"rule": "unchanged", "name": "kept", "check": "ensure", "on_failure": "halt", "from": "1.1.0", "at": ["/n"], "when": {"at": "/status", "is": ["done"]}},
        {"rule": "append_only", "at": "/log", "when": {"at": "/status", "exists": true}},
        {"rule": "starts_with", "at": "/a", "prefix": "/b", "separator": "-"},
        {"rule": "sum_equals", "value": "/n", "items": "/list", "expected": 1.5, "tolerance": 0.01},
        {"rule": "count_equals", "name": "grouped", "group_by": ["/e"], "match": {"kind": "other", "on": {"/e": "/e"}, "expected": "/n"}},
        {"rule": "unique", "at": ["/n"]},
        {"rule": "references", "at": ["/e"], "kind": "other", "to": ["/e"]},
    ]});
    let other = json!({"file": "g.json", "version": "/v", "history": "/h", "unversioned": "1.0.0"});
    json!({"$schema": "s", "name": "n", "extends": null, "kinds": {"k": own, "other": other}, "opaque": ["inputs"], "exclude": ["*.x"]})
}

/// A migration with every step, and all that steps can say.
fn full_migration() -> Value {
    let inner = json!([{"step": "set_default", "at": "/inner", "value": 1}]);
    json!({"$schema": "s", "from": "1.0.0", "to": "1.1.0", "kind": "k", "summary": "s", "steps": [
        {"step": "set_default", "at": "/a", "value": {"n": null}, "when": "null", "backfill": true},
        {"step": "set", "at": "/b", "value": 1, "allow_destructive": true, "backfill": true},
        {"step": "rename", "at": "/c", "to": "cc"},
        {"step": "move", "from": "/d", "to": "/o/d"},
        {"step": "copy", "from": "/e", "to": "/ee"},
        {"step": "coalesce", "from": ["/f"], "to": "/ff", "default": null, "when": "missing", "backfill": false},
        {"step": "map", "at": "/g", "to": "/gg", "table": {"a": "b"}, "default": 1},
        {"step": "map", "at": "/i", "table": {"a": "b"}, "else": "keep"},
        {"step": "convert", "at": "/j", "from": "string", "to": "integer"},
        {"step": "derive", "at": "/k", "template": "{{{/l}}}", "when": "missing_or_null", "backfill": true},
        {"step": "hash", "of": ["/m"], "at": "/mm"},
        {"step": "wrap", "at": "/q", "in": "x"},
        {"step": "unwrap", "at": "/r", "member": "x"},
        {"step": "for_each", "at": "/t", "steps": inner},
        {"step": "when", "at": "/u", "is": [1], "steps": inner},
        {"step": "when", "at": "/u", "not": [1], "steps": inner},
        {"step": "when", "at": "/u", "exists": true, "steps": inner},
        {"step": "when", "at": "/u", "has_value": false, "steps": inner},
        {"step": "remove", "at": "/w", "allow_destructive": true},
    ]})
}

fn load(catalog: &Value, migration: &Value) -> Result<(), CatalogProblem> {
    let files = [("catalog.json", catalog), ("migrations/m.json", migration)];
    let files: BTreeMap<_, _> = files
        .map(|(path, value)| (path.to_owned(), value.to_string()))
        .into();
    let loaded = Catalog::from_files(Source::BuiltIn, &files);
    loaded.map(drop).map_err(|error| error.problem)
}

/// Whether a problem is one of form, which a schema can tell.
fn is_of_form(problem: &CatalogProblem) -> bool {
    let problem = match problem {
        CatalogProblem::Object(problem) => problem,
        other => return matches!(other, CatalogProblem::NoKinds),
    };
    if let ObjectProblem::Malformed { reason } = problem {
        // Two members of a rule that do not fit together.
        return !reason.starts_with("`on` names ");
    }
    matches!(
        problem,
        ObjectProblem::Unknown {
            what: "step" | "rule" | "catalog",
            ..
        } | ObjectProblem::EmptyText { .. }
            | ObjectProblem::NotAllowed { .. }
            | ObjectProblem::Test
    )
}

/// The document with a little that is wrong, or may be, at every place: another value, a member more, a member less.
fn altered(document: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    let mut places = vec![String::new()];
    while let Some(place) = places.pop() {
        let mut put = |value: Value| {
            let mut copy = document.clone();
            *copy.pointer_mut(&place).unwrap() = value;
            all.push(copy);
        };
        let others = [json!(null), json!(true), json!(1), json!("x"), json!("/x")];
        others.into_iter().for_each(&mut put);
        let others = [json!(""), json!([]), json!({})];
        others.into_iter().for_each(&mut put);
        match document.pointer(&place).unwrap() {
            Value::Object(members) => {
                let mut more = members.clone();
                more.insert("?".to_owned(), json!(1));
                put(Value::Object(more));
                for name in members.keys() {
                    let mut fewer = members.clone();
                    fewer.remove(name);
                    put(Value::Object(fewer));
                    let name = name.replace('~', "~0").replace('/', "~1");
                    places.push(format!("{place}/{name}"));
                }
            }
            Value::Array(items) => {
                put(json!(["/x"]));
                places.extend((0..items.len()).map(|index| format!("{place}/{index}")));
            }
            _ => {}
        }
    }
    all
}

/// How often schema and loader agree that an altered document is refused, and that it is taken.
fn agreements(
    document: &Value,
    schema: &Value,
    load: impl Fn(&Value) -> Result<(), CatalogProblem>,
) -> [usize; 2] {
    let schema = validator(schema);
    let (mut counts, mut wrong) = ([0; 2], Vec::new());
    for altered in altered(document) {
        match (schema.iter_errors(&altered).next(), load(&altered)) {
            (None, Err(problem)) if is_of_form(&problem) => {
                wrong.push(format!("fits, but {problem}: {altered}"));
            }
            (Some(error), Ok(())) => wrong.push(format!("{error}, but is taken: {altered}")),
            (Some(_), Err(_)) => counts[0] += 1,
            (None, Err(_)) => {}
            (None, Ok(())) => counts[1] += 1,
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    counts
}

#[test]
fn what_is_altered_is_refused_by_schema_and_loader_alike() {
    let (catalog, migration) = (full_catalog(), full_migration());
    load(&catalog, &migration).unwrap();
    let counts = [
        agreements(&catalog, &derived::catalog(), |altered| {
            load(altered, &migration)
        }),
        agreements(&migration, &derived::migration(), |altered| {
            load(&catalog, altered)
        }),
    ];
    for [refused, taken] in counts {
        assert!(refused > 300 && taken > 50, "{counts:?}");
    }
}

/// The members that the reader names where it finds one that it does not know.
fn taken(refusal: &str) -> Vec<String> {
    let (_, names) = refusal
        .split_once("expected ")
        .unwrap_or_else(|| panic!("{refusal}"));
    let mut names: Vec<String> = names
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect();
    names.sort();
    names
}

fn said(schema: &Value) -> Vec<String> {
    let members = schema["properties"].as_object().unwrap();
    let mut names: Vec<String> = members.keys().cloned().collect();
    names.sort();
    names
}

/// Asserts that a schema names the members that the reader takes.
fn assert_members(schema: &Value, refused: Result<(), CatalogProblem>, place: &str) {
    let refusal = refused.unwrap_err().to_string();
    assert_eq!(said(schema), taken(&refusal), "{place}");
}

#[test]
fn the_members_of_every_object_are_those_that_the_reader_takes() {
    let (catalog, migration) = (derived::catalog(), derived::migration());
    let with = |name: &str, value: Value| {
        let mut full = full_catalog();
        full["kinds"]["k"][name] = value;
        full
    };
    for step in STEPS {
        let mut altered = full_migration();
        altered["steps"] = json!([{"step": step.name, "?": 1}]);
        let own = &migration["$defs"][step.name];
        assert_eq!(own["description"], step.documentation);
        assert_members(own, load(&full_catalog(), &altered), step.name);
    }
    for rule in RULES {
        let altered = with("rules", json!([{"rule": rule.name, "?": 1}]));
        let own = &catalog["$defs"][rule.name];
        assert_eq!(own["description"], rule.documentation);
        let refusal = load(&altered, &full_migration()).unwrap_err().to_string();
        let mut taken = taken(&refusal);
        // It shares its form with `sum_equals`, but not what is added.
        taken.retain(|name| rule.name != "count_equals" || name != "value");
        assert_eq!(said(own), taken, "{}", rule.name);
    }
    let mut altered = full_migration();
    altered["?"] = json!(1);
    assert_members(&migration, load(&full_catalog(), &altered), "a migration");
    let mut altered = full_catalog();
    altered["?"] = json!(1);
    assert_members(&catalog, load(&altered, &full_migration()), "a catalog");
    let altered = with("?", json!(1));
    let own = &catalog["$defs"]["kind"];
    assert_members(own, load(&altered, &full_migration()), "a kind");
    let altered = with("snapshots", json!({"?": 1}));
    let own = &catalog["$defs"]["snapshots"];
    assert_members(own, load(&altered, &full_migration()), "snapshots");
}

#[test]
fn a_member_that_a_step_lacks_is_named() {
    let schema = derived::migration();
    let full = full_migration();
    for step in full["steps"].as_array().unwrap() {
        let name = step["step"].as_str().unwrap();
        let required = schema["$defs"][name]["required"].as_array().unwrap();
        for wanted in required.iter().filter_map(Value::as_str) {
            let mut fewer: Map<String, Value> = step.as_object().unwrap().clone();
            fewer.remove(wanted);
            let mut altered = full.clone();
            altered["steps"] = json!([fewer]);
            let refusal = load(&full_catalog(), &altered).unwrap_err().to_string();
            assert_eq!(refusal, format!("missing member `{wanted}`"), "{name}");
        }
    }
}
