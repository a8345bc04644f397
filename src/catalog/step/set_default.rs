//! `set_default`: gives a member a value where it has none.
//!
//! Reads its own object of a migration file and knows no other step.
//!
//! Invariant: a value that is there, and is not a null that the step was told to fill, is never overwritten.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Definition, ReadError, Step, Target};
use crate::catalog::error::CatalogProblem;
use crate::catalog::kind::check_plain;
use crate::json::{Edit, Fragment, Kind, Pointer, Value};
use crate::transform::{Change, StepError, Transform};

/// How the step is listed.
pub const DEFINITION: Definition = Definition {
    name: "set_default",
    documentation: "\
Gives the member `at` the value `value` where it has none: where it is missing (`\"when\": \"missing\"`, the default), where it is null (`\"null\"`), or either (`\"missing_or_null\"`).

Does nothing where the member has another value. Refused where the object that is to hold the member is missing or is no object. At a protected member only `\"missing\"` is allowed.

`\"backfill\": true` says that the value is not authoritative; the history lists its place.",
    read,
};

/// Where the value is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Where the member is missing.
    #[default]
    Missing,
    /// Where the member is null.
    Null,
    /// Where the member is missing or null.
    MissingOrNull,
}

/// Gives a member a value where it has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetDefault {
    /// The member.
    pub at: Pointer,
    /// The value.
    pub value: Fragment,
    /// Where it is set.
    pub when: When,
    /// Whether the value is not authoritative.
    pub backfill: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Form {
    #[serde(rename = "step")]
    _step: String,
    at: Pointer,
    value: Box<RawValue>,
    #[serde(default)]
    when: When,
    #[serde(default)]
    backfill: bool,
}

fn read(text: &str) -> Result<Box<dyn Step>, ReadError> {
    let form: Form = serde_json::from_str(text)?;
    check_plain(&form.at)?;
    let value =
        Fragment::parse(form.value.get()).map_err(|error| CatalogProblem::Text(error.problem))?;
    Ok(Box::new(SetDefault {
        at: form.at,
        value,
        when: form.when,
        backfill: form.backfill,
    }))
}

impl Transform for SetDefault {
    fn name(&self) -> String {
        format!("{} {}", DEFINITION.name, self.at)
    }

    fn changes(&self, document: Value<'_>) -> Result<Vec<Change>, StepError> {
        let found = document.at(&self.at);
        if found.is_none() {
            self.check_parent(document)?;
        }
        let (at, value) = (self.at.clone(), self.value.clone());
        let fills_missing = self.when != When::Null;
        let fills_null = self.when != When::Missing;
        Ok(vec![match found {
            None if fills_missing => Change::Edit(Edit::Insert { at, value }),
            Some(found)
                if fills_null && found.kind() == Kind::Null && found.raw() != value.as_str() =>
            {
                Change::Edit(Edit::Replace { at, value })
            }
            None | Some(_) => Change::Kept(at),
        }])
    }

    fn footprint(&self) -> Option<Vec<Pointer>> {
        Some(vec![self.at.clone()])
    }

    fn backfill(&self) -> bool {
        self.backfill
    }
}

impl SetDefault {
    fn check_parent(&self, document: Value<'_>) -> Result<(), StepError> {
        let Some((parent, _)) = self.at.split_last() else {
            return Ok(());
        };
        let reason = match document.at(&parent).map(|value| value.kind()) {
            Some(Kind::Object) => return Ok(()),
            Some(other) => format!("is {other}, expected an object"),
            None => "is missing, expected an object".to_owned(),
        };
        Err(StepError { at: parent, reason })
    }
}

impl Step for SetDefault {
    fn targets(&self) -> Vec<Target> {
        vec![Target {
            at: self.at.clone(),
            only_if_missing: self.when == When::Missing,
        }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Text;

    fn step(when: When, at: &str) -> SetDefault {
        SetDefault {
            at: at.parse().unwrap(),
            value: Fragment::parse("{ \"n\": 1.50 }").unwrap(),
            when,
            backfill: false,
        }
    }

    fn words(step: &SetDefault, document: &str) -> Vec<String> {
        let text = Text::scan(document.as_bytes()).unwrap();
        let changes = step.changes(text.root()).unwrap();
        changes.iter().map(Change::in_words).collect()
    }

    #[test]
    fn a_value_is_set_only_where_there_is_none() {
        for (when, missing, null) in [
            (When::Missing, "set /x", "kept /x"),
            (When::Null, "kept /x", "set /x"),
            (When::MissingOrNull, "set /x", "set /x"),
        ] {
            let step = step(when, "/x");
            assert_eq!(words(&step, "{}"), [missing]);
            assert_eq!(words(&step, r#"{"x":null}"#), [null]);
            for there in ["0", "false", "\"\"", "[]", "{}", "\"v\""] {
                assert_eq!(words(&step, &format!("{{\"x\":{there}}}")), ["kept /x"]);
            }
        }
    }

    #[test]
    fn a_null_that_is_to_become_null_is_kept() {
        let mut step = step(When::MissingOrNull, "/x");
        step.value = Fragment::parse("null").unwrap();
        assert_eq!(words(&step, r#"{"x":null}"#), ["kept /x"]);
    }

    #[test]
    fn the_object_that_is_to_hold_the_member_must_be_there() {
        let step = step(When::Missing, "/a/b/c");
        for (document, message) in [
            ("{}", "`/a/b` is missing, expected an object"),
            (
                r#"{"a":{"b":[]}}"#,
                "`/a/b` is an array, expected an object",
            ),
            (r#"{"a":{"b":null}}"#, "`/a/b` is null, expected an object"),
            (r#"{"a":1}"#, "`/a/b` is missing, expected an object"),
        ] {
            let text = Text::scan(document.as_bytes()).unwrap();
            assert_eq!(step.changes(text.root()).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn the_spelling_of_the_value_is_kept() {
        let step = read(r#"{"step":"set_default","at":"/x","value":[1.50, 1E2, "\u0041"]}"#);
        let Ok(step) = step else { panic!("not read") };
        let text = Text::scan(b"{}").unwrap();
        assert_eq!(
            step.changes(text.root()).unwrap(),
            [Change::Edit(Edit::Insert {
                at: "/x".parse().unwrap(),
                value: Fragment::parse(r#"[1.50,1E2,"\u0041"]"#).unwrap(),
            })]
        );
    }
}
