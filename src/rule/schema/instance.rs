//! A scanned document in the form that the schema crate reads, without a copy of its values.
//! A number that no double can hold becomes the nearest finite double; the caller reports such numbers.
//! Invariant: two live instances have the same identity only if they are the same value of the same text.

use std::borrow::Cow;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, JsonNumber, Node, NodeIdentity, Object};

use crate::json::{Elements, Members, Value, ValueKind};

pub(super) struct Spans;

/// A value, or the name of a member for the keyword `propertyNames`.
#[derive(Clone)]
pub(super) enum Instance<'t> {
    Value(Value<'t>),
    Name(&'t str),
}

pub(super) struct InstanceContainer<'t>(Value<'t>);

pub(super) struct InstanceMembers<'t>(Members<'t>);

pub(super) struct Listed<'t>(Elements<'t>);

pub(super) struct Number<'t>(&'t str);

impl Json for Spans {
    type Node<'t> = Instance<'t>;
    type PreparedKey = String;
    type StringBuffer = String;

    // A lookup compares one name after the other, so it costs as much as a whole pass.
    const KEYS_PER_LOOKUP: usize = 8;

    fn prepare_key(key: &str) -> String {
        key.to_owned()
    }

    fn with_string_node<T>(
        buffer: &mut String,
        string: &str,
        act: impl FnOnce(Instance<'_>) -> T,
    ) -> T {
        buffer.clear();
        buffer.push_str(string);
        act(Instance::Name(buffer))
    }
}

impl<'t> Instance<'t> {
    fn value(&self, kind: ValueKind) -> Option<Value<'t>> {
        match self {
            Self::Value(value) if value.kind() == kind => Some(*value),
            Self::Value(_) | Self::Name(_) => None,
        }
    }
}

impl<'t> Node<'t, Spans> for Instance<'t> {
    type Object = InstanceContainer<'t>;
    type Array = InstanceContainer<'t>;
    type Number = Number<'t>;

    fn as_object(&self) -> Option<InstanceContainer<'t>> {
        self.value(ValueKind::Object).map(InstanceContainer)
    }

    fn as_array(&self) -> Option<InstanceContainer<'t>> {
        self.value(ValueKind::Array).map(InstanceContainer)
    }

    fn as_string(&self) -> Option<Cow<'t, str>> {
        match self {
            Self::Value(value) => value.as_str(),
            Self::Name(name) => Some(Cow::Borrowed(name)),
        }
    }

    fn as_number(&self) -> Option<Number<'t>> {
        Some(Number(self.value(ValueKind::Number)?.raw()))
    }

    fn as_boolean(&self) -> Option<bool> {
        Some(self.value(ValueKind::Boolean)?.raw() == "true")
    }

    fn is_null(&self) -> bool {
        self.value(ValueKind::Null).is_some()
    }

    fn json_type(&self) -> JsonType {
        match self {
            Self::Name(_) => JsonType::String,
            Self::Value(value) => match value.kind() {
                ValueKind::Object => JsonType::Object,
                ValueKind::Array => JsonType::Array,
                ValueKind::String => JsonType::String,
                ValueKind::Number => JsonType::Number,
                ValueKind::Boolean => JsonType::Boolean,
                ValueKind::Null => JsonType::Null,
            },
        }
    }

    fn equals_value(&self, expected: &serde_json::Value) -> bool {
        match (self.as_string(), expected) {
            (Some(found), serde_json::Value::String(expected)) => found == expected.as_str(),
            (Some(_), _) | (_, serde_json::Value::String(_)) => false,
            _ => jsonschema::json::cmp::equal(&self.to_value(), expected),
        }
    }

    fn to_value(&self) -> Cow<'t, serde_json::Value> {
        Cow::Owned(match self {
            Self::Value(value) => to_value(*value),
            Self::Name(name) => (*name).into(),
        })
    }

    fn identity(&self) -> Option<NodeIdentity> {
        match self {
            // No two values of a text start at the same byte.
            Self::Value(value) => Some(NodeIdentity::new(value.raw().as_ptr().addr())),
            Self::Name(_) => None,
        }
    }
}

impl<'t> Object<'t, Spans> for InstanceContainer<'t> {
    type Node = Instance<'t>;
    type MemberName = Cow<'t, str>;
    type MembersIter = InstanceMembers<'t>;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn get(&self, key: &String) -> Option<Instance<'t>> {
        self.0.get(key).map(Instance::Value)
    }

    fn members(&self) -> InstanceMembers<'t> {
        InstanceMembers(self.0.members())
    }
}

impl<'t> Array<'t, Spans> for InstanceContainer<'t> {
    type Node = Instance<'t>;
    type ElementsIter = Listed<'t>;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn elements(&self) -> Listed<'t> {
        Listed(self.0.elements())
    }
}

impl<'t> Iterator for InstanceMembers<'t> {
    type Item = (Cow<'t, str>, Instance<'t>);

    fn next(&mut self) -> Option<Self::Item> {
        let member = self.0.next()?;
        Some((member.name(), Instance::Value(member.value())))
    }
}

impl<'t> Iterator for Listed<'t> {
    type Item = Instance<'t>;

    fn next(&mut self) -> Option<Instance<'t>> {
        self.0.next().map(Instance::Value)
    }
}

impl JsonNumber for Number<'_> {
    fn as_u64(&self) -> Option<u64> {
        self.0.parse().ok()
    }

    fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }

    fn as_f64(&self) -> Option<f64> {
        Some(nearest(self.0))
    }

    fn as_str(&self) -> Cow<'_, str> {
        if double(self.0).is_finite() {
            Cow::Borrowed(self.0)
        } else {
            Cow::Owned(self.to_number().to_string())
        }
    }

    fn to_number(&self) -> Cow<'_, serde_json::Number> {
        Cow::Owned(number(self.0))
    }
}

pub(super) fn is_beyond_range(value: Value<'_>) -> bool {
    value.kind() == ValueKind::Number && is_long(value.raw()) && double(value.raw()).is_infinite()
}

/// Returns false if the number is certainly in range, because it has few characters and no exponent.
fn is_long(raw: &str) -> bool {
    raw.len() > 308 || raw.bytes().any(|byte| matches!(byte, b'e' | b'E'))
}

/// The double; infinite beyond the range.
fn double(raw: &str) -> f64 {
    // Rust can read every JSON number.
    raw.parse().unwrap_or_default()
}

fn nearest(raw: &str) -> f64 {
    double(raw).clamp(f64::MIN, f64::MAX)
}

fn number(raw: &str) -> serde_json::Number {
    let whole = raw.parse::<u64>().ok().map(serde_json::Number::from);
    let whole = whole.or_else(|| raw.parse::<i64>().ok().map(serde_json::Number::from));
    let number = whole.or_else(|| serde_json::Number::from_f64(nearest(raw)));
    // A finite double is always a number.
    number.unwrap_or_else(|| 0.into())
}

pub(super) fn to_value(value: Value<'_>) -> serde_json::Value {
    match value.kind() {
        ValueKind::Null => serde_json::Value::Null,
        ValueKind::Boolean => (value.raw() == "true").into(),
        ValueKind::Number => number(value.raw()).into(),
        ValueKind::String => value.as_str().unwrap_or_default().into(),
        ValueKind::Array => value.elements().map(to_value).collect(),
        ValueKind::Object => {
            let members = value.members();
            let members = members.map(|one| (one.name().into_owned(), to_value(one.value())));
            serde_json::Value::Object(members.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use jsonschema::{ValidationError, options, options_for};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::json::Text;
    use crate::json::laws::documents::{document, print, style};

    /// Schemas that ask every question that a representation answers, of documents that the generator makes.
    fn schemas() -> Vec<serde_json::Value> {
        let any = json!({"a": true, "b": true, "c": true});
        vec![
            json!({"required": ["a", "b"], "maxProperties": 4, "minProperties": 1}),
            json!({"properties": {"a": {"type": ["integer", "null"]}, "b": {"type": "string"}, "c": {"type": "array"}, "d": {"type": "object"}, "e": {"type": "boolean"}, "f": {"type": "number"}}}),
            json!({"additionalProperties": {"enum": [null, true, 0, 1.5, 100, "a b", "\u{e9}\n", [], {}]}}),
            json!({"additionalProperties": {"anyOf": [{"const": -7}, {"minLength": 2, "maxLength": 3}, {"minimum": 0.25, "exclusiveMaximum": 100}, {"multipleOf": 0.5}]}}),
            json!({"properties": any, "unevaluatedProperties": false}),
            json!({"propertyNames": {"pattern": "^[a-d]", "minLength": 1}}),
            json!({"patternProperties": {"^[a-c]$": {"type": ["string", "number"]}}, "additionalProperties": {"uniqueItems": true, "minItems": 1, "maxItems": 3, "items": {"not": {"type": "null"}}}}),
            json!({"additionalProperties": {"contains": {"type": "integer"}, "prefixItems": [{"type": "string"}], "dependentRequired": {"a": ["b"]}}}),
            json!({"$defs": {"tree": {"additionalProperties": {"$ref": "#/$defs/tree"}, "items": {"$ref": "#/$defs/tree"}, "oneOf": [{"type": ["array", "object", "integer"]}, {"type": "string"}, {"const": null}]}}, "$ref": "#/$defs/tree"}),
            json!({"if": {"required": ["a"]}, "then": {"properties": {"a": {"$ref": "#"}, "b": {"format": "date-time"}}}, "else": {"maxProperties": 2}}),
        ]
    }

    fn told<'e>(errors: impl Iterator<Item = ValidationError<'e>>) -> Vec<String> {
        let told = errors.map(|error| format!("{} {}", error.instance_path(), error.schema_path()));
        let mut told: Vec<_> = told.collect();
        told.sort();
        told
    }

    #[test]
    fn it_answers_as_the_crate_wants() {
        let text = jsonschema::json::conformance::document().to_string();
        let text = Text::scan(text.as_bytes()).unwrap();
        jsonschema::json::conformance::assert_conformance::<Spans>(&Instance::Value(text.root()));
    }

    #[test]
    fn an_integer_is_one_by_its_value_or_in_draft_4_by_its_spelling() {
        let valid = |draft: &str, number: &str| {
            let schema = json!({"$schema": draft, "properties": {"n": {"type": "integer"}}});
            let text = format!("{{\"n\":{number}}}");
            let text = Text::scan(text.as_bytes()).unwrap();
            let schema = options_for::<Spans>().build(&schema).unwrap();
            schema.is_valid(Instance::Value(text.root()))
        };
        let latest = "https://json-schema.org/draft/2020-12/schema";
        let fourth = "http://json-schema.org/draft-04/schema#";
        let digits = "9".repeat(40);
        for (number, by_value, by_spelling) in [
            ("-0", true, true),
            (digits.as_str(), true, true),
            ("1.0", true, false),
            ("1E2", true, false),
            ("1.5", false, false),
        ] {
            assert_eq!(valid(latest, number), by_value, "{number}");
            assert_eq!(valid(fourth, number), by_spelling, "{number}");
        }
    }

    proptest! {
        #[test]
        fn a_schema_says_of_a_text_what_it_says_of_the_values_in_it(tree in document(), style in style()) {
            let text = print(&tree, &style);
            let values: serde_json::Value = serde_json::from_str(&text).unwrap();
            let text = Text::scan(text.as_bytes()).unwrap();
            for schema in schemas() {
                let of_spans = options_for::<Spans>().build(&schema).unwrap();
                let of_values = options().build(&schema).unwrap();
                let found = told(of_spans.iter_errors(Instance::Value(text.root())));
                prop_assert_eq!(&found, &told(of_values.iter_errors(&values)), "{}", schema);
                prop_assert_eq!(of_spans.is_valid(Instance::Value(text.root())), found.is_empty());
            }
        }
    }
}
