//! Why a manifest may not be migrated: the text, the manifest, the migration, the result.
//!
//! Words and codes only; deciding is left to whoever refuses.
//!
//! Invariant: a message says the place (line and column, or pointer) and has a stable code.

use crate::code::Code;
use crate::json::{EditError, Kind, Pointer, TextError};
use crate::transform::NoWayDown;
use crate::version::Version;

/// Why a manifest may not be migrated. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The text is not a valid document.
    #[error("{0}")]
    Text(TextError),
    /// The version is not a string.
    #[error("`{at}` is {found}, expected a string, as in `\"1.0.0\"`")]
    VersionNotText {
        /// Where the version stands.
        at: Pointer,
        /// What is there instead.
        found: Kind,
    },
    /// The version is not `MAJOR.MINOR.PATCH`.
    #[error("`{at}` is `{found}`, expected MAJOR.MINOR.PATCH, as in `1.2.0`")]
    VersionMalformed {
        /// Where the version stands.
        at: Pointer,
        /// What is there instead, shortened.
        found: String,
    },
    /// The catalog does not know the version.
    #[error(
        "`{at}` is `{found}`, which the catalog does not know: its latest version is `{latest}`"
    )]
    VersionUnknown {
        /// Where the version stands.
        at: Pointer,
        /// The version.
        found: Version,
        /// The catalog's latest.
        latest: Version,
    },
    /// No migrations lead to the target.
    #[error("no migrations lead from `{from}` to `{to}`")]
    NoRoute {
        /// The manifest's version.
        from: Version,
        /// The target.
        to: Version,
    },
    /// No way leads down to the target.
    #[error("{0}")]
    NoWayDown(NoWayDown),
    /// The history is not an array.
    #[error("`{at}` is {found}, expected an array of records")]
    HistoryNotAList {
        /// Where the history stands.
        at: Pointer,
        /// What is there instead.
        found: Kind,
    },
    /// The history has, or would have, too many records.
    #[error("`{at}` of {records} records is too long, expected at most {limit}")]
    HistoryTooLong {
        /// Where the history stands.
        at: Pointer,
        /// How many records there are, the new one included where one was to be added.
        records: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The document is of none of the kinds that its file name can have.
    #[error("it is of no kind that its file name can have: expected {expected}")]
    KindUnknown {
        /// What would tell its kind.
        expected: String,
    },
    /// A member that must be there is not.
    #[error("`{at}` is required, but missing")]
    RequiredMissing {
        /// The member.
        at: Pointer,
    },
    /// A transform would change, add or remove an immutable member.
    #[error("`{transform}` of migration `{migration}` would change `{at}`, which is immutable")]
    ImmutableChanged {
        /// The member.
        at: Pointer,
        /// The migration, as in `1.0.0 to 1.1.0`.
        migration: String,
        /// The transform.
        transform: String,
    },
    /// A transform would change or remove a protected member that is there.
    #[error("`{transform}` of migration `{migration}` would change `{at}`, which is protected")]
    ProtectedChanged {
        /// The member.
        at: Pointer,
        /// The migration, as in `1.0.0 to 1.1.0`.
        migration: String,
        /// The transform.
        transform: String,
    },
    /// A transform would touch the version or the history.
    #[error(
        "`{transform}` of migration `{migration}` would change `{at}`, which only the engine may set"
    )]
    EngineMemberChanged {
        /// The version or the history.
        at: Pointer,
        /// The migration, as in `1.0.0 to 1.1.0`.
        migration: String,
        /// The transform.
        transform: String,
    },
    /// A step cannot be applied to this document.
    #[error("`{transform}` of migration `{migration}` cannot be applied: `{at}` {reason}")]
    Step {
        /// The migration, as in `1.0.0 to 1.1.0`.
        migration: String,
        /// The transform.
        transform: String,
        /// What stands in its way.
        at: Pointer,
        /// Why it does, in words that follow the pointer.
        reason: String,
    },
    /// A step cannot be undone in this document without losing what is there.
    #[error("`{transform}` of migration `{migration}` cannot be undone: `{at}` {reason}")]
    DowngradeLossy {
        /// The migration, as in `1.0.0 to 1.1.0`.
        migration: String,
        /// The transform.
        transform: String,
        /// What would be lost, or stands in its way.
        at: Pointer,
        /// Why, in words that follow the pointer.
        reason: String,
    },
    /// The edits of a transform do not fit the document.
    #[error("`{transform}` of migration `{migration}` does not fit: {error}")]
    Edit {
        /// The migration, as in `1.0.0 to 1.1.0`.
        migration: String,
        /// The transform, or what the engine itself was about to do.
        transform: String,
        /// What does not fit.
        error: EditError,
    },
    /// The document violates a schema.
    #[error("{} violates the schema of version `{version}`: {reason}", place(at))]
    Schema {
        /// Where it does.
        at: Pointer,
        /// The version that the document has, or would have.
        version: Version,
        /// What is wrong there.
        reason: String,
    },
    /// A rule does not hold.
    #[error("rule `{rule}` does not hold: {reason}")]
    Rule {
        /// The rule's name.
        rule: String,
        /// What is wrong, and where.
        reason: String,
    },
    /// The result would not be a valid document within the limits.
    #[error("the result would not be valid: {0}")]
    Result(TextError),
    /// The result would have another version than the target.
    #[error("the result would not be valid: `{at}` would not be `{expected}`")]
    ResultVersion {
        /// Where the version stands.
        at: Pointer,
        /// The target.
        expected: Version,
    },
    /// The result would not have the history as found and one more record.
    #[error(
        "the result would not be valid: `{at}` would not be the history as found and one more record"
    )]
    ResultHistory {
        /// Where the history stands.
        at: Pointer,
    },
    /// The result would not have an immutable member as found.
    #[error("the result would not be valid: `{at}`, which is immutable, would not be as found")]
    ResultImmutable {
        /// The member.
        at: Pointer,
    },
    /// The result would not have a protected member as found.
    #[error("the result would not be valid: `{at}`, which is protected, would not be as found")]
    ResultProtected {
        /// The member.
        at: Pointer,
    },
}

/// A place as a message begins with it.
fn place(at: &Pointer) -> String {
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
