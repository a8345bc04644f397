//! What the revisions of `revenue` add, column by column: the table on the page, held against the schemas and the migrated tree.
//!
//! Invariant: a type on the page is the type in the schema, with its length, its digits and its range.

use std::fs;

use serde_json::{Value, json};

use super::page::tables;
use super::{fixture, manifests};

/// The schema of a kind's latest version.
fn schema(kind: &str) -> Value {
    let mut files: Vec<_> = manifests(&fixture("revenue").join("schemas"))
        .into_iter()
        .filter(|(path, _)| path.to_str().unwrap().starts_with(&format!("{kind}-")))
        .collect();
    let (_, bytes) = files.pop().unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// The schema of a member, and the schema of the object that holds it.
fn member(kind: &str, name: &str) -> (Value, Value) {
    let mut holder = schema(kind);
    let mut parts: Vec<_> = name.split('/').collect();
    let last = parts.pop().unwrap();
    for part in parts {
        holder = match part {
            "*" => holder["items"].clone(),
            part => holder["properties"][part].clone(),
        };
    }
    (holder["properties"][last].clone(), holder)
}

/// The texts of an enumeration, if the schema is one.
fn listed(schema: &Value) -> Option<Vec<&str>> {
    let values = schema["enum"].as_array()?;
    Some(values.iter().filter_map(Value::as_str).collect())
}

/// The first of its types that is not `null`.
fn kind_of(schema: &Value) -> &str {
    match &schema["type"] {
        Value::Array(types) => types[0].as_str().unwrap(),
        one => one.as_str().unwrap_or("none"),
    }
}

/// What is wrong with a member's schema for a type of a database, if anything.
fn misfit(written: &str, schema: &Value) -> Option<String> {
    let (base, numbers) = written.split_once('(').unwrap_or((written, ""));
    let numbers: Vec<i32> = numbers
        .trim_end_matches(')')
        .split(',')
        .filter_map(|number| number.parse().ok())
        .collect();
    let is = |found: &Value, expected: Value| {
        (*found != expected).then(|| format!("{found} and not {expected}"))
    };
    let of = |expected: &str| is(&json!(kind_of(schema)), json!(expected));
    match base {
        "VARCHAR" => {
            let longest = usize::try_from(numbers[0]).unwrap();
            if let Some(texts) = listed(schema) {
                let too_long = texts.iter().find(|text| text.len() > longest);
                return too_long.map(|text| format!("{text} is too long"));
            }
            if longest == 3 {
                return of("string").or(is(&schema["pattern"], json!("^[A-Z]{3}$")));
            }
            of("string").or(is(&schema["maxLength"], json!(longest)))
        }
        "TEXT" | "UUID" => of("string").or(is(&schema["maxLength"], Value::Null)),
        "INTEGER" => {
            let least = schema["minimum"].as_i64();
            let is_least = least == Some(0) || least == Some(i64::from(i32::MIN));
            of("integer")
                .or(is(&schema["maximum"], json!(i32::MAX)))
                .or((!is_least).then(|| format!("{least:?}")))
        }
        "NUMERIC" => {
            let step = schema["multipleOf"].as_f64().unwrap();
            let digits = -step.log10().round();
            let beyond = 10_f64.powi(numbers[0] - numbers[1]);
            let bounds = [&schema["maximum"], &schema["exclusiveMaximum"]];
            let largest = bounds.into_iter().find_map(Value::as_f64).unwrap();
            of("number")
                .or((largest > beyond).then(|| format!("{largest}")))
                .or((digits < f64::from(numbers[1])).then(|| format!("{digits} digits")))
        }
        "TIMESTAMPTZ" => of("string").or(is(&schema["format"], json!("date-time"))),
        "BOOLEAN" => of("boolean"),
        "JSONB" => of("object"),
        _ => Some("a type that this test does not know".to_owned()),
    }
}

#[test]
fn every_column_of_the_page_is_in_the_schema_with_its_type_and_may_be_null_where_it_says_so() {
    let columns = tables("revenue", 5);
    // 39 columns of five tables, those of transitions but for the entry itself, 4A, 4C, and the session.
    assert_eq!(columns.len(), 39 + 5 + 2 + 2 + 1);
    for cells in &columns {
        let [kind, name, written, null, _] = &cells[..] else {
            panic!("{cells:?}");
        };
        let name = name.trim_matches('`');
        let (found, holder) = member(kind, name);
        assert_eq!(misfit(written, &found), None, "{kind} {name} {written}");
        let may = found["type"]
            .as_array()
            .or(found["enum"].as_array())
            .is_some_and(|types| types.contains(&json!("null")) || types.contains(&Value::Null));
        assert_eq!(may, null == "yes", "{kind} {name}");
        let last = json!(name.rsplit('/').next().unwrap());
        let required = holder["required"].as_array().unwrap();
        assert!(required.contains(&last), "{kind} {name} may be missing");
    }
}

#[test]
fn what_a_column_comes_from_is_what_the_migrated_tree_has() {
    let documents: Vec<(String, Value)> = manifests(&fixture("revenue").join("expected"))
        .into_iter()
        .map(|(path, bytes)| {
            let kind = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (kind, serde_json::from_slice(&bytes).unwrap())
        })
        .collect();
    let mut compared = 0;
    for cells in tables("revenue", 5) {
        let (kind, name, from) = (&cells[0], cells[1].trim_matches('`'), &cells[4]);
        let own = || documents.iter().filter(|(one, _)| one == kind);
        let source = from.split('`').nth(1).unwrap_or("");
        let constant = serde_json::from_str::<Value>(source).ok();
        for (_, document) in own() {
            let found = &document[name];
            let expected = match &constant {
                // The posting in the tree names its allocation.
                Some(_) if !found.is_null() && name == "allocation_id" => continue,
                Some(value) => value,
                None if document.get(source).is_some_and(|value| !value.is_null()) => {
                    &document[source]
                }
                None => continue,
            };
            let was_said = name == "posted_at" && document["allocation_id"] == "a-1";
            if name != "state" && !was_said {
                assert_eq!(found, expected, "{kind} {name}");
                compared += 1;
            }
        }
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn every_member_of_every_schema_is_described_and_those_of_tenants_have_their_invariant() {
    for entry in fs::read_dir(fixture("revenue").join("schemas")).unwrap() {
        let path = entry.unwrap().path();
        let schema: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        for (name, member) in schema["properties"].as_object().unwrap() {
            let described = member["description"].as_str().unwrap_or("");
            assert!(!described.is_empty(), "{}: {name}", path.display());
        }
    }
    let tenant = schema("tenant");
    for name in ["api_key_hash", "notification_email"] {
        let described = tenant["properties"][name]["description"].as_str().unwrap();
        assert!(described.contains("INVARIANT: auth_critical"), "{name}");
    }
}
