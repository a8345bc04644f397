//! Tests of verification by what is kept beside the manifests: journals, catalogs, and the rules over the tree.
//!
//! Invariant: what is gone is a note; what contradicts is a finding.

use super::fixture::{named, on_each_storage, ruled, selecting};
use super::reported::Reported;
use super::verify::{pair, replayed, verified, verified_as};
use crate::code::Code;
use crate::digest::Digest;
use crate::operation::verify::Verify;

/// Why migrations cannot be computed again.
fn reasons(reported: &Reported) -> Vec<&str> {
    let findings = reported.findings.iter();
    let replays = findings.filter(|one| one.code == Code::NotReplayable);
    replays.map(|one| one.message.as_str()).collect()
}

#[test]
fn a_journal_that_was_changed_is_found_and_the_rest_is_still_proved() {
    on_each_storage(|fixture| {
        pair(fixture);
        let id = "20260228T103000Z-1";
        let journal = format!("operations/{id}.jsonl");
        let whole = String::from_utf8(fixture.tree.state()[&journal].clone()).unwrap();
        let edited = format!(
            "finding journal_damaged: the journal of operation `{id}` has a broken chain: what follows the break is not believed"
        );
        let cut = format!(
            "finding journal_damaged: the journal of operation `{id}` ends too early, though nothing of the operation is unfinished"
        );
        let unknown = format!(
            "finding journal_unknown: the journal of operation `{id}` says something that this version of the program does not know: a newer one wrote it, or it was edited"
        );
        for (text, expected) in [
            (whole.replacen("\"migrated\"", "\"migrateD\"", 1), &edited),
            (whole[..whole.len() - 5].to_owned(), &cut),
            (
                whole[..=whole.trim_end().rfind('\n').unwrap()].to_owned(),
                &cut,
            ),
            (whole.replacen("journal/2", "journal/3", 1), &unknown),
        ] {
            fixture.tree.put_state(&journal, text.as_bytes());
            let reported = verified(fixture);
            assert_eq!(&reported.lines[0], expected);
            assert_eq!(
                (reported.lines.len(), reported.code()),
                (3, 1),
                "{:?}",
                reported.lines
            );
        }
        fixture.tree.put_state(&journal, whole.as_bytes());
        fixture
            .tree
            .put_state("operations/20200101T000000Z-1.jsonl", whole.as_bytes());
        let reported = verified(fixture);
        let other = "finding journal_damaged: the journal of operation `20200101T000000Z-1` is that of another operation, or of another tree: it is not believed";
        assert_eq!(reported.lines[0], other);
        assert_eq!(reported.lines.len(), 3);
    });
}

#[test]
fn without_journal_and_original_a_history_is_unwitnessed_and_not_wrong() {
    on_each_storage(|fixture| {
        let [first, run] = pair(fixture);
        for path in ["operations/20260228T103000Z-1.jsonl", "head"] {
            fixture.tree.remove_state(path);
        }
        let reported = replayed(fixture);
        assert_eq!(
            reported.lines,
            [
                format!("{first} current not_replayable snapshots_not_declared"),
                format!("{run} current not_replayable"),
            ]
        );
        assert_eq!(
            reasons(&reported),
            ["no journal says with which catalog `/migration_history/0` was made"; 2]
        );
        assert_eq!(reported.code(), 0);
        fixture
            .tree
            .put(&format!("{run}/manifest.json.backup"), b"{}");
        let reported = verified(fixture);
        assert_eq!(
            reported.lines[1],
            format!("{run} current backup_unrelated unwitnessed")
        );
        assert_eq!(reported.code(), 0);
    });
}

#[test]
fn a_replay_uses_the_catalog_that_was_used_and_says_when_it_is_gone_or_changed() {
    on_each_storage(|fixture| {
        fixture.catalog = ruled("");
        fixture.manifest("one", r#"{"id":1}"#);
        fixture.migrate();
        let used = std::mem::replace(
            &mut fixture.catalog,
            ruled(r#"{"rule":"unique","at":["/id"]}"#),
        );
        assert_eq!(replayed(fixture).lines, ["one current"]);
        let kept = format!("catalogs/{}.json", used.digest());
        fixture.tree.put_state(&kept, b"{}");
        let reported = replayed(fixture);
        assert_eq!(
            reported.lines,
            [
                format!(
                    "finding kept_changed: `.migrate-manifests/{kept}` has the SHA-256 {}, which is not its name",
                    crate::digest::Digest::of(b"{}")
                ),
                "one current not_replayable".to_owned(),
            ]
        );
        assert_eq!(
            reasons(&reported),
            [format!(
                "`/h/0`: the catalog {} that was used: `.migrate-manifests/{kept}` has the SHA-256 {}, which is not its name",
                used.digest().prefixed(),
                crate::digest::Digest::of(b"{}")
            )]
        );
        assert_eq!(reported.code(), 1);
        assert_eq!(verified(fixture).lines, ["one current"]);
        fixture.tree.remove_state(&kept);
        let reported = replayed(fixture);
        assert_eq!(reported.lines, ["one current not_replayable"]);
        assert_eq!(
            reasons(&reported),
            [format!(
                "`/h/0`: the catalog {} that was used is not kept any more",
                used.digest().prefixed()
            )]
        );
        fixture.catalog = used;
        assert_eq!(replayed(fixture).lines, ["one current"]);
    });
}

#[test]
fn a_replay_that_differs_or_has_no_original_is_told_with_what_it_needs() {
    on_each_storage(|fixture| {
        fixture.catalog = ruled("");
        fixture.manifest("one", r#"{"id":1}"#);
        fixture.migrate();
        let left = fixture.text("one");
        let left = (left.clone(), Digest::of(left.as_bytes()));
        fixture.manifest("one", &left.0.replace("\"id\":1", "\"id\":2"));
        let reported = replayed(fixture);
        let mut differs = reported.findings.iter();
        let differs = differs.find(|one| one.code == Code::ReplayDiffers).unwrap();
        let found = Digest::of(fixture.text("one").as_bytes());
        assert_eq!(
            differs.message,
            format!(
                "the migration of `manifest.json.backup` by operation `20260228T103000Z-1`, computed again, gives bytes with the SHA-256 {}, expected {found}",
                left.1
            )
        );
        fixture.manifest("one", &left.0);
        fixture.tree.remove("one/manifest.json.backup");
        assert_eq!(
            reasons(&replayed(fixture)),
            ["no backup has the original of `/h/0`"]
        );
    });
}

#[test]
fn rules_over_the_tree_that_do_not_hold_are_findings() {
    on_each_storage(|fixture| {
        fixture.catalog = ruled(
            r#"{"rule":"unique","at":["/id"]},{"rule":"count_equals","items":"/list","expected":1,"on_failure":"warn"}"#,
        );
        fixture.manifest("a", r#"{"v":"1.1.0","s":"a","id":1,"list":[]}"#);
        fixture.manifest("b", r#"{"id":1}"#);
        fixture.manifest("c", r#"{"v":"1.1.0","s":"a","id":2}"#);
        let reported = verified(fixture);
        assert_eq!(
            reported.lines[..3],
            [
                "a current rule_warned rule_failed",
                "b pending rule_failed",
                "c current"
            ]
        );
        assert_eq!(reported.code(), 1);
        // Rules over the tree are not checked on a part of it.
        let part = selecting(named(&["b"]));
        assert_eq!(
            verified_as(
                fixture,
                &part,
                Verify {
                    snapshots: true,
                    replay: false
                }
            )
            .lines[0],
            "b pending"
        );
    });
}

#[test]
fn an_unfinished_operation_is_named_and_no_lock_is_taken() {
    on_each_storage(|fixture| {
        pair(fixture);
        let (session, id) = fixture.at_work();
        let reported = verified(fixture);
        assert_eq!(
            reported.lines[0],
            format!("warning unfinished_operation: not finished, or still at work: operation {id}")
        );
        assert_eq!((reported.lines.len(), reported.code()), (3, 0));
        session.finish(None);
        assert_eq!(verified(fixture).lines.len(), 2);
    });
}
