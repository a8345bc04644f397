//! Tests of verify.
//!
//! Invariant: a sound tree has no finding, and each damage is done to the files of operations.

use super::fixture::{Fixture, named, on_each_storage, request, selecting, to, to_latest};
use super::reported::Reported;
use crate::code::Code;
use crate::digest::Digest;
use crate::operation::frame::Request;
use crate::operation::migrate::Migrate;
use crate::operation::rollback::Undo;
use crate::operation::verify::{Verify, verify};
use crate::selection::Selection;

pub(super) fn verified_as(fixture: &Fixture, request: &Request, options: Verify) -> Reported {
    let request = Request {
        command: "verify".to_owned(),
        ..request.clone()
    };
    let before = (fixture.tree.all(), fixture.tree.state());
    let reported = fixture.operate(&request, &|| None, |frame, sink| {
        verify(frame, options, sink)
    });
    assert_eq!((fixture.tree.all(), fixture.tree.state()), before);
    reported
}

pub(super) fn verified(fixture: &Fixture) -> Reported {
    verified_as(
        fixture,
        &request(),
        Verify {
            snapshots: true,
            replay: false,
        },
    )
}

pub(super) fn replayed(fixture: &Fixture) -> Reported {
    verified_as(
        fixture,
        &request(),
        Verify {
            snapshots: true,
            replay: true,
        },
    )
}

/// Makes a run that declares a snapshot; returns its run directory.
fn declaring(fixture: &Fixture, job: &str) -> String {
    let content = r#"{"model":"m"}"#;
    let sha = Digest::of(content.as_bytes()).prefixed();
    let hash = Digest::of(format!(r#"{{"config":"{sha}"}}"#).as_bytes());
    let id = &hash.to_string()[..32];
    let run = format!("{job}/{id}");
    fixture
        .tree
        .put(&format!("{run}/inputs/config.json"), content.as_bytes());
    fixture.manifest(
        &run,
        &format!(
            r#"{{"schema_version":"1.1.0","run_id":"{id}","job_id":"{job}","inputs_hash":"{}","input_snapshots":{{"config":{{"path":"inputs/config.json","bytes":{},"sha256":"{sha}"}}}}}}"#,
            hash.prefixed(),
            content.len()
        ),
    );
    run
}

fn legacy(fixture: &Fixture, job: &str, run: &str) -> String {
    fixture.manifest(
        &format!("{job}/{run}"),
        &format!(
            r#"{{"schema_version":"1.0.0","run_id":"{run}","job_id":"{job}","status":"succeeded"}}"#
        ),
    );
    format!("{job}/{run}")
}

pub(super) fn pair(fixture: &Fixture) -> [String; 2] {
    let runs = [legacy(fixture, "job-a", "one"), declaring(fixture, "job-b")];
    assert_eq!(
        fixture.migrate().counts(),
        "found 2, selected 2, migrated 2"
    );
    runs
}

pub(super) fn replace(fixture: &Fixture, run: &str, from: &str, to: &str) {
    let text = fixture.text(run);
    assert!(text.contains(from), "{from} is not in {text}");
    fixture.manifest(run, &text.replacen(from, to, 1));
}

#[test]
fn a_sound_tree_has_no_finding_before_and_after_it_is_migrated() {
    on_each_storage(|fixture| {
        let runs = [legacy(fixture, "job-a", "one"), declaring(fixture, "job-b")];
        let reported = verified(fixture);
        assert_eq!(
            reported.lines,
            [
                format!("{} pending snapshots_not_declared", runs[0]),
                format!("{} pending", runs[1]),
                "warning never_migrated: nothing was ever migrated here: there is no journal and no history".to_owned(),
            ]
        );
        assert_eq!(
            (reported.counts().as_str(), reported.code()),
            ("found 2, selected 2, pending 2", 0)
        );
        assert!(!fixture.has_state());
        fixture.migrate();
        for reported in [verified(fixture), replayed(fixture)] {
            assert_eq!(
                reported.lines,
                [
                    format!("{} current snapshots_not_declared", runs[0]),
                    format!("{} current", runs[1])
                ]
            );
            assert_eq!(
                (
                    reported.summary.findings.as_ref().unwrap().len(),
                    reported.code()
                ),
                (0, 0)
            );
            assert_eq!(
                reported.summary.notes.as_ref().unwrap()[&Code::SnapshotsNotDeclared],
                1
            );
        }
    });
}

#[test]
fn migrations_in_several_operations_are_proved_one_by_one() {
    on_each_storage(|fixture| {
        let run = legacy(fixture, "job", "one");
        fixture.migrate_as(&request(), &to("1.1.0"));
        fixture.migrate();
        let sound = format!("{run} current snapshots_not_declared");
        assert_eq!(replayed(fixture).lines, [sound]);
        fixture.roll_back(Undo::Last);
        assert_eq!(
            replayed(fixture).lines,
            [format!("{run} pending snapshots_not_declared")]
        );
        fixture.migrate();
        fixture.tree.remove(&format!("{run}/manifest.json.backup"));
        // The document between the two is in the second backup: it proves the second record.
        let reported = verified(fixture);
        assert_eq!(
            reported.lines,
            [format!(
                "{run} current backup_missing snapshots_not_declared"
            )]
        );
        assert_eq!(reported.code(), 1);
    });
}

fn damaged(damage: impl Fn(&Fixture, &str) + Sync, findings: &str) {
    on_each_storage(|fixture| {
        let [first, run] = pair(fixture);
        damage(fixture, &run);
        let reported = replayed(fixture);
        let lines: Vec<_> = reported
            .lines
            .iter()
            .map(|line| line.replace(&run, "it"))
            .collect();
        assert_eq!(
            lines,
            [
                format!("{first} current snapshots_not_declared"),
                format!("it {findings}")
            ]
        );
        assert_eq!(reported.code(), 1);
    });
}

#[test]
fn a_changed_manifest_is_found() {
    let change = |from: &'static str, to: &'static str| {
        move |fixture: &Fixture, run: &str| replace(fixture, run, from, to)
    };
    damaged(
        change("\"run_id\":", "\"run_id\": "),
        "current bytes_differ_from_journal replay_differs",
    );
    damaged(
        change("\"inputs_hash\":\"sha256:", "\"inputs_hash\":\"0"),
        "current bytes_differ_from_journal checksum_after_differs protected_changed replay_differs inputs_hash_differs",
    );
    damaged(
        change(
            "\"schema_version\":\"1.2.0\"",
            "\"schema_version\":\"1.1.0\"",
        ),
        "pending bytes_differ_from_journal history_chain_broken checksum_after_differs replay_differs",
    );
    damaged(
        change("{", "["),
        "refused bytes_differ_from_journal syntax_error",
    );
    damaged(
        change("\"changes\"", "\"chances\""),
        "current bytes_differ_from_journal history_record_malformed",
    );
}

#[test]
fn bytes_that_no_operation_left_are_told_with_the_digest_that_was_left() {
    on_each_storage(|fixture| {
        let [_, run] = pair(fixture);
        let left = Digest::of(fixture.text(&run).as_bytes());
        replace(fixture, &run, "\"run_id\":", "\"run_id\": ");
        let found = Digest::of(fixture.text(&run).as_bytes());
        let reported = verified(fixture);
        let differs = reported.findings.iter();
        let differs = differs.filter(|one| one.code == Code::BytesDifferFromJournal);
        let messages: Vec<_> = differs.map(|one| one.message.as_str()).collect();
        assert_eq!(
            messages,
            [format!(
                "its bytes have the SHA-256 {found}, expected {left}, as operation `20260228T103000Z-1` left it"
            )]
        );
    });
}

#[test]
fn a_changed_or_missing_backup_is_found() {
    let backup = |run: &str| format!("{run}/manifest.json.backup");
    damaged(
        |fixture, run| fixture.tree.put(&backup(run), b"{}"),
        "current backup_changed not_replayable",
    );
    damaged(
        |fixture, run| fixture.tree.remove(&backup(run)),
        "current backup_missing not_replayable",
    );
}

#[test]
fn a_changed_or_missing_snapshot_is_found() {
    let file = |run: &str| format!("{run}/inputs/config.json");
    damaged(
        |fixture, run| fixture.tree.put(&file(run), br#"{"model":"n"}"#),
        "current snapshot_hash_differs",
    );
    damaged(
        |fixture, run| fixture.tree.put(&file(run), b"{}"),
        "current snapshot_size_differs snapshot_hash_differs",
    );
    damaged(
        |fixture, run| fixture.tree.remove(&file(run)),
        "current snapshot_missing",
    );
    damaged(
        |fixture, run| {
            fixture.tree.remove(&file(run));
            fixture.tree.put(&format!("{}/x", file(run)), b"");
        },
        "current snapshot_not_regular",
    );
}

#[test]
fn a_snapshot_that_leads_out_is_not_opened() {
    on_each_storage(|fixture| {
        let run = declaring(fixture, "job");
        fixture.tree.put("outside.json", br#"{"model":"m"}"#);
        for path in ["../../outside.json", "/etc/passwd"] {
            replace(fixture, &run, "inputs/config.json", path);
            assert_eq!(
                verified(fixture).lines[0],
                format!("{run} pending snapshot_leads_out")
            );
            replace(fixture, &run, path, "inputs/config.json");
        }
        let without = Verify {
            snapshots: false,
            replay: false,
        };
        fixture.tree.remove(&format!("{run}/inputs/config.json"));
        assert_eq!(
            verified_as(fixture, &request(), without).lines[0],
            format!("{run} pending")
        );
    });
}

#[test]
fn a_run_in_a_directory_of_another_name_is_found() {
    on_each_storage(|fixture| {
        fixture.manifest("job/other", r#"{"run_id":"run","job_id":"job"}"#);
        fixture.manifest("runs/run", r#"{"run_id":"run","job_id":"job"}"#);
        let reported = verified(fixture);
        assert_eq!(
            reported.lines[..2],
            [
                "job/other pending snapshots_not_declared directory_name_differs",
                "runs/run pending snapshots_not_declared",
            ]
        );
    });
}

#[test]
fn a_manifest_that_is_gone_is_named() {
    on_each_storage(|fixture| {
        let [first, run] = pair(fixture);
        fixture.tree.remove(&format!("{run}/manifest.json"));
        let reported = verified(fixture);
        assert_eq!(
            reported.lines,
            [
                format!("{first} current snapshots_not_declared"),
                format!(
                    "finding {run} manifest_missing: operation `20260228T103000Z-1` left it, and it is not there: cannot open: No such file or directory (os error 2)"
                ),
            ]
        );
        assert_eq!(
            (reported.code(), reported.counts().as_str()),
            (1, "found 1, selected 1, current 1")
        );
        let parts = [
            Selection {
                exclude: vec!["job-b".parse().unwrap()],
                ..Selection::default()
            },
            Selection {
                jobs: vec!["job-a".parse().unwrap()],
                ..Selection::default()
            },
            Selection {
                within: Some(super::fixture::at("job-a")),
                ..Selection::default()
            },
            Selection {
                limit: Some(5),
                ..Selection::default()
            },
            named(&[&first]),
        ];
        for part in parts {
            let reported = verified_as(
                fixture,
                &selecting(part),
                Verify {
                    snapshots: true,
                    replay: false,
                },
            );
            assert_eq!(
                reported.lines,
                [format!("{first} current snapshots_not_declared")]
            );
            assert_eq!(reported.code(), 0);
        }
        let gone = verified_as(
            fixture,
            &selecting(named(&[&run])),
            Verify {
                snapshots: true,
                replay: false,
            },
        );
        assert_eq!(gone.lines, [format!("{run} failed not_found")]);
    });
}

#[test]
fn several_that_are_gone_are_named_in_path_order() {
    on_each_storage(|fixture| {
        let runs = ["b", "a", "c", "d"].map(|run| legacy(fixture, "job", run));
        fixture.migrate();
        for run in [&runs[3], &runs[1], &runs[0]] {
            fixture.tree.remove(&format!("{run}/manifest.json"));
        }
        let reported = verified(fixture);
        let places: Vec<_> = reported
            .lines
            .iter()
            .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(
            places,
            [
                "job/c current",
                "finding job/a",
                "finding job/b",
                "finding job/d"
            ]
        );
        assert_eq!(
            reported.summary.findings.unwrap()[&Code::ManifestMissing],
            3
        );
    });
}

#[test]
fn a_limit_is_a_number_of_manifests() {
    on_each_storage(|fixture| {
        for run in ["a", "b", "c"] {
            legacy(fixture, "job", run);
        }
        let limit = Selection {
            limit: Some(2),
            ..Selection::default()
        };
        let reported = verified_as(
            fixture,
            &selecting(limit),
            Verify {
                snapshots: true,
                replay: false,
            },
        );
        assert_eq!(
            reported.lines[..2],
            [
                "job/a pending snapshots_not_declared",
                "job/b pending snapshots_not_declared"
            ]
        );
        assert_eq!(reported.counts(), "found 3, selected 2, pending 2");
    });
}

#[test]
fn a_run_whose_writer_is_at_work_is_not_asked_for_its_snapshots() {
    on_each_storage(|fixture| {
        let run = declaring(fixture, "job");
        replace(
            fixture,
            &run,
            "\"job_id\"",
            "\"status\":\"running\",\"job_id\"",
        );
        fixture.tree.remove(&format!("{run}/inputs/config.json"));
        let reported = verified(fixture);
        assert_eq!(reported.lines[0], format!("{run} deferred"));
        let options = Migrate {
            include_running: true,
            ..to_latest()
        };
        assert_eq!(fixture.migrate_as(&request(), &options).code(), 0);
        assert_eq!(verified(fixture).lines, [format!("{run} current")]);
    });
}
