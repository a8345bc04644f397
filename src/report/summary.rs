//! The summary of an operation, with its survey, and its exit code.
//! Invariant: the exit code follows from the summary and the flags alone.

use std::collections::BTreeMap;

use super::counts::{Counts, RouteCount};
use super::enforcement::Enforcement;
use super::exit::{ExitCode, ExitTerms};
use super::stop::{Signal, Stop};
use crate::clock::Timestamp;
use crate::code::{Class, Code};
use crate::journal::OperationId;
use crate::json::Pointer;
use crate::path::TreePath;
use crate::version::Version;

/// The result of a whole operation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// The id of the operation; `None` if nothing was written.
    pub operation: Option<OperationId>,
    /// The operation that a rollback undoes.
    pub undoes: Option<OperationId>,
    /// The strictness of schemas and rules.
    pub rules: Enforcement,
    /// The number of manifests that were checked against rules before anything was written; `None` if no rule needed that.
    pub judged: Option<u64>,
    /// The counts of manifests by status.
    pub counts: Counts,
    /// For each version found the number of its manifests.
    pub versions: BTreeMap<Version, u64>,
    /// The routes of pending and migrated manifests, by their ends.
    pub routes: Vec<RouteCount>,
    /// Of the deferred manifests the one that was modified first: its path and the seconds since 1970.
    pub oldest_deferred: Option<(TreePath, i64)>,
    /// The survey, if the request included one.
    pub survey: Option<SurveyResult>,
    /// For each code the number of its findings; `None` if nothing was verified.
    pub findings: Option<BTreeMap<Code, u64>>,
    /// For each code the number of its notes; `None` if nothing was verified.
    pub notes: Option<BTreeMap<Code, u64>>,
    /// The number of findings that this operation accepts; `None` if it was not asked to.
    pub accepted: Option<u64>,
    /// The number of manifests in trouble about which every finding is accepted.
    pub excused: u64,
    /// The number of backups that need attention.
    pub backups_in_trouble: u64,
    /// The number of rescued files.
    pub rescued: u64,
    /// The number of journals that could not be read where backups are looked at, and of unfinished operations whose journals are not understood.
    pub unknown_journals: u64,
    /// The number of directories that a signal left unvisited.
    pub unvisited: u64,
    /// When it ended, by the clock that it was given.
    pub finished_at: Option<Timestamp>,
    /// The signal that ended it.
    pub signal: Option<Signal>,
    /// The reason why it could not do what was requested.
    pub stop: Option<Stop>,
}

/// The values of chosen members, counted over all manifests that could be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SurveyResult {
    /// The number of manifests that were read.
    pub manifests: u64,
    /// Each member, in the order of the request.
    pub fields: Vec<FieldCount>,
    /// For each pointer the number of manifests whose history says that the value there is not authoritative; `None` if the request did not include this.
    pub backfilled: Option<BTreeMap<String, u64>>,
}

/// The values of one member. `present`, `null` and `missing` sum to the manifests that were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldCount {
    /// The pointer to the member.
    pub at: Pointer,
    /// The number of manifests where it has a value other than null.
    pub present: u64,
    /// The number of manifests where it is null.
    pub null: u64,
    /// The number of manifests that do not have it.
    pub missing: u64,
    /// The number of different values, null not counted. Values with the same canonical form are the same.
    pub distinct: u64,
    /// The most frequent values with their numbers, in descending order; a long value is cut.
    pub most_frequent: Vec<(String, u64)>,
}

impl Summary {
    /// The exit code that follows: of those that apply, the first in the table.
    pub fn exit_code(&self, terms: ExitTerms) -> ExitCode {
        match self.signal {
            Some(Signal::Interrupt) => return ExitCode::Interrupted,
            Some(Signal::Terminate) => return ExitCode::Terminated,
            None => {}
        }
        match &self.stop {
            Some(stop) => self.exit_code_of(stop),
            None if terms.output_lost => ExitCode::CouldNotStart,
            None if self.has_trouble() && !terms.lines_count => ExitCode::Trouble,
            None if terms.found_trouble => ExitCode::Trouble,
            None if terms.check && self.counts.pending > 0 => ExitCode::Pending,
            None => ExitCode::Success,
        }
    }

    fn exit_code_of(&self, stop: &Stop) -> ExitCode {
        match stop.code {
            Code::StorageFailed => ExitCode::StorageFailed,
            Code::Locked => ExitCode::Locked,
            Code::RuleHalted => ExitCode::Held,
            Code::TooManyFailures if self.operation.is_none() => ExitCode::Held,
            Code::TooManyFailures => ExitCode::Trouble,
            // What was asked for is one manifest, and that may not be migrated.
            code if code.class() == Class::Refused => ExitCode::Trouble,
            _ => ExitCode::CouldNotStart,
        }
    }

    fn has_trouble(&self) -> bool {
        let counts = &self.counts;
        let findings = self.findings.iter().flat_map(BTreeMap::values);
        counts.trouble() > self.excused
            || counts.not_attempted > 0
            || counts.directories_failed > 0
            || self.backups_in_trouble > 0
            || self.rescued > 0
            || self.unknown_journals > 0
            || findings.sum::<u64>() > self.accepted.unwrap_or(0)
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

    fn terms(check: bool, lines_count: bool) -> ExitTerms {
        ExitTerms {
            check,
            lines_count,
            ..ExitTerms::default()
        }
    }

    #[test]
    fn trouble_goes_before_pending_work() {
        let both = summary(Counts {
            pending: 1,
            refused: 1,
            ..Counts::default()
        });
        assert_eq!(both.exit_code(terms(true, false)).code(), 1);
        assert_eq!(both.exit_code(terms(true, true)).code(), 3);
        assert_eq!(both.exit_code(terms(false, true)).code(), 0);
        let lost = ExitTerms {
            output_lost: true,
            ..ExitTerms::default()
        };
        assert_eq!(both.exit_code(lost).code(), 2);
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
        assert_eq!(fine.exit_code(terms(true, false)).code(), 0);
    }

    #[test]
    fn a_signal_goes_before_everything() {
        let stopped = Summary {
            signal: Some(Signal::Terminate),
            stop: Some(Stop::new(Code::StorageFailed, "no")),
            ..Summary::default()
        };
        assert_eq!(stopped.exit_code(ExitTerms::default()).code(), 143);
    }

    #[test]
    fn a_finding_is_no_success_and_a_note_is_one() {
        let noted = Summary {
            findings: Some(BTreeMap::new()),
            notes: Some(BTreeMap::from([(Code::Unwitnessed, 1)])),
            ..Summary::default()
        };
        assert_eq!(noted.exit_code(ExitTerms::default()).code(), 0);
        let found = Summary {
            findings: Some(BTreeMap::from([(Code::BackupMissing, 1)])),
            ..noted
        };
        assert_eq!(found.exit_code(ExitTerms::default()).code(), 1);
        assert_eq!(found.exit_code(terms(false, true)).code(), 0);
        let accepted = Summary {
            accepted: Some(1),
            ..found
        };
        assert_eq!(accepted.exit_code(ExitTerms::default()).code(), 0);
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
