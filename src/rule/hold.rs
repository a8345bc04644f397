//! Holding one document against the schema and the rules of its kind.
//!
//! Says what does not hold, and how grave the catalog calls it; decides nothing.
//!
//! Invariant: failures come in the order of the catalog, schema first.

use super::OnFailure;
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
    hold_schema(kind, version, document)
}

/// Holds a document against what must hold once it is at `version`.
#[must_use]
pub fn hold_result(
    kind: &Kind,
    version: &Version,
    _before: Value<'_>,
    after: Value<'_>,
) -> Verdict {
    hold_schema(kind, version, after)
}

/// Holds a document of which nothing else is known against what must hold at its version.
#[must_use]
pub fn hold_at_rest(kind: &Kind, version: &Version, document: Value<'_>) -> Verdict {
    hold_schema(kind, version, document)
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
