//! `when`: which documents a rule is about.
//!
//! Invariant: values are compared by what they say, not by how they are spelled.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::read::{ReadError, wrong};
use crate::catalog::{CatalogProblem, check_plain};
use crate::json::{Kind, Pointer, Text, Value, canonical};

/// What must hold of a member for a rule to be about its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    at: Pointer,
    test: Test,
}

/// What can be asked of a member; values in their canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Is(Vec<String>),
    Not(Vec<String>),
    Exists(bool),
    HasValue(bool),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Form {
    at: Pointer,
    #[serde(default)]
    is: Option<Vec<Box<RawValue>>>,
    #[serde(default)]
    not: Option<Vec<Box<RawValue>>>,
    #[serde(default)]
    exists: Option<bool>,
    #[serde(default)]
    has_value: Option<bool>,
}

impl Guard {
    pub(super) fn read(text: &str) -> Result<Self, ReadError> {
        // Without a place of its own: it is told at the rule.
        let form: Form =
            serde_json::from_str(text).map_err(|error| wrong(format!("`when`: {error}")))?;
        check_plain(&form.at)?;
        let asked = match (form.is, form.not, form.exists, form.has_value) {
            (Some(values), None, None, None) => Test::Is(canonical_forms(&values)?),
            (None, Some(values), None, None) => Test::Not(canonical_forms(&values)?),
            (None, None, Some(exists), None) => Test::Exists(exists),
            (None, None, None, Some(has)) => Test::HasValue(has),
            _ => {
                return Err(wrong(
                    "`when` has `at` and exactly one of `is`, `not`, `exists` and `has_value`",
                ));
            }
        };
        Ok(Self {
            at: form.at,
            test: asked,
        })
    }

    /// The member that it looks at.
    pub(super) fn at(&self) -> &Pointer {
        &self.at
    }

    /// Whether the rule is about this document.
    pub(super) fn holds(&self, document: Value<'_>) -> bool {
        let found = document.at(&self.at);
        let has =
            |values: &[String]| found.map(|found| values.contains(&canonical::to_string(found)));
        match &self.test {
            Test::Is(values) => has(values) == Some(true),
            Test::Not(values) => has(values) == Some(false),
            Test::Exists(exists) => found.is_some() == *exists,
            Test::HasValue(wanted) => {
                found.is_some_and(|found| found.kind() != Kind::Null) == *wanted
            }
        }
    }
}

fn canonical_forms(values: &[Box<RawValue>]) -> Result<Vec<String>, CatalogProblem> {
    let form = |value: &RawValue| {
        let text = format!("[{}]", value.get());
        let text = format!("{{\"\":{text}}}");
        let text =
            Text::scan(text.as_bytes()).map_err(|error| CatalogProblem::Text(error.problem))?;
        let list = text.root().get("");
        let value = list.and_then(|list| list.elements().next());
        Ok(value.map(canonical::to_string).unwrap_or_default())
    };
    values.iter().map(|value| form(value)).collect()
}
