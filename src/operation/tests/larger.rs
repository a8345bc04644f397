//! Tests of documents that take from the budget: every operation gives what it gives for small ones.
//!
//! Invariant: each document here is larger than what is processed without waiting.

use super::fixture::{Fixture, dry, manifest, on_each_storage, request, to};
use super::reported::Reported;
use super::verify::verified_as;
use crate::operation::backups::{Prune, prune};
use crate::operation::budget::SMALL;
use crate::operation::frame::Request;
use crate::operation::rollback::Undo;
use crate::operation::verify::Verify;

fn larger(run: &str, filling: &str) -> String {
    let text = manifest("1.0.0", run);
    let values = filling.repeat(SMALL / filling.len());
    text.replace("1.50", &format!("[{values}0]"))
}

fn replayed(fixture: &Fixture) -> Reported {
    let options = Verify {
        snapshots: false,
        replay: true,
    };
    verified_as(fixture, &request(), options)
}

/// Two migrations of each run, so that each has two originals.
fn migrated_twice(fixture: &Fixture) {
    let fillings = ["1,", "{},", "[[\"x\"]],", "\"\\u00e9 e\",", "1.50,"];
    for (number, filling) in fillings.into_iter().enumerate() {
        let run = format!("job/{number}");
        fixture.manifest(&run, &larger(&run, filling));
    }
    let steps = ["1.1.0", "1.2.0"].map(|version| fixture.migrate_as(&request(), &to(version)));
    for reported in steps {
        assert_eq!(reported.summary.counts.migrated, 5);
    }
}

#[test]
fn they_are_migrated_proved_and_rolled_back_byte_for_byte() {
    on_each_storage(|fixture| {
        migrated_twice(fixture);
        let all = fixture.tree.all();
        assert_eq!(replayed(fixture).code(), 0);
        for operation in 1..=2 {
            let reported = fixture.roll_back(Undo::Last);
            assert_eq!((reported.code(), reported.summary.counts.restored), (0, 5));
            assert!(fixture.tree.all() != all, "{operation}");
        }
        let first = fixture.text("job/0");
        assert_eq!(first, larger("job/0", "1,"));
        assert_eq!(fixture.tree.all().len(), 5);
    });
}

#[test]
fn a_backup_larger_than_its_manifest_is_examined_too() {
    on_each_storage(|fixture| {
        fixture.run("job/small", "1.0.0");
        fixture.migrate();
        let backup = "job/small/manifest.json.backup.0123456789abcdef";
        fixture
            .tree
            .put(backup, larger("job/small", "2,").as_bytes());
        let reported = replayed(fixture);
        assert_eq!(reported.lines, ["job/small current backup_unrelated"]);
    });
}

#[test]
fn their_backups_may_go_where_the_manifest_has_every_value() {
    on_each_storage(|fixture| {
        migrated_twice(fixture);
        let request = Request {
            command: "prune".to_owned(),
            ..dry()
        };
        let all = Prune {
            older_than_seconds: 0,
            include_destructive: false,
        };
        let reported = fixture.operate(&request, &|| None, |frame, sink| prune(frame, all, sink));
        assert_eq!(reported.lines.len(), 10);
        assert!(
            reported
                .lines
                .iter()
                .all(|line| line.ends_with(": prunable")),
            "{:?}",
            reported.lines
        );
    });
}
