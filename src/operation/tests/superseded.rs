//! Documents that a producer wrote anew after an operation, and runs that are gone: notes, and what stays a finding.
//!
//! Invariant: each new document is a sound one of the same run; each damage is something that no producer writes.

use super::fixture::{Fixture, on_each_storage, request, to};
use super::reported::Reported;
use crate::code::Code;
use crate::operation::rollback::Undo;
use crate::operation::verify::{Verify, verify};

const OLD: &str = r#"{"schema_version":"1.0.0","run_id":"r","n":1}"#;

/// The same run, as a producer writes it the next time.
const ANEW: &str = r#"{"schema_version":"1.0.0","run_id":"r","n":2}"#;

fn verified(fixture: &Fixture) -> Reported {
    let options = Verify {
        snapshots: true,
        replay: true,
    };
    fixture.operate(&request(), &|| None, |frame, sink| {
        verify(frame, options, sink)
    })
}

/// The lines of verify about the one run, without what it always says, and the exit code.
fn said(fixture: &Fixture) -> (Vec<String>, u8) {
    let reported = verified(fixture);
    let lines = reported.lines.iter();
    let lines = lines.map(|line| line.replace(" snapshots_not_declared", ""));
    (lines.collect(), reported.code())
}

fn says(fixture: &Fixture, line: &str, code: u8) {
    assert_eq!(said(fixture), (vec![line.to_owned()], code));
}

fn migrated(fixture: &Fixture) {
    fixture.manifest("job/r", OLD);
    assert_eq!(fixture.migrate().code(), 0);
    says(fixture, "job/r current", 0);
}

#[test]
fn a_document_that_a_producer_wrote_anew_is_superseded_and_then_migrated_as_any_other() {
    on_each_storage(|fixture| {
        migrated(fixture);
        fixture.manifest("job/r", ANEW);
        says(fixture, "job/r pending superseded", 0);
        fixture.migrate();
        // The older journal is not used against it.
        says(fixture, "job/r current", 0);
        fixture.roll_back(Undo::Last);
        says(fixture, "job/r pending", 0);
        assert_eq!(fixture.text("job/r"), ANEW);
    });
}

#[test]
fn a_document_that_was_made_anew_at_the_target_is_superseded() {
    on_each_storage(|fixture| {
        migrated(fixture);
        let current = fixture.text("job/r");
        let start = current.find(",\"migration_history\"").unwrap();
        let anew = format!("{}}}", &current[..start]).replace("\"n\":1", "\"n\":2");
        fixture.manifest("job/r", &anew);
        says(fixture, "job/r current superseded", 0);
    });
}

#[test]
fn a_run_that_was_removed_and_made_anew_is_superseded_without_its_old_backup() {
    on_each_storage(|fixture| {
        migrated(fixture);
        fixture.tree.remove("job/r/manifest.json.backup");
        fixture.manifest("job/r", ANEW);
        says(fixture, "job/r pending superseded", 0);
        // The new backup has the name of the old one.
        fixture.migrate();
        says(fixture, "job/r current", 0);
    });
}

#[test]
fn a_document_that_another_tool_has_migrated_anew_is_superseded_and_not_proved() {
    on_each_storage(|fixture| {
        let other = Fixture::memory();
        other.manifest("job/r", ANEW);
        other.migrate_as(&request(), &to("1.1.0"));
        migrated(fixture);
        let later = other.text("job/r").replace("2026-02-28", "2026-03-01");
        fixture.manifest("job/r", &later);
        says(
            fixture,
            "job/r pending superseded unwitnessed not_replayable",
            0,
        );
    });
}

type Edit = fn(&str) -> String;

#[test]
fn what_could_be_the_recorded_document_with_a_change_is_damage() {
    on_each_storage(|fixture| {
        let cases: [(&str, Edit); 8] = [
            (
                "bytes_differ_from_journal checksum_after_differs replay_differs",
                |text| text.replace("\"n\":1", "\"n\":2"),
            ),
            ("bytes_differ_from_journal", without_history),
            ("bytes_differ_from_journal", |text| {
                without_history(text).replace(",\"n\"", ", \"n\"")
            }),
            ("bytes_differ_from_journal", |text| {
                without_history(text).replace("\"1.2.0\"", "\"1.1.0\"")
            }),
            ("bytes_differ_from_journal", |_| OLD.to_owned()),
            ("bytes_differ_from_journal", |_| OLD.replace(":1}", ": 1}")),
            ("bytes_differ_from_journal required_missing", |_| {
                ANEW.replace("run_id", "id")
            }),
            // Another run does not belong here.
            ("bytes_differ_from_journal directory_name_differs", |_| {
                ANEW.replace("\"r\"", "\"s\"")
            }),
        ];
        for (expected, edit) in cases {
            migrated(fixture);
            let sound = fixture.text("job/r");
            let damaged = edit(&sound);
            fixture.manifest("job/r", &damaged);
            let (lines, code) = said(fixture);
            let (_, codes) = lines[0].split_once(' ').unwrap();
            let (_, codes) = codes.split_once(' ').unwrap();
            assert_eq!((codes, code), (expected, 1), "{damaged}");
            fixture.manifest("job/r", &sound);
            fixture.roll_back(Undo::Last);
        }
    });
}

fn without_history(text: &str) -> String {
    let start = text.find(",\"migration_history\"").unwrap();
    format!("{}}}", &text[..start])
}

#[test]
fn a_history_record_with_another_checksum_does_not_make_a_document_new() {
    on_each_storage(|fixture| {
        migrated(fixture);
        let text = fixture.text("job/r");
        let at = text.find("\"checksum_before\":\"sha256:").unwrap() + 26;
        let digit = if &text[at..=at] == "0" { "1" } else { "0" };
        let changed = format!("{}{digit}{}", &text[..at], &text[at + 1..]);
        fixture.manifest("job/r", &changed);
        let (lines, code) = said(fixture);
        assert!(
            lines[0].contains("bytes_differ_from_journal checksum_before_differs"),
            "{lines:?}"
        );
        assert_eq!(code, 1);
    });
}

#[test]
fn the_backup_of_a_superseded_document_must_not_change_as_long_as_it_is_there() {
    on_each_storage(|fixture| {
        migrated(fixture);
        fixture.manifest("job/r", ANEW);
        fixture.migrate();
        fixture.tree.put("job/r/manifest.json.backup", b"{}");
        says(fixture, "job/r current backup_changed", 1);
        fixture.tree.remove("job/r/manifest.json.backup");
        says(fixture, "job/r current", 0);
    });
}

#[test]
fn a_manifest_that_was_edited_between_two_migrations_still_needs_its_first_backup() {
    on_each_storage(|fixture| {
        fixture.manifest("job/r", OLD);
        fixture.migrate_as(&request(), &to("1.1.0"));
        let edited = fixture.text("job/r").replace("\"n\":1", "\"n\": 1");
        fixture.manifest("job/r", &edited);
        fixture.migrate();
        fixture.tree.remove("job/r/manifest.json.backup");
        says(fixture, "job/r current backup_missing not_replayable", 1);
    });
}

#[test]
fn a_run_directory_that_is_gone_is_a_note_and_one_that_stands_is_not() {
    on_each_storage(|fixture| {
        migrated(fixture);
        fixture.manifest("job/other", &OLD.replace("\"r\"", "\"other\""));
        fixture.migrate();
        fixture.tree.put("job/r/outputs/o", b"");
        for file in ["job/r/manifest.json", "job/r/manifest.json.backup"] {
            fixture.tree.remove(file);
        }
        let reported = verified(fixture);
        assert_eq!(reported.code(), 1);
        assert_eq!(
            reported.summary.findings.unwrap()[&Code::ManifestMissing],
            1
        );
        fixture.tree.remove_run("job/r");
        let reported = verified(fixture);
        assert_eq!(
            reported.lines.last().unwrap(),
            "finding job/r gone: operation `20260228T103000Z-1` left it, and its run directory is gone"
        );
        assert_eq!(reported.code(), 0);
        assert_eq!(reported.summary.notes.unwrap()[&Code::Gone], 1);
    });
}
