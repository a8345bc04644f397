//! The counts of an operation, and numbers as people read them.
//! Invariant: the statuses counted sum to `selected`.

use super::status::Status;
use crate::version::Version;

/// The number of manifests and directories of each sort. Every report has all counts under these names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[expect(
    missing_docs,
    reason = "the names are those of the statuses and are documented in docs/formats.md"
)]
pub struct Counts {
    pub found: u64,
    pub selected: u64,
    pub pending: u64,
    pub migrated: u64,
    pub current: u64,
    pub ahead: u64,
    pub deferred: u64,
    pub refused: u64,
    pub conflict: u64,
    pub failed: u64,
    pub not_attempted: u64,
    pub restored: u64,
    pub excluded: u64,
    pub directories_failed: u64,
    pub aliases: u64,
    pub dangling: u64,
    pub outside: u64,
}

impl Counts {
    /// Counts one manifest with this status, which also counts as selected.
    pub fn add(&mut self, status: Status) {
        self.selected += 1;
        let count = match status {
            Status::Pending => &mut self.pending,
            Status::Migrated => &mut self.migrated,
            Status::Current => &mut self.current,
            Status::Ahead => &mut self.ahead,
            Status::Deferred => &mut self.deferred,
            Status::Refused => &mut self.refused,
            Status::Conflict => &mut self.conflict,
            Status::Failed => &mut self.failed,
            Status::NotAttempted => &mut self.not_attempted,
            Status::Restored => &mut self.restored,
        };
        *count += 1;
    }

    /// Each count with its name, in the order of the report.
    pub fn named(&self) -> [(&'static str, u64); 17] {
        [
            ("found", self.found),
            ("selected", self.selected),
            ("pending", self.pending),
            ("migrated", self.migrated),
            ("current", self.current),
            ("ahead", self.ahead),
            ("deferred", self.deferred),
            ("refused", self.refused),
            ("conflict", self.conflict),
            ("failed", self.failed),
            ("not_attempted", self.not_attempted),
            ("restored", self.restored),
            ("excluded", self.excluded),
            ("directories_failed", self.directories_failed),
            ("aliases", self.aliases),
            ("dangling", self.dangling),
            ("outside", self.outside),
        ]
    }

    /// The number of manifests that are refused, failed or in conflict.
    pub fn trouble(&self) -> u64 {
        self.refused + self.failed + self.conflict
    }
}

/// The number of manifests that take one route.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RouteCount {
    /// The version found.
    pub from: Version,
    /// The target.
    pub to: Version,
    /// The versions between, without both ends.
    pub via: Vec<Version>,
    /// The number of manifests.
    pub count: u64,
}

/// A number with commas: `99,980`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A number of things: `1 manifest`, `2,000 manifests`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        grouped(number),
        if number == 1 { one } else { many }
    )
}
