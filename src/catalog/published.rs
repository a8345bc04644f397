//! The JSON Schemas of a catalog's files, for editors.
//!
//! Says the form only; what must fit together is for the loader to say. Tests hold the members against what the reader takes.
//!
//! Invariant: every step has an entry, with its documentation.

use serde_json::{Map, Value, json};

use super::step::{Definition, STEPS};
use crate::rule::RULES;

/// What a member of a step must be.
#[derive(Debug, Clone, Copy)]
enum Form {
    Pointer,
    Pointers,
    Text,
    Any,
    Values,
    Flag,
    Table,
    When,
    Type,
    Else,
    Steps,
}

/// A member of a step, and whether it must be there.
type Member = (&'static str, Form, bool);

/// The members of each step beside `step`.
const MEMBERS: &[(&str, &[Member])] = &[
    (
        "set_default",
        &[
            ("at", Form::Pointer, true),
            ("value", Form::Any, true),
            ("when", Form::When, false),
            ("backfill", Form::Flag, false),
        ],
    ),
    (
        "set",
        &[
            ("at", Form::Pointer, true),
            ("value", Form::Any, true),
            ("allow_destructive", Form::Flag, false),
            ("backfill", Form::Flag, false),
        ],
    ),
    (
        "rename",
        &[("at", Form::Pointer, true), ("to", Form::Text, true)],
    ),
    (
        "move",
        &[("from", Form::Pointer, true), ("to", Form::Pointer, true)],
    ),
    (
        "copy",
        &[("from", Form::Pointer, true), ("to", Form::Pointer, true)],
    ),
    (
        "coalesce",
        &[
            ("from", Form::Pointers, true),
            ("to", Form::Pointer, true),
            ("default", Form::Any, false),
            ("when", Form::When, false),
            ("backfill", Form::Flag, false),
        ],
    ),
    (
        "map",
        &[
            ("at", Form::Pointer, true),
            ("to", Form::Pointer, false),
            ("table", Form::Table, true),
            ("default", Form::Any, false),
            ("else", Form::Else, false),
        ],
    ),
    (
        "convert",
        &[
            ("at", Form::Pointer, true),
            ("from", Form::Type, false),
            ("to", Form::Type, true),
        ],
    ),
    (
        "derive",
        &[
            ("at", Form::Pointer, true),
            ("template", Form::Text, true),
            ("when", Form::When, false),
            ("backfill", Form::Flag, false),
        ],
    ),
    (
        "hash",
        &[("of", Form::Pointers, true), ("at", Form::Pointer, true)],
    ),
    (
        "wrap",
        &[("at", Form::Pointer, true), ("in", Form::Text, true)],
    ),
    (
        "unwrap",
        &[("at", Form::Pointer, true), ("member", Form::Text, true)],
    ),
    (
        "for_each",
        &[("at", Form::Pointer, true), ("steps", Form::Steps, true)],
    ),
    (
        "when",
        &[
            ("at", Form::Pointer, true),
            ("is", Form::Values, false),
            ("not", Form::Values, false),
            ("exists", Form::Flag, false),
            ("has_value", Form::Flag, false),
            ("steps", Form::Steps, true),
        ],
    ),
    (
        "remove",
        &[
            ("at", Form::Pointer, true),
            ("allow_destructive", Form::Flag, false),
        ],
    ),
];

impl Form {
    fn schema(self) -> Value {
        match self {
            Self::Pointer => json!({"$ref": "#/$defs/pointer"}),
            Self::Pointers => {
                json!({"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/pointer"}})
            }
            Self::Text => json!({"type": "string"}),
            Self::Any => json!(true),
            Self::Values => json!({"type": "array"}),
            Self::Flag => json!({"type": "boolean"}),
            Self::Table => json!({"type": "object"}),
            Self::When => json!({"enum": ["missing", "null", "missing_or_null"]}),
            Self::Type => json!({"enum": ["string", "integer", "number", "boolean", "timestamp"]}),
            Self::Else => json!({"enum": ["refuse", "keep"]}),
            Self::Steps => json!({"type": "array", "items": {"$ref": "#/$defs/step"}}),
        }
    }
}

fn members(step: &str) -> &'static [Member] {
    let found = MEMBERS.iter().find(|(name, _)| *name == step);
    found.map_or(&[], |(_, members)| members)
}

fn step(definition: &Definition) -> Value {
    let mut properties = Map::new();
    let mut required = vec!["step"];
    properties.insert("step".to_owned(), json!({"const": definition.name}));
    for (name, form, is_required) in members(definition.name) {
        properties.insert((*name).to_owned(), form.schema());
        required.extend(is_required.then_some(*name));
    }
    json!({
        "description": definition.documentation,
        "type": "object",
        "required": required,
        "additionalProperties": false,
        "properties": properties,
    })
}

/// The schema of a file in `migrations/`.
#[must_use]
pub fn migration() -> Value {
    let steps: Vec<Value> = STEPS
        .iter()
        .map(|step| json!({"$ref": format!("#/$defs/{}", step.name)}))
        .collect();
    let mut definitions = Map::new();
    definitions.insert("step".to_owned(), json!({"oneOf": steps}));
    definitions.insert("pointer".to_owned(), pointer());
    definitions.insert("version".to_owned(), version());
    for definition in STEPS {
        definitions.insert(definition.name.to_owned(), step(definition));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Migration of a catalog of migrate-manifests",
        "type": "object",
        "required": ["from", "to", "kind", "summary", "steps"],
        "additionalProperties": false,
        "properties": {
            "$schema": {"type": "string"},
            "from": {"description": "The version that it leads from.", "$ref": "#/$defs/version"},
            "to": {"description": "The version that it leads to, above `from`.", "$ref": "#/$defs/version"},
            "kind": {"description": "The kind of manifests that it is for.", "type": "string"},
            "summary": {"description": "What it is for, in a sentence for people.", "type": "string", "minLength": 1},
            "steps": {"description": "What it does, in order.", "type": "array", "items": {"$ref": "#/$defs/step"}},
        },
        "$defs": definitions,
    })
}

/// The schema of `catalog.json`.
#[must_use]
pub fn catalog() -> Value {
    let texts = |description: &str| json!({"description": description, "type": "array", "items": {"type": "string"}});
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Catalog of migrate-manifests",
        "type": "object",
        "required": ["name"],
        "additionalProperties": false,
        "properties": {
            "$schema": {"type": "string"},
            "name": {"description": "What reports call it.", "type": "string", "minLength": 1},
            "extends": {"description": "The catalog that it adds to; without it, `kinds` must be there.", "enum": [super::file::BUILT_IN_NAME, null]},
            "kinds": {"description": "The families of manifests, by name.", "type": "object", "additionalProperties": {"$ref": "#/$defs/kind"}},
            "opaque": texts("Names of directories that are never entered."),
            "exclude": texts("Globs of documents that have a manifest's name but are not this catalog's."),
            "dimensions": {"description": "Members that are columns of the index.", "type": ["array", "null"], "items": {"$ref": "#/$defs/pointer"}, "uniqueItems": true},
        },
        "$defs": {
            "pointer": pointer(),
            "version": version(),
            "kind": kind(),
            "snapshots": snapshots(),
        },
    })
}

fn kind() -> Value {
    let rules: Vec<_> = RULES.iter().map(|rule| rule.name).collect();
    let pointer =
        |description: &str| json!({"description": description, "$ref": "#/$defs/pointer"});
    let pointers = |description: &str| json!({"description": description, "type": "array", "items": {"$ref": "#/$defs/pointer"}});
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "file": {"description": "The exact file name of its manifests.", "type": "string"},
            "where": {"description": "Pointer to value: what tells its manifests from those of other kinds with the same file name.", "type": "object"},
            "version": pointer("Where the version stands."),
            "history": pointer("Where the history stands."),
            "unversioned": {"description": "The version of a manifest that says none.", "$ref": "#/$defs/version"},
            "required": pointers("Members without which a manifest is refused."),
            "immutable": pointers("Members that keep their bytes, and are neither added nor removed."),
            "protected": pointers("Members that keep their bytes once they are there."),
            "deferred_when": {"description": "Pointer to values: a manifest with one of them is left to its writer.", "type": "object", "additionalProperties": {"type": "array"}},
            "snapshots": {"description": "What verify looks for in run directories.", "$ref": "#/$defs/snapshots"},
            "schemas": {"description": "Version to the path of a JSON Schema in `schemas/`.", "type": ["object", "null"], "additionalProperties": {"type": "string"}},
            "rules": {"description": "What must hold beside.", "type": ["array", "null"], "items": {"type": "object", "required": ["rule"], "properties": {"rule": {"enum": rules}}}},
        },
    })
}

fn snapshots() -> Value {
    let pointer = || json!({"$ref": "#/$defs/pointer"});
    json!({
        "type": ["object", "null"],
        "required": ["declared"],
        "additionalProperties": false,
        "properties": {
            "declared": pointer(),
            "hash": pointer(),
            "run_id": pointer(),
            "job_id": pointer(),
            "legacy_directory": {"type": "string"},
            "agree": {"type": "object", "additionalProperties": pointer()},
        },
    })
}

fn pointer() -> Value {
    json!({
        "description": "A JSON Pointer; in steps, `*` stands for one level of an array or object.",
        "type": "string",
        "pattern": "^(/([^~]|~[01])*)?$",
    })
}

fn version() -> Value {
    json!({
        "description": "MAJOR.MINOR.PATCH",
        "type": "string",
        "pattern": "^(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)$",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Catalog, Source};

    const CATALOG: &str = r#"{"name": "n", "kinds": {"k": {"file": "f", "version": "/v", "history": "/h", "unversioned": "1.0.0"}}}"#;

    fn refusal(catalog: &str, migration: &str) -> String {
        let files = [("catalog.json", catalog), ("migrations/m.json", migration)];
        let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let error = Catalog::from_files(Source::BuiltIn, &files.into()).unwrap_err();
        error.problem.to_string()
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
        let mut names: Vec<String> = schema["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        names.sort();
        names
    }

    fn migration_of(step: &str) -> String {
        format!(
            r#"{{"from": "1.0.0", "to": "1.1.0", "kind": "k", "summary": "s", "steps": [{step}]}}"#
        )
    }

    #[test]
    fn the_members_of_every_step_are_those_that_the_reader_takes() {
        let schema = migration();
        for step in STEPS {
            let own = &schema["$defs"][step.name];
            let unknown = format!(r#"{{"step": "{}", "?": 1}}"#, step.name);
            assert_eq!(
                said(own),
                taken(&refusal(CATALOG, &migration_of(&unknown))),
                "{}",
                step.name
            );
            // The reader asks for one required member after the other, in the order of the schema.
            let required: Vec<&str> = own["required"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one.as_str().unwrap())
                .collect();
            let optional = members(step.name)
                .iter()
                .filter(|(_, _, is_required)| !is_required);
            for (name, ..) in optional {
                assert!(!required.contains(name));
            }
            for wanted in required.iter().skip(1) {
                let mut object = Map::new();
                object.insert("step".to_owned(), json!(step.name));
                for (name, form, is_required) in members(step.name) {
                    if *is_required && name != wanted {
                        object.insert((*name).to_owned(), example(*form));
                    }
                }
                let text = migration_of(&Value::Object(object).to_string());
                assert_eq!(
                    refusal(CATALOG, &text),
                    format!("missing member `{wanted}`"),
                    "{}",
                    step.name
                );
            }
        }
    }

    fn example(form: Form) -> Value {
        match form {
            Form::Pointer => json!("/a"),
            Form::Pointers => json!(["/a"]),
            Form::Text => json!("a"),
            Form::Any => json!(1),
            Form::Values | Form::Steps => json!([]),
            Form::Flag => json!(true),
            Form::Table => json!({}),
            Form::When => json!("null"),
            Form::Type => json!("string"),
            Form::Else => json!("keep"),
        }
    }

    #[test]
    fn the_members_of_the_files_are_those_that_the_reader_takes() {
        let migration_text = migration_of("").replacen('{', r#"{"?": 1, "#, 1);
        assert_eq!(
            said(&migration()),
            taken(&refusal(CATALOG, &migration_text))
        );
        let schema = catalog();
        let unknown = CATALOG.replacen('{', r#"{"?": 1, "#, 1);
        assert_eq!(said(&schema), taken(&refusal(&unknown, "{}")));
        let unknown = CATALOG.replace(r#""file""#, r#""?": 1, "file""#);
        assert_eq!(
            said(&schema["$defs"]["kind"]),
            taken(&refusal(&unknown, "{}"))
        );
        let unknown = CATALOG.replace(r#""file""#, r#""snapshots": {"?": 1}, "file""#);
        assert_eq!(
            said(&schema["$defs"]["snapshots"]),
            taken(&refusal(&unknown, "{}"))
        );
    }
}
