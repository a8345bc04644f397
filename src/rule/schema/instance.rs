//! A scanned document in the form that the schema crate reads, without a copy of its values.
//! A number that no double can hold becomes the nearest finite double; the caller reports such numbers.
//!
//! The crate has no limit on its work, and some schemas double it with each of their lines. All that it can do with a document is to ask about its values, so questions are counted here; the one that is too many unwinds out of the crate, and `compiled`, the only caller, catches that.
//! Invariant: two live instances have the same identity only if they are the same value of the same text; no question is asked for nothing.

use std::borrow::Cow;
use std::cell::Cell;
use std::panic::resume_unwind;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, JsonNumber, Node, NodeIdentity, Object, unique};

use crate::effort::{Effort, TooCostly, Work};
use crate::json::{Elements, Member, Members, Value, ValueKind};

pub(super) struct Spans;

/// A value, or the name of a member for the keyword `propertyNames`.
#[derive(Clone)]
pub(super) enum Instance<'t> {
    Value(CountedValue<'t>),
    Name(&'t str),
}

/// A value about which every question is counted.
#[derive(Clone, Copy)]
pub(super) struct CountedValue<'t> {
    value: Value<'t>,
    effort: &'t Effort<'t>,
    /// False where errors are collected: messages do not show values, so errors take no copies of them.
    is_shown: bool,
}

pub(super) struct InstanceMembers<'t> {
    members: Members<'t>,
    object: CountedValue<'t>,
}

pub(super) struct Listed<'t> {
    elements: Elements<'t>,
    array: CountedValue<'t>,
}

pub(super) struct Number<'t>(&'t str);

/// The length of a string, a number or a list that costs as much as one question.
const BYTES_PER_QUESTION: usize = 8;
/// An error in the crate is about as large as so many copied values.
const COPIES_PER_ERROR: u64 = 10;

thread_local! {
    /// The questions that are left about names, of which the crate makes values without the effort of their document.
    static NAME_QUESTIONS: Cell<u64> = const { Cell::new(0) };
}

/// The most questions about names in one check.
const MOST_NAME_QUESTIONS: u64 = 50_000_000;

/// Begins a check: questions about names are counted anew.
pub(super) fn begin_check() {
    NAME_QUESTIONS.set(MOST_NAME_QUESTIONS);
}

fn questions(length: usize) -> u64 {
    1 + (length / BYTES_PER_QUESTION) as u64
}

fn count(effort: &Effort<'_>, work: Work, amount: u64) {
    if effort.take(work, amount).is_err() {
        give_up();
    }
}

/// Leaves the crate without a word: this is no panic, and no hook hears of it.
fn give_up() -> ! {
    resume_unwind(Box::new(TooCostly))
}

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
    pub(super) fn new(value: Value<'t>, effort: &'t Effort<'t>) -> Self {
        Self::Value(CountedValue {
            value,
            effort,
            is_shown: true,
        })
    }

    /// The same, for a check whose errors need only their places.
    pub(super) fn unshown(value: Value<'t>, effort: &'t Effort<'t>) -> Self {
        Self::Value(CountedValue {
            value,
            effort,
            is_shown: false,
        })
    }

    fn count(&self, amount: u64) {
        match self {
            Self::Value(counted) => count(counted.effort, Work::Questions, amount),
            Self::Name(_) => {
                let left = NAME_QUESTIONS.get().checked_sub(amount);
                NAME_QUESTIONS.set(left.unwrap_or_else(|| give_up()));
            }
        }
    }

    fn counted(&self, kind: ValueKind) -> Option<CountedValue<'t>> {
        self.count(1);
        match self {
            Self::Value(counted) if counted.value.kind() == kind => Some(*counted),
            Self::Value(_) | Self::Name(_) => None,
        }
    }
}

impl<'t> Node<'t, Spans> for Instance<'t> {
    type Object = CountedValue<'t>;
    type Array = CountedValue<'t>;
    type Number = Number<'t>;

    fn as_object(&self) -> Option<CountedValue<'t>> {
        self.counted(ValueKind::Object)
    }

    fn as_array(&self) -> Option<CountedValue<'t>> {
        self.counted(ValueKind::Array)
    }

    fn as_string(&self) -> Option<Cow<'t, str>> {
        let found = match self {
            Self::Value(counted) => counted.value.as_str(),
            Self::Name(name) => Some(Cow::Borrowed(*name)),
        };
        self.count(questions(found.as_ref().map_or(0, |text| text.len())));
        found
    }

    fn as_number(&self) -> Option<Number<'t>> {
        let number = self.counted(ValueKind::Number)?.value.raw();
        self.count(questions(number.len()));
        Some(Number(number))
    }

    fn as_boolean(&self) -> Option<bool> {
        Some(self.counted(ValueKind::Boolean)?.value.raw() == "true")
    }

    fn is_null(&self) -> bool {
        self.counted(ValueKind::Null).is_some()
    }

    fn json_type(&self) -> JsonType {
        self.count(1);
        match self {
            Self::Name(_) => JsonType::String,
            Self::Value(counted) => match counted.value.kind() {
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
        match self {
            Self::Name(name) => {
                self.count(questions(name.len()));
                expected.as_str() == Some(name)
            }
            Self::Value(counted) => counted.equals(expected),
        }
    }

    fn to_value(&self) -> Cow<'t, serde_json::Value> {
        Cow::Owned(match self {
            Self::Value(counted) if counted.is_shown => counted.to_value(),
            Self::Value(counted) => {
                count(counted.effort, Work::Copies, COPIES_PER_ERROR);
                serde_json::Value::Null
            }
            Self::Name(name) => (*name).into(),
        })
    }

    fn identity(&self) -> Option<NodeIdentity> {
        self.count(1);
        match self {
            // No two values of a text start at the same byte.
            Self::Value(counted) => {
                let address = counted.value.raw().as_ptr().addr();
                Some(NodeIdentity::new(address))
            }
            Self::Name(_) => None,
        }
    }
}

impl<'t> CountedValue<'t> {
    fn of(self, value: Value<'t>) -> Self {
        Self { value, ..self }
    }

    fn to_value(self) -> serde_json::Value {
        to_value(self.value, &|| count(self.effort, Work::Copies, 1))
    }

    fn count(&self, length: usize) {
        count(self.effort, Work::Questions, questions(length));
    }

    /// Compares by what the values say, without a copy of containers.
    fn equals(self, expected: &serde_json::Value) -> bool {
        use serde_json::Value::{Array, Bool, Null, Object, String};
        let found = self.value;
        let size = match found.kind() {
            ValueKind::String | ValueKind::Number => found.span().len(),
            _ => 0,
        };
        self.count(size);
        match (found.kind(), expected) {
            (ValueKind::Null, Null) => true,
            (ValueKind::Boolean, Bool(expected)) => (found.raw() == "true") == *expected,
            (ValueKind::String, String(expected)) => found.as_str().as_deref() == Some(expected),
            (ValueKind::Number, serde_json::Value::Number(_)) => {
                jsonschema::json::cmp::equal(&number(found.raw()).into(), expected)
            }
            (ValueKind::Array, Array(expected)) => {
                let mut expected = expected.iter();
                let mut elements = found.elements();
                elements.all(|one| expected.next().is_some_and(|two| self.of(one).equals(two)))
                    && expected.next().is_none()
            }
            (ValueKind::Object, Object(expected)) => {
                let mut names = 0;
                found.members().all(|member| {
                    names += 1;
                    let two = expected.get(&*member.name());
                    two.is_some_and(|two| self.of(member.value()).equals(two))
                }) && names == expected.len()
            }
            _ => false,
        }
    }
}

impl<'t> Object<'t, Spans> for CountedValue<'t> {
    type Node = Instance<'t>;
    type MemberName = Cow<'t, str>;
    type MembersIter = InstanceMembers<'t>;

    fn len(&self) -> usize {
        let length = self.value.len();
        self.count(length);
        length
    }

    fn is_empty(&self) -> bool {
        self.count(0);
        self.value.is_empty()
    }

    fn get(&self, key: &String) -> Option<Instance<'t>> {
        let mut compared = 0;
        let is_it = |member: &Member<'t>| {
            compared += 1;
            member.name() == *key
        };
        let found = self.value.members().find(is_it);
        self.count(compared);
        found.map(|member| Instance::Value(self.of(member.value())))
    }

    fn members(&self) -> InstanceMembers<'t> {
        InstanceMembers {
            members: self.value.members(),
            object: *self,
        }
    }
}

impl<'t> Array<'t, Spans> for CountedValue<'t> {
    type Node = Instance<'t>;
    type ElementsIter = Listed<'t>;

    fn len(&self) -> usize {
        let length = self.value.len();
        self.count(length);
        length
    }

    fn elements(&self) -> Listed<'t> {
        Listed {
            elements: self.value.elements(),
            array: *self,
        }
    }

    fn is_unique(&self) -> bool {
        let elements = self.value.elements();
        let values = elements.map(|one| Cow::Owned(self.of(one).to_value()));
        unique::is_unique(&values.collect::<Vec<_>>())
    }
}

impl<'t> Iterator for InstanceMembers<'t> {
    type Item = (Cow<'t, str>, Instance<'t>);

    fn next(&mut self) -> Option<Self::Item> {
        self.object.count(0);
        let member = self.members.next()?;
        let value = self.object.of(member.value());
        Some((member.name(), Instance::Value(value)))
    }
}

impl<'t> Iterator for Listed<'t> {
    type Item = Instance<'t>;

    fn next(&mut self) -> Option<Instance<'t>> {
        self.array.count(0);
        let value = self.array.of(self.elements.next()?);
        Some(Instance::Value(value))
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

/// The value as the crate has it; `each` is called for every value in it.
pub(super) fn to_value(value: Value<'_>, each: &dyn Fn()) -> serde_json::Value {
    each();
    match value.kind() {
        ValueKind::Null => serde_json::Value::Null,
        ValueKind::Boolean => (value.raw() == "true").into(),
        ValueKind::Number => number(value.raw()).into(),
        ValueKind::String => value.as_str().unwrap_or_default().into(),
        ValueKind::Array => value.elements().map(|one| to_value(one, each)).collect(),
        ValueKind::Object => {
            let members = value.members();
            let members = members.map(|one| (one.name().into_owned(), to_value(one.value(), each)));
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
    use crate::effort::EffortLimits;
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
        begin_check();
        let effort = EffortLimits::default().of(0);
        jsonschema::json::conformance::assert_conformance::<Spans>(&Instance::new(
            text.root(),
            &effort,
        ));
    }

    #[test]
    fn an_integer_is_one_by_its_value_or_in_draft_4_by_its_spelling() {
        let valid = |draft: &str, number: &str| {
            let schema = json!({"$schema": draft, "properties": {"n": {"type": "integer"}}});
            let text = format!("{{\"n\":{number}}}");
            let text = Text::scan(text.as_bytes()).unwrap();
            let schema = options_for::<Spans>().build(&schema).unwrap();
            let effort = EffortLimits::default().of(0);
            schema.is_valid(Instance::new(text.root(), &effort))
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
                begin_check();
                let effort = EffortLimits::default().of(0);
                let of_spans = options_for::<Spans>().build(&schema).unwrap();
                let of_values = options().build(&schema).unwrap();
                let found = told(of_spans.iter_errors(Instance::new(text.root(), &effort)));
                prop_assert_eq!(&found, &told(of_values.iter_errors(&values)), "{}", schema);
                prop_assert_eq!(of_spans.is_valid(Instance::new(text.root(), &effort)), found.is_empty());
            }
        }
    }
}
