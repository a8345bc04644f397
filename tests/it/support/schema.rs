//! A checker for the part of JSON Schema that `docs/*.schema.json` use.
//!
//! Invariant: a keyword or pattern that is not known here panics, so that no schema is checked in part and in silence.

use serde_json::{Map, Value};

/// What is wrong with a value, by a schema: one line for each thing, with its place.
pub(crate) fn problems(schema: &Value, value: &Value) -> Vec<String> {
    let mut checker = Checker {
        root: schema,
        problems: Vec::new(),
    };
    checker.check(schema, value, "");
    checker.problems
}

struct Checker<'s> {
    root: &'s Value,
    problems: Vec<String>,
}

impl<'s> Checker<'s> {
    fn fits(&self, schema: &'s Value, value: &Value) -> bool {
        let mut inner = Self {
            root: self.root,
            problems: Vec::new(),
        };
        inner.check(schema, value, "");
        inner.problems.is_empty()
    }

    fn expect(&mut self, holds: bool, at: &str, what: impl FnOnce() -> String) {
        if !holds {
            self.problems.push(format!("{at}: {}", what()));
        }
    }

    fn check(&mut self, schema: &'s Value, value: &Value, at: &str) {
        let schema = match schema {
            Value::Bool(allowed) => return self.expect(*allowed, at, || "not allowed".to_owned()),
            Value::Object(schema) => schema,
            other => panic!("no schema: {other}"),
        };
        for (keyword, wanted) in schema {
            self.keyword(schema, keyword, wanted, value, at);
        }
    }

    fn keyword(
        &mut self,
        schema: &'s Map<String, Value>,
        keyword: &str,
        wanted: &'s Value,
        value: &Value,
        at: &str,
    ) {
        match keyword {
            "$schema" | "$defs" | "$id" | "title" | "description" | "contentEncoding" | "then"
            | "else" | "examples" | "$comment" => {}
            "$ref" => {
                let pointer = wanted.as_str().and_then(|text| text.strip_prefix('#'));
                let target = self
                    .root
                    .pointer(pointer.expect("a reference in the schema"));
                self.check(target.expect("a reference that leads somewhere"), value, at);
            }
            "type" => {
                let names: Vec<_> = match wanted {
                    Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
                    one => one.as_str().into_iter().collect(),
                };
                let fits = names.iter().any(|name| is_of_type(value, name));
                self.expect(fits, at, || format!("{value} is not {names:?}"));
            }
            "const" => self.expect(wanted == value, at, || format!("{value} is not {wanted}")),
            "enum" => {
                let fits = list(wanted).contains(value);
                self.expect(fits, at, || format!("{value} is none of {wanted}"));
            }
            "allOf" => {
                for one in list(wanted) {
                    self.check(one, value, at);
                }
            }
            "anyOf" | "oneOf" => {
                let count = list(wanted)
                    .iter()
                    .filter(|one| self.fits(one, value))
                    .count();
                let fits = count == 1 || (keyword == "anyOf" && count > 1);
                self.expect(fits, at, || format!("fits {count} of {keyword}"));
            }
            "not" => {
                let fits = !self.fits(wanted, value);
                self.expect(fits, at, || "fits what it must not".to_owned());
            }
            "if" => {
                let next = if self.fits(wanted, value) {
                    "then"
                } else {
                    "else"
                };
                if let Some(next) = schema.get(next) {
                    self.check(next, value, at);
                }
            }
            _ => match value {
                Value::Object(members) => self.object(schema, keyword, wanted, members, at),
                Value::Array(items) => self.array(schema, keyword, wanted, items, at),
                _ => self.scalar(keyword, wanted, value, at),
            },
        }
    }

    fn object(
        &mut self,
        schema: &'s Map<String, Value>,
        keyword: &str,
        wanted: &'s Value,
        members: &Map<String, Value>,
        at: &str,
    ) {
        match keyword {
            "required" => {
                for name in list(wanted).iter().filter_map(Value::as_str) {
                    self.expect(members.contains_key(name), at, || {
                        format!("{name} is missing")
                    });
                }
            }
            "properties" => {
                for (name, one) in wanted.as_object().expect("an object") {
                    if let Some(value) = members.get(name) {
                        self.check(one, value, &format!("{at}/{name}"));
                    }
                }
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                for (name, value) in members {
                    if !known.is_some_and(|known| known.contains_key(name)) {
                        self.check(wanted, value, &format!("{at}/{name}"));
                    }
                }
            }
            "propertyNames" => {
                for name in members.keys() {
                    self.check(
                        wanted,
                        &Value::String(name.clone()),
                        &format!("{at}/{name}"),
                    );
                }
            }
            other => assert!(is_known(other), "unknown keyword {other}"),
        }
    }

    fn array(
        &mut self,
        schema: &'s Map<String, Value>,
        keyword: &str,
        wanted: &'s Value,
        items: &[Value],
        at: &str,
    ) {
        let length = items.len() as u64;
        match keyword {
            "items" => {
                let first = schema
                    .get("prefixItems")
                    .map_or(0, |first| list(first).len());
                for (index, item) in items.iter().enumerate().skip(first) {
                    self.check(wanted, item, &format!("{at}/{index}"));
                }
            }
            "prefixItems" => {
                for (index, (one, item)) in list(wanted).iter().zip(items).enumerate() {
                    self.check(one, item, &format!("{at}/{index}"));
                }
            }
            "minItems" => self.expect(Some(length) >= wanted.as_u64(), at, || "too short".into()),
            "maxItems" => self.expect(Some(length) <= wanted.as_u64(), at, || "too long".into()),
            other => assert!(is_known(other), "unknown keyword {other}"),
        }
    }

    fn scalar(&mut self, keyword: &str, wanted: &Value, value: &Value, at: &str) {
        match (keyword, value) {
            ("minLength", Value::String(text)) => {
                let fits = Some(text.chars().count() as u64) >= wanted.as_u64();
                self.expect(fits, at, || format!("{value} is too short"));
            }
            ("pattern", Value::String(text)) => {
                let fits = matches(wanted.as_str().expect("a pattern"), text);
                self.expect(fits, at, || format!("{value} does not match {wanted}"));
            }
            ("minimum", Value::Number(number)) => {
                let fits = number.as_f64() >= wanted.as_f64();
                self.expect(fits, at, || format!("{value} is less than {wanted}"));
            }
            ("maximum", Value::Number(number)) => {
                let fits = number.as_f64() <= wanted.as_f64();
                self.expect(fits, at, || format!("{value} is more than {wanted}"));
            }
            (other, _) => assert!(is_known(other), "unknown keyword {other}"),
        }
    }
}

/// Keywords that say nothing about values of other types.
fn is_known(keyword: &str) -> bool {
    [
        "required",
        "properties",
        "additionalProperties",
        "propertyNames",
        "items",
        "prefixItems",
        "minItems",
        "maxItems",
        "minLength",
        "pattern",
        "minimum",
        "maximum",
    ]
    .contains(&keyword)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("an array")
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("unknown type {other}"),
    }
}

/// The patterns in use, by hand: too few for an engine.
fn matches(pattern: &str, text: &str) -> bool {
    let hex = |text: &str, length: usize| {
        text.len() == length
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    match pattern {
        "^(/([^~]|~[01])*)?$" => {
            (text.is_empty() || text.starts_with('/'))
                && text
                    .split('~')
                    .skip(1)
                    .all(|rest| rest.starts_with(['0', '1']))
        }
        "^sha256:[0-9a-f]{64}$" => text
            .strip_prefix("sha256:")
            .is_some_and(|rest| hex(rest, 64)),
        "^[0-9a-f]{64}$" => hex(text, 64),
        "^[0-7]{4}$" => text.len() == 4 && text.bytes().all(|byte| (b'0'..=b'7').contains(&byte)),
        "^[a-z0-9_]+$" => {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        }
        "^[A-Za-z0-9._-]{1,64}$" => {
            (1..=64).contains(&text.len())
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        }
        "^/" => text.starts_with('/'),
        "^(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)$" => {
            let parts: Vec<_> = text.split('.').collect();
            let is_number = |part: &&str| {
                !part.is_empty()
                    && part.bytes().all(|byte| byte.is_ascii_digit())
                    && (part.len() == 1 || !part.starts_with('0'))
            };
            parts.len() == 3 && parts.iter().all(is_number)
        }
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$" => {
            let shape = "0000-00-00T00:00:00Z";
            text.len() == shape.len()
                && text
                    .bytes()
                    .zip(shape.bytes())
                    .all(|(found, wanted)| match wanted {
                        b'0' => found.is_ascii_digit(),
                        other => found == other,
                    })
        }
        _ => {
            let words = pattern
                .strip_prefix("^(")
                .and_then(|rest| rest.strip_suffix(") "));
            let words = words.unwrap_or_else(|| panic!("unknown pattern {pattern}"));
            assert!(
                words
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'|'),
                "unknown pattern {pattern}"
            );
            let begins = |word: &str| {
                text.strip_prefix(word)
                    .is_some_and(|rest| rest.starts_with(' '))
            };
            words.split('|').any(begins)
        }
    }
}
