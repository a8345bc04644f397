//! Tests of operations that only read: show, operations, surveys, rehearsals.
//!
//! Invariant: the tree and its state stay as they were.

use super::fixture::{
    Fixture, dry, named, on_each_storage, request, ruled, selecting, to_latest, with_members,
};
use crate::journal::{Command, OperationId, OperationState};
use crate::operation::backups::{Prune, prune};
use crate::operation::migrate::{Detail, Migrate};
use crate::operation::operations::{OperationEntry, operations};
use crate::operation::rehearse::rehearse_tree;
use crate::operation::rollback::Undo;
use crate::operation::show::show;
use crate::operation::survey::Survey;

fn shown(fixture: &Fixture, run: &str, target: Option<&str>) -> Result<String, String> {
    let target = target.map(|target| target.parse().unwrap());
    let mut buffer = Vec::new();
    let request = selecting(named(&[run]));
    fixture.ask(&request, |frame| {
        let shown = show(frame, target.as_ref(), &mut buffer);
        let reported = shown.map(|reading| reading.text().to_owned());
        reported.map_err(|stop| format!("{}: {}", stop.code, stop.message))
    })
}

#[test]
fn what_is_shown_is_what_a_migration_writes() {
    on_each_storage(|fixture| {
        fixture.run("job/one", "1.0.0");
        let now = shown(fixture, "job/one", None).unwrap();
        let between = shown(fixture, "job/one", Some("1.1.0")).unwrap();
        assert!(between.contains("\"schema_version\":\"1.1.0\""));
        assert!(!fixture.has_state());
        fixture.migrate();
        assert_eq!(fixture.text("job/one"), now);
        for version in ["1.2.0", "1.3.0"] {
            fixture.run("job/one", version);
            assert_eq!(
                shown(fixture, "job/one", None).unwrap(),
                fixture.text("job/one")
            );
        }
        fixture.manifest(
            "job/one",
            r#"{"schema_version":"1.1.0","run_id":"r","status":"running"}"#,
        );
        assert!(
            shown(fixture, "job/one", None)
                .unwrap()
                .contains("\"chain_metadata\"")
        );
    });
}

#[test]
fn what_cannot_be_shown_is_told_with_its_code() {
    on_each_storage(|fixture| {
        fixture.manifest("job/broken", "{");
        fixture.run("job/strange", "7.0.0");
        fixture.run("job/inputs/x", "1.0.0");
        for (run, target, expected) in [
            (
                "job/broken",
                None,
                "truncated: `job/broken/manifest.json`: line 1, column 2: expected a name or `}`, found the end of the text",
            ),
            (
                "job/strange",
                None,
                "version_unknown: `job/strange/manifest.json`: `/schema_version` is `7.0.0`, which the catalog does not know: its latest version is `1.2.0`",
            ),
            (
                "job/none",
                None,
                "not_found: `job/none/manifest.json`: cannot open: No such file or directory (os error 2)",
            ),
            (
                "job/inputs/x",
                None,
                "not_found: `job/inputs/x/manifest.json`: no manifest: what lies below `inputs` is data",
            ),
            (
                "job/broken",
                Some("9.9.9"),
                "target_unknown: target version `9.9.9` does not exist, expected one of `1.0.0, 1.1.0, 1.2.0`",
            ),
        ] {
            assert_eq!(shown(fixture, run, target), Err(expected.to_owned()));
        }
    });
}

fn listed(fixture: &Fixture) -> Vec<OperationEntry> {
    let before = fixture.tree.state();
    let listed = operations(fixture.storage()).unwrap();
    assert_eq!(fixture.tree.state(), before);
    listed
}

#[test]
fn operations_are_listed_in_order_with_what_they_did() {
    on_each_storage(|fixture| {
        assert!(listed(fixture).is_empty());
        for run in ["a", "b", "c"] {
            fixture.run(&format!("job/{run}"), "1.0.0");
        }
        let first = fixture.migrate().id().to_owned();
        let earlier = crate::operation::frame::Request {
            started: "2020-01-01T00:00:00Z".parse().unwrap(),
            ..selecting(named(&["job/a"]))
        };
        let second = fixture.roll_back_as(&earlier, Undo::Last).id().to_owned();
        let all = Prune {
            older_than_seconds: 0,
            include_destructive: false,
        };
        let one = selecting(named(&["job/b"]));
        let third = fixture
            .operate(&one, &|| None, |frame, sink| prune(frame, all, sink))
            .id()
            .to_owned();
        let entries = listed(fixture);
        let ids: Vec<_> = entries.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids, [&first, &second, &third]);
        let bytes = |id: &str| fixture.tree.state()[&format!("operations/{id}.jsonl")].len() as u64;
        let expected = OperationEntry {
            id: first.parse().unwrap(),
            state: OperationState::Finished,
            command: Some(Command::Migrate),
            started_at: Some(request().started),
            target_version: Some("1.2.0".parse().unwrap()),
            catalog_digest: Some(fixture.catalog.digest()),
            undoes: None,
            stopped: None,
            migrated: 3,
            restored: 0,
            pruned: 0,
            rolled_back: 1,
            backups_pruned: 1,
            accepted: 0,
            can_be_undone: true,
            journal_bytes: bytes(&first),
        };
        assert_eq!(entries[0], expected);
        assert_eq!(
            (entries[1].command, entries[1].restored),
            (Some(Command::Rollback), 1)
        );
        assert_eq!(
            entries[1].undoes.as_ref().map(OperationId::as_str),
            Some(&*first)
        );
        assert_eq!(
            (entries[2].command, entries[2].pruned),
            (Some(Command::Prune), 1)
        );
    });
}

#[test]
fn operations_that_are_unfinished_damaged_or_unknown_are_listed_as_that() {
    on_each_storage(|fixture| {
        fixture.run("job/a", "1.0.0");
        let first = fixture.migrate().id().to_owned();
        fixture.run("job/b", "1.0.0");
        let second = fixture.migrate().id().to_owned();
        let third = fixture.leave_unfinished();
        fixture.tree.edit_journal(&first, |text| {
            text.replacen("\"migrated\"", "\"migrateD\"", 1)
        });
        fixture
            .tree
            .edit_journal(&second, |text| text.replacen("journal/2", "journal/3", 1));
        let states: Vec<_> = listed(fixture)
            .into_iter()
            .map(|entry| (entry.id.to_string(), entry.state))
            .collect();
        assert_eq!(
            states,
            [
                (first, OperationState::Damaged),
                (second, OperationState::Unknown),
                (third.to_string(), OperationState::Unfinished),
            ]
        );
    });
}

#[test]
fn members_are_counted_over_what_is_selected() {
    on_each_storage(|fixture| {
        fixture.manifest("a/1", r#"{"run_id":"1","agent":"x"}"#);
        fixture.manifest(
            "a/2",
            r#"{"schema_version":"1.2.0","run_id":"2","agent":null,"deep":{"n":1.0}}"#,
        );
        fixture.manifest("b/3", r#"{"schema_version":"1.2.0","run_id":"3","agent":"x","deep":{"n":1.00},"migration_history":[{"backfilled":["/agent"]}]}"#);
        fixture.manifest("b/broken", "{");
        let options = Migrate {
            detail: Detail::Versions,
            survey: Survey {
                fields: vec!["/agent".parse().unwrap(), "/deep/n".parse().unwrap()],
                backfilled: true,
            },
            ..to_latest()
        };
        let reported = fixture.migrate_as(&dry(), &options);
        let survey = reported.summary.survey.unwrap();
        assert_eq!(survey.manifests, 3);
        let fields: Vec<_> = survey
            .fields
            .iter()
            .map(|one| (one.present, one.null, one.missing, one.distinct))
            .collect();
        assert_eq!(fields, [(2, 1, 0, 1), (2, 0, 1, 1)]);
        assert_eq!(survey.fields[1].most_frequent, [("1.0".to_owned(), 2)]);
        assert_eq!(survey.backfilled.unwrap()["/agent"], 1);
        let part = crate::operation::frame::Request {
            selection: crate::selection::Selection {
                jobs: vec!["b".parse().unwrap()],
                ..Default::default()
            },
            ..dry()
        };
        let reported = fixture.migrate_as(&part, &options);
        assert_eq!(reported.summary.survey.unwrap().manifests, 1);
        // Also of a migration, once.
        let reported = fixture.migrate_as(
            &request(),
            &Migrate {
                detail: Detail::Outcomes,
                ..options
            },
        );
        assert_eq!(reported.summary.survey.unwrap().manifests, 3);
    });
}

#[test]
fn a_rehearsal_takes_every_manifest_of_the_tree_through_in_memory() {
    on_each_storage(|fixture| {
        fixture.run("job/a", "1.0.0");
        fixture.run("job/b", "1.2.0");
        fixture.manifest(
            "job/c",
            r#"{"schema_version":"1.1.0","run_id":"r","status":"running"}"#,
        );
        fixture.manifest("job/d", "{");
        fixture.tree.put("job/e/MANIFEST.json", b"");
        let before = fixture.tree.all();
        let rehearsal = fixture.ask(&request(), rehearse_tree).unwrap();
        assert_eq!((rehearsal.manifests, rehearsal.pending), (4, 2));
        let changed: Vec<_> = rehearsal
            .changed
            .iter()
            .map(|(step, paths)| format!("{} {} {}: {:?}", step.from, step.to, step.index, paths))
            .collect();
        assert_eq!(
            changed,
            [
                r#"1.0.0 1.2.0 0: ["job/a/manifest.json"]"#,
                r#"1.0.0 1.2.0 1: ["job/a/manifest.json"]"#,
                r#"1.0.0 1.2.0 2: ["job/a/manifest.json"]"#,
                r#"1.1.0 1.2.0 0: ["job/c/manifest.json"]"#,
            ]
        );
        let troubled: Vec<_> = rehearsal
            .troubled
            .iter()
            .map(|(path, why)| format!("{path} {}", why.code))
            .collect();
        assert_eq!(troubled, ["job/d/manifest.json truncated"]);
        assert_eq!(
            rehearsal
                .notices
                .iter()
                .map(|notice| notice.code.as_str())
                .collect::<Vec<_>>(),
            ["name_case"]
        );
        assert!(
            rehearsal.warned.is_empty()
                && rehearsal.broken.is_empty()
                && rehearsal.halted.is_none()
        );
        assert_eq!(rehearsal.kinds.len(), 1);
        assert_eq!(fixture.tree.all(), before);
        assert!(!fixture.has_state());
    });
}

#[test]
fn a_rehearsal_says_what_rules_over_the_tree_say() {
    on_each_storage(|fixture| {
        let unique = r#"{"rule":"unique","at":["/id"],"name":"it","on_failure":"ON"}"#;
        fixture.manifest("a", r#"{"id":1}"#);
        fixture.manifest("b", r#"{"id":1}"#);
        fixture.manifest("c", r#"{"id":2}"#);
        let rehearse = |fixture: &mut Fixture, on_failure: &str| {
            fixture.catalog = ruled(&unique.replace("ON", on_failure));
            fixture.ask(&request(), rehearse_tree).unwrap()
        };
        let refused = rehearse(fixture, "refuse");
        assert_eq!(
            (refused.pending, refused.troubled.len(), refused.halted),
            (1, 2, None)
        );
        let warned = rehearse(fixture, "warn");
        assert_eq!(
            (warned.pending, warned.warned.len(), warned.troubled.len()),
            (3, 2, 0)
        );
        let halted = rehearse(fixture, "halt");
        assert_eq!(
            halted.halted.unwrap().message,
            "2 manifests violate a rule that halts: rule `it` does not hold: `/id` is the same in `b/manifest.json`"
        );
        assert_eq!((halted.pending, halted.troubled.len()), (1, 2));
    });
}

#[test]
fn schemas_hold_for_what_is_shown() {
    on_each_storage(|fixture| {
        fixture.catalog = with_members(
            r#""rules":[{"rule":"count_equals","items":"/list","expected":1,"name":"one"}]"#,
        );
        fixture.manifest("a", r#"{"list":[]}"#);
        assert_eq!(
            shown(fixture, "a", None),
            Err("rule_failed: `a/manifest.json`: rule `one` does not hold: `/list` has so many elements: 0, expected 1".to_owned())
        );
    });
}
