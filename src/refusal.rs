//! The reasons why a manifest may not be migrated: its text, the manifest, the migration, the result.
//!
//! Owns the messages and their codes; decides nothing.
//!
//! Invariant: a message names the place (line and column, or pointer) and has a stable code.

use crate::code::Code;
use crate::json::{EditError, Pointer, TextError, ValueKind};
use crate::transform::NoWayDown;
use crate::version::Version;

/// The reason why a manifest may not be migrated. Nothing was written.
///
/// A `migration` is written as in `1.0.0 to 1.1.0`, a `transform` as it names itself; a `reason` follows the pointer before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message of each variant names its fields")]
pub enum Refusal {
    /// The text is not a valid document.
    #[error("{0}")]
    Text(TextError),
    /// The version is not a string.
    #[error("`{at}` is {found}, expected a string, as in `\"1.0.0\"`")]
    VersionNotText { at: Pointer, found: ValueKind },
    /// The version is not `MAJOR.MINOR.PATCH`.
    #[error("`{at}` is `{found}`, expected MAJOR.MINOR.PATCH, as in `1.2.0`")]
    VersionMalformed { at: Pointer, found: String },
    /// The catalog does not know the version.
    #[error(
        "`{at}` is `{found}`, which the catalog does not know: its latest version is `{latest}`"
    )]
    VersionUnknown {
        at: Pointer,
        found: Version,
        latest: Version,
    },
    /// No migrations lead to the target.
    #[error("no migrations lead from `{from}` to `{to}`")]
    NoRoute { from: Version, to: Version },
    /// A migration on the way down to the target cannot be undone.
    #[error("{0}")]
    NoWayDown(NoWayDown),
    /// The history is not an array.
    #[error("`{at}` is {found}, expected an array of records")]
    HistoryNotAList { at: Pointer, found: ValueKind },
    /// The history has, or would have, too many records.
    #[error("`{at}` of {records} records is too long, expected at most {limit}")]
    HistoryTooLong {
        at: Pointer,
        records: usize,
        limit: usize,
    },
    /// The document is of none of the kinds that its file name can have.
    #[error("it is of no kind that its file name can have: expected {expected}")]
    KindUnknown { expected: String },
    /// A member that must be there is not.
    #[error("`{at}` is required, but missing")]
    RequiredMissing { at: Pointer },
    /// A transform would change, add or remove an immutable member.
    #[error("`{transform}` of migration `{migration}` would change `{at}`, which is immutable")]
    ImmutableChanged {
        at: Pointer,
        migration: String,
        transform: String,
    },
    /// A transform would change or remove a protected member that is there.
    #[error("`{transform}` of migration `{migration}` would change `{at}`, which is protected")]
    ProtectedChanged {
        at: Pointer,
        migration: String,
        transform: String,
    },
    /// A transform would change the version or the history.
    #[error(
        "`{transform}` of migration `{migration}` would change `{at}`, which only the engine may set"
    )]
    EngineMemberChanged {
        at: Pointer,
        migration: String,
        transform: String,
    },
    /// A step cannot be applied to this document.
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
    /// The edits of a transform do not fit the document.
    #[error("`{transform}` of migration `{migration}` does not fit: {error}")]
    Edit {
        migration: String,
        transform: String,
        error: EditError,
    },
    /// The document violates a schema.
    #[error(
        "{} violates the schema of version `{version}`: {reason}",
        place_in_words(at)
    )]
    Schema {
        at: Pointer,
        version: Version,
        reason: String,
    },
    /// A rule is violated.
    #[error("rule `{rule}` does not hold: {reason}")]
    Rule { rule: String, reason: String },
    /// The result would not be a valid document within the limits.
    #[error("the result would not be valid: {0}")]
    Result(TextError),
    /// The result would have another version than the target.
    #[error("the result would not be valid: `{at}` would not be `{expected}`")]
    ResultVersion { at: Pointer, expected: Version },
    /// The result would not have the history as found and one more record.
    #[error(
        "the result would not be valid: `{at}` would not be the history as found and one more record"
    )]
    ResultHistory { at: Pointer },
    /// The result would not have an immutable member as found.
    #[error("the result would not be valid: `{at}`, which is immutable, would not be as found")]
    ResultImmutable { at: Pointer },
    /// The result would not have a protected member as found.
    #[error("the result would not be valid: `{at}`, which is protected, would not be as found")]
    ResultProtected { at: Pointer },
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
    #[must_use]
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
            Self::ImmutableChanged { .. } | Self::ResultImmutable { .. } => Code::ImmutableChanged,
            Self::ProtectedChanged { .. } | Self::ResultProtected { .. } => Code::ProtectedChanged,
            Self::Step { .. } => Code::StepRefused,
            Self::Schema { .. } => Code::SchemaFailed,
            Self::Rule { .. } => Code::RuleFailed,
            Self::Edit { .. }
            | Self::EngineMemberChanged { .. }
            | Self::ResultVersion { .. }
            | Self::ResultHistory { .. } => Code::EditRefused,
        }
    }
}

impl From<TextError> for Refusal {
    fn from(error: TextError) -> Self {
        Self::Text(error)
    }
}
