//! The status of one manifest.
//!
//! Owns the names under which reports count manifests; decides nothing.
//!
//! Invariant: a manifest has exactly one status.

/// What came of one manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Status {
    /// It would be migrated (a dry run).
    Pending,
    /// It was migrated, and the storage confirmed it.
    Migrated,
    /// It is at the target.
    Current,
    /// It is above the target.
    Ahead,
    /// A writer still has it.
    Deferred,
    /// What is there may not be migrated.
    Refused,
    /// Somebody else changed it after it was read.
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
    #[must_use]
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

    /// Whether somebody has to look at the manifest: refused, failed or in conflict.
    #[must_use]
    pub fn is_trouble(self) -> bool {
        matches!(self, Self::Refused | Self::Failed | Self::Conflict)
    }
}
