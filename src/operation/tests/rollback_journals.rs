//! Tests of rollbacks where a journal is damaged, not understood or unfinished.
//!
//! Invariant: nothing is put back by a journal that cannot be believed.

use super::fixture::{Fixture, dry, manifest, named, on_each_storage, selecting};
use super::rollback::{by, migrated};
use crate::operation::rollback::Undo;

fn stopped(fixture: &Fixture, undo: Undo) -> String {
    let before = fixture.tree.all();
    let dry = fixture.roll_back_as(&dry(), undo.clone());
    let reported = fixture.roll_back(undo);
    assert_eq!((dry.stop(), dry.code()), (reported.stop(), reported.code()));
    assert_eq!((reported.lines.len(), reported.code()), (0, 2));
    assert_eq!(fixture.tree.all(), before);
    reported.stop()
}

#[test]
fn a_journal_that_was_edited_or_cut_stops_it() {
    on_each_storage(|fixture| {
        let first = migrated(fixture);
        let journal = format!("operations/{}.jsonl", first.id());
        let whole = fixture.tree.state()[&journal].clone();
        let text = String::from_utf8(whole.clone()).unwrap();
        let last_line = text.trim_end().rfind('\n').unwrap() + 1;
        let damaged = format!(
            "journal_damaged: the journal of operation {} was edited, cut off or is damaged: what it did cannot be told for certain",
            first.id()
        );
        for edited in [
            text.replacen("\"path\":", "\"path\": ", 1),
            text[..last_line].to_owned(),
            text[..text.len() - 40].to_owned(),
        ] {
            fixture.tree.put_state(&journal, edited.as_bytes());
            assert_eq!(stopped(fixture, Undo::Last), damaged);
            assert_eq!(stopped(fixture, by(&first)), damaged);
            let named = selecting(named(&["job/run"]));
            assert_eq!(
                fixture.roll_back_as(&named, Undo::Manifests).stop(),
                damaged
            );
        }
        fixture.tree.put_state(&journal, &whole);
        assert_eq!(
            fixture.roll_back(Undo::Last).counts(),
            "found 1, selected 1, restored 1"
        );
    });
}

#[test]
fn a_journal_of_a_newer_version_stops_it() {
    on_each_storage(|fixture| {
        let first = migrated(fixture);
        fixture.tree.edit_journal(first.id(), |text| {
            text.replacen("journal/2", "journal/3", 1)
        });
        let unknown = format!(
            "journal_unknown: the journal of operation {} says something that this version of the program does not know",
            first.id()
        );
        assert_eq!(stopped(fixture, Undo::Last), unknown);
        assert_eq!(stopped(fixture, by(&first)), unknown);
    });
}

#[test]
fn a_damaged_journal_of_a_later_operation_is_a_warning_where_the_id_is_given() {
    on_each_storage(|fixture| {
        let first = migrated(fixture);
        fixture.run("job/later", "1.0.0");
        let second = fixture.migrate();
        fixture
            .tree
            .edit_journal(second.id(), |text| text[..text.len() - 40].to_owned());
        let reported = fixture.roll_back(by(&first));
        assert_eq!(
            reported.lines,
            [
                format!(
                    "warning state_unreadable: the journal of operation {} was edited, cut off or is damaged: what it did cannot be told for certain",
                    second.id()
                ),
                format!("began {}", reported.id()),
                "job/run restored 1.2.0 -> 1.0.0 as manifest.json.backup".to_owned(),
            ]
        );
        assert_eq!(reported.code(), 0);
        assert_eq!(fixture.text("job/run"), manifest("1.0.0", "job/run"));
    });
}

#[test]
fn what_is_unfinished_is_settled_first_and_a_dry_run_names_it() {
    on_each_storage(|fixture| {
        migrated(fixture);
        let id = fixture.leave_unfinished();
        let dry = fixture.roll_back_as(&dry(), Undo::Last);
        assert_eq!(
            dry.lines[0],
            format!("warning unfinished_operation: not finished, or still at work: operation {id}")
        );
        let reported = fixture.roll_back(Undo::Last);
        assert_eq!(
            reported.lines,
            [
                format!(
                    "warning recovered: operation {id} had not ended: 0 manifests are migrated, 0 as they were"
                ),
                format!("began {}", reported.id()),
                "job/run restored 1.2.0 -> 1.0.0 as manifest.json.backup".to_owned(),
            ]
        );
    });
}
