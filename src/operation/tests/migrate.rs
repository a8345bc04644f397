//! Tests of migrations: decisions, results and reports.
//!
//! Invariant: whole streams of events and whole texts are compared.

use std::num::NonZeroUsize;

use super::fixture::{Tree, catalog, manifest, on_each_storage, request, selecting, to, to_latest};
use super::interposed::{Interposed, Script};
use super::reported::Reported;
use crate::journal::BackupId;
use crate::operation::frame::Request;
use crate::operation::migrate::{Migrate, migrate};
use crate::path::TreePath;
use crate::report::Status;
use crate::selection::Selection;
use crate::storage::Answer;

#[test]
fn what_is_pending_is_migrated_and_the_rest_is_named_in_path_order() {
    on_each_storage(|fixture| {
        fixture.run("job-a/one", "1.0.0");
        fixture.run("job-a/two", "1.1.0");
        fixture.run("job-b/ahead", "1.3.0");
        fixture.run("job-b/current", "1.2.0");
        fixture.manifest("job-b/refused", r#"{"run_id":"x","run_id":"y"}"#);
        let reported = fixture.migrate();
        assert_eq!(
            reported.lines,
            [
                "began 20260228T103000Z-1",
                "job-a/one migrated 1.0.0 -> 1.2.0 as manifest.json.backup",
                "job-a/two migrated 1.1.0 -> 1.2.0 as manifest.json.backup",
                "job-b/ahead ahead 1.3.0",
                "job-b/current current 1.2.0",
                "job-b/refused refused duplicate_name: line 1, column 15: expected each name once in an object, found `run_id` again",
            ]
        );
        assert_eq!(
            reported.counts(),
            "found 5, selected 5, migrated 2, current 1, ahead 1, refused 1"
        );
        assert_eq!(reported.code(), 1);
        let versions = reported.summary.versions.iter();
        let versions: Vec<_> = versions
            .map(|(version, count)| format!("{version} {count}"))
            .collect();
        assert_eq!(versions, ["1.0.0 1", "1.1.0 1", "1.2.0 1", "1.3.0 1"]);
        assert_eq!(
            routes(&reported),
            ["1.0.0 -> 1.2.0 [] 1", "1.1.0 -> 1.2.0 [] 1"]
        );
    });
}

fn routes(reported: &Reported) -> Vec<String> {
    let routes = reported.summary.routes.iter();
    let in_words = |via: &[crate::version::Version]| -> Vec<String> {
        via.iter().map(ToString::to_string).collect()
    };
    routes
        .map(|one| {
            format!(
                "{} -> {} {:?} {}",
                one.from,
                one.to,
                in_words(&one.via),
                one.count
            )
        })
        .collect()
}

#[test]
fn a_manifest_gets_its_members_and_a_record_and_keeps_every_other_byte() {
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.1.0");
        let before = fixture.text("job/run");
        let reported = fixture.migrate();
        let checksum = |digest: Option<crate::digest::Digest>| digest.unwrap().prefixed();
        let (one, after) = (&reported.outcomes[0], fixture.text("job/run"));
        let expected = format!(
            r#"{{"schema_version":"1.2.0","run_id":"job/run","cost":1.50,"chain_metadata":{{"is_chainable_stage":false,"prior_stages":[]}},"migration_history":[{{"from_version":"1.1.0","to_version":"1.2.0","applied_at":"2026-02-28T10:30:00Z","changes":[["set /chain_metadata"]],"checksum_before":"{}","checksum_after":"{}"}}]}}"#,
            checksum(one.checksum_before),
            checksum(one.checksum_after),
        );
        assert_eq!(after, expected + "\n");
        let all = fixture.tree.all();
        let paths: Vec<_> = all.keys().collect();
        assert_eq!(
            paths,
            ["job/run/manifest.json", "job/run/manifest.json.backup"]
        );
        assert_eq!(all["job/run/manifest.json.backup"], before);
    });
}

#[test]
fn a_route_of_several_migrations_has_its_versions_between() {
    on_each_storage(|fixture| {
        let edge = |from: &str, to: &str, member: &str| {
            format!(
                r#"{{"from":"{from}","to":"{to}","kind":"doc","summary":"s","steps":[{{"step":"set_default","at":"/{member}","value":1}}]}}"#
            )
        };
        fixture.catalog = catalog(&[
            (
                "catalog.json",
                r#"{"name":"c","kinds":{"doc":{"file":"manifest.json","version":"/v","history":"/h","unversioned":"1.0.0"}}}"#,
            ),
            ("migrations/a.json", &edge("1.0.0", "1.1.0", "a")),
            ("migrations/b.json", &edge("1.1.0", "1.2.0", "b")),
        ]);
        fixture.manifest("one", "{}");
        fixture.manifest("two", r#"{"v":"1.1.0"}"#);
        let reported = fixture.migrate();
        assert_eq!(
            reported.lines[1..],
            [
                "one migrated 1.0.0 -> 1.2.0 as manifest.json.backup",
                "two migrated 1.1.0 -> 1.2.0 as manifest.json.backup",
            ]
        );
        assert_eq!(
            routes(&reported),
            [r#"1.0.0 -> 1.2.0 ["1.1.0"] 1"#, "1.1.0 -> 1.2.0 [] 1"]
        );
        assert!(
            fixture
                .text("one")
                .contains(r#""changes": [["set /a"], ["set /b"]]"#)
        );
    });
}

#[test]
fn the_order_and_the_bytes_are_the_same_with_any_number_of_jobs() {
    on_each_storage(|fixture| {
        let versions = ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "7.0.0"];
        let jobs = ["a", "a-b", "a/b", "a.b", "a0", "b/c/d"];
        for (number, version) in (0..60).zip(versions.iter().cycle()) {
            let job = jobs[number % jobs.len()];
            fixture.run(&format!("{job}/run-{number}"), version);
        }
        let before = fixture.tree.all();
        let mut seen = Vec::new();
        for jobs in [1, 2, 7] {
            let request = Request {
                jobs: NonZeroUsize::new(jobs).unwrap(),
                ..request()
            };
            let reported = fixture.migrate_as(&request, &to_latest());
            let paths: Vec<_> = reported
                .outcomes
                .iter()
                .map(|one| one.path.clone())
                .collect();
            assert!(paths.is_sorted(), "{paths:?}");
            assert_eq!(
                reported.counts(),
                "found 60, selected 60, migrated 24, current 12, ahead 12, refused 12"
            );
            seen.push((reported.lines[1..].to_vec(), fixture.tree.all()));
            fixture.roll_back(crate::operation::rollback::Undo::Last);
            assert_eq!(fixture.tree.all(), before);
        }
        assert!(seen.iter().all(|one| *one == seen[0]));
    });
}

#[test]
fn a_manifest_that_a_writer_has_is_deferred_until_it_is_asked_for() {
    on_each_storage(|fixture| {
        let text = r#"{"schema_version":"1.0.0","run_id":"a","status":"queued"}"#;
        fixture.manifest("job/run", text);
        let reported = fixture.migrate();
        assert_eq!(reported.lines, ["job/run deferred 1.0.0"]);
        assert_eq!(
            (reported.counts().as_str(), reported.code()),
            ("found 1, selected 1, deferred 1", 0)
        );
        let (oldest, _) = reported.summary.oldest_deferred.clone().unwrap();
        assert_eq!(oldest.as_str(), Some("job/run/manifest.json"));
        assert_eq!(fixture.text("job/run"), text);
        assert!(!fixture.has_state());
        let options = Migrate {
            include_running: true,
            ..to_latest()
        };
        let reported = fixture.migrate_as(&request(), &options);
        assert_eq!(reported.only(Status::Migrated), ["job/run"]);
        assert_eq!(reported.summary.oldest_deferred, None);
    });
}

#[test]
fn a_manifest_above_the_target_is_ahead_and_goes_down_only_where_that_is_allowed() {
    on_each_storage(|fixture| {
        let chain = r#""chain_metadata":{"is_chainable_stage":false,"prior_stages":[]}"#;
        let at = |run: &str, chain: &str| {
            format!(r#"{{"schema_version":"1.2.0","run_id":"{run}",{chain}}}"#)
        };
        fixture.manifest("job/down", &at("down", chain));
        fixture.manifest("job/used", &at("used", &chain.replace("[]", r#"["a"]"#)));
        fixture.run("job/newer", "1.9.0");
        let reported = fixture.migrate_as(&request(), &to("1.1.0"));
        assert_eq!(
            reported.lines,
            [
                "job/down ahead 1.2.0",
                "job/newer ahead 1.9.0",
                "job/used ahead 1.2.0"
            ]
        );
        assert_eq!(reported.code(), 0);
        let downgrade = Migrate {
            allow_downgrade: true,
            ..to("1.1.0")
        };
        let reported = fixture.migrate_as(&request(), &downgrade);
        assert_eq!(
            reported.lines[1..],
            [
                "job/down migrated 1.2.0 -> 1.1.0 as manifest.json.backup",
                "job/newer refused 1.9.0 no_route: no migrations lead from `1.9.0` to `1.1.0`",
                r#"job/used refused 1.2.0 downgrade_lossy: `set_default /chain_metadata` of migration `1.1.0 to 1.2.0` cannot be undone: `/chain_metadata` is `{"is_chainable_stage":false,"prior_stages":["a"]}`, expected `{"is_chainable_stage":false,"prior_stages":[]}`"#,
            ]
        );
        assert!(
            fixture
                .text("job/down")
                .contains(r#""changes":[["removed /chain_metadata"]]"#)
        );
    });
}

#[test]
fn a_target_between_is_reached_and_left_and_each_time_there_is_a_record_and_a_backup() {
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.0.0");
        let original = fixture.text("job/run");
        assert_eq!(fixture.migrate_as(&request(), &to("1.1.0")).code(), 0);
        let between = fixture.text("job/run");
        let reported = fixture.migrate();
        let backup = reported.outcomes[0].backup.clone().unwrap();
        let digest = crate::digest::Digest::of(between.as_bytes()).short();
        assert_eq!(backup.as_str(), format!("manifest.json.backup.{digest}"));
        let all = fixture.tree.all();
        assert_eq!(all["job/run/manifest.json.backup"], original);
        assert_eq!(all[&format!("job/run/{backup}")], between);
        assert_eq!(
            fixture.text("job/run").matches("\"from_version\"").count(),
            2
        );
        assert_eq!(reported.id(), "20260228T103000Z-2");
    });
}

#[test]
fn a_backup_gets_the_first_name_that_is_free_and_without_one_the_manifest_stays() {
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.0.0");
        fixture.run("job/other", "1.0.0");
        let before = fixture.text("job/run");
        let digest = crate::digest::Digest::of(before.as_bytes()).short();
        let hashed = format!("manifest.json.backup.{digest}");
        let mut names = vec!["manifest.json.backup".to_owned(), hashed.clone()];
        names.extend((2..=9).map(|number| format!("{hashed}-{number}")));
        for (taken, next) in names.iter().zip(names[1..].iter().map(Some).chain([None])) {
            fixture.tree.put(&format!("job/run/{taken}"), b"mine");
            let reported = fixture.dry_run(&to_latest());
            assert_eq!(
                reported.only(Status::Pending).len(),
                1 + usize::from(next.is_some())
            );
            let run = selecting(super::fixture::named(&["job/run"]));
            let reported = fixture.migrate_as(&run, &to_latest());
            match next {
                Some(next) => {
                    assert_eq!(reported.outcomes[0].backup, BackupId::new(next));
                    assert_eq!(fixture.tree.text(&format!("job/run/{taken}")), "mine");
                    fixture.roll_back(crate::operation::rollback::Undo::Last);
                }
                None => assert_eq!(
                    reported.lines,
                    [
                        "job/run refused 1.0.0 backup_name_taken: every name from `manifest.json.backup` on is taken"
                    ]
                ),
            }
            assert_eq!(fixture.text("job/run"), before);
        }
    });
}

#[test]
fn a_second_run_writes_nothing() {
    on_each_storage(|fixture| {
        fixture.run("job/one", "1.0.0");
        fixture.manifest("job/broken", "{");
        fixture.migrate();
        let before = (fixture.tree.all(), fixture.tree.state());
        let reported = fixture.migrate();
        assert_eq!(
            reported.lines,
            [
                "job/broken refused truncated: line 1, column 2: expected a name or `}`, found the end of the text",
                "job/one current 1.2.0",
            ]
        );
        assert_eq!(reported.summary.operation, None);
        assert_eq!((fixture.tree.all(), fixture.tree.state()), before);
    });
}

#[test]
fn where_nothing_is_to_be_written_no_state_is_made() {
    on_each_storage(|fixture| {
        fixture.run("job/ahead", "1.3.0");
        fixture.run("job/current", "1.2.0");
        fixture.manifest("job/refused", "[]");
        let reported = fixture.migrate();
        assert_eq!(
            reported.lines,
            [
                "job/ahead ahead 1.3.0",
                "job/current current 1.2.0",
                "job/refused refused not_an_object: line 1, column 1: expected an object at the top level, found an array",
            ]
        );
        assert_eq!(
            reported.counts(),
            "found 3, selected 3, current 1, ahead 1, refused 1"
        );
        assert!(!fixture.has_state());
        assert!(fixture.tree.state().is_empty());
    });
}

#[test]
fn a_tree_without_manifests_is_no_trouble() {
    on_each_storage(|fixture| {
        fixture.tree.put("job/notes.txt", b"nothing");
        let reported = fixture.migrate();
        assert_eq!(
            (reported.lines.len(), reported.counts(), reported.code()),
            (0, String::new(), 0)
        );
        assert!(!fixture.has_state());
    });
}

#[test]
fn a_directory_that_is_called_like_a_manifest_is_refused() {
    on_each_storage(|fixture| {
        fixture.tree.put("job/run/manifest.json/x", b"");
        let not_regular = "job/run refused not_regular: expected a regular file, found a directory";
        assert_eq!(fixture.migrate().lines, [not_regular]);
        let named = selecting(super::fixture::named(&["job/run"]));
        assert_eq!(
            fixture.migrate_as(&named, &to_latest()).lines,
            [not_regular]
        );
    });
}

#[test]
fn a_target_that_no_kind_knows_stops_it_before_anything_is_read() {
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.0.0");
        let reported = fixture.migrate_as(&request(), &to("9.9.9"));
        assert_eq!(
            reported.stop(),
            "target_unknown: target version `9.9.9` does not exist, expected one of `1.0.0, 1.1.0, 1.2.0`"
        );
        assert_eq!(
            (reported.lines.len(), reported.counts(), reported.code()),
            (0, String::new(), 2)
        );
        assert!(!fixture.has_state());
    });
}

/// Changes manifests after they were read and before they are replaced.
struct Meddler(Tree);

impl Script for Meddler {
    fn change(&self, path: &TreePath) -> Option<Answer> {
        let path = path.to_text();
        if path.contains("changed") {
            self.0.put(&path, manifest("1.0.0", "theirs").as_bytes());
        } else if path.contains("removed") {
            self.0.remove(&path);
        }
        None
    }
}

#[test]
fn what_somebody_changed_after_it_was_read_is_a_conflict_and_stays_as_it_is() {
    on_each_storage(|fixture| {
        for run in ["changed", "fine", "removed"] {
            fixture.run(&format!("job/{run}"), "1.0.0");
        }
        let storage = Interposed::new(fixture.storage(), Meddler(fixture.tree.clone()));
        let request = request();
        let reported = fixture.operate_over(&storage, &request, |frame, sink| {
            migrate(frame, &to_latest(), sink)
        });
        assert_eq!(
            reported.lines[1..],
            [
                "job/changed conflict 1.0.0 changed_meanwhile: somebody changed it after it was read",
                "job/fine migrated 1.0.0 -> 1.2.0 as manifest.json.backup",
                "job/removed conflict 1.0.0 changed_meanwhile: somebody removed it after it was read",
            ]
        );
        assert_eq!(
            reported.counts(),
            "found 3, selected 3, migrated 1, conflict 2"
        );
        assert_eq!(reported.code(), 1);
        let all = fixture.tree.all();
        let paths: Vec<_> = all.keys().map(String::as_str).collect();
        assert_eq!(
            paths,
            [
                "job/changed/manifest.json",
                "job/fine/manifest.json",
                "job/fine/manifest.json.backup"
            ]
        );
        assert_eq!(fixture.text("job/changed"), manifest("1.0.0", "theirs"));
    });
}

#[test]
fn a_large_manifest_is_migrated_like_any_other_and_one_beyond_the_limit_is_refused() {
    on_each_storage(|fixture| {
        let with = |bytes: usize| {
            format!(
                r#"{{"schema_version":"1.1.0","run_id":"r","text":"{}"}}"#,
                "x".repeat(bytes)
            )
        };
        for run in ["a", "b"] {
            fixture.manifest(&format!("job/{run}"), &with(1024 * 1024 + 1));
        }
        fixture.manifest("job/c", &with(16 * 1024 * 1024));
        let reported = fixture.migrate();
        assert_eq!(reported.only(Status::Migrated), ["job/a", "job/b"]);
        let refused = "job/c refused too_large: the file has 16777265 bytes, the limit is 16777216";
        assert_eq!(reported.lines[3], refused);
    });
}

#[test]
fn a_selection_that_names_nothing_selects_nothing() {
    on_each_storage(|fixture| {
        fixture.run("job/run", "1.0.0");
        let nothing = Selection {
            manifests: Some(Vec::new()),
            ..Selection::default()
        };
        let reported = fixture.migrate_as(&selecting(nothing), &to_latest());
        assert_eq!(
            (reported.lines.len(), reported.counts(), reported.code()),
            (0, String::new(), 0)
        );
    });
}
