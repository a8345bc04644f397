//! Tests of pruning: which backups are deleted, which stay and why.
//!
//! Invariant: a backup is deleted only if the manifest can be computed from it again, byte for byte.

use std::collections::BTreeMap;

use super::fixture::{
    Fixture, NOW, catalog, dry, manifest, named, on_each_storage, request, selecting, to, to_latest,
};
use super::reported::Reported;
use crate::clock::Timestamp;
use crate::journal::{ChangeResult, Command, Record};
use crate::operation::backups::{Prune, prune};
use crate::operation::frame::Request;
use crate::operation::verify::{Verify, verify};

const ALL: Prune = Prune {
    older_than_seconds: 0,
    include_destructive: false,
};

fn prune_as(fixture: &Fixture, request: &Request, options: Prune) -> Reported {
    let request = Request {
        command: "prune".to_owned(),
        ..request.clone()
    };
    fixture.operate(&request, &|| None, |frame, sink| {
        prune(frame, options, sink)
    })
}

fn migrated(fixture: &Fixture) {
    fixture.run("job/one", "1.0.0");
    fixture.run("job/two", "1.1.0");
    fixture.migrate();
}

#[test]
fn what_would_go_is_told_and_then_goes() {
    on_each_storage(|fixture| {
        migrated(fixture);
        let before = (fixture.tree.all(), fixture.tree.state());
        let dry = prune_as(fixture, &dry(), ALL);
        let line = |run: &str, fate: &str| {
            format!("job/{run} manifest.json.backup of 20260228T103000Z-1: {fate}")
        };
        assert_eq!(
            dry.lines,
            [line("one", "prunable"), line("two", "prunable")]
        );
        assert_eq!((fixture.tree.all(), fixture.tree.state()), before);
        let reported = prune_as(fixture, &request(), ALL);
        let began = "began 20260228T103000Z-2".to_owned();
        assert_eq!(
            reported.lines,
            [began, line("one", "pruned"), line("two", "pruned")]
        );
        assert_eq!(
            (reported.code(), reported.summary.backups_in_trouble),
            (0, 0)
        );
        let all = fixture.tree.all();
        assert_eq!(
            all.keys().collect::<Vec<_>>(),
            ["job/one/manifest.json", "job/two/manifest.json"]
        );
        let records = fixture.records(reported.id());
        let (Record::Began(first), Record::Ended(last)) = (&records[0], records.last().unwrap())
        else {
            panic!("{records:?}")
        };
        assert_eq!(first.command, Command::Prune);
        assert_eq!(last.counts, BTreeMap::from([(ChangeResult::Pruned, 2)]));
        // Once more there is nothing, and nothing is written.
        let before = (fixture.tree.all(), fixture.tree.state());
        let again = prune_as(fixture, &request(), ALL);
        assert_eq!(
            (
                again.lines.len(),
                again.summary.operation,
                again.summary.stop
            ),
            (0, None, None)
        );
        assert_eq!((fixture.tree.all(), fixture.tree.state()), before);
        let proof = Verify {
            snapshots: false,
            replay: false,
        };
        let reported = fixture.operate(&request(), &|| None, |frame, sink| {
            verify(frame, proof, sink)
        });
        assert_eq!(reported.code(), 0);
    });
}

#[test]
fn a_tree_without_state_has_no_backup_that_may_go() {
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.2.0");
        fixture.tree.put("job/run/manifest.json.backup", b"{}");
        let reported = prune_as(fixture, &request(), ALL);
        assert_eq!(
            reported.lines,
            [
                "job/run manifest.json.backup of nobody: kept backup_unrelated: no journal and no history says that `manifest.json.backup` is an original"
            ]
        );
        assert_eq!(reported.code(), 0);
        assert!(!fixture.has_state());
    });
}

#[test]
fn a_part_is_pruned() {
    on_each_storage(|fixture| {
        migrated(fixture);
        let reported = prune_as(fixture, &selecting(named(&["job/two"])), ALL);
        assert_eq!(
            reported.lines[1..],
            ["job/two manifest.json.backup of 20260228T103000Z-1: pruned"]
        );
        assert!(
            fixture
                .tree
                .all()
                .contains_key("job/one/manifest.json.backup")
        );
    });
}

#[test]
fn young_unrelated_changed_and_superseded_backups_stay_each_with_its_reason() {
    on_each_storage(|fixture| {
        migrated(fixture);
        let young = Prune {
            older_than_seconds: 60,
            ..ALL
        };
        let reported = prune_as(fixture, &request(), young);
        let too_young = "manifest.json.backup of nobody: kept backup_too_young: operation `20260228T103000Z-1` made it later than that";
        assert_eq!(
            reported.lines,
            [
                format!("job/one {too_young}"),
                format!("job/two {too_young}")
            ]
        );
        assert_eq!(reported.code(), 0);
        let later = Request {
            started: Timestamp::from_unix_seconds(NOW + 60).unwrap(),
            ..dry()
        };
        assert!(
            prune_as(fixture, &later, young)
                .lines
                .iter()
                .all(|line| line.ends_with(": prunable"))
        );
        fixture.tree.put("job/one/manifest.json.backup.old", b"{}");
        fixture.manifest("job/two", &manifest("1.2.0", "job/two"));
        fixture.run("job/three", "1.0.0");
        fixture.migrate();
        fixture.tree.put("job/three/manifest.json.backup", b"{}");
        let reported = prune_as(fixture, &request(), ALL);
        let digest = |bytes: &[u8]| crate::digest::Digest::of(bytes);
        assert_eq!(
            reported.lines,
            [
                format!("began {}", reported.id()),
                "job/one manifest.json.backup of 20260228T103000Z-1: pruned".to_owned(),
                "job/one manifest.json.backup.old of nobody: kept backup_unrelated: no journal and no history says that `manifest.json.backup.old` is an original".to_owned(),
                format!(
                    "job/three manifest.json.backup of nobody: kept backup_changed: it has the SHA-256 {}, expected {}, that of the original",
                    digest(b"{}"),
                    digest(manifest("1.0.0", "job/three").as_bytes())
                ),
                "job/two manifest.json.backup of nobody: kept changed_since: the manifest is not what the operation left any more".to_owned(),
            ]
        );
        assert_eq!(
            (reported.code(), reported.summary.backups_in_trouble),
            (1, 2)
        );
    });
}

#[test]
fn the_only_copy_of_a_value_stays_unless_that_is_asked_for() {
    on_each_storage(|fixture| {
        fixture.catalog = catalog(&[
            (
                "catalog.json",
                r#"{"name":"own","kinds":{"run":{"file":"manifest.json","version":"/v","history":"/h","unversioned":"1.0.0"}}}"#,
            ),
            (
                "migrations/one.json",
                r#"{"from":"1.0.0","to":"1.1.0","kind":"run","summary":"s","steps":[{"step":"set_default","at":"/owner","value":"nobody","when":"missing_or_null"}]}"#,
            ),
        ]);
        fixture.manifest("one", r#"{"v":"1.0.0","owner":null}"#);
        fixture.migrate();
        let reported = prune_as(fixture, &request(), ALL);
        assert_eq!(
            reported.lines,
            [
                "one manifest.json.backup of nobody: kept only_copy: it has the only copy of the value at `/owner`"
            ]
        );
        assert_eq!((reported.code(), reported.summary.operation), (0, None));
        let destructive = Prune {
            include_destructive: true,
            ..ALL
        };
        let reported = prune_as(fixture, &request(), destructive);
        assert_eq!(
            reported.lines[1..],
            ["one manifest.json.backup of 20260228T103000Z-1: pruned"]
        );
    });
}

#[test]
fn backups_of_several_operations_go_together() {
    on_each_storage(|fixture| {
        fixture.run("job/one", "1.0.0");
        fixture.migrate_as(&request(), &to("1.1.0"));
        fixture.migrate_as(&request(), &to_latest());
        let reported = prune_as(fixture, &request(), ALL);
        let fates: Vec<_> = reported.lines[1..]
            .iter()
            .map(|line| line.rsplit(' ').take(2).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(
            fates,
            ["pruned 20260228T103000Z-1:", "pruned 20260228T103000Z-2:"]
        );
        assert_eq!(fixture.tree.all().len(), 1);
    });
}

#[test]
fn beside_a_manifest_that_cannot_be_read_every_backup_stays() {
    on_each_storage(|fixture| {
        migrated(fixture);
        fixture.tree.remove("job/one/manifest.json");
        fixture.tree.put("job/one/manifest.json/x", b"");
        fixture.manifest("job/two", "{");
        let reported = prune_as(fixture, &request(), ALL);
        assert_eq!(
            reported.lines,
            [
                "job/one manifest.json.backup of nobody: kept not_regular: expected a regular file, found a directory",
                "job/two manifest.json.backup of nobody: kept changed_since: the manifest is not what the operation left any more",
            ]
        );
        assert_eq!(reported.code(), 1);
    });
}
