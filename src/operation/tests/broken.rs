//! Tests of failures beside manifests: of the storage, of its beginning and its end, of too many manifests.
//!
//! Invariant: everything that was done is reported, and the rest is counted.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::fixture::{Fixture, IN_GROUPS, on_each_storage, request, selecting, to_latest};
use super::interposed::{Interposed, Script};
use super::reported::Reported;
use crate::code::Code;
use crate::journal::{Ended, Record};
use crate::operation::backups::{Prune, prune};
use crate::operation::frame::Request;
use crate::operation::migrate::{Migrate, migrate};
use crate::operation::rollback::{Rollback, Undo, rollback};
use crate::path::TreePath;
use crate::report::{Diagnosis, Status, Stop};
use crate::selection::{Selection, Tolerance};
use crate::storage::Answer;

pub(super) fn backups(fixture: &Fixture) -> usize {
    fixture
        .tree
        .all()
        .keys()
        .filter(|path| path.ends_with(".backup"))
        .count()
}

pub(super) fn ended(fixture: &Fixture, id: &str) -> Ended {
    let records = fixture.records(id);
    match records.last() {
        Some(Record::Ended(ended)) => (**ended).clone(),
        other => panic!("{other:?}"),
    }
}

pub(super) fn with_state(fixture: &Fixture) {
    fixture.run("0", "1.0.0");
    fixture.migrate();
    fixture.tree.remove("0/manifest.json");
    fixture.tree.remove("0/manifest.json.backup");
}

pub(super) fn migrate_over<S: Script>(
    fixture: &Fixture,
    script: S,
    request: &Request,
    options: &Migrate,
) -> Reported {
    let storage = Interposed::new(fixture.storage(), script);
    fixture.operate_over(&storage, request, |frame, sink| {
        migrate(frame, options, sink)
    })
}

struct Failing {
    at: usize,
    asked: AtomicUsize,
}

impl Failing {
    fn new(at: usize) -> Self {
        Self {
            at,
            asked: AtomicUsize::new(0),
        }
    }
}

impl Script for Failing {
    fn change(&self, _: &TreePath) -> Option<Answer> {
        match self.asked.fetch_add(1, Ordering::SeqCst) {
            asked if asked < self.at => None,
            asked if asked == self.at => {
                let message = "it was replaced, but the flush that makes it durable failed";
                Some(Answer::Not(Diagnosis::new(Code::NotDurable, message)))
            }
            _ => Some(Answer::NotAttempted),
        }
    }

    fn failure(&self) -> Option<Stop> {
        let has_failed = self.asked.load(Ordering::SeqCst) > self.at;
        has_failed.then(|| {
            Stop::new(
                Code::StorageFailed,
                "cannot make the new files durable: Input/output error (os error 5)",
            )
        })
    }
}

#[test]
fn a_storage_that_fails_ends_it_and_the_rest_is_not_attempted() {
    on_each_storage(|fixture| {
        fixture.in_groups();
        let reported = migrate_over(fixture, Failing::new(1), &request(), &to_latest());
        assert_eq!(
            reported.lines,
            [
                "began 20260228T103000Z-1",
                "a migrated 1.0.0 -> 1.2.0 as manifest.json.backup",
                "b/1 failed 1.0.0 not_durable: it was replaced, but the flush that makes it durable failed",
                "c/1/2 not_attempted",
                "d/1/2/3 not_attempted",
                "e/1/2/3/4 not_attempted",
            ]
        );
        assert_eq!(
            reported.stop(),
            "storage_failed: cannot make the new files durable: Input/output error (os error 5)"
        );
        assert_eq!(
            (reported.code(), reported.counts().as_str()),
            (
                6,
                "found 5, selected 5, migrated 1, failed 1, not_attempted 3"
            )
        );
        let stopped = ended(fixture, reported.id()).stopped.unwrap();
        assert_eq!(stopped.code, Code::StorageFailed);
        assert_eq!(
            fixture.migrate().counts(),
            "found 5, selected 5, migrated 4, current 1"
        );
    });
}

#[test]
fn a_storage_that_fails_within_a_group_leaves_the_rest_of_it() {
    on_each_storage(|fixture| {
        fixture.pending(5);
        let one = Request {
            jobs: std::num::NonZeroUsize::MIN,
            ..request()
        };
        let reported = migrate_over(fixture, Failing::new(2), &one, &to_latest());
        assert_eq!(
            reported.lines[3..],
            [
                "job/0002 failed 1.0.0 not_durable: it was replaced, but the flush that makes it durable failed",
                "job/0003 not_attempted 1.0.0",
                "job/0004 not_attempted 1.0.0",
            ]
        );
        assert_eq!(
            (
                reported.code(),
                reported.summary.stop.as_ref().unwrap().code
            ),
            (6, Code::StorageFailed)
        );
        assert_eq!(
            ended(fixture, reported.id()).stopped.unwrap().code,
            Code::StorageFailed
        );
    });
}

#[test]
fn a_rollback_and_a_pruning_end_with_the_storage() {
    on_each_storage(|fixture| {
        fixture.pending(3);
        fixture.migrate();
        let one = Request {
            jobs: std::num::NonZeroUsize::MIN,
            ..request()
        };
        let all = Prune {
            older_than_seconds: 0,
            include_destructive: false,
        };
        let storage = Interposed::new(fixture.storage(), Failing::new(1));
        let reported = fixture.operate_over(&storage, &one, |frame, sink| prune(frame, all, sink));
        let made = "manifest.json.backup of 20260228T103000Z-1:";
        assert_eq!(
            reported.lines[1..],
            [
                format!("job/0000 {made} pruned"),
                format!(
                    "job/0001 {made} failed not_durable: it was replaced, but the flush that makes it durable failed"
                ),
                format!("job/0002 {made} not_attempted"),
            ]
        );
        assert_eq!(
            (reported.code(), reported.summary.backups_in_trouble),
            (6, 2)
        );
        assert_eq!(
            ended(fixture, reported.id()).stopped.unwrap().code,
            Code::StorageFailed
        );
        let last = Rollback {
            undo: Undo::Last,
            max_failures: None,
            allow_changed_metadata: false,
        };
        let storage = Interposed::new(fixture.storage(), Failing::new(1));
        let reported =
            fixture.operate_over(&storage, &one, |frame, sink| rollback(frame, &last, sink));
        assert_eq!(
            reported.counts(),
            "found 3, selected 3, refused 1, failed 1, restored 1"
        );
        assert_eq!(reported.code(), 6);
        assert_eq!(
            ended(fixture, reported.id()).stopped.unwrap().code,
            Code::StorageFailed
        );
    });
}

/// A storage in which no operation can begin, and whose session has a notice at the end.
struct Unusable;

impl Script for Unusable {
    fn begin(&self) -> Result<(), Stop> {
        Err(Stop::new(
            Code::StateUnusable,
            "cannot begin an operation in the state directory: full",
        ))
    }
}

#[test]
fn an_operation_that_cannot_begin_attempts_nothing_and_leaves_no_state() {
    on_each_storage(|fixture| {
        fixture.in_groups();
        let reported = migrate_over(fixture, Unusable, &request(), &to_latest());
        assert_eq!(
            reported.stop(),
            "state_unusable: cannot begin an operation in the state directory: full"
        );
        assert_eq!(
            (reported.code(), reported.counts().as_str()),
            (2, "found 5, selected 5, not_attempted 5")
        );
        assert_eq!((reported.summary.operation, backups(fixture)), (None, 0));
        assert!(!fixture.has_state());
    });
}

struct Untidy;

impl Script for Untidy {
    fn end(&self) -> Vec<Diagnosis> {
        vec![
            Diagnosis::new(
                Code::JournalIncomplete,
                "cannot write the end of the journal",
            ),
            Diagnosis::new(Code::Rescued, "a version that was displaced is kept as `x`"),
        ]
    }
}

#[test]
fn what_could_not_be_tidied_up_is_told_and_what_was_rescued_counts() {
    on_each_storage(|fixture| {
        fixture.run("a", "1.0.0");
        let reported = migrate_over(fixture, Untidy, &request(), &to_latest());
        assert_eq!(
            reported.lines[1..],
            [
                "a migrated 1.0.0 -> 1.2.0 as manifest.json.backup",
                "warning journal_incomplete: cannot write the end of the journal",
                "warning rescued: a version that was displaced is kept as `x`",
            ]
        );
        assert_eq!((reported.code(), reported.summary.rescued), (1, 1));
    });
}

struct InConflict(&'static [&'static str]);

impl Script for InConflict {
    fn change(&self, path: &TreePath) -> Option<Answer> {
        let path = path.to_text();
        let is_one = self
            .0
            .iter()
            .any(|run| path == format!("{run}/manifest.json"));
        is_one.then(|| {
            Answer::Not(Diagnosis::new(
                Code::ChangedMeanwhile,
                "somebody changed it",
            ))
        })
    }
}

fn tolerating(most: u64) -> Migrate {
    Migrate {
        max_failures: Some(Tolerance::Number(most)),
        ..to_latest()
    }
}

#[test]
fn too_many_failures_while_writing_stop_it_after_the_group_and_the_one_in_flight() {
    on_each_storage(|fixture| {
        fixture.in_groups();
        let reported = migrate_over(fixture, InConflict(&["a"]), &request(), &tolerating(0));
        assert_eq!(
            reported.lines[1..],
            [
                "a conflict 1.0.0 changed_meanwhile: somebody changed it",
                "b/1 migrated 1.0.0 -> 1.2.0 as manifest.json.backup",
                "c/1/2 not_attempted",
                "d/1/2/3 not_attempted",
                "e/1/2/3/4 not_attempted",
            ]
        );
        assert_eq!(
            reported.stop(),
            "too_many_failures: 1 of 1 manifests were refused, failed or in conflict"
        );
        assert_eq!(
            (reported.code(), reported.counts().as_str()),
            (
                1,
                "found 5, selected 5, migrated 1, conflict 1, not_attempted 3"
            )
        );
        assert_eq!(
            ended(fixture, reported.id()).stopped.unwrap().code,
            Code::TooManyFailures
        );
        assert_eq!(
            migrate_over(fixture, InConflict(&["a"]), &request(), &tolerating(1)).code(),
            1
        );
        assert_eq!(
            fixture.migrate().counts(),
            "found 5, selected 5, migrated 1, current 4"
        );
    });
}

#[test]
fn behind_a_limit_nothing_is_not_attempted() {
    on_each_storage(|fixture| {
        fixture.in_groups();
        let limited = selecting(Selection {
            limit: Some(2),
            ..Selection::default()
        });
        let reported = migrate_over(fixture, InConflict(&["b/1"]), &limited, &tolerating(0));
        assert_eq!(
            reported.lines[1..],
            [
                "a migrated 1.0.0 -> 1.2.0 as manifest.json.backup",
                "b/1 conflict 1.0.0 changed_meanwhile: somebody changed it",
            ]
        );
        assert_eq!(
            (reported.code(), reported.counts().as_str()),
            (1, "found 5, selected 2, migrated 1, conflict 1")
        );
    });
}

#[test]
fn what_was_only_decided_on_before_a_stop_is_not_attempted() {
    on_each_storage(|fixture| {
        for run in ["a", "c/1", "d/1/2", "e"] {
            fixture.run(run, "1.0.0");
        }
        let limited = selecting(Selection {
            limit: Some(4),
            ..Selection::default()
        });
        let reported = migrate_over(fixture, InConflict(&["a"]), &limited, &tolerating(0));
        assert_eq!(
            reported.lines[1..],
            [
                "a conflict 1.0.0 changed_meanwhile: somebody changed it",
                "c/1 migrated 1.0.0 -> 1.2.0 as manifest.json.backup",
                "d/1/2 not_attempted",
                "e not_attempted",
            ]
        );
    });
}

#[test]
fn another_tree_that_is_found_late_stops_it_and_what_was_done_is_told() {
    on_each_storage(|fixture| {
        with_state(fixture);
        fixture.in_groups();
        fixture.tree.put("f/1/2/.migrate-manifests/lock", b"");
        let reported = fixture.migrate();
        assert_eq!(
            reported.stop(),
            "nested_tree: one tree lies inside the other: `f/1/2` has a state directory of its own"
        );
        assert_eq!(reported.code(), 2);
        assert_eq!(
            reported.only(Status::Migrated).len(),
            backups(fixture),
            "{:?}",
            reported.lines
        );
        assert!(backups(fixture) < IN_GROUPS.len());
        assert_eq!(
            ended(fixture, reported.id()).stopped.unwrap().code,
            Code::NestedTree
        );
    });
}
