//! Tests of signals: what has begun is finished, the rest is left, and the report says which is which.
//!
//! Invariant: exactly the manifests that are reported as migrated are migrated.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use super::fixture::{Fixture, named, on_each_storage, request, ruled, to_latest};
use super::reported::Reported;
use crate::code::Code;
use crate::journal::Record;
use crate::operation::backups::{Prune, export, list, prune};
use crate::operation::frame::{Frame, Request};
use crate::operation::migrate::migrate;
use crate::operation::rollback::{Rollback, Undo, rollback};
use crate::operation::verify::{Verify, verify};
use crate::outside::ExportDirectory;
use crate::report::{Signal, Sink, Status, Summary, Watch};
use crate::selection::{Selection, Tolerance};

struct After {
    most: usize,
    looked_at: AtomicUsize,
}

impl After {
    fn new(most: usize) -> Self {
        Self {
            most,
            looked_at: AtomicUsize::new(0),
        }
    }
}

impl Watch for After {
    fn signal(&self) -> Option<Signal> {
        let is_there = self.looked_at.load(Ordering::SeqCst) >= self.most;
        is_there.then_some(Signal::Interrupt)
    }

    fn looked_at(&self) {
        self.looked_at.fetch_add(1, Ordering::SeqCst);
    }
}

fn one_by_one() -> Request {
    Request {
        jobs: NonZeroUsize::MIN,
        ..request()
    }
}

fn run(
    fixture: &Fixture,
    request: &Request,
    most: usize,
    operation: impl FnOnce(&Frame<'_>, &mut dyn Sink) -> Summary,
) -> Reported {
    fixture.operate(request, &After::new(most), operation)
}

fn migrated_until(fixture: &Fixture, request: &Request, most: usize) -> Reported {
    run(fixture, request, most, |frame, sink| {
        migrate(frame, &to_latest(), sink)
    })
}

fn with_state(fixture: &Fixture) {
    fixture.run("first", "1.0.0");
    fixture.migrate();
    fixture.tree.remove("first/manifest.json");
    fixture.tree.remove("first/manifest.json.backup");
}

fn backups(fixture: &Fixture) -> usize {
    fixture
        .tree
        .all()
        .keys()
        .filter(|path| path.ends_with(".backup"))
        .count()
}

#[test]
fn where_nothing_was_written_yet_nothing_is() {
    on_each_storage(|fixture| {
        fixture.pending(4);
        let before = fixture.tree.all();
        let reported = migrated_until(fixture, &one_by_one(), 2);
        assert_eq!(
            reported.lines,
            ["job/0000 not_attempted", "job/0001 not_attempted"]
        );
        assert_eq!(
            (reported.counts().as_str(), reported.summary.unvisited),
            ("found 2, selected 2, not_attempted 2", 2)
        );
        assert_eq!(
            (reported.code(), reported.summary.signal),
            (130, Some(Signal::Interrupt))
        );
        assert_eq!(
            (reported.summary.stop, reported.summary.operation),
            (None, None)
        );
        assert_eq!(fixture.tree.all(), before);
        assert!(!fixture.has_state());
    });
}

#[test]
fn a_signal_before_the_first_manifest_leaves_all_of_it() {
    on_each_storage(|fixture| {
        fixture.pending(3);
        for is_there in [false, true] {
            if is_there {
                with_state(fixture);
            }
            let reported = migrated_until(fixture, &one_by_one(), 0);
            assert_eq!(
                (reported.lines.len(), reported.counts()),
                (0, String::new())
            );
            assert_eq!(
                (
                    reported.code(),
                    reported.summary.unvisited,
                    reported.summary.operation
                ),
                (130, 1, None)
            );
        }
    });
}

#[test]
fn what_was_handed_over_is_finished_and_the_rest_is_left() {
    on_each_storage(|fixture| {
        with_state(fixture);
        fixture.pending(6);
        let reported = migrated_until(fixture, &one_by_one(), 2);
        assert_eq!(
            reported.lines,
            [
                format!("began {}", reported.id()),
                "job/0000 migrated 1.0.0 -> 1.2.0 as manifest.json.backup".to_owned(),
                "job/0001 migrated 1.0.0 -> 1.2.0 as manifest.json.backup".to_owned(),
            ]
        );
        assert_eq!((reported.code(), reported.summary.unvisited), (130, 4));
        assert_eq!(backups(fixture), 2);
        let records = fixture.records(reported.id());
        let Some(Record::Ended(ended)) = records.last() else {
            panic!("{records:?}")
        };
        let stopped = ended.stopped.as_ref().unwrap();
        assert_eq!(
            (stopped.code, stopped.message.as_deref()),
            (Code::Interrupted, Some("SIGINT"))
        );
        assert_eq!(
            fixture.migrate().counts(),
            "found 6, selected 6, migrated 4, current 2"
        );
    });
}

#[test]
fn with_several_threads_everything_that_was_migrated_is_told() {
    on_each_storage(|fixture| {
        with_state(fixture);
        fixture.pending(60);
        let request = Request {
            jobs: NonZeroUsize::new(4).unwrap(),
            ..request()
        };
        let mut left = 60;
        for most in [1, 5, 11] {
            let reported = migrated_until(fixture, &request, 60 - left + most);
            let counts = &reported.summary.counts;
            assert!(
                reported.outcomes.iter().map(|one| &one.path).is_sorted(),
                "{:?}",
                reported.lines
            );
            assert_eq!(reported.code(), 130);
            left -= usize::try_from(counts.migrated).unwrap();
            assert_eq!(backups(fixture), 60 - left, "{}", reported.counts());
            assert_eq!(counts.found + reported.summary.unvisited, 60);
            assert_eq!(counts.found, counts.selected);
        }
        assert_eq!(fixture.migrate().code(), 0);
        assert_eq!(backups(fixture), 60);
    });
}

#[test]
fn groups_that_have_not_begun_are_left_whole() {
    on_each_storage(|fixture| {
        with_state(fixture);
        fixture.in_groups();
        let reported = migrated_until(fixture, &request(), 3);
        assert_eq!(reported.only(Status::Migrated), ["a", "b/1", "c/1/2"]);
        assert_eq!((reported.code(), reported.summary.unvisited), (130, 2));
        assert_eq!(reported.counts(), "found 3, selected 3, migrated 3");
    });
}

#[test]
fn what_was_named_and_not_looked_at_is_not_attempted() {
    on_each_storage(|fixture| {
        with_state(fixture);
        fixture.pending(4);
        let selection = named(&["job/0000", "job/0001", "job/0002", "job/0003"]);
        let reported = migrated_until(
            fixture,
            &Request {
                selection,
                ..one_by_one()
            },
            1,
        );
        assert_eq!(
            reported.lines[1..],
            [
                "job/0000 migrated 1.0.0 -> 1.2.0 as manifest.json.backup",
                "job/0001 not_attempted",
                "job/0002 not_attempted",
                "job/0003 not_attempted",
            ]
        );
        assert_eq!((reported.code(), reported.summary.unvisited), (130, 0));
    });
}

#[test]
fn a_signal_when_all_is_done_ended_nothing() {
    on_each_storage(|fixture| {
        with_state(fixture);
        fixture.pending(3);
        let reported = migrated_until(fixture, &request(), 3);
        assert_eq!(
            (reported.counts().as_str(), reported.code()),
            ("found 3, selected 3, migrated 3", 0)
        );
        assert_eq!(reported.summary.signal, None);
        let records = fixture.records(reported.id());
        let Some(Record::Ended(ended)) = records.last() else {
            panic!("{records:?}")
        };
        assert_eq!(ended.stopped, None);
    });
}

#[test]
fn behind_a_limit_nothing_is_left() {
    on_each_storage(|fixture| {
        with_state(fixture);
        fixture.pending(4);
        let selection = Selection {
            limit: Some(2),
            ..Selection::default()
        };
        let reported = migrated_until(
            fixture,
            &Request {
                selection,
                ..one_by_one()
            },
            100,
        );
        assert_eq!(
            (reported.only(Status::Migrated).len(), reported.code()),
            (2, 0)
        );
        let selection = Selection {
            limit: Some(1),
            ..named(&["job/0002", "job/0003"])
        };
        let reported = migrated_until(
            fixture,
            &Request {
                selection,
                ..one_by_one()
            },
            1,
        );
        assert_eq!(reported.code(), 130);
        assert_eq!(
            reported.summary.counts.migrated + 2,
            backups(fixture) as u64
        );
    });
}

#[test]
fn a_signal_in_the_first_pass_is_no_rule_that_halts() {
    on_each_storage(|fixture| {
        // The last manifest has the value that the rule needs.
        fixture.catalog = ruled(
            r#"{"rule":"references","at":["/wants"],"kind":"doc","to":["/has"],"on_failure":"halt"}"#,
        );
        fixture.manifest("a", r#"{"wants":1}"#);
        fixture.manifest("b", r#"{"has":1}"#);
        for is_there in [false, true] {
            if is_there {
                drop(fixture.leave_unfinished());
            }
            let reported = run(fixture, &one_by_one(), 1, |frame, sink| {
                migrate(frame, &to_latest(), sink)
            });
            assert_eq!((reported.code(), reported.stop()), (130, String::new()));
            assert_eq!(reported.counts(), "");
        }
        let dry = Request {
            dry_run: true,
            ..one_by_one()
        };
        assert_eq!(
            run(fixture, &dry, 1, |frame, sink| migrate(
                frame,
                &to_latest(),
                sink
            ))
            .code(),
            130
        );
        assert_eq!(fixture.migrate().code(), 0);
    });
}

#[test]
fn a_rollback_goes_on_the_next_time() {
    on_each_storage(|fixture| {
        fixture.pending(4);
        fixture.migrate();
        for (most_failures, restored) in [(None, 1), (Some(Tolerance::Number(1)), 0)] {
            let options = Rollback {
                undo: Undo::Last,
                max_failures: most_failures,
                allow_changed_metadata: false,
            };
            let reported = run(fixture, &one_by_one(), 1, |frame, sink| {
                rollback(frame, &options, sink)
            });
            assert_eq!(
                (reported.code(), reported.summary.counts.restored),
                (130, restored)
            );
            assert_eq!(
                reported.summary.counts.not_attempted,
                4 - reported.summary.counts.restored - u64::from(restored == 0)
            );
        }
        let reported = fixture.roll_back(Undo::Last);
        assert_eq!(
            (reported.counts().as_str(), reported.code()),
            ("found 3, selected 3, restored 3", 0)
        );
    });
}

#[test]
fn a_verification_ends_at_once() {
    on_each_storage(|fixture| {
        fixture.pending(4);
        fixture.migrate();
        fixture.tree.remove("job/0003/manifest.json");
        let options = Verify {
            snapshots: false,
            replay: false,
        };
        let reported = run(fixture, &one_by_one(), 2, |frame, sink| {
            verify(frame, options, sink)
        });
        assert_eq!(
            reported.lines,
            ["job/0000 current", "job/0001 not_attempted"]
        );
        assert_eq!((reported.code(), reported.summary.unvisited), (130, 2));
    });
}

#[test]
fn a_pruning_and_an_export_end_between_backups() {
    on_each_storage(|fixture| {
        fixture.pending(4);
        fixture.migrate();
        let reported = run(fixture, &one_by_one(), 1, list);
        assert_eq!(
            (
                reported.lines.len(),
                reported.code(),
                reported.summary.unvisited
            ),
            (1, 130, 3)
        );
        let dir = TempDir::new().unwrap();
        let directory = ExportDirectory::open(dir.path(), std::path::Path::new("/tree")).unwrap();
        let reported = run(fixture, &one_by_one(), 2, |frame, sink| {
            export(frame, &directory, sink)
        });
        assert_eq!(
            reported.lines,
            [
                "job/0000 manifest.json.backup of 20260228T103000Z-1: copied",
                "job/0001 manifest.json.backup of 20260228T103000Z-1: not_attempted",
            ]
        );
        assert_eq!((reported.code(), reported.summary.unvisited), (130, 2));
        // The last one was not copied, and no directory is left: it was cut short all the same.
        let selection = named(&["job/0003"]);
        let request = Request {
            selection,
            ..one_by_one()
        };
        let reported = run(fixture, &request, 1, |frame, sink| {
            export(frame, &directory, sink)
        });
        assert_eq!((reported.code(), reported.summary.unvisited), (130, 0));
        let all = Prune {
            older_than_seconds: 0,
            include_destructive: false,
        };
        let reported = run(fixture, &one_by_one(), 2, |frame, sink| {
            prune(frame, all, sink)
        });
        assert_eq!((reported.code(), reported.summary.unvisited), (130, 2));
        assert_eq!(backups(fixture), 2);
    });
}
