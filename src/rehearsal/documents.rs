//! Documents made up for a migration: what its steps name is there or not, with values that it speaks of and others.
//!
//! Invariant: the same catalog gives the same documents; each is a manifest of its kind at the migration's version.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::catalog::{Catalog, Kind, Migration, Place, Route};
use crate::digest::Digest;
use crate::json::Pointer;

/// How many are made for one migration.
const COUNT: u64 = 128;

/// Documents for one migration and for those that it stands for, if it is a shortcut.
pub(super) fn generated(
    catalog: &Catalog,
    kind: &Kind,
    migration: &Migration,
) -> impl Iterator<Item = String> {
    let detour = kind.registry.detour(&migration.from, &migration.to);
    let others = detour.iter().flat_map(Route::migrations);
    let all: Vec<&Migration> = others.map(|other| &**other).chain([migration]).collect();
    let places: BTreeSet<Pointer> = all.iter().flat_map(|one| places_of(one)).collect();
    let mut values = values_of(catalog, &all);
    let schema = catalog.schema(&kind.name, &migration.from);
    if let Some(schema) = schema.and_then(|text| serde_json::from_str(text).ok()) {
        collect_allowed(&schema, &mut values);
    }
    let head = head(kind, migration);
    let seed = format!("{} {migration}", kind.name);
    (0..COUNT).map(move |count| {
        let mut chance = Chance::new(&format!("{seed} {count}"));
        let mut document = Value::Object(Map::new());
        for place in &places {
            if chance.below(4) > 0 {
                let value = chance.one_of(&values).clone();
                put(&mut document, place.tokens(), &value);
            }
        }
        for (at, value) in &head {
            put(&mut document, at.tokens(), value);
        }
        document.to_string()
    })
}

/// One document with the members of another in the place of its own.
pub(super) fn laid_over(document: &str, over: &str) -> Option<String> {
    let (mut document, over) = (
        serde_json::from_str(document).ok()?,
        serde_json::from_str(over).ok()?,
    );
    let (Value::Object(members), Value::Object(over)) = (&mut document, over) else {
        return None;
    };
    members.extend(over);
    Some(document.to_string())
}

/// What every document must have, to be one of its kind at the version that the migration leads from.
fn head(kind: &Kind, migration: &Migration) -> Vec<(Pointer, Value)> {
    let required = kind.required.iter().cloned().map(|at| (at, json!("r")));
    let marks = kind.marks.iter().map(|mark| {
        let value = serde_json::from_str(mark.value.as_str());
        (mark.at.clone(), value.unwrap_or_default())
    });
    let version = json!(migration.from.to_string());
    let version = (kind.version.clone(), version);
    required.chain(marks).chain([version]).collect()
}

/// Every place that the steps of a migration name.
fn places_of(migration: &Migration) -> Vec<Pointer> {
    let transforms = migration.transforms.iter();
    transforms
        .flat_map(|transform| transform.places())
        .collect()
}

/// Values that migrations speak of, and some that they may not expect.
fn values_of(catalog: &Catalog, migrations: &[&Migration]) -> Vec<Value> {
    let mut values = vec![
        json!(null),
        json!(true),
        json!(0),
        json!(1.5),
        json!("12"),
        json!("text"),
        json!("2026-02-28T10:30:00Z"),
        json!({}),
        json!([]),
        json!({"k": 1}),
        json!(["a", 2]),
    ];
    for migration in migrations {
        let file = match migration.place() {
            Some(Place::Line { file, .. }) => catalog.file(file),
            _ => None,
        };
        let file = file.and_then(|text| serde_json::from_str::<Value>(text).ok());
        if let Some(steps) = file.as_ref().and_then(|file| file.get("steps")) {
            collect(steps, &mut values);
        }
    }
    values
}

/// Values that a schema names.
fn collect_allowed(schema: &Value, values: &mut Vec<Value>) {
    match schema {
        Value::Array(elements) => {
            for element in elements {
                collect_allowed(element, values);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("const" | "default", value) => values.push(value.clone()),
                    ("enum" | "examples", Value::Array(named)) => values.extend(named.clone()),
                    _ => collect_allowed(member, values),
                }
            }
        }
        _ => {}
    }
}

/// All that stands in a value: names of members, too, and objects with just one member of such a name.
fn collect(value: &Value, values: &mut Vec<Value>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|one| collect(one, values)),
        Value::Object(members) => {
            for (name, member) in members {
                values.push(json!(name));
                if let Value::String(text) = member {
                    let mut object = Map::new();
                    object.insert(text.clone(), json!(1));
                    values.push(Value::Object(object));
                }
                collect(member, values);
            }
        }
        _ => {}
    }
    values.push(value.clone());
}

/// Puts a value where names lead, through objects and arrays that are made on the way.
fn put(into: &mut Value, names: &[String], value: &Value) {
    let Some((name, rest)) = names.split_first() else {
        into.clone_from(value);
        return;
    };
    if name == "*" {
        if !into.is_array() {
            *into = json!([null, null]);
        }
        for element in into.as_array_mut().into_iter().flatten() {
            put(element, rest, value);
        }
        return;
    }
    if !into.is_object() {
        *into = json!({});
    }
    if let Some(members) = into.as_object_mut() {
        put(members.entry(name).or_insert(Value::Null), rest, value);
    }
}

/// Numbers that look like chance and are the same every time.
struct Chance(u64);

impl Chance {
    fn new(seed: &str) -> Self {
        // Never zero, from which nothing would follow.
        Self(Digest::of(seed.as_bytes()).leading_u64() | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound.max(1) as u64).unwrap_or_default()
    }

    fn one_of<'v>(&mut self, values: &'v [Value]) -> &'v Value {
        // There are always some; a bound of zero gives the first.
        &values[self.below(values.len())]
    }
}
