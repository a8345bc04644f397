//! Reading a rule from a catalog: what all rules have, and what each has of its own.
//!
//! Invariant: a rule that was read has a name, and says nothing that was not understood.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::guard::Guard;
use super::{Body, Check, Definition, OnFailure, RULES, Rule};
use crate::catalog::CatalogProblem;
pub(super) use crate::catalog::members::Members;
pub(crate) use crate::catalog::step::ReadError;
use crate::json::Pointer;
use crate::version::Version;

/// The error of a member of a rule that does not have the form; it is told at the rule, so its place in the member is left out.
pub(super) fn wrong_in(member: &str, error: &serde_json::Error) -> ReadError {
    let place = format!(" at line {} column {}", error.line(), error.column());
    let reason = error.to_string();
    let reason = reason.strip_suffix(&place).unwrap_or(&reason);
    wrong(format!("`{member}`: {reason}"))
}

/// The error of a rule that says something which it may not, in these words.
pub(super) fn wrong(reason: impl Into<String>) -> ReadError {
    ReadError::Problem(CatalogProblem::Malformed {
        reason: reason.into(),
    })
}

/// The members of a rule's object beside those that every rule has, and what they ask.
pub(super) trait Form: Members {
    /// What they ask, unless they say what they may not.
    fn body(self) -> Result<Body, ReadError>;
}

/// Declares a struct that is read from the object of a rule.
macro_rules! form {
    ($($struct:tt)*) => {
        $crate::catalog::members::members! {
            beside {
                _rule = "rule", _name = "name", _check = "check", _on_failure = "on_failure", _from = "from", _when = "when"
            }
            $($struct)*
        }
    };
}
pub(super) use form;

/// What every rule has.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Common {
    rule: String,
    /// What messages call it; without it, by the name of the rule.
    #[serde(default)]
    #[cfg_attr(test, schemars(regex(pattern = r"\S")))]
    name: Option<String>,
    /// When it must hold.
    #[serde(default)]
    check: Check,
    /// What follows where it does not.
    #[serde(default)]
    on_failure: OnFailure,
    /// The lowest version of which it must hold.
    #[serde(default)]
    from: Option<Version>,
    /// Which documents it is about.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Option<super::guard::Form>"))]
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
