//! Tests of accepting findings: what is recorded, what is not repeated, and what comes back.
//!
//! Invariant: a finding about other bytes than those that were accepted is always reported.

use super::fixture::{Fixture, dry, named, on_each_storage, request, selecting};
use super::reported::Reported;
use crate::code::Code;
use crate::journal::{Command, Record};
use crate::operation::frame::Request;
use crate::operation::rollback::Undo;
use crate::operation::verify::{Accept, Verify, accept, verify};
use crate::report::Signal;

const OPTIONS: Verify = Verify {
    snapshots: true,
    replay: false,
};

fn verified(fixture: &Fixture) -> Reported {
    fixture.operate(&request(), &|| None, |frame, sink| {
        verify(frame, OPTIONS, sink)
    })
}

fn accepted_as(fixture: &Fixture, request: &Request) -> Reported {
    let options = Accept {
        verify: OPTIONS,
        reason: "it is known".to_owned(),
    };
    fixture.operate(request, &|| None, |frame, sink| {
        accept(frame, &options, sink)
    })
}

fn accepted(fixture: &Fixture) -> Reported {
    accepted_as(fixture, &request())
}

/// The lines that verify has, without those of sound manifests, and the exit code.
fn says(fixture: &Fixture, expected: &[&str], code: u8) {
    let reported = verified(fixture);
    let lines = reported.lines.iter();
    let lines: Vec<_> = lines
        .map(|line| line.replace(" snapshots_not_declared", ""))
        .filter(|line| !line.ends_with(" current"))
        .collect();
    assert_eq!((lines, reported.code()), (owned(expected), code));
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

/// Two migrated runs, of which the first has a changed backup.
fn damaged(fixture: &Fixture) {
    for run in ["a", "b"] {
        fixture.manifest(
            &format!("job/{run}"),
            &format!(r#"{{"run_id":"{run}","n":1}}"#),
        );
    }
    assert_eq!(fixture.migrate().code(), 0);
    fixture.tree.put("job/a/manifest.json.backup", b"{}");
}

#[test]
fn what_is_accepted_is_journalled_and_not_repeated() {
    on_each_storage(|fixture| {
        damaged(fixture);
        says(fixture, &["job/a current backup_changed"], 1);
        let reported = accepted(fixture);
        assert_eq!(
            (reported.code(), reported.summary.accepted),
            (0, Some(1)),
            "{reported:?}"
        );
        let records = fixture.records(reported.id());
        let Record::Began(began) = &records[0] else {
            panic!("{records:?}")
        };
        assert_eq!(began.command, Command::Accept);
        let Record::Accepted(one) = &records[1] else {
            panic!("{records:?}")
        };
        assert_eq!(one.code, Code::BackupChanged);
        assert_eq!(
            one.path.as_ref().unwrap().to_string(),
            "job/a/manifest.json"
        );
        assert_eq!(one.reason.as_deref(), Some("it is known"));
        assert!(matches!(records[2], Record::Ended(_)), "{records:?}");
        says(fixture, &["job/a current accepted"], 0);
        let notes = verified(fixture).summary.notes.unwrap();
        assert_eq!(notes[&Code::Accepted], 1);
        // There is nothing left to accept.
        let again = accepted(fixture);
        assert_eq!((again.code(), again.summary.accepted), (0, Some(0)));
        assert_eq!(again.summary.operation, None);
    });
}

#[test]
fn a_finding_about_other_bytes_comes_back() {
    on_each_storage(|fixture| {
        damaged(fixture);
        accepted(fixture);
        fixture.tree.put("job/a/manifest.json.backup", b"[]");
        says(fixture, &["job/a current backup_changed"], 1);
        fixture.tree.put("job/a/manifest.json.backup", b"{}");
        says(fixture, &["job/a current accepted"], 0);
        // The same finding about another manifest is another one.
        fixture.tree.put("job/b/manifest.json.backup", b"{}");
        says(
            fixture,
            &["job/a current accepted", "job/b current backup_changed"],
            1,
        );
    });
}

#[test]
fn a_refused_manifest_that_is_accepted_is_no_trouble_until_it_changes() {
    on_each_storage(|fixture| {
        fixture.manifest("job/a", "{\"run_id\":1,\"run_id\":2}");
        says(
            fixture,
            &[
                "job/a refused duplicate_name",
                "warning never_migrated: nothing was ever migrated here: there is no journal and no history",
            ],
            1,
        );
        // The tree has no state: one is made.
        let reported = accepted(fixture);
        assert_eq!((reported.code(), reported.summary.accepted), (0, Some(1)));
        says(fixture, &["job/a refused accepted"], 0);
        // The message is the same, the bytes are not.
        fixture.manifest("job/a", "{\"run_id\":3,\"run_id\":2}");
        says(fixture, &["job/a refused duplicate_name"], 1);
    });
}

#[test]
fn a_dry_run_and_a_part_of_the_tree_accept_no_more_than_they_look_at() {
    on_each_storage(|fixture| {
        damaged(fixture);
        fixture.tree.put("job/b/manifest.json.backup", b"{}");
        let before = fixture.tree.state();
        let reported = accepted_as(fixture, &dry());
        assert_eq!((reported.code(), reported.summary.accepted), (0, Some(2)));
        assert_eq!(reported.summary.operation, None);
        assert_eq!(fixture.tree.state(), before);
        let part = accepted_as(fixture, &selecting(named(&["job/b"])));
        assert_eq!(part.summary.accepted, Some(1));
        says(
            fixture,
            &["job/a current backup_changed", "job/b current accepted"],
            1,
        );
    });
}

#[test]
fn a_signal_accepts_nothing() {
    on_each_storage(|fixture| {
        damaged(fixture);
        let before = fixture.tree.state();
        let options = Accept {
            verify: OPTIONS,
            reason: "it is known".to_owned(),
        };
        let reported = fixture.operate(&request(), &|| Some(Signal::Interrupt), |frame, sink| {
            accept(frame, &options, sink)
        });
        assert_eq!(reported.code(), 130);
        assert_eq!(fixture.tree.state(), before);
    });
}

#[test]
fn lost_journals_and_a_lost_head_are_accepted_whatever_names_them_later() {
    on_each_storage(|fixture| {
        damaged(fixture);
        fixture.manifest("job/c", r#"{"run_id":"c"}"#);
        let second = fixture.migrate().id().to_owned();
        fixture
            .tree
            .remove_state(&format!("operations/{second}.jsonl"));
        assert_eq!(accepted(fixture).code(), 0);
        // The journal of the acceptance names it now.
        assert_eq!(verified(fixture).code(), 0);
        fixture.tree.remove_state("head");
        assert_eq!(verified(fixture).code(), 1);
        assert_eq!(accepted(fixture).code(), 0);
        assert_eq!(verified(fixture).code(), 0);
        let notes = verified(fixture).summary.notes.unwrap();
        assert!(notes[&Code::Accepted] >= 2, "{notes:?}");
    });
}

#[test]
fn a_damaged_journal_is_accepted_as_it_is() {
    on_each_storage(|fixture| {
        damaged(fixture);
        let first = "20260228T103000Z-1";
        fixture
            .tree
            .edit_journal(first, |text| text.replacen("migrated", "migrateD", 1));
        assert_eq!(accepted(fixture).code(), 0);
        assert_eq!(verified(fixture).code(), 0);
        fixture.tree.edit_journal(first, |text| text + "{}\n");
        assert_eq!(verified(fixture).code(), 1);
    });
}

#[test]
fn an_acceptance_is_never_the_last_migration() {
    on_each_storage(|fixture| {
        damaged(fixture);
        let id = accepted(fixture).id().to_owned();
        let refused = fixture.roll_back(Undo::Operation(id.clone()));
        assert_eq!(
            refused.stop(),
            format!("not_reversible: operation {id} is an accept, not a migration")
        );
        let reported = fixture.roll_back(Undo::Last);
        assert_eq!(
            reported.summary.undoes.unwrap().as_str(),
            "20260228T103000Z-1"
        );
    });
}
