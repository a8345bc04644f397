//! Reading a rule from a catalog: what all rules have, and what each has of its own.
//!
//! Invariant: a rule that was read has a name, and says nothing that was not understood.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::guard::Guard;
use super::{Check, Definition, OnFailure, RULES, Rule};
use crate::catalog::CatalogProblem;
pub(crate) use crate::catalog::step::ReadError;
use crate::json::Pointer;
use crate::version::Version;

/// The error of a rule that says something which it may not, in these words.
pub(super) fn wrong(reason: impl Into<String>) -> ReadError {
    ReadError::Problem(CatalogProblem::Malformed {
        reason: reason.into(),
    })
}

/// Declares the form of a rule: its own members beside those that every rule has.
macro_rules! form {
    ($name:ident { $($(#[$meta:meta])* $member:ident: $type:ty),* $(,)? }) => {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields, expecting = "an object")]
        struct $name {
            #[serde(rename = "rule")]
            _rule: serde::de::IgnoredAny,
            #[serde(rename = "name", default)]
            _name: serde::de::IgnoredAny,
            #[serde(rename = "check", default)]
            _check: serde::de::IgnoredAny,
            #[serde(rename = "on_failure", default)]
            _on_failure: serde::de::IgnoredAny,
            #[serde(rename = "from", default)]
            _from: serde::de::IgnoredAny,
            #[serde(rename = "when", default)]
            _when: serde::de::IgnoredAny,
            $($(#[$meta])* $member: $type,)*
        }
    };
}
pub(super) use form;

/// What every rule has.
#[derive(Deserialize)]
struct Common {
    rule: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    check: Check,
    #[serde(default)]
    on_failure: OnFailure,
    #[serde(default)]
    from: Option<Version>,
    #[serde(default)]
    when: Option<Box<RawValue>>,
}

/// Reads a rule from the text of its object.
pub(crate) fn read(text: &str) -> Result<Rule, ReadError> {
    let common: Common = serde_json::from_str(text)?;
    let definition = definition(&common.rule)?;
    let body = (definition.read)(text)?;
    if common.check == Check::Require && body.compares() {
        let rule = definition.name;
        return Err(wrong(format!(
            "`{rule}` compares with the document before, so it can only be ensured"
        )));
    }
    let guard = common
        .when
        .map(|when| Guard::read(when.get()))
        .transpose()?;
    let name = common.name.unwrap_or(common.rule);
    if name.trim().is_empty() {
        let member = "name".to_owned();
        return Err(CatalogProblem::EmptyText { member }.into());
    }
    Ok(Rule {
        name,
        check: common.check,
        on_failure: common.on_failure,
        from: common.from,
        guard,
        body,
    })
}

fn definition(name: &str) -> Result<&'static Definition, CatalogProblem> {
    let found = RULES.iter().find(|rule| rule.name == name);
    found.ok_or_else(|| CatalogProblem::UnknownRule {
        found: name.to_owned(),
        known: RULES.iter().map(|rule| rule.name.to_owned()).collect(),
    })
}

/// Refuses a list of pointers that is empty, and a pointer that names no member.
pub(super) fn check_members(member: &str, pointers: &[Pointer]) -> Result<(), ReadError> {
    if pointers.is_empty() {
        let member = member.to_owned();
        return Err(CatalogProblem::EmptyText { member }.into());
    }
    for pointer in pointers {
        crate::catalog::check_plain(pointer)?;
    }
    Ok(())
}
