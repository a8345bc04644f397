//! Tests of the lock: a writer takes it first, only one has it, and earlier changes count.
//!
//! Invariant: an operation decides once, under the lock.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use super::fixture::{Fixture, Tree, manifest, on_each_storage, request, ruled, to_latest};
use super::interposed::{Interposed, Script};
use super::reported::Reported;
use crate::operation::backups::{Prune, prune};
use crate::operation::frame::Request;
use crate::operation::migrate::migrate;
use crate::operation::rollback::Undo;
use crate::report::{Signal, Status};
use crate::storage::Begin;

fn locked_by(id: &str) -> String {
    let process = std::process::id();
    format!("locked: another operation is at work: operation {id}, process {process}")
}

#[test]
fn while_one_is_at_work_no_other_begins_even_if_it_has_nothing_to_do() {
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.2.0");
        let (session, id) = fixture.at_work();
        let before = (fixture.tree.all(), fixture.tree.state());
        let prune_all = Prune {
            older_than_seconds: 0,
            include_destructive: false,
        };
        for reported in [
            fixture.migrate(),
            fixture.roll_back(Undo::Last),
            fixture.operate(&request(), &|| None, |frame, sink| {
                prune(frame, prune_all, sink)
            }),
        ] {
            assert_eq!(
                (reported.stop(), reported.code()),
                (locked_by(id.as_str()), 5)
            );
            assert_eq!(
                (reported.lines.len(), reported.counts()),
                (0, String::new())
            );
            assert_eq!(reported.summary.operation, None);
        }
        assert_eq!((fixture.tree.all(), fixture.tree.state()), before);
        session.finish(None);
        assert_eq!(fixture.migrate().lines, ["job/run current 1.2.0"]);
    });
}

#[test]
fn who_has_the_lock_and_has_not_begun_is_looking_at_the_tree() {
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.0.0");
        fixture.migrate();
        let begun = fixture
            .storage()
            .begin(Begin::IfThere, &|| false)
            .unwrap()
            .unwrap();
        let reported = fixture.migrate();
        assert_eq!(
            reported.stop(),
            "locked: another process is looking at the tree"
        );
        begun.session.finish(None);
        assert_eq!(fixture.migrate().code(), 0);
    });
}

fn waiting() -> Request {
    Request {
        wait: true,
        ..request()
    }
}

#[test]
fn who_waits_goes_on_when_the_other_is_done_and_sees_what_that_one_left() {
    on_each_storage(|fixture| {
        fixture.run("job/one", "1.0.0");
        fixture.run("job/two", "1.0.0");
        let (session, _) = fixture.at_work();
        let (asked, asks) = mpsc::channel();
        // Between two tries to take the lock it is asked for signals.
        let watch = || {
            asked.send(()).unwrap();
            None
        };
        let reported = thread::scope(|scope| {
            let second = scope.spawn(|| {
                fixture.operate(&waiting(), &watch, |frame, sink| {
                    migrate(frame, &to_latest(), sink)
                })
            });
            asks.recv().unwrap();
            fixture.run("job/two", "1.2.0");
            assert!(!second.is_finished());
            session.finish(None);
            second.join().unwrap()
        });
        assert_eq!(
            reported.lines[1..],
            [
                "job/one migrated 1.0.0 -> 1.2.0 as manifest.json.backup",
                "job/two current 1.2.0",
            ]
        );
        assert_eq!(reported.code(), 0);
    });
}

#[test]
fn a_signal_ends_the_waiting() {
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.0.0");
        let (session, _) = fixture.at_work();
        for (signal, code) in [(Signal::Interrupt, 130), (Signal::Terminate, 143)] {
            let asked = AtomicUsize::new(0);
            let watch = || (asked.fetch_add(1, Ordering::Relaxed) > 3).then_some(signal);
            let reported = fixture.operate(&waiting(), &watch, |frame, sink| {
                migrate(frame, &to_latest(), sink)
            });
            assert_eq!(
                (reported.code(), reported.summary.signal),
                (code, Some(signal))
            );
            assert_eq!((reported.summary.stop, reported.lines), (None, Vec::new()));
        }
        session.finish(None);
    });
}

#[test]
fn what_was_left_unfinished_is_settled_first_and_told() {
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.2.0");
        let id = fixture.leave_unfinished();
        let reported = fixture.migrate();
        assert_eq!(
            reported.lines,
            [
                format!(
                    "warning recovered: operation {id} had not ended: 0 manifests are migrated, 0 as they were"
                ),
                "job/run current 1.2.0".to_owned(),
            ]
        );
        assert_eq!(reported.code(), 0);
        assert_eq!(fixture.migrate().lines, ["job/run current 1.2.0"]);
    });
}

#[test]
fn an_unfinished_operation_whose_journal_is_not_understood_is_named_and_blocks_nothing() {
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.0.0");
        let id = fixture.leave_unfinished();
        fixture.tree.edit_journal(id.as_str(), |text| {
            text.replacen("journal/2", "journal/3", 1)
        });
        let journal = format!("operations/{id}.jsonl");
        let before = fixture.tree.state()[&journal].clone();
        let warning = format!(
            "warning journal_unknown: operation {id} is not finished, and its journal `{id}.jsonl` has parts that are not understood here: nothing of it is touched"
        );
        let foreseen = fixture.dry_run(&to_latest());
        assert_eq!(
            foreseen.lines[0],
            format!(
                "warning journal_unknown: operation {id} is not finished, and its journal has parts that are not understood here: a migration does not touch it"
            )
        );
        let reported = fixture.migrate();
        assert_eq!(reported.lines[0], warning);
        assert_eq!(reported.only(Status::Migrated), ["job/run"]);
        assert_eq!((reported.code(), reported.summary.unknown_journals), (1, 1));
        assert_eq!(fixture.tree.state()[&journal], before);
        let again = fixture.migrate();
        assert_eq!(again.lines, [warning, "job/run current 1.2.0".to_owned()]);
        assert_eq!(again.code(), 1);
    });
}

/// Puts a manifest into the tree just before the lock is taken to make the state.
struct Quicker {
    tree: Tree,
    run: &'static str,
    text: String,
}

impl Script for Quicker {
    fn lock(&self, begin: Begin) {
        if begin == Begin::Make {
            let path = format!("{}/manifest.json", self.run);
            self.tree.put(&path, self.text.as_bytes());
        }
    }
}

fn migrate_with(fixture: &Fixture, quicker: Quicker) -> Reported {
    let storage = Interposed::new(fixture.storage(), quicker);
    let request = request();
    fixture.operate_over(&storage, &request, |frame, sink| {
        migrate(frame, &to_latest(), sink)
    })
}

#[test]
fn what_changed_between_the_first_look_and_the_lock_is_told_once_as_it_is_then() {
    on_each_storage(|fixture| {
        for run in ["a", "b", "c"] {
            fixture.run(&format!("job/{run}"), "1.0.0");
        }
        fixture.tree.put("job/a/MANIFEST.json", b"");
        let quicker = Quicker {
            tree: fixture.tree.clone(),
            run: "job/b",
            text: manifest("1.2.0", "theirs"),
        };
        let reported = migrate_with(fixture, quicker);
        assert_eq!(
            reported.lines,
            [
                "began 20260228T103000Z-1",
                "warning job/a/MANIFEST.json name_case: not a manifest: its name differs from a manifest's in case",
                "job/a migrated 1.0.0 -> 1.2.0 as manifest.json.backup",
                "job/b current 1.2.0",
                "job/c migrated 1.0.0 -> 1.2.0 as manifest.json.backup",
            ]
        );
        assert_eq!(
            reported.counts(),
            "found 3, selected 3, migrated 2, current 1"
        );
        assert_eq!(reported.summary.versions.values().sum::<u64>(), 3);
    });
}

const UNIQUE: &str = r#"{"rule":"unique","at":["/id"],"name":"one id"}"#;

#[test]
fn rules_over_the_tree_are_judged_under_the_lock() {
    on_each_storage(|fixture| {
        fixture.catalog = ruled(UNIQUE);
        fixture.manifest("a", r#"{"id":1}"#);
        fixture.manifest("b", r#"{"id":2}"#);
        let quicker = Quicker {
            tree: fixture.tree.clone(),
            run: "c",
            text: r#"{"id":2}"#.to_owned(),
        };
        let reported = migrate_with(fixture, quicker);
        let same = "refused 1.0.0 rule_failed: rule `one id` does not hold: `/id` is the same in";
        assert_eq!(
            reported.lines[1..],
            [
                "a migrated 1.0.0 -> 1.1.0 as manifest.json.backup".to_owned(),
                format!("b {same} `c/manifest.json`"),
                format!("c {same} `b/manifest.json`"),
            ]
        );
        assert_eq!(reported.summary.judged, Some(3));
    });
}

#[test]
fn a_rule_that_halts_because_of_what_came_before_the_lock_leaves_no_state() {
    on_each_storage(|fixture| {
        fixture.catalog = ruled(&UNIQUE.replace('}', r#","on_failure":"halt"}"#));
        fixture.manifest("a", r#"{"id":1}"#);
        let quicker = Quicker {
            tree: fixture.tree.clone(),
            run: "b",
            text: r#"{"id":1}"#.to_owned(),
        };
        let reported = migrate_with(fixture, quicker);
        assert_eq!(reported.code(), 4);
        assert_eq!(reported.counts(), "found 2, selected 2, refused 2");
        assert!(!fixture.has_state());
        assert_eq!(fixture.tree.all().len(), 2);
    });
}

#[test]
fn what_was_migrated_by_somebody_else_before_the_lock_leaves_nothing_to_do_and_no_state() {
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.0.0");
        let quicker = Quicker {
            tree: fixture.tree.clone(),
            run: "job/run",
            text: manifest("1.2.0", "theirs"),
        };
        let reported = migrate_with(fixture, quicker);
        assert_eq!(reported.lines, ["job/run current 1.2.0"]);
        assert_eq!(reported.summary.operation, None);
        assert!(!fixture.has_state());
    });
}
