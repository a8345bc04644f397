//! Tests of rollbacks: originals, obstacles and reports.
//!
//! Invariant: after a migration and its rollback the tree is as before.

use super::fixture::{Fixture, at, dry, named, on_each_storage, request, selecting, to, to_latest};
use super::reported::Reported;
use crate::journal::OperationId;
use crate::operation::backups::{Prune, prune};
use crate::operation::frame::Request;
use crate::operation::rollback::{Rollback, Undo, rollback};
use crate::report::Status;
use crate::selection::{Selection, Tolerance};

pub(super) const BACKUP: &str = "job/run/manifest.json.backup";

pub(super) fn by(reported: &Reported) -> Undo {
    Undo::Operation(reported.id().to_owned())
}

pub(super) fn migrated(fixture: &Fixture) -> Reported {
    fixture.run("job/run", "1.0.0");
    fixture.migrate()
}

fn refused(fixture: &Fixture, undo: &Undo) -> (String, u8) {
    let before = (fixture.tree.all(), fixture.tree.state());
    let dry = fixture.roll_back_as(&dry(), undo.clone());
    let reported = fixture.roll_back(undo.clone());
    assert_eq!((&dry.lines, dry.code()), (&reported.lines, reported.code()));
    assert_eq!((fixture.tree.all(), fixture.tree.state()), before);
    assert_eq!(reported.summary.operation, None);
    assert_eq!(reported.lines.len(), 1, "{:?}", reported.lines);
    (reported.lines[0].clone(), reported.code())
}

#[test]
fn the_originals_come_back_and_the_backups_are_gone() {
    on_each_storage(|fixture| {
        for (run, version) in [("job/a", "1.0.0"), ("job/b", "1.1.0"), ("job/c", "1.2.0")] {
            fixture.run(run, version);
        }
        let before = fixture.tree.all();
        let first = fixture.migrate();
        let after = fixture.tree.all();
        let dry = fixture.roll_back_as(&dry(), Undo::Last);
        assert_eq!(
            dry.lines,
            [
                "job/a pending 1.2.0 -> 1.0.0 as manifest.json.backup",
                "job/b pending 1.2.0 -> 1.1.0 as manifest.json.backup",
            ]
        );
        assert_eq!(
            dry.summary.undoes.as_ref().map(OperationId::as_str),
            Some(first.id())
        );
        assert_eq!(fixture.tree.all(), after);
        let reported = fixture.roll_back(by(&first));
        assert_eq!(
            reported.lines,
            [
                "began 20260228T103000Z-2",
                "job/a restored 1.2.0 -> 1.0.0 as manifest.json.backup",
                "job/b restored 1.2.0 -> 1.1.0 as manifest.json.backup",
            ]
        );
        assert_eq!(reported.counts(), "found 2, selected 2, restored 2");
        assert_eq!(
            (
                reported.code(),
                reported.summary.undoes.as_ref().map(OperationId::as_str)
            ),
            (0, Some(first.id()))
        );
        assert_eq!(fixture.tree.all(), before);
        for (one, back) in first.outcomes.iter().zip(&reported.outcomes) {
            assert_eq!(one.checksum_before, back.checksum_after);
            assert!(back.checksum_before.is_some());
        }
    });
}

#[test]
fn once_more_there_is_nothing_to_undo() {
    on_each_storage(|fixture| {
        let first = migrated(fixture);
        fixture.roll_back(Undo::Last);
        let before = fixture.tree.state();
        for undo in [Undo::Last, by(&first)] {
            let reported = fixture.roll_back(undo);
            assert_eq!(
                (reported.lines.len(), reported.counts(), reported.code()),
                (0, String::new(), 0)
            );
            assert_eq!(reported.summary.operation, None);
        }
        assert_eq!(fixture.tree.state(), before);
    });
}

#[test]
fn a_tree_without_operations_has_nothing_to_undo_and_gets_no_state() {
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.0.0");
        let reported = fixture.roll_back(Undo::Last);
        assert_eq!(
            (reported.lines.len(), reported.counts(), reported.code()),
            (0, String::new(), 0)
        );
        let reported = fixture.roll_back(Undo::Operation("20260101T000000Z-1".to_owned()));
        assert_eq!(
            reported.stop(),
            "operation_unknown: no operation has the id `20260101T000000Z-1`"
        );
        assert_eq!(
            reported.summary.stop.unwrap().hint(),
            "there is no operation in this tree yet"
        );
        assert!(!fixture.has_state());
    });
}

#[test]
fn an_id_that_does_not_exist_is_answered_with_the_nearest() {
    on_each_storage(|fixture| {
        let id = migrated(fixture).id().to_owned();
        for wrong in ["20260101T000000Z-9", "latest", "../lock"] {
            let reported = fixture.roll_back(Undo::Operation(wrong.to_owned()));
            assert_eq!(
                reported.stop(),
                format!("operation_unknown: no operation has the id `{wrong}`")
            );
            assert_eq!(reported.code(), 2);
            assert_eq!(
                reported.summary.stop.unwrap().hint(),
                format!("the nearest are {id}")
            );
        }
    });
}

#[test]
fn what_was_changed_since_is_a_conflict() {
    on_each_storage(|fixture| {
        let id = migrated(fixture).id().to_owned();
        fixture.run("job/run", "1.2.0");
        let message = format!(
            "job/run conflict 1.2.0 as manifest.json.backup changed_since: it does not have the bytes that operation {id} wrote: somebody changed it since"
        );
        assert_eq!(refused(fixture, &Undo::Last), (message, 1));
    });
}

#[test]
fn a_backup_that_is_changed_missing_or_no_file_is_refused() {
    on_each_storage(|fixture| {
        let id = migrated(fixture).id().to_owned();
        let reported = "job/run refused 1.2.0 as manifest.json.backup";
        fixture.tree.put(BACKUP, b"{}");
        let message = format!(
            "{reported} backup_changed: the backup `manifest.json.backup` does not have the bytes that operation {id} found"
        );
        assert_eq!(refused(fixture, &Undo::Last), (message, 1));
        fixture.tree.remove(BACKUP);
        let message =
            format!("{reported} backup_missing: the backup `manifest.json.backup` is not there");
        assert_eq!(refused(fixture, &Undo::Last), (message, 1));
        fixture.tree.put(&format!("{BACKUP}/x"), b"");
        let message = format!(
            "{reported} not_regular: the backup `manifest.json.backup`: expected a regular file, found a directory"
        );
        assert_eq!(refused(fixture, &Undo::Last), (message, 1));
    });
}

#[test]
fn a_manifest_that_is_gone_is_failed_and_its_original_is_named() {
    on_each_storage(|fixture| {
        let id = migrated(fixture).id().to_owned();
        fixture.tree.remove("job/run/manifest.json");
        let message = format!(
            "job/run failed as manifest.json.backup not_found: the manifest is gone; operation {id} kept its original as `manifest.json.backup`"
        );
        assert_eq!(refused(fixture, &Undo::Last), (message, 1));
        fixture.tree.remove(BACKUP);
        assert_eq!(refused(fixture, &Undo::Last).1, 1);
    });
}

#[test]
fn an_original_that_was_put_back_by_hand_is_in_its_place() {
    on_each_storage(|fixture| {
        migrated(fixture);
        fixture.run("job/run", "1.0.0");
        assert_eq!(
            refused(fixture, &Undo::Last),
            ("job/run current 1.0.0".to_owned(), 0)
        );
    });
}

#[test]
fn a_pruned_backup_cannot_come_back_and_the_operation_that_removed_it_is_named() {
    on_each_storage(|fixture| {
        migrated(fixture);
        let all = Prune {
            older_than_seconds: 0,
            include_destructive: false,
        };
        let pruned = fixture.operate(&request(), &|| None, |frame, sink| prune(frame, all, sink));
        let message = format!(
            "job/run refused 1.2.0 as manifest.json.backup backup_pruned: operation {} removed the backup `manifest.json.backup`",
            pruned.id()
        );
        assert_eq!(refused(fixture, &Undo::Last), (message, 1));
    });
}

#[test]
fn two_operations_are_undone_last_first_and_not_the_other_way_round() {
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.0.0");
        let before = fixture.tree.all();
        let first = fixture.migrate_as(&request(), &to("1.1.0"));
        let between = fixture.tree.all();
        let second = fixture.migrate();
        let message = format!(
            "job/run conflict 1.2.0 as manifest.json.backup changed_since: operation {} has replaced it since operation {}; roll that back first",
            second.id(),
            first.id()
        );
        assert_eq!(refused(fixture, &by(&first)), (message, 1));
        assert_eq!(
            fixture
                .roll_back(Undo::Last)
                .summary
                .undoes
                .as_ref()
                .map(OperationId::as_str),
            Some(second.id())
        );
        assert_eq!(fixture.tree.all(), between);
        assert_eq!(
            fixture
                .roll_back(Undo::Last)
                .summary
                .undoes
                .as_ref()
                .map(OperationId::as_str),
            Some(first.id())
        );
        assert_eq!(fixture.tree.all(), before);
        assert_eq!(fixture.roll_back(Undo::Last).summary.undoes, None);
    });
}

#[test]
fn a_rollback_is_never_rolled_back() {
    on_each_storage(|fixture| {
        migrated(fixture);
        let undone = fixture.roll_back(Undo::Last);
        let reported = fixture.roll_back(by(&undone));
        assert_eq!(
            reported.stop(),
            format!(
                "not_reversible: operation {} is a rollback, not a migration",
                undone.id()
            )
        );
        assert_eq!(reported.code(), 2);
    });
}

#[test]
fn a_selection_undoes_a_part_and_the_rest_can_follow() {
    on_each_storage(|fixture| {
        for number in 0..6 {
            fixture.run(&format!("job-{number}/run"), "1.0.0");
        }
        let before = fixture.tree.all();
        let id = fixture.migrate().id().to_owned();
        let undo = |selection, undo| fixture.roll_back_as(&selecting(selection), undo);
        let limit = Selection {
            limit: Some(2),
            ..Selection::default()
        };
        let reported = undo(limit, Undo::Operation(id.clone()));
        assert_eq!(reported.only(Status::Restored), ["job-0/run", "job-1/run"]);
        assert_eq!(reported.counts(), "found 6, selected 2, restored 2");
        let jobs = Selection {
            jobs: vec!["job-[23]".parse().unwrap()],
            ..Selection::default()
        };
        assert_eq!(
            undo(jobs, Undo::Last).counts(),
            "found 4, selected 2, restored 2"
        );
        let without = Selection {
            exclude: vec!["job-4".parse().unwrap()],
            ..Selection::default()
        };
        assert_eq!(
            undo(without, Undo::Last).counts(),
            "found 2, selected 1, restored 1, excluded 1"
        );
        let within = Selection {
            within: Some(at("job-4")),
            ..Selection::default()
        };
        assert_eq!(
            undo(within, Undo::Operation(id)).counts(),
            "found 1, selected 1, restored 1"
        );
        assert_eq!(fixture.tree.all(), before);
    });
}

#[test]
fn a_limit_passes_over_what_cannot_be_undone() {
    on_each_storage(|fixture| {
        fixture.pending(4);
        let id = fixture.migrate().id().to_owned();
        fixture.run("job/0000", "1.2.0");
        let limit = Selection {
            limit: Some(2),
            ..Selection::default()
        };
        let reported = fixture.roll_back_as(&selecting(limit), Undo::Last);
        assert_eq!(
            reported.lines[1..],
            [
                format!(
                    "job/0000 conflict 1.2.0 as manifest.json.backup changed_since: it does not have the bytes that operation {id} wrote: somebody changed it since"
                ),
                "job/0001 restored 1.2.0 -> 1.0.0 as manifest.json.backup".to_owned(),
                "job/0002 restored 1.2.0 -> 1.0.0 as manifest.json.backup".to_owned(),
            ]
        );
        assert_eq!(
            reported.counts(),
            "found 4, selected 3, conflict 1, restored 2"
        );
    });
}

#[test]
fn a_manifest_that_is_named_is_undone_where_it_was_replaced_last() {
    on_each_storage(|fixture| {
        fixture.run("job/one", "1.0.0");
        fixture.run("job/two", "1.0.0");
        fixture.migrate_as(&request(), &to("1.1.0"));
        fixture.migrate_as(&selecting(named(&["job/one"])), &to_latest());
        let digest = crate::digest::Digest::of(
            fixture
                .tree
                .all()
                .iter()
                .find(|(path, _)| path.starts_with("job/one/manifest.json.backup."))
                .unwrap()
                .1
                .as_bytes(),
        )
        .short();
        let both = selecting(named(&["job/two", "job/one"]));
        let reported = fixture.roll_back_as(&both, Undo::Manifests);
        assert_eq!(
            reported.lines[1..],
            [
                format!("job/one restored 1.2.0 -> 1.1.0 as manifest.json.backup.{digest}"),
                "job/two restored 1.1.0 -> 1.0.0 as manifest.json.backup".to_owned(),
            ]
        );
        assert_eq!(reported.summary.undoes, None);
        let reported = fixture.roll_back_as(&selecting(named(&["job/one"])), Undo::Manifests);
        assert_eq!(
            reported.lines[1..],
            ["job/one restored 1.1.0 -> 1.0.0 as manifest.json.backup"]
        );
        let reported = fixture.roll_back_as(&both, Undo::Manifests);
        assert_eq!(reported.lines, ["job/one current", "job/two current"]);
        fixture.run("job/new", "1.2.0");
        let reported = fixture.roll_back_as(&selecting(named(&["job/new"])), Undo::Manifests);
        assert_eq!(
            reported.lines,
            ["job/new refused not_replaced: no operation has replaced it"]
        );
        assert_eq!(reported.code(), 1);
    });
}

#[test]
fn of_an_operation_each_manifest_that_is_named_gets_an_answer() {
    on_each_storage(|fixture| {
        fixture.run("job/one", "1.0.0");
        fixture.run("job/two", "1.0.0");
        fixture.run("job/new", "1.2.0");
        let first = fixture.migrate();
        fixture.roll_back_as(&selecting(named(&["job/one"])), Undo::Last);
        let reported = fixture.roll_back_as(
            &selecting(named(&["job/two", "job/one", "job/new"])),
            by(&first),
        );
        assert_eq!(
            reported.lines[1..],
            [
                format!(
                    "job/new refused not_replaced: operation {} has not replaced it",
                    first.id()
                ),
                "job/one current".to_owned(),
                "job/two restored 1.2.0 -> 1.0.0 as manifest.json.backup".to_owned(),
            ]
        );
        assert_eq!(
            reported.counts(),
            "found 3, selected 3, current 1, refused 1, restored 1"
        );
    });
}

fn tolerating(fixture: &Fixture, request: &Request, most: u64) -> Reported {
    let request = Request {
        command: "rollback".to_owned(),
        ..request.clone()
    };
    let options = Rollback {
        undo: Undo::Last,
        max_failures: Some(Tolerance::Number(most)),
        allow_changed_metadata: false,
    };
    fixture.operate(&request, &|| None, |frame, sink| {
        rollback(frame, &options, sink)
    })
}

#[test]
fn too_many_conflicts_hold_it_before_the_first_is_put_back() {
    on_each_storage(|fixture| {
        fixture.pending(3);
        let id = fixture.migrate().id().to_owned();
        fixture.run("job/0001", "1.2.0");
        let before = (fixture.tree.all(), fixture.tree.state());
        let reported = tolerating(fixture, &request(), 0);
        assert_eq!(
            reported.lines,
            [
                "job/0000 not_attempted".to_owned(),
                format!(
                    "job/0001 conflict 1.2.0 as manifest.json.backup changed_since: it does not have the bytes that operation {id} wrote: somebody changed it since"
                ),
                "job/0002 not_attempted".to_owned(),
            ]
        );
        assert_eq!(
            reported.stop(),
            "too_many_failures: 1 of 3 manifests were refused, failed or in conflict"
        );
        assert_eq!((reported.code(), reported.summary.operation), (4, None));
        assert_eq!((fixture.tree.all(), fixture.tree.state()), before);
        assert_eq!(tolerating(fixture, &dry(), 0).code(), 4);
        let reported = tolerating(fixture, &request(), 1);
        assert_eq!(
            (reported.counts().as_str(), reported.code()),
            ("found 3, selected 3, conflict 1, restored 2", 1)
        );
    });
}
