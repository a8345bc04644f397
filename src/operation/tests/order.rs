//! Journals against each other and against `head`: what verify finds, what a rollback refuses, and how writers go on.
//!
//! Invariant: each cause is one finding, whatever the number of manifests.

use super::fixture::{Fixture, on_each_storage, request};
use super::reported::Reported;
use crate::journal::{OperationState, Record};
use crate::operation::operations::operations;
use crate::operation::rollback::Undo;
use crate::operation::verify::{Verify, verify};

const FIRST: &str = "20260228T103000Z-1";
const SECOND: &str = "20260228T103000Z-2";
const THIRD: &str = "20260228T103000Z-3";

fn verified(fixture: &Fixture) -> Reported {
    let options = Verify {
        snapshots: false,
        replay: false,
    };
    fixture.operate(&request(), &|| None, |frame, sink| {
        verify(frame, options, sink)
    })
}

/// What verify says apart from manifests.
fn findings(fixture: &Fixture) -> Vec<String> {
    let reported = verified(fixture);
    let lines = reported.lines.iter();
    let findings: Vec<_> = lines
        .filter_map(|line| line.strip_prefix("finding "))
        .map(str::to_owned)
        .collect();
    assert_eq!(
        reported.code(),
        u8::from(!findings.is_empty()),
        "{reported:?}"
    );
    findings
}

fn journal(id: &str) -> String {
    format!("operations/{id}.jsonl")
}

fn first_line(text: &str) -> String {
    let end = text.find('\n').unwrap();
    text[..=end].to_owned()
}

/// Two manifests in each of so many operations.
fn migrated(fixture: &Fixture, operations: usize) {
    for number in 0..operations {
        for run in ["a", "b"] {
            fixture.run(&format!("job/{number}-{run}"), "1.0.0");
        }
        assert_eq!(fixture.migrate().code(), 0);
    }
}

#[test]
fn the_last_journal_that_is_gone_emptied_or_cut_is_one_finding() {
    on_each_storage(|fixture| {
        migrated(fixture, 2);
        assert_eq!(findings(fixture), [""; 0]);
        let path = journal(SECOND);
        let whole = fixture.tree.state()[&path].clone();
        let missing =
            |lost: &str| format!("journal_missing: the journal of operation `{SECOND}` {lost}");
        fixture.tree.remove_state(&path);
        let gone = missing("is not there, but `.migrate-manifests/head` names it");
        assert_eq!(findings(fixture), [gone]);
        fixture.tree.put_state(&path, b"");
        let empty = missing("is empty, but `.migrate-manifests/head` names it");
        assert_eq!(findings(fixture), [empty]);
        let cut = first_line(std::str::from_utf8(&whole).unwrap());
        fixture.tree.put_state(&path, cut.as_bytes());
        let cut = missing("was cut: `.migrate-manifests/head` names a line that it does not have");
        assert_eq!(findings(fixture), [cut]);
        fixture.tree.put_state(&path, &whole);
        assert_eq!(findings(fixture), [""; 0]);
    });
}

#[test]
fn a_journal_in_the_middle_that_is_gone_is_found_and_what_others_say_is_still_proved() {
    on_each_storage(|fixture| {
        migrated(fixture, 3);
        let middle = fixture.tree.state()[&journal(SECOND)].clone();
        fixture.tree.remove_state(&journal(SECOND));
        let gone = format!(
            "journal_missing: the journal of operation `{SECOND}` is not there, but the journal of operation `{THIRD}` names it"
        );
        assert_eq!(findings(fixture), [gone.as_str()]);
        fixture.tree.remove_state(&journal(FIRST));
        let both = format!("{gone}; one operation before it has no journal either");
        assert_eq!(findings(fixture), [both]);
        // What a later operation wrote is certain.
        fixture.manifest("job/2-a", "{}");
        let lines = verified(fixture).lines;
        assert!(
            lines
                .iter()
                .any(|line| line.contains("job/2-a") && line.contains("bytes_differ_from_journal")),
            "{lines:?}"
        );
        let states: Vec<_> = operations(fixture.storage())
            .unwrap()
            .into_iter()
            .map(|one| (one.id.to_string(), one.state))
            .collect();
        assert_eq!(
            states,
            [
                (SECOND.to_owned(), OperationState::Missing),
                (THIRD.to_owned(), OperationState::Finished)
            ]
        );
        fixture.tree.put_state(&journal(SECOND), &middle);
        let first = format!(
            "journal_missing: the journal of operation `{FIRST}` is not there, but the journal of operation `{SECOND}` names it"
        );
        assert_eq!(findings(fixture), [first]);
    });
}

#[test]
fn a_rollback_of_the_last_operation_does_not_take_the_one_before() {
    on_each_storage(|fixture| {
        migrated(fixture, 2);
        let before = fixture.tree.all();
        fixture.tree.remove_state(&journal(SECOND));
        let reported = fixture.roll_back(Undo::Last);
        assert_eq!(
            reported.stop(),
            format!(
                "journal_missing: the journal of operation {SECOND} is gone: what it did cannot be told"
            )
        );
        assert_eq!((reported.code(), fixture.tree.all()), (2, before));
        // By its id the one before can be undone: what was changed since is left alone.
        let reported = fixture.roll_back(Undo::Operation(FIRST.to_owned()));
        assert_eq!(reported.counts(), "found 2, selected 2, restored 2");
    });
}

#[test]
fn a_head_that_is_gone_or_damaged_is_found_and_the_next_operation_carries_the_serial_on() {
    on_each_storage(|fixture| {
        migrated(fixture, 2);
        let head = fixture.tree.state()["head"].clone();
        fixture.tree.put_state("head", b"{");
        let damaged = "head_damaged: `.migrate-manifests/head` is not understood";
        assert_eq!(findings(fixture), [damaged]);
        fixture.run("job/more", "1.0.0");
        let refused = fixture.migrate();
        assert_eq!(
            (refused.stop().as_str(), refused.code()),
            (
                "state_unusable: `.migrate-manifests/head` is not understood",
                2
            )
        );
        fixture.tree.remove_state("head");
        let gone = "head_damaged: `.migrate-manifests/head` is not there, but there are journals";
        assert_eq!(findings(fixture), [gone]);
        assert_eq!(fixture.migrate().id(), THIRD);
        let Some(Record::Began(began)) = fixture.records(THIRD).into_iter().next() else {
            panic!("no first record")
        };
        assert_eq!((began.serial, began.before), (Some(3), None));
        // The tree keeps its id, and the finding stays.
        let tree = |bytes: &[u8]| crate::journal::Head::read(bytes).unwrap().tree;
        assert_eq!(tree(&fixture.tree.state()["head"]), tree(&head));
        let unlinked = format!(
            "head_damaged: `.migrate-manifests/head` was not there when operation `{THIRD}` began, so nothing ties it to what came before"
        );
        assert_eq!(findings(fixture), [unlinked.as_str()]);
        fixture.run("job/last", "1.0.0");
        fixture.migrate();
        assert_eq!(findings(fixture), [unlinked]);
    });
}

#[test]
fn a_head_from_an_old_copy_of_the_state_is_found() {
    on_each_storage(|fixture| {
        migrated(fixture, 1);
        let old = fixture.tree.state()["head"].clone();
        fixture.run("job/more", "1.0.0");
        fixture.migrate();
        fixture.tree.put_state("head", &old);
        let behind = format!(
            "head_damaged: `.migrate-manifests/head` names as the last operation `{FIRST}`, expected `{SECOND}`"
        );
        assert_eq!(findings(fixture), [behind]);
    });
}

#[test]
fn state_of_another_tree_says_nothing_about_this_one() {
    on_each_storage(|fixture| {
        let other = Fixture::memory();
        other.run("job/x", "1.0.0");
        // Another number of changes gives a tree in memory other random bytes.
        other.tree.put("y", b"");
        other.tree.put("z", b"");
        other.migrate();
        let foreign_journal = other.tree.state()[&journal(FIRST)].clone();
        other.run("job/z", "1.0.0");
        other.migrate();
        migrated(fixture, 1);
        let (own, foreign) = (fixture.tree.state(), other.tree.state());
        fixture.tree.put_state(&journal(FIRST), &foreign_journal);
        let another = format!(
            "journal_damaged: the journal of operation `{FIRST}` is that of another operation, or of another tree: it is not believed"
        );
        assert_eq!(findings(fixture), [another]);
        fixture
            .tree
            .put_state(&journal(FIRST), &own[&journal(FIRST)]);
        fixture.tree.put_state("head", &foreign["head"]);
        let head = "head_damaged: `.migrate-manifests/head` is of another tree than the journals";
        assert_eq!(findings(fixture), [head]);
    });
}

#[test]
fn a_tree_without_state_has_no_finding_and_one_at_work_neither() {
    on_each_storage(|fixture| {
        fixture.run("job/a", "1.0.0");
        assert_eq!(findings(fixture), [""; 0]);
        migrated(fixture, 1);
        let (session, _) = fixture.at_work();
        assert_eq!(findings(fixture), [""; 0]);
        drop(session);
        assert_eq!(findings(fixture), [""; 0]);
        fixture.run("job/b", "1.0.0");
        fixture.migrate();
        assert_eq!(findings(fixture), [""; 0]);
    });
}
