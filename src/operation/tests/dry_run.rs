//! Tests of dry runs: each detail is complete, and none writes.
//!
//! Invariant: the migration then does what the dry run reports.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::fixture::{dry, on_each_storage, request, to_latest, with_members};
use crate::operation::frame::Request;
use crate::operation::migrate::{Detail, Migrate, migrate};
use crate::report::{Outcome, Signal, Status, Watch};
use crate::selection::Selection;

fn in_detail(detail: Detail) -> Migrate {
    Migrate {
        detail,
        ..to_latest()
    }
}

#[test]
fn each_detail_tells_more_than_the_one_before() {
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.1.0");
        let before = fixture.tree.all();
        let tell = |detail| -> Outcome {
            let reported = fixture.dry_run(&in_detail(detail));
            assert_eq!(
                reported.lines,
                ["job/run pending 1.1.0 -> 1.2.0"],
                "{detail:?}"
            );
            assert_eq!(reported.summary.routes.len(), 1);
            assert_eq!(reported.code(), 0);
            reported.outcomes.into_iter().next().unwrap()
        };
        for detail in [Detail::Versions, Detail::Outcomes] {
            let one = tell(detail);
            assert_eq!(
                (one.digest_before, one.checksum_before, one.checksum_after),
                (None, None, None)
            );
        }
        let checksums = tell(Detail::Checksums);
        assert_eq!(checksums.diff, None);
        let differences = tell(Detail::Differences);
        let diff = differences.diff.clone().unwrap();
        assert_eq!(
            Outcome {
                diff: None,
                ..differences
            },
            checksums
        );
        assert_eq!(diff.before, before["job/run/manifest.json"]);
        assert_eq!(fixture.tree.all(), before);
        assert!(!fixture.has_state());
        let reported = fixture.migrate();
        let one = Outcome {
            status: Status::Pending,
            backup: None,
            ..reported.outcomes[0].clone()
        };
        assert_eq!(one, checksums);
        assert_eq!(fixture.text("job/run"), diff.after);
    });
}

#[test]
fn versions_are_listed_without_asking_whether_they_can_be_migrated() {
    on_each_storage(|fixture| {
        let schema = r#""rules":[{"rule":"count_equals","items":"/list","expected":1,"on_failure":"halt"},{"rule":"unique","at":["/id"]}]"#;
        fixture.catalog = with_members(schema);
        fixture.manifest("job/one", r#"{"list":[],"id":1}"#);
        fixture.manifest("job/two", r#"{"list":[1],"id":1}"#);
        let reported = fixture.dry_run(&in_detail(Detail::Versions));
        assert_eq!(
            reported.lines,
            [
                "job/one pending 1.0.0 -> 1.1.0",
                "job/two pending 1.0.0 -> 1.1.0"
            ]
        );
        assert_eq!(reported.summary.judged, None);
        assert_eq!(fixture.dry_run(&in_detail(Detail::Outcomes)).code(), 4);
    });
}

#[test]
fn an_unfinished_operation_is_named_and_left_alone() {
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.0.0");
        let id = fixture.leave_unfinished();
        let before = (fixture.tree.all(), fixture.tree.state());
        let reported = fixture.dry_run(&to_latest());
        assert_eq!(
            reported.lines,
            [
                format!(
                    "warning unfinished_operation: not finished, or still at work: operation {id}"
                ),
                "job/run pending 1.0.0 -> 1.2.0".to_owned(),
            ]
        );
        assert_eq!(reported.code(), 0);
        assert_eq!((fixture.tree.all(), fixture.tree.state()), before);
    });
}

#[test]
fn a_dry_run_takes_no_lock() {
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.0.0");
        let (session, id) = fixture.at_work();
        let reported = fixture.dry_run(&to_latest());
        assert_eq!(
            reported.lines,
            [
                format!(
                    "warning unfinished_operation: not finished, or still at work: operation {id}"
                ),
                "job/run pending 1.0.0 -> 1.2.0".to_owned(),
            ]
        );
        session.finish(None);
        assert_eq!(
            fixture.dry_run(&to_latest()).lines,
            ["job/run pending 1.0.0 -> 1.2.0"]
        );
    });
}

#[test]
fn what_pends_and_what_is_in_trouble_is_the_same_in_a_dry_run() {
    on_each_storage(|fixture| {
        for (number, version) in ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "2.0.0", "x"]
            .iter()
            .enumerate()
        {
            fixture.run(&format!("job/{number}"), version);
        }
        fixture.manifest("job/empty", "");
        fixture.manifest(
            "job/running",
            r#"{"schema_version":"1.0.0","run_id":"r","status":"running"}"#,
        );
        fixture.manifest("job/without", r#"{"schema_version":"1.0.0"}"#);
        let dry = fixture.migrate_as(&dry(), &in_detail(Detail::Checksums));
        let wet = fixture.migrate_as(&request(), &to_latest());
        assert_eq!(dry.counts().replace("pending", "migrated"), wet.counts());
        for (dry, wet) in dry.outcomes.into_iter().zip(wet.outcomes) {
            let status = match wet.status {
                Status::Migrated => Status::Pending,
                other => other,
            };
            assert_eq!(
                dry,
                Outcome {
                    status,
                    backup: None,
                    ..wet
                }
            );
        }
    });
}

#[test]
fn differences_for_which_there_is_no_room_are_made_when_they_are_told() {
    on_each_storage(|fixture| {
        fixture.pending(5);
        let whole = fixture.dry_run(&in_detail(Detail::Differences));
        let reported = fixture.operate(&dry(), &|| None, |frame, sink| {
            // Two of them fit.
            let all = frame.spare_bytes.swap(1500, Ordering::Relaxed);
            let summary = migrate(frame, &in_detail(Detail::Differences), sink);
            assert_eq!(
                frame.spare_bytes.load(Ordering::Relaxed),
                1500,
                "of {all} all is given back"
            );
            summary
        });
        assert_eq!(reported.lines, whole.lines);
        assert!(whole.outcomes.iter().all(|one| one.diff.is_some()));
        assert_eq!(reported.outcomes, whole.outcomes);
    });
}

#[test]
fn each_manifest_is_looked_at_once_for_who_watches() {
    struct Counting(AtomicUsize);
    impl Watch for Counting {
        fn signal(&self) -> Option<Signal> {
            None
        }
        fn looked_at(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    on_each_storage(|fixture| {
        fixture.pending(5);
        for limit in [None, Some(3)] {
            let selection = Selection {
                limit,
                ..Selection::default()
            };
            let watch = Counting(AtomicUsize::new(0));
            fixture.operate(&Request { selection, ..dry() }, &watch, |frame, sink| {
                migrate(frame, &to_latest(), sink)
            });
            assert_eq!(watch.0.into_inner(), 5);
        }
    });
}
