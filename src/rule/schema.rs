//! JSON Schemas of documents: compiled when the catalog is loaded, asked about each document. The only place that knows the schema crate.
//!
//! Takes texts that were scanned and gives what they violate; opens no file and follows no reference out of the schema.
//!
//! Invariant: a [`Schema`] is valid in itself. Without the feature `schema` there is none.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Violation;
use crate::json::{Kind, Pointer, Value};

/// What one version of a kind's documents must look like.
#[derive(Clone)]
pub struct Schema {
    compiled: Arc<Compiled>,
    members: Option<Arc<BTreeSet<String>>>,
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Schema")
    }
}

/// What a schema says of a document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Held {
    /// In what the document violates it, at most [`MOST_VIOLATIONS`].
    pub violations: Vec<Violation>,
    /// Numbers that no double holds; they were taken for the nearest finite one.
    pub beyond_range: Vec<Pointer>,
}

/// So many violations of one document are told.
pub const MOST_VIOLATIONS: usize = 20;

impl Schema {
    /// Compiles the schema that `text` is.
    ///
    /// # Errors
    /// It is no JSON Schema, refers to something outside of itself, or the program was built without JSON Schema.
    pub fn new(text: Value<'_>) -> Result<Self, Violation> {
        Ok(Self {
            compiled: Arc::new(compile(text)?),
            members: members(text).map(Arc::new),
        })
    }

    /// Holds a document against the schema.
    #[must_use]
    pub fn hold(&self, document: Value<'_>) -> Held {
        hold(&self.compiled, document)
    }

    /// The members that it lists of the document, where no keyword beside can bring in others.
    #[must_use]
    pub fn members(&self) -> Option<&BTreeSet<String>> {
        self.members.as_deref()
    }
}

fn members(text: Value<'_>) -> Option<BTreeSet<String>> {
    const BRING_IN_OTHERS: [&str; 10] = [
        "patternProperties",
        "allOf",
        "anyOf",
        "oneOf",
        "if",
        "$ref",
        "$dynamicRef",
        "dependentSchemas",
        "dependencies",
        "unevaluatedProperties",
    ];
    if BRING_IN_OTHERS.iter().any(|name| text.get(name).is_some()) {
        return None;
    }
    let listed = text
        .get("properties")
        .filter(|one| one.kind() == Kind::Object)?;
    Some(
        listed
            .members()
            .map(|member| member.name().into_owned())
            .collect(),
    )
}

#[cfg(not(feature = "schema"))]
use without::{Compiled, compile, hold};

#[cfg(not(feature = "schema"))]
mod without {
    use super::{Held, Pointer, Value, Violation};

    pub(super) enum Compiled {}

    pub(super) fn compile(_: Value<'_>) -> Result<Compiled, Violation> {
        Err(Violation {
            at: Pointer::root(),
            reason: "this program was built without JSON Schema (the feature `schema`)".to_owned(),
        })
    }

    pub(super) fn hold(compiled: &Compiled, _: Value<'_>) -> Held {
        match *compiled {}
    }
}

#[cfg(feature = "schema")]
use with::{Compiled, compile, hold};

#[cfg(feature = "schema")]
mod with {
    use jsonschema::ValidationError;
    use jsonschema::error::ValidationErrorKind;

    use super::{Held, MOST_VIOLATIONS, Pointer, Value, Violation};
    use crate::json::Kind;

    /// How much of what the crate says is repeated, in characters.
    const REASON_CHARACTERS: usize = 240;

    pub(super) type Compiled = jsonschema::Validator;

    pub(super) fn compile(text: Value<'_>) -> Result<Compiled, Violation> {
        let schema = to_crate(text, &mut Vec::new());
        jsonschema::options()
            .offline()
            .should_validate_formats(true)
            .should_ignore_unknown_formats(true)
            .build(&schema)
            .map_err(|error| violation(&error))
    }

    pub(super) fn hold(compiled: &Compiled, document: Value<'_>) -> Held {
        let mut beyond_range = Vec::new();
        let instance = to_crate(document, &mut beyond_range);
        let violations = if compiled.is_valid(&instance) {
            Vec::new()
        } else {
            let errors = compiled.iter_errors(&instance).take(MOST_VIOLATIONS);
            errors.map(|error| violation(&error)).collect()
        };
        let pointer = |start| pointer_to(document, start);
        Held {
            violations,
            beyond_range: beyond_range.into_iter().map(pointer).collect(),
        }
    }

    fn violation(error: &ValidationError<'_>) -> Violation {
        let at = error.instance_path().to_string();
        let outside = "it refers to something outside of itself";
        let reason = match error.kind() {
            ValidationErrorKind::Referencing(found) => format!("{outside}, or to nothing: {found}"),
            _ => error.masked_with("the value").to_string(),
        };
        let reason = match reason.char_indices().nth(REASON_CHARACTERS) {
            Some((end, _)) => format!("{}...", &reason[..end]),
            None => reason,
        };
        Violation {
            at: at.parse().unwrap_or_default(),
            reason,
        }
    }

    /// The value in the crate's words, without parsing its text again; `beyond` gets where numbers stand that no double holds.
    fn to_crate(value: Value<'_>, beyond: &mut Vec<usize>) -> serde_json::Value {
        match value.kind() {
            Kind::Null => serde_json::Value::Null,
            Kind::Boolean => (value.raw() == "true").into(),
            Kind::Number => number(value, beyond),
            Kind::String => value.as_str().unwrap_or_default().into(),
            Kind::Array => {
                let elements = value.elements().map(|element| to_crate(element, beyond));
                serde_json::Value::Array(elements.collect())
            }
            Kind::Object => {
                let members = value.members().map(|member| {
                    let name = member.name().into_owned();
                    (name, to_crate(member.value(), beyond))
                });
                serde_json::Value::Object(members.collect())
            }
        }
    }

    fn number(value: Value<'_>, beyond: &mut Vec<usize>) -> serde_json::Value {
        let raw = value.raw();
        if let Ok(number) = raw.parse::<u64>() {
            return number.into();
        }
        if let Ok(number) = raw.parse::<i64>() {
            return number.into();
        }
        // Every JSON number is one that Rust reads, if only as infinite.
        let double = raw.parse::<f64>().unwrap_or_default();
        if double.is_finite() {
            return double.into();
        }
        beyond.push(value.span().start);
        f64::MAX.copysign(double).into()
    }

    /// The pointer to the value that begins at `start`.
    fn pointer_to(document: Value<'_>, start: usize) -> Pointer {
        let (mut here, mut pointer) = (document, Pointer::root());
        while here.span().start != start {
            let holds = |value: &Value<'_>| value.span().contains(&start);
            let member = here.members().find(|member| holds(&member.value()));
            let element = here.elements().enumerate().find(|(_, one)| holds(one));
            match (member, element) {
                (Some(member), _) => {
                    pointer = pointer.child(member.name());
                    here = member.value();
                }
                (None, Some((index, element))) => {
                    pointer = pointer.child(index.to_string());
                    here = element;
                }
                (None, None) => break,
            }
        }
        pointer
    }
}

#[cfg(test)]
#[cfg(feature = "schema")]
mod tests {
    use super::*;
    use crate::json::Text;

    fn schema(text: &str) -> Result<Schema, Violation> {
        Schema::new(Text::scan(text.as_bytes()).unwrap().root())
    }

    fn held(text: &str, document: &str) -> Vec<String> {
        let held = schema(text)
            .unwrap()
            .hold(Text::scan(document.as_bytes()).unwrap().root());
        let violations = held.violations.into_iter();
        violations
            .map(|one| format!("{}: {}", one.at, one.reason))
            .chain(held.beyond_range.iter().map(|at| format!("beyond {at}")))
            .collect()
    }

    #[test]
    fn a_document_is_held_against_the_schema_with_places() {
        let text = r#"{"properties":{"n":{"type":"integer"},"s":{"enum":["a","b"]},"t":{"format":"date-time"}},"required":["n"]}"#;
        assert!(held(text, r#"{"n":1.0,"s":"\u0061","t":"2026-02-28T10:30:00Z"}"#).is_empty());
        assert_eq!(
            held(text, r#"{"n":"1","s":"c","t":"yesterday"}"#),
            [
                "/n: the value is not of type \"integer\"",
                "/s: the value is not one of \"a\" or \"b\"",
                "/t: the value is not a \"date-time\"",
            ]
        );
        assert_eq!(held(text, "{}"), [": \"n\" is a required property"]);
    }

    #[test]
    fn a_number_that_no_double_holds_is_the_nearest_finite_one() {
        let text = r#"{"properties":{"a":{"items":{"minimum":1}}}}"#;
        assert_eq!(held(text, r#"{"a":[2,1e400]}"#), ["beyond /a/1"]);
        assert_eq!(
            held(text, r#"{"a":[-1e400]}"#),
            [
                "/a/0: the value is less than the minimum of 1",
                "beyond /a/0"
            ]
        );
        let integer = r#"{"properties":{"a":{"type":"integer"}}}"#;
        let forty = format!(r#"{{"a":{}}}"#, "1".repeat(40));
        assert!(held(integer, &forty).is_empty());
    }

    #[test]
    fn what_is_no_schema_is_refused_with_the_place_in_it() {
        let error = schema(r#"{"properties":{"n":{"type":"integr"}}}"#).unwrap_err();
        assert_eq!(error.at.to_string(), "/properties/n/type");
        for outside in [
            r#"{"$ref":"https://example.com/other.json"}"#,
            r#"{"$ref":"other.json"}"#,
            r##"{"$ref":"#/nowhere"}"##,
        ] {
            let reason = schema(outside).unwrap_err().reason;
            assert!(
                reason.starts_with("it refers to something outside of itself, or to nothing: "),
                "{reason}"
            );
        }
        assert!(schema(r#"{"pattern":"("}"#).is_err());
    }

    #[test]
    fn a_schema_that_refers_to_itself_comes_to_an_end() {
        let text = r##"{"properties":{"inner":{"$ref":"#"}},"required":["n"]}"##;
        assert!(held(text, r#"{"n":1,"inner":{"n":2}}"#).is_empty());
        assert!(held(r##"{"$ref":"#"}"##, "{}").is_empty());
    }
}
