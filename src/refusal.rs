//! The reasons why a manifest may not be migrated: its text, the manifest, the migration, the result.
//!
//! Owns the messages and their codes; decides nothing.
//!
//! Invariant: a message names the place (line and column, or pointer) and has a stable code.

use std::fmt;

use crate::code::Code;
use crate::json::{EditError, Pointer, TextError, ValueKind};
use crate::report::Diagnosis;
use crate::transform::NoWayDown;
use crate::version::Version;

/// The reason why a member is guarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// It never changes.
    Immutable,
    /// It never changes once it is there.
    Protected,
    /// Only the engine sets it: the version, the history.
    Engine,
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Immutable => "is immutable",
            Self::Protected => "is protected",
            Self::Engine => "only the engine may set",
        })
    }
}

/// The reason why a manifest may not be migrated. Nothing was written.
///
/// A `migration` is written as in `1.0.0 to 1.1.0`, a `transform` as it names itself; a `reason` follows the pointer before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "the message of each variant explains it and names its fields"
)]
pub enum Refusal {
    #[error("{0}")]
    Text(TextError),
    #[error("`{at}` is {found}, expected a string, as in `\"1.0.0\"`")]
    VersionNotText { at: Pointer, found: ValueKind },
    #[error("`{at}` is `{found}`, expected MAJOR.MINOR.PATCH, as in `1.2.0`")]
    VersionMalformed { at: Pointer, found: String },
    #[error(
        "`{at}` is `{found}`, which the catalog does not know: its latest version is `{latest}`"
    )]
    VersionUnknown {
        at: Pointer,
        found: Version,
        latest: Version,
    },
    #[error("no migrations lead from `{from}` to `{to}`")]
    NoRoute { from: Version, to: Version },
    /// A migration on the way down to the target cannot be undone.
    #[error("{0}")]
    NoWayDown(NoWayDown),
    #[error("`{at}` is {found}, expected an array of records")]
    HistoryNotAList { at: Pointer, found: ValueKind },
    #[error("`{at}` of {records} records is too long, expected at most {limit}")]
    HistoryTooLong {
        at: Pointer,
        records: usize,
        limit: usize,
    },
    #[error("it is of no kind that its file name can have: expected {expected}")]
    KindUnknown { expected: String },
    #[error("`{at}` is required, but missing")]
    RequiredMissing { at: Pointer },
    #[error("`{transform}` of migration `{migration}` would change `{at}`, which {guard}")]
    GuardedChanged {
        guard: Guard,
        at: Pointer,
        migration: String,
        transform: String,
    },
    #[error("`{transform}` of migration `{migration}` cannot be applied: `{at}` {reason}")]
    Step {
        migration: String,
        transform: String,
        at: Pointer,
        reason: String,
    },
    /// A step cannot be undone in this document without losing what is there.
    #[error("`{transform}` of migration `{migration}` cannot be undone: `{at}` {reason}")]
    DowngradeLossy {
        migration: String,
        transform: String,
        at: Pointer,
        reason: String,
    },
    #[error("`{transform}` of migration `{migration}` does not fit: {error}")]
    Edit {
        migration: String,
        transform: String,
        error: EditError,
    },
    #[error(
        "{} violates the schema of version `{version}`: {reason}",
        place_in_words(at)
    )]
    Schema {
        at: Pointer,
        version: Version,
        reason: String,
    },
    /// A schema or a transform would take more effort than a document may.
    #[error("{work} takes more work than a document may")]
    TooCostly { work: String },
    #[error("rule `{rule}` does not hold: {reason}")]
    Rule { rule: String, reason: String },
    #[error("the result would not be valid: {0}")]
    Result(TextError),
    #[error("the result would not be valid: `{at}` would not be `{expected}`")]
    ResultVersion { at: Pointer, expected: Version },
    #[error(
        "the result would not be valid: `{at}` would not be the history as found and one more record"
    )]
    ResultHistory { at: Pointer },
    #[error("the result would not be valid: `{at}`, which {guard}, would not be as found")]
    ResultGuarded { guard: Guard, at: Pointer },
}

fn place_in_words(at: &Pointer) -> String {
    if at.tokens().is_empty() {
        "the document".to_owned()
    } else {
        format!("`{at}`")
    }
}

impl Refusal {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::Text(error) | Self::Result(error) => error.problem.code(),
            Self::VersionNotText { .. } => Code::VersionNotText,
            Self::VersionMalformed { .. } => Code::VersionMalformed,
            Self::VersionUnknown { .. } => Code::VersionUnknown,
            Self::NoRoute { .. } => Code::NoRoute,
            Self::NoWayDown(_) => Code::NoWayDown,
            Self::DowngradeLossy { .. } => Code::DowngradeLossy,
            Self::HistoryNotAList { .. } => Code::HistoryNotAList,
            Self::HistoryTooLong { .. } => Code::HistoryTooLong,
            Self::KindUnknown { .. } => Code::KindUnknown,
            Self::RequiredMissing { .. } => Code::RequiredMissing,
            Self::GuardedChanged { guard, .. } | Self::ResultGuarded { guard, .. } => match guard {
                Guard::Immutable => Code::ImmutableChanged,
                Guard::Protected => Code::ProtectedChanged,
                Guard::Engine => Code::EditRefused,
            },
            Self::Step { .. } => Code::StepRefused,
            Self::Schema { .. } => Code::SchemaFailed,
            Self::Rule { .. } => Code::RuleFailed,
            Self::TooCostly { .. } => Code::TooCostly,
            Self::Edit { .. } | Self::ResultVersion { .. } | Self::ResultHistory { .. } => {
                Code::EditRefused
            }
        }
    }
}

impl From<&Refusal> for Diagnosis {
    fn from(refusal: &Refusal) -> Self {
        Self::new(refusal.code(), refusal.to_string())
    }
}

impl From<TextError> for Refusal {
    fn from(error: TextError) -> Self {
        Self::Text(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The engine never makes such a result, so only the words can be tested.
    #[test]
    fn a_result_that_may_not_be_written_is_refused_in_words() {
        let at = Pointer::root().child("m");
        for (refusal, message) in [
            (
                Refusal::ResultVersion {
                    at: at.clone(),
                    expected: Version::new(1, 2, 0),
                },
                "`/m` would not be `1.2.0`",
            ),
            (
                Refusal::ResultHistory { at: at.clone() },
                "`/m` would not be the history as found and one more record",
            ),
            (
                Refusal::ResultGuarded {
                    guard: Guard::Immutable,
                    at,
                },
                "`/m`, which is immutable, would not be as found",
            ),
        ] {
            let expected = format!("the result would not be valid: {message}");
            assert_eq!(refusal.to_string(), expected);
        }
    }
}
