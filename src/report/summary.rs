//! The summary of an operation, and its exit code.
//!
//! Owns the data that a report ends with; prints nothing.
//!
//! Invariant: the exit code follows from the summary and the flags alone.

use std::collections::BTreeMap;

use super::counts::{Counts, RouteCount};
use super::enforcement::Enforcement;
use super::stop::{Signal, Stop};
use super::survey::SurveyResult;
use crate::clock::Timestamp;
use crate::code::{Class, Code};
use crate::path::TreePath;
use crate::version::Version;

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
    use crate::report::Status;

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
