//! Tests of operations whose output fails.
//!
//! Invariant: nothing is written of which nobody would hear.

use super::broken::{backups, ended, with_state};
use super::fixture::{on_each_storage, request, to_latest};
use crate::code::Code;
use crate::operation::backups::{Prune, prune};
use crate::operation::migrate::migrate;
use crate::operation::rollback::{Rollback, Undo, rollback};
use crate::operation::verify::{Verify, verify};

#[test]
fn without_output_a_migration_stops_as_on_a_signal() {
    on_each_storage(|fixture| {
        with_state(fixture);
        fixture.in_groups();
        // The first event, and that it began.
        let reported = fixture.operate_with_room(2, &request(), |frame, sink| {
            migrate(frame, &to_latest(), sink)
        });
        assert_eq!(reported.lines.len(), 1);
        assert_eq!(
            reported.stop(),
            "output_failed: cannot write the report: no storage space"
        );
        assert_eq!(reported.code(), 2);
        let migrated = usize::try_from(reported.summary.counts.migrated).unwrap();
        assert!((1..5).contains(&migrated), "{}", reported.counts());
        assert_eq!(backups(fixture), migrated);
        assert!(reported.summary.unvisited > 0);
        let stopped = ended(fixture, reported.id()).stopped.unwrap();
        assert_eq!(stopped.code, Code::OutputFailed);
        assert_eq!(
            fixture.migrate().summary.counts.migrated,
            5 - reported.summary.counts.migrated
        );
    });
}

#[test]
fn without_output_from_the_start_nothing_is_written() {
    on_each_storage(|fixture| {
        fixture.in_groups();
        let before = fixture.tree.all();
        for is_there in [false, true] {
            if is_there {
                drop(fixture.leave_unfinished());
            }
            let reported = fixture.operate_with_room(0, &request(), |frame, sink| {
                migrate(frame, &to_latest(), sink)
            });
            assert_eq!((reported.code(), reported.summary.operation), (2, None));
            assert_eq!(fixture.tree.all(), before);
        }
    });
}

#[test]
fn output_that_is_lost_with_the_last_event_is_an_error_all_the_same() {
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.2.0");
        let reported = fixture.operate_with_room(2, &request(), |frame, sink| {
            migrate(frame, &to_latest(), sink)
        });
        assert_eq!(reported.lines, ["job/run current 1.2.0"]);
        assert_eq!(
            reported.stop(),
            "output_failed: cannot write the report: no storage space"
        );
    });
}

#[test]
fn without_output_nothing_else_is_written_or_looked_at_either() {
    on_each_storage(|fixture| {
        fixture.in_groups();
        fixture.migrate();
        let all = Prune {
            older_than_seconds: 0,
            include_destructive: false,
        };
        let reported =
            fixture.operate_with_room(0, &request(), |frame, sink| prune(frame, all, sink));
        assert_eq!((reported.code(), backups(fixture)), (2, 5));
        let last = Rollback {
            undo: Undo::Last,
            max_failures: None,
            allow_changed_metadata: false,
        };
        let reported =
            fixture.operate_with_room(0, &request(), |frame, sink| rollback(frame, &last, sink));
        assert_eq!(
            (reported.code(), reported.counts().as_str()),
            (2, "found 5, selected 5, not_attempted 5")
        );
        assert_eq!(backups(fixture), 5);
        let options = Verify {
            snapshots: false,
            replay: false,
        };
        let reported =
            fixture.operate_with_room(0, &request(), |frame, sink| verify(frame, options, sink));
        assert_eq!((reported.code(), reported.summary.counts.current), (2, 0));
    });
}
