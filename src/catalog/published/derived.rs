//! The schemas as they follow from the types that read the files.
//!
//! Says itself only what a type cannot: the text of a pointer and of a version, and which members follow from the name of a step or rule.
//!
//! Invariant: a step or rule that is listed is there, with its documentation.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform as _};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use crate::catalog::catalog_form::CatalogForm;
use crate::catalog::migrations::MigrationForm;
use crate::form::Object;
use crate::json::{Fragment, Pointer};
use crate::rule::{CommonForm, RULES, RuleName};
use crate::step::{STEPS, StepName, Template};
use crate::version::Version;

/// The schema of `catalog.json`.
pub(super) fn catalog() -> Value {
    let mut schema = root::<CatalogForm>();
    let said = json!({"not": {"type": "null"}});
    // The base may have the members of a kind that an extension does not have.
    schema["if"] = json!({"properties": {"extends": {"type": "null"}}});
    schema["then"] = json!({
        "required": ["kinds"],
        "properties": {"kinds": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "required": ["file", "version", "history", "unversioned"],
                "properties": {"file": said, "version": said, "history": said, "unversioned": said},
            },
        }},
    });
    schema
}

/// The schema of a file in `migrations/`.
pub(super) fn migration() -> Value {
    root::<MigrationForm>()
}

fn root<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<T>();
    RecursiveTransform(without_empty_defaults).transform(&mut schema);
    schema.to_value()
}

/// Removes defaults that are empty.
fn without_empty_defaults(schema: &mut Schema) {
    let is_empty = |value: &Value| [json!(null), json!([]), json!({}), json!("")].contains(value);
    if schema.get("default").is_some_and(is_empty) {
        schema.remove("default");
    }
}

/// One of several objects that `member` tells apart by its value. Each is named, and has the members of its schema, beside `member` and those of `common`.
fn told_apart(
    generator: &mut SchemaGenerator,
    member: &str,
    common: &Value,
    objects: impl Iterator<Item = (&'static str, &'static str, Schema)>,
) -> Schema {
    let (mut names, mut each) = (Vec::new(), Vec::new());
    for (name, documentation, mut schema) in objects {
        // The documentation of the type is the description of the name, because an editor shows it there.
        let summary = schema.insert("description".to_owned(), documentation.into());
        let required = schema.ensure_object().entry("required");
        if let Some(list) = required.or_insert_with(|| json!([])).as_array_mut() {
            list.insert(0, member.into());
        }
        let members = schema.ensure_object().entry("properties");
        let members = members.or_insert_with(|| json!({}));
        for (name, schema) in common.as_object().into_iter().flatten() {
            members[name] = schema.clone();
        }
        members[member] = json!({"const": name, "description": summary});
        let definitions = generator.definitions_mut();
        let before = definitions.insert(name.to_owned(), schema.to_value());
        assert_eq!(before, None, "two definitions of {name}");
        names.push(name);
        each.push(json!({
            "if": {"properties": {member: {"const": name}}, "required": [member]},
            "then": {"$ref": format!("#/$defs/{name}")},
        }));
    }
    json_schema!({
        "type": "object",
        "required": [member],
        "properties": {member: {"enum": names}},
        "allOf": each,
    })
}

impl JsonSchema for StepName {
    fn schema_name() -> Cow<'static, str> {
        "step".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let steps = STEPS.iter().map(|step| {
            let schema = (step.schema)(generator);
            (step.name, step.documentation, schema)
        });
        let steps: Vec<_> = steps.collect();
        told_apart(generator, "step", &json!({}), steps.into_iter())
    }
}

impl JsonSchema for RuleName {
    fn schema_name() -> Cow<'static, str> {
        "rule".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let common = CommonForm::json_schema(generator).to_value();
        let properties = &common["properties"];
        let rules = RULES.iter().map(|rule| {
            let schema = (rule.schema)(generator);
            (rule.name, rule.documentation, schema)
        });
        let rules: Vec<_> = rules.collect();
        told_apart(generator, "rule", properties, rules.into_iter())
    }
}

impl JsonSchema for Pointer {
    fn schema_name() -> Cow<'static, str> {
        "pointer".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A JSON Pointer; in steps, `*` stands for one level of an array or object.",
            "type": "string",
            "pattern": "^(/([^~]|~[01])*)?$",
        })
    }
}

impl JsonSchema for Version {
    fn schema_name() -> Cow<'static, str> {
        "version".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "MAJOR.MINOR.PATCH",
            "type": "string",
            "pattern": "^(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)$",
        })
    }
}

/// Any value.
impl JsonSchema for Fragment {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "value".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        true.into()
    }
}

/// A text with pointers in braces.
impl JsonSchema for Template {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "template".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^([^{}]|\\{\\{|\\}\\}|\\{(/([^}~]|~[01])*)?\\})*$",
        })
    }
}

/// An object has the schema of what it is read into.
impl<T: JsonSchema> JsonSchema for Object<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
