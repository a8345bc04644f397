//! Checks one document by the schema and the rules of its kind.
//! Invariant: failures are in the order of the catalog, the schema first.

use crate::catalog::Kind;
use crate::code::Code;
use crate::effort::Effort;
use crate::json::{Pointer, Value};
use crate::refusal::Refusal;
use crate::report::{Diagnosis, Enforcement};
use crate::rule::{Body, Check, OnFailure, Rule};
use crate::version::Version;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Verdict {
    pub failures: Vec<Failure>,
    /// The numbers that the schema could check only as the nearest finite double.
    pub(crate) beyond_range: Vec<Pointer>,
}

/// A violated schema or rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The consequence that the catalog states.
    pub on_failure: OnFailure,
    /// The violation, as a refusal of the manifest.
    pub refusal: Refusal,
}

/// The occasion of a check, seen from a migration.
enum Occasion<'t> {
    Before,
    /// With the document before the migration, where there was one.
    After(Option<Value<'t>>),
}

pub(crate) fn check_before(
    kind: &Kind,
    version: &Version,
    document: Value<'_>,
    effort: &Effort<'_>,
) -> Verdict {
    check((kind, version), &Occasion::Before, document, effort)
}

pub(crate) fn check_after(
    of: (&Kind, &Version),
    before: Value<'_>,
    after: Value<'_>,
    effort: &Effort<'_>,
) -> Verdict {
    check(of, &Occasion::After(Some(before)), after, effort)
}

/// Checks a document at its version, without an earlier state of it.
pub(crate) fn check_at_rest(
    kind: &Kind,
    version: &Version,
    document: Value<'_>,
    effort: &Effort<'_>,
) -> Verdict {
    check((kind, version), &Occasion::After(None), document, effort)
}

/// Checks a document at `version` by the rules that compare it with the document `before`.
pub(crate) fn check_compared(
    kind: &Kind,
    version: &Version,
    before: Value<'_>,
    after: Value<'_>,
) -> Vec<Failure> {
    let compares = kind.rules.iter().filter(|rule| rule.body.compares());
    compares
        .filter_map(|rule| check_rule(rule, version, Some(before), after))
        .collect()
}

fn check(
    (kind, version): (&Kind, &Version),
    occasion: &Occasion<'_>,
    document: Value<'_>,
    effort: &Effort<'_>,
) -> Verdict {
    let (moment, before) = match *occasion {
        Occasion::Before => (Check::Require, None),
        Occasion::After(before) => (Check::Ensure, before),
    };
    let mut verdict = check_schema(kind, version, document, effort);
    let rules = kind.rules.iter().filter(|rule| rule.check == moment);
    let failures = rules.filter_map(|rule| check_rule(rule, version, before, document));
    verdict.failures.extend(failures);
    verdict
}

fn check_rule(
    rule: &Rule,
    version: &Version,
    before: Option<Value<'_>>,
    document: Value<'_>,
) -> Option<Failure> {
    let Body::Document(body) = &rule.body else {
        return None;
    };
    if !rule.is_about(version, document) {
        return None;
    }
    let violation = body.check(before, document).err()?;
    Some(Failure::of(rule, violation.to_string()))
}

impl Failure {
    /// The failure of a rule, for this reason.
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

fn check_schema(
    kind: &Kind,
    version: &Version,
    document: Value<'_>,
    effort: &Effort<'_>,
) -> Verdict {
    let Some(schema) = kind.schemas.get(version) else {
        return Verdict::default();
    };
    let Ok(found) = schema.check(document, effort) else {
        let work = format!("the schema of version `{version}`");
        return Verdict {
            failures: vec![Failure {
                on_failure: OnFailure::Refuse,
                refusal: Refusal::TooCostly { work },
            }],
            beyond_range: Vec::new(),
        };
    };
    let failures = found.violations.into_iter().map(|violation| Failure {
        on_failure: OnFailure::Refuse,
        refusal: Refusal::Schema {
            at: violation.at,
            version: version.clone(),
            reason: violation.reason,
        },
    });
    Verdict {
        failures: failures.collect(),
        beyond_range: found.beyond_range,
    }
}

pub(crate) fn consequence(on_failure: OnFailure, enforcement: Enforcement) -> OnFailure {
    match enforcement {
        Enforcement::AsWritten => on_failure,
        Enforcement::Warn => OnFailure::Warn,
    }
}

/// A failure with a warning as its consequence has a code of its own.
impl From<&Failure> for Diagnosis {
    fn from(failure: &Failure) -> Self {
        let code = match failure.on_failure {
            OnFailure::Warn => Code::RuleWarned,
            OnFailure::Halt | OnFailure::Refuse => failure.refusal.code(),
        };
        Self::new(code, failure.refusal.to_string())
    }
}
