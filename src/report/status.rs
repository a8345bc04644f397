//! The status of one manifest.
//! Invariant: a manifest has exactly one status.

/// The status of one manifest at the end of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Status {
    /// It would be migrated, but this is a dry run.
    Pending,
    /// It was migrated, and the storage confirmed that it is durable.
    Migrated,
    /// It has the target version.
    Current,
    /// It has a version above the target.
    Ahead,
    /// A writer still works on it.
    Deferred,
    /// It may not be migrated as it is.
    Refused,
    /// Another program changed it after it was read.
    Conflict,
    /// The system returned an error.
    Failed,
    /// The operation ended before its turn.
    NotAttempted,
    /// Its original was put back.
    Restored,
}

impl Status {
    /// The status as reports print it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Migrated => "migrated",
            Self::Current => "current",
            Self::Ahead => "ahead",
            Self::Deferred => "deferred",
            Self::Refused => "refused",
            Self::Conflict => "conflict",
            Self::Failed => "failed",
            Self::NotAttempted => "not_attempted",
            Self::Restored => "restored",
        }
    }

    /// Returns true if somebody has to look at the manifest: it is refused, failed or in conflict.
    pub fn is_trouble(self) -> bool {
        matches!(self, Self::Refused | Self::Failed | Self::Conflict)
    }
}
