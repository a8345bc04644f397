//! What came of an operation: outcomes, counts, and the exit code that follows from them.
//!
//! Pure data: how it is printed is the business of the sinks.
//!
//! Invariant: the outcomes counted sum to `selected`.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::code::{Class, Code};
use crate::digest::Digest;
use crate::json::Pointer;
use crate::path::TreePath;
use crate::rule::Enforcement;
use crate::version::Version;

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

/// One thing that somebody should know: what it is, where, and in words what is wrong there.
///
/// The class of the code says how grave it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The stable code.
    pub code: Code,
    /// The place in the tree; `None` if it is about the whole tree, or if what holds the diagnosis says where.
    pub path: Option<TreePath>,
    /// What is wrong, in words.
    pub message: String,
}

impl Diagnosis {
    /// A diagnosis that names no place.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            path: None,
            message: message.into(),
        }
    }

    /// The same diagnosis about a place in the tree.
    #[must_use]
    pub fn at(self, path: TreePath) -> Self {
        Self {
            path: Some(path),
            ..self
        }
    }

    /// Returns whether nothing is wrong: a note or a warning.
    #[must_use]
    pub fn is_note(&self) -> bool {
        matches!(self.code.class(), Class::Note | Class::Warning)
    }

    /// The status that the code leads to.
    #[must_use]
    pub fn status(&self) -> Status {
        match self.code.class() {
            Class::Refused => Status::Refused,
            Class::Conflict => Status::Conflict,
            Class::Failed | Class::Finding | Class::Note | Class::Warning | Class::Stop => {
                Status::Failed
            }
        }
    }
}

/// One manifest and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its path in the tree.
    pub path: TreePath,
    /// What came of it.
    pub status: Status,
    /// The version found, where it could be read.
    pub from: Option<Version>,
    /// The version that it has or would have afterwards, where it is migrated or pending.
    pub to: Option<Version>,
    /// Why, where the status is trouble.
    pub trouble: Option<Diagnosis>,
    /// The digest of the bytes as found, where it was taken.
    pub digest_before: Option<Digest>,
    /// Canonical checksum as found, where it was taken.
    pub checksum_before: Option<Digest>,
    /// Canonical checksum as its history records it, where it was taken.
    pub checksum_after: Option<Digest>,
    /// The file name of its backup, beside it.
    pub backup: Option<String>,
    /// The difference as text, where it was asked for.
    pub diff: Option<Box<Difference>>,
}

/// A manifest before and after, for those who want to see the difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The text as found.
    pub before: String,
    /// The text as it would be.
    pub after: String,
}

impl Outcome {
    /// An outcome of which nothing more is known than its status.
    #[must_use]
    pub fn new(path: TreePath, status: Status) -> Self {
        Self {
            path,
            status,
            from: None,
            to: None,
            trouble: None,
            digest_before: None,
            checksum_before: None,
            checksum_after: None,
            backup: None,
            diff: None,
        }
    }

    /// The outcome of a manifest that is in trouble.
    #[must_use]
    pub fn troubled(path: TreePath, trouble: Diagnosis) -> Self {
        let status = trouble.status();
        Self {
            trouble: Some(trouble),
            ..Self::new(path, status)
        }
    }
}

/// How many of each. All are always present, under these names, everywhere.
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
    /// Counts one outcome; `selected` grows with it.
    pub fn add(&mut self, status: Status) {
        self.selected += 1;
        *self.of_mut(status) += 1;
    }

    fn of_mut(&mut self, status: Status) -> &mut u64 {
        match status {
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
        }
    }

    /// Each count with its name, in the order of the report.
    #[must_use]
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

    /// Refused, failed and in conflict.
    #[must_use]
    pub fn trouble(&self) -> u64 {
        self.refused + self.failed + self.conflict
    }
}

/// How many manifests take one route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteCount {
    /// The version found.
    pub from: Version,
    /// The target.
    pub to: Version,
    /// The versions strictly between.
    pub via: Vec<Version>,
    /// How many manifests take it.
    pub count: u64,
}

/// What the members that somebody asked for hold, over all manifests that could be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SurveyResult {
    /// How many manifests were looked at.
    pub manifests: u64,
    /// Each member, in the order in which they were asked for.
    pub fields: Vec<FieldCount>,
    /// Pointer to the number of manifests whose history says that the value there is not authoritative; `None` where nobody asked.
    pub backfilled: Option<BTreeMap<String, u64>>,
}

/// What one member holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldCount {
    /// Which member.
    pub at: Pointer,
    /// How many manifests have it with a value other than null.
    pub present: u64,
    /// How many have it with null.
    pub null: u64,
    /// How many do not have it.
    pub missing: u64,
    /// How many different values there are, null not counted. Values are the same where their canonical forms are.
    pub distinct: u64,
    /// The most frequent values with their numbers, most frequent first; a long value is cut.
    pub most_frequent: Vec<(String, u64)>,
}

/// Why an operation could not do as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// The stable code.
    pub code: Code,
    /// What happened, in words.
    pub message: String,
    /// What to do about it, where there is more to say than the code's own hint.
    pub hint: Option<String>,
}

impl Stop {
    /// A stop with the hint of its code.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &str {
        self.hint.as_deref().unwrap_or_else(|| self.code.hint())
    }
}

/// The signals that end an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT: somebody pressed Ctrl-C.
    Interrupt,
    /// SIGTERM: the system or a supervisor asks.
    Terminate,
}

/// What an operation came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// The id of the operation; `None` where nothing was written.
    pub operation: Option<String>,
    /// The operation that a rollback undoes, where it is one.
    pub undoes: Option<String>,
    /// How schemas and rules were taken.
    pub rules: Enforcement,
    /// How many manifests were held against rules before anything was written, where rules needed that.
    pub judged: Option<u64>,
    /// How many of each.
    pub counts: Counts,
    /// Version to number of manifests, as found, of all manifests whose version could be read.
    pub versions: BTreeMap<Version, u64>,
    /// The routes of pending and migrated manifests, by their ends.
    pub routes: Vec<RouteCount>,
    /// Of the deferred manifests the one that was modified first: its path and the seconds since 1970.
    pub oldest_deferred: Option<(TreePath, i64)>,
    /// What the members asked for hold, where any were asked for.
    pub survey: Option<SurveyResult>,
    /// How often each code was found, where manifests were proved.
    pub findings: Option<BTreeMap<Code, u64>>,
    /// How often each note was made, where manifests were proved.
    pub notes: Option<BTreeMap<Code, u64>>,
    /// How many files were rescued.
    pub rescued: u64,
    /// When it ended, by the clock that it was given.
    pub finished_at: Option<Timestamp>,
    /// Which signal ended it, if one did.
    pub signal: Option<Signal>,
    /// Why it could not do as asked, if it could not.
    pub stop: Option<Stop>,
}

impl Summary {
    /// The exit code that follows: of those that apply, the first in the order of the design.
    ///
    /// `check` asks for 3 where something is pending; `lines_count` says that the caller reads one line for each manifest, so that their trouble is no failure of the whole.
    #[must_use]
    pub fn exit_code(&self, check: bool, lines_count: bool) -> u8 {
        match self.signal {
            Some(Signal::Interrupt) => return 130,
            Some(Signal::Terminate) => return 143,
            None => {}
        }
        let counts = &self.counts;
        let found_trouble = counts.trouble() > 0
            || counts.not_attempted > 0
            || counts.directories_failed > 0
            || self.rescued > 0
            || self
                .findings
                .as_ref()
                .is_some_and(|found| !found.is_empty());
        match &self.stop {
            Some(stop) => match stop.code {
                Code::StorageFailed => 6,
                Code::Locked => 5,
                Code::RuleHalted => 4,
                Code::TooManyFailures => 1,
                // What was asked for is one manifest, and that may not be migrated.
                code if code.class() == Class::Refused => 1,
                _ => 2,
            },
            None if found_trouble && !lines_count => 1,
            None if check && counts.pending > 0 => 3,
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(counts: Counts) -> Summary {
        Summary {
            counts,
            ..Summary::default()
        }
    }

    #[test]
    fn trouble_goes_before_pending_work() {
        let both = summary(Counts {
            pending: 1,
            refused: 1,
            ..Counts::default()
        });
        assert_eq!(both.exit_code(true, false), 1);
        assert_eq!(both.exit_code(true, true), 3);
        assert_eq!(both.exit_code(false, true), 0);
    }

    #[test]
    fn ahead_deferred_aliases_and_links_are_as_asked() {
        let fine = summary(Counts {
            ahead: 1,
            deferred: 2,
            aliases: 3,
            dangling: 4,
            outside: 5,
            excluded: 6,
            ..Counts::default()
        });
        assert_eq!(fine.exit_code(true, false), 0);
    }

    #[test]
    fn a_signal_goes_before_everything() {
        let stopped = Summary {
            signal: Some(Signal::Terminate),
            stop: Some(Stop::new(Code::StorageFailed, "no")),
            ..Summary::default()
        };
        assert_eq!(stopped.exit_code(false, false), 143);
    }

    #[test]
    fn a_finding_is_no_success_and_a_note_is_one() {
        let noted = Summary {
            findings: Some(BTreeMap::new()),
            notes: Some(BTreeMap::from([(Code::Unwitnessed, 1)])),
            ..Summary::default()
        };
        assert_eq!(noted.exit_code(false, false), 0);
        let found = Summary {
            findings: Some(BTreeMap::from([(Code::BackupMissing, 1)])),
            ..noted
        };
        assert_eq!(found.exit_code(false, false), 1);
        assert_eq!(found.exit_code(false, true), 0);
    }

    #[test]
    fn every_outcome_counts_as_selected() {
        let mut counts = Counts::default();
        for status in [Status::Migrated, Status::Refused, Status::Restored] {
            counts.add(status);
        }
        assert_eq!(counts.selected, 3);
        assert_eq!(
            (counts.migrated, counts.refused, counts.restored),
            (1, 1, 1)
        );
    }
}
