//! Generates documents for a migration: with and without the members of its steps, with values from the catalog and others.
//! Invariant: the same catalog gives the same documents; each is a manifest at the version before the migration.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::catalog::skeleton::put;
use crate::catalog::{Catalog, Kind, Migration, Place, Route};
use crate::digest::Digest;
use crate::json::Pointer;

const COUNT: u64 = 128;

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

fn places_of(migration: &Migration) -> Vec<Pointer> {
    let transforms = migration.transforms.iter();
    transforms
        .flat_map(|transform| transform.places())
        .collect()
}

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

/// Collects a value and all values in it, also the names of members, and objects with one member of such a name.
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

struct Chance(u64);

impl Chance {
    fn new(seed: &str) -> Self {
        // The state must not be zero, because all numbers would be zero.
        Self(Digest::of(seed.as_bytes()).leading_u64() | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound.max(1) as u64).unwrap_or_default()
    }

    fn one_of<'v>(&mut self, values: &'v [Value]) -> &'v Value {
        // The list is never empty.
        &values[self.below(values.len())]
    }
}
