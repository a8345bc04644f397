//! Tests of plans: made, executed whole and in parts, with changes in between.
//!
//! Invariant: a manifest that is not as planned is refused and keeps its bytes.

use std::sync::Arc;

use super::fixture::{
    Fixture, dry, manifest, named, on_each_storage, request, ruled, selecting, to, to_latest,
};
use super::reported::Reported;
use crate::operation::frame::Request;
use crate::operation::migrate::{Detail, Migrate, migrate};
use crate::plan::{PlanFile, PlanHead, PlanWriter};
use crate::selection::Selection;

fn plan_text(fixture: &Fixture, options: &Migrate) -> String {
    let request = dry();
    let head = PlanHead::new(
        &fixture.catalog,
        options.target.as_ref(),
        &request.tree,
        request.now,
    );
    let mut writer = PlanWriter::new(Vec::new(), &head).unwrap();
    let options = Migrate {
        detail: Detail::Checksums,
        ..options.clone()
    };
    let reported = fixture.operate(&request, &|| None, |frame, sink| {
        migrate(frame, &options, &mut (sink, &mut writer))
    });
    assert_eq!(reported.stop(), "");
    let (is_complete, text) = writer.into_parts();
    assert!(is_complete);
    String::from_utf8(text).unwrap()
}

fn plan(fixture: &Fixture) -> Migrate {
    read(&plan_text(fixture, &to_latest()))
}

fn read(text: &str) -> Migrate {
    Migrate {
        plan: Some(Arc::new(PlanFile::read(text.as_bytes()).unwrap())),
        ..to_latest()
    }
}

fn small(fixture: &Fixture) {
    fixture.run("job-a/one", "1.0.0");
    fixture.run("job-a/two", "1.1.0");
    fixture.run("job-b/ahead", "1.3.0");
    fixture.run("job-b/current", "1.2.0");
}

#[test]
fn a_plan_that_is_executed_is_the_migration_that_it_was_made_of() {
    on_each_storage(|fixture| {
        small(fixture);
        let plan = plan(fixture);
        assert!(!fixture.has_state());
        let reported = fixture.migrate_as(&request(), &plan);
        assert_eq!(
            reported.lines[1..],
            [
                "job-a/one migrated 1.0.0 -> 1.2.0 as manifest.json.backup",
                "job-a/two migrated 1.1.0 -> 1.2.0 as manifest.json.backup",
            ]
        );
        assert_eq!(reported.counts(), "found 2, selected 2, migrated 2");
        let with_plan = fixture.tree.all();
        fixture.roll_back(crate::operation::rollback::Undo::Last);
        fixture.migrate();
        assert_eq!(fixture.tree.all(), with_plan);
        let before = fixture.tree.state();
        let again = fixture.migrate_as(&request(), &plan);
        assert_eq!(
            again.lines,
            ["job-a/one current 1.2.0", "job-a/two current 1.2.0"]
        );
        assert_eq!((again.code(), again.summary.operation), (0, None));
        assert_eq!(fixture.tree.state(), before);
    });
}

#[test]
fn what_may_not_be_migrated_is_not_in_the_plan() {
    on_each_storage(|fixture| {
        small(fixture);
        fixture.manifest("job-c/broken", "{");
        fixture.manifest(
            "job-c/running",
            r#"{"schema_version":"1.0.0","run_id":"r","status":"running"}"#,
        );
        let text = plan_text(fixture, &to_latest());
        let paths: Vec<_> = PlanFile::read(text.as_bytes())
            .unwrap()
            .paths()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            paths,
            ["job-a/one/manifest.json", "job-a/two/manifest.json"]
        );
    });
}

#[test]
fn a_manifest_that_was_planned_is_taken_whatever_its_status_says() {
    on_each_storage(|fixture| {
        fixture.manifest(
            "job/run",
            r#"{"schema_version":"1.0.0","run_id":"r","status":"running"}"#,
        );
        let plan = read(&plan_text(
            fixture,
            &Migrate {
                include_running: true,
                ..to_latest()
            },
        ));
        assert_eq!(
            fixture.migrate_as(&request(), &plan).counts(),
            "found 1, selected 1, migrated 1"
        );
    });
}

#[test]
fn what_changed_since_is_refused_and_what_came_since_is_not_looked_at() {
    on_each_storage(|fixture| {
        small(fixture);
        let plan = plan(fixture);
        let theirs = manifest("1.1.0", "changed");
        fixture.manifest("job-a/two", &theirs);
        fixture.run("job-c/new", "1.0.0");
        let digest = |text: &str| crate::digest::Digest::of(text.as_bytes()).prefixed();
        let drifted = format!(
            "job-a/two refused plan_drifted: expected bytes with the digest `{}`, found `{}`",
            digest(&manifest("1.1.0", "job-a/two")),
            digest(&theirs)
        );
        let dry = fixture.migrate_as(&dry(), &plan);
        assert_eq!(dry.lines, ["job-a/one pending 1.0.0 -> 1.2.0", &drifted]);
        let reported = fixture.migrate_as(&request(), &plan);
        assert_eq!(
            reported.lines[1..],
            [
                "job-a/one migrated 1.0.0 -> 1.2.0 as manifest.json.backup",
                &drifted
            ]
        );
        assert_eq!(reported.code(), 1);
        assert_eq!(fixture.text("job-a/two"), theirs);
        assert_eq!(fixture.text("job-c/new"), manifest("1.0.0", "job-c/new"));
        fixture.tree.remove("job-a/one/manifest.json");
        let gone = fixture.migrate_as(&request(), &plan);
        assert_eq!(
            gone.lines[0],
            "job-a/one failed not_found: cannot open: No such file or directory (os error 2)"
        );
    });
}

#[test]
fn a_plan_is_executed_in_parts() {
    on_each_storage(|fixture| {
        small(fixture);
        fixture.run("job-c/three", "1.0.0");
        let plan = plan(fixture);
        let execute = |selection| -> Reported { fixture.migrate_as(&selecting(selection), &plan) };
        let limit = Selection {
            limit: Some(1),
            ..Selection::default()
        };
        assert_eq!(
            execute(limit).lines[1..],
            ["job-a/one migrated 1.0.0 -> 1.2.0 as manifest.json.backup"]
        );
        let reported = execute(named(&["job-c/three", "job-b/ahead"]));
        assert_eq!(
            reported.lines[1..],
            ["job-c/three migrated 1.0.0 -> 1.2.0 as manifest.json.backup"]
        );
        let job = Selection {
            jobs: vec!["job-a".parse().unwrap()],
            ..Selection::default()
        };
        assert_eq!(
            execute(job).counts(),
            "found 3, selected 2, migrated 1, current 1"
        );
    });
}

#[test]
fn a_plan_of_another_tree_or_another_catalog_is_foreign() {
    on_each_storage(|fixture| {
        small(fixture);
        let plan = plan(fixture);
        fixture.run("job-a/one", "1.1.0");
        fixture.run("job-a/two", "1.0.0");
        let before = fixture.tree.all();
        for request in [dry(), request()] {
            let reported = fixture.migrate_as(&request, &plan);
            assert_eq!(
                reported.stop(),
                "plan_foreign: none of the manifests of the plan is as planned here: it was made of `/tree`"
            );
            assert_eq!(
                (reported.counts().as_str(), reported.code()),
                ("found 2, selected 2, refused 2", 2)
            );
        }
        let built_in = fixture.catalog.digest().prefixed();
        fixture.catalog = ruled("");
        let reported = fixture.migrate_as(&request(), &plan);
        assert_eq!(
            reported.stop(),
            format!(
                "plan_foreign: the plan was made with the catalog `run-manifest` of digest `{built_in}`, found `c` of digest `{}`",
                fixture.catalog.digest().prefixed()
            )
        );
        assert_eq!((reported.lines.len(), reported.code()), (0, 2));
        assert_eq!(fixture.tree.all(), before);
        assert!(!fixture.has_state());
    });
}

#[test]
fn a_plan_for_a_version_between_leads_there() {
    on_each_storage(|fixture| {
        small(fixture);
        let plan = read(&plan_text(fixture, &to("1.1.0")));
        let reported = fixture.migrate_as(&request(), &plan);
        assert_eq!(
            reported.lines[1..],
            ["job-a/one migrated 1.0.0 -> 1.1.0 as manifest.json.backup"]
        );
    });
}

/// An edited plan with the digest of its last line made right again.
fn with_right_digest(edited: &str) -> String {
    let (body, last) = edited.trim_end().rsplit_once('\n').unwrap();
    let body = format!("{body}\n");
    let digest = crate::digest::Digest::of(body.as_bytes()).prefixed();
    let (count, _) = last.split_once("\"digest\"").unwrap();
    format!("{body}{count}\"digest\":\"{digest}\"}}\n")
}

#[test]
fn versions_that_are_not_the_planned_ones_are_refused() {
    on_each_storage(|fixture| {
        small(fixture);
        let text = plan_text(fixture, &to_latest());
        let edited = text.replacen("\"from\":\"1.0.0\"", "\"from\":\"1.0.1\"", 1);
        let plan = read(&with_right_digest(&edited));
        let reported = fixture.migrate_as(&request(), &plan);
        assert_eq!(
            reported.lines[1],
            "job-a/one refused 1.0.0 plan_mismatch: expected a migration from 1.0.1 to 1.2.0, found one from 1.0.0 to 1.2.0"
        );
    });
}

#[test]
fn a_result_that_is_not_the_planned_one_is_refused() {
    on_each_storage(|fixture| {
        small(fixture);
        let text = plan_text(fixture, &to_latest());
        let entry = PlanFile::read(text.as_bytes())
            .unwrap()
            .of(&super::fixture::at("job-a/one/manifest.json"))
            .unwrap();
        let (found, other) = (
            entry.checksum_after.prefixed(),
            crate::digest::Digest::of(b"other").prefixed(),
        );
        let plan = read(&with_right_digest(&text.replace(&found, &other)));
        let reported = fixture.migrate_as(&request(), &plan);
        assert_eq!(
            reported.lines[1..],
            [
                format!(
                    "job-a/one refused 1.0.0 plan_mismatch: expected a result with the checksum `{other}`, found `{found}`"
                ),
                "job-a/two migrated 1.1.0 -> 1.2.0 as manifest.json.backup".to_owned(),
            ]
        );
    });
}

#[test]
fn a_part_of_a_plan_is_held_against_rules_over_the_whole_tree() {
    on_each_storage(|fixture| {
        fixture.catalog = ruled(r#"{"rule":"unique","at":["/id"],"name":"one id"}"#);
        for (run, id) in [("a", 1), ("b", 2), ("c", 3)] {
            fixture.manifest(&format!("j/{run}"), &format!(r#"{{"id":{id}}}"#));
        }
        let plan = plan(fixture);
        fixture.manifest("j/new", r#"{"id":2}"#);
        let part = |runs: &[&str]| fixture.migrate_as(&selecting(named(runs)), &plan);
        let reported = part(&["j/a", "j/b"]);
        assert_eq!(
            reported.lines[1..],
            [
                "j/a migrated 1.0.0 -> 1.1.0 as manifest.json.backup",
                "j/b refused 1.0.0 rule_failed: rule `one id` does not hold: `/id` is the same in `j/new/manifest.json`",
            ]
        );
        assert_eq!(
            (reported.counts().as_str(), reported.summary.judged),
            ("found 2, selected 2, migrated 1, refused 1", Some(4))
        );
        let rest = fixture.migrate_as(&request(), &plan);
        assert_eq!(
            rest.counts(),
            "found 3, selected 3, migrated 1, current 1, refused 1"
        );
        let limited = Request {
            selection: Selection {
                limit: Some(1),
                ..Selection::default()
            },
            ..request()
        };
        fixture.tree.remove("j/new/manifest.json");
        assert_eq!(
            fixture.migrate_as(&limited, &plan).counts(),
            "found 3, selected 2, migrated 1, current 1"
        );
    });
}
