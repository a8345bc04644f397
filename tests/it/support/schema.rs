//! Values held against the schemas of `docs/*.schema.json`.
//!
//! Invariant: a schema that is none panics, so that nothing is checked in part and in silence.

use serde_json::Value;

/// What is wrong with a value, by a schema: one line for each thing, with its place.
pub(crate) fn problems(schema: &Value, value: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(schema).expect("a schema");
    validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}
