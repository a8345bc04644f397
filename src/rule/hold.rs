//! Holding one document against the schema and the rules of its kind.
//!
//! Says what does not hold, and how grave the catalog calls it; decides nothing.
//!
//! Invariant: failures come in the order of the catalog, schema first.

use super::{Body, Check, OnFailure, Rule};
use crate::catalog::Kind;
use crate::json::{Pointer, Value};
use crate::refusal::Refusal;
use crate::version::Version;

/// What does not hold of a document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// What does not hold.
    pub failures: Vec<Failure>,
    /// Numbers that the schema could see only as the nearest finite double.
    pub beyond_range: Vec<Pointer>,
}

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What the catalog says is to follow.
    pub on_failure: OnFailure,
    /// What does not hold, in words.
    pub refusal: Refusal,
}

/// Holds a document against what must hold before it is migrated.
#[must_use]
pub fn hold_found(kind: &Kind, version: &Version, document: Value<'_>) -> Verdict {
    let mut verdict = hold_schema(kind, version, document);
    verdict
        .failures
        .extend(hold_rules(kind, version, Check::Require, None, document));
    verdict
}

/// Holds a document against what must hold once it is at `version`.
#[must_use]
pub fn hold_result(kind: &Kind, version: &Version, before: Value<'_>, after: Value<'_>) -> Verdict {
    let mut verdict = hold_schema(kind, version, after);
    let before = Some(before);
    verdict
        .failures
        .extend(hold_rules(kind, version, Check::Ensure, before, after));
    verdict
}

/// Holds a document of which nothing else is known against what must hold at its version.
#[must_use]
pub fn hold_at_rest(kind: &Kind, version: &Version, document: Value<'_>) -> Verdict {
    let mut verdict = hold_schema(kind, version, document);
    verdict
        .failures
        .extend(hold_rules(kind, version, Check::Ensure, None, document));
    verdict
}

/// Holds a document at `version` against the rules that compare it with the document `before`.
pub fn hold_compared<'k>(
    kind: &'k Kind,
    version: &'k Version,
    before: Value<'k>,
    after: Value<'k>,
) -> impl Iterator<Item = Failure> + use<'k> {
    let compares = kind.rules.iter().filter(|rule| rule.body.compares());
    compares.filter_map(move |rule| hold_rule(rule, version, Some(before), after))
}

fn hold_rules<'k>(
    kind: &'k Kind,
    version: &'k Version,
    check: Check,
    before: Option<Value<'k>>,
    document: Value<'k>,
) -> impl Iterator<Item = Failure> + use<'k> {
    let asked = kind.rules.iter().filter(move |rule| rule.check == check);
    asked.filter_map(move |rule| hold_rule(rule, version, before, document))
}

fn hold_rule(
    rule: &Rule,
    version: &Version,
    before: Option<Value<'_>>,
    document: Value<'_>,
) -> Option<Failure> {
    let Body::Document(asks) = &rule.body else {
        return None;
    };
    if !rule.is_about(version, document) {
        return None;
    }
    let violation = asks.check(before, document).err()?;
    Some(Failure::of(rule, violation.to_string()))
}

impl Failure {
    /// A rule does not hold, for this reason.
    #[must_use]
    pub fn of(rule: &Rule, reason: String) -> Self {
        Self {
            on_failure: rule.on_failure,
            refusal: Refusal::Rule {
                rule: rule.name.clone(),
                reason,
            },
        }
    }
}

fn hold_schema(kind: &Kind, version: &Version, document: Value<'_>) -> Verdict {
    let Some(schema) = kind.schemas.get(version) else {
        return Verdict::default();
    };
    let held = schema.hold(document);
    let failures = held.violations.into_iter().map(|violation| Failure {
        on_failure: OnFailure::Refuse,
        refusal: Refusal::Schema {
            at: violation.at,
            version: version.clone(),
            reason: violation.reason,
        },
    });
    Verdict {
        failures: failures.collect(),
        beyond_range: held.beyond_range,
    }
}
