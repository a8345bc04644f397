//! Tests of the order of operations: journals that name each other, a head, and what becomes of both.
//! Invariant: every ledger here is folded from journals as bytes, as a storage gives them.

use super::super::samples::{digest, ended, id, path, replacing, result};
use super::super::{
    Began, ChangeResult, Command, Forgotten, Predecessor, Reader, Record, Writer, samples,
};
use super::*;
use crate::digest::Digest;

const TREE: [u8; 16] = [7; 16];

/// A state with journals and a head, which grows as operations write it.
struct State {
    journals: Vec<(u64, Vec<u8>)>,
    head: Head,
}

fn name(serial: u64) -> String {
    format!("op-{serial}")
}

/// The changes of an operation of `m`: from the text `serial - 1` to the text `serial`.
fn change(serial: u64) -> Vec<Record> {
    let (before, after) = (format!("{}", serial - 1), format!("{serial}"));
    vec![
        replacing(b"m", &before, &after),
        result(b"m", ChangeResult::Migrated, Some("m.backup")),
    ]
}

impl State {
    fn new() -> Self {
        let head = Head::new(TreeId::of(TREE));
        let journals = Vec::new();
        Self { journals, head }
    }

    /// The state after this many operations.
    fn after(operations: u64) -> Self {
        let mut state = Self::new();
        for _ in 0..operations {
            state.operate(&[]);
        }
        state
    }

    fn operate(&mut self, more: &[Record]) {
        let serial = self.head.serial + 1;
        let before = self.head.operation.clone().zip(self.head.chain);
        let Record::Began(began) = samples::began(&name(serial), Command::Migrate) else {
            unreachable!()
        };
        let mut records = vec![Record::Began(Box::new(Began {
            serial: Some(serial),
            before: before.map(|(operation, chain)| Predecessor { operation, chain }),
            ..*began
        }))];
        records.extend(change(serial));
        records.extend_from_slice(more);
        records.push(ended());
        let (mut writer, mut bytes) = (Writer::default(), Vec::new());
        for record in &records {
            writer.line(record, &mut bytes);
        }
        self.journals.push((serial, bytes));
        self.head.serial = serial;
        self.head.operation = Some(id(&name(serial)));
        self.head.chain = writer.chain();
    }

    fn remove(&mut self, serial: u64) -> &mut Self {
        self.journals.retain(|(one, _)| *one != serial);
        self
    }

    fn edit(&mut self, serial: u64, edit: impl FnOnce(&[u8]) -> Vec<u8>) -> &mut Self {
        let mut journals = self.journals.iter_mut();
        let (_, bytes) = journals.find(|(one, _)| *one == serial).unwrap();
        *bytes = edit(bytes);
        self
    }

    fn folded(&self, head: HeadState) -> (Ledger, Vec<OrderFlaw>) {
        let mut ledger = Ledger::default();
        // Journals without a first record have no serial number, so they come first.
        let mut journals: Vec<_> = self.journals.iter().collect();
        journals.sort_by_key(|(serial, bytes)| (!bytes.is_empty()).then_some(*serial));
        let ids: Vec<_> = journals
            .iter()
            .map(|(serial, bytes)| {
                let numbered = (!bytes.is_empty()).then_some((*serial, TreeId::of(TREE)));
                (id(&name(*serial)), numbered)
            })
            .collect();
        let named = ids.iter().map(|(id, numbered)| (id, *numbered));
        ledger.expect_tree(Ledger::tree_of(&head, named));
        for (serial, bytes) in journals {
            ledger.begin(id(&name(*serial)));
            let mut reader = Reader::default();
            reader.feed(bytes, &mut |record| {
                ledger.fold(record);
                true
            });
            ledger.chained(reader.chain_ends(), reader.fingerprint());
            ledger.end(reader.condition(), reader.all_bytes(), false);
        }
        let heads = Heads {
            before: head.clone(),
            after: head,
        };
        let flaws = ledger.check_order(&heads);
        (ledger, flaws)
    }

    fn flaws(&self) -> Vec<OrderFlaw> {
        self.folded(HeadState::Sound(self.head.clone())).1
    }
}

fn lost(serial: u64, by: Option<u64>, loss: JournalLoss) -> OrderFlaw {
    OrderFlaw::Journal {
        operation: id(&name(serial)),
        named_by: by.map(|by| id(&name(by))),
        loss,
        more: 0,
    }
}

fn first_line(bytes: &[u8]) -> Vec<u8> {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
    bytes[..=end].to_vec()
}

/// The names of operations with their states, in order.
fn states(ledger: &Ledger) -> Vec<(&str, &str)> {
    let operations = ledger.operations().iter();
    operations
        .map(|one| (one.id.as_str(), one.state.as_str()))
        .collect()
}

fn is_certain(ledger: &Ledger) -> Option<(Digest, bool)> {
    let last = ledger.witness(&path(b"m"))?.last?;
    Some((last.digest, last.is_certain))
}

#[test]
fn journals_that_name_each_other_and_the_head_have_no_flaw() {
    for operations in 0..4 {
        let state = State::after(operations);
        assert_eq!(state.flaws(), [], "{operations}");
    }
}

#[test]
fn a_journal_that_the_head_names_and_that_is_gone_emptied_or_cut_is_a_flaw() {
    type Edit = fn(&[u8]) -> Vec<u8>;
    for (loss, edit, state_of_last) in [
        (JournalLoss::Gone, None, "missing"),
        (
            JournalLoss::Emptied,
            Some((|_| Vec::new()) as Edit),
            "missing",
        ),
        (JournalLoss::Cut, Some(first_line as Edit), "damaged"),
    ] {
        let mut state = State::after(2);
        match edit {
            None => state.remove(2),
            Some(edit) => state.edit(2, edit),
        };
        assert_eq!(state.flaws(), [lost(2, None, loss)], "{loss:?}");
        let (ledger, _) = state.folded(HeadState::Sound(state.head.clone()));
        assert_eq!(
            states(&ledger),
            [("op-1", "finished"), ("op-2", state_of_last)]
        );
        // The operation that is lost may have replaced it.
        assert_eq!(is_certain(&ledger), Some((digest("1"), false)), "{loss:?}");
    }
}

#[test]
fn a_journal_that_a_later_one_names_is_missed_and_makes_only_what_was_before_uncertain() {
    let mut state = State::after(3);
    state.remove(2);
    let (ledger, flaws) = state.folded(HeadState::Sound(state.head.clone()));
    assert_eq!(flaws, [lost(2, Some(3), JournalLoss::Gone)]);
    assert_eq!(
        states(&ledger),
        [
            ("op-1", "finished"),
            ("op-2", "missing"),
            ("op-3", "finished")
        ]
    );
    assert_eq!(is_certain(&ledger), Some((digest("3"), true)));
    let entries = ledger.entries(&path(b"m"));
    let by: Vec<_> = entries
        .iter()
        .map(|one| one.operation.id.as_str())
        .collect();
    assert_eq!(by, ["op-1", "op-3"]);
    assert_eq!(ledger.touched_by(&id("op-3")), [path(b"m")]);
}

#[test]
fn several_in_a_row_are_one_flaw_with_their_number() {
    let mut state = State::after(5);
    state.remove(2).remove(3).remove(4);
    let expected = OrderFlaw::Journal {
        operation: id("op-4"),
        named_by: Some(id("op-5")),
        loss: JournalLoss::Gone,
        more: 2,
    };
    assert_eq!(state.flaws(), [expected]);
    state.remove(1).remove(5);
    let all = OrderFlaw::Journal {
        operation: id("op-5"),
        named_by: None,
        loss: JournalLoss::Gone,
        more: 4,
    };
    assert_eq!(state.flaws(), [all]);
}

#[test]
fn a_journal_that_was_removed_on_purpose_is_not_missed() {
    let mut state = State::after(3);
    let forgotten = Record::Forgotten(Forgotten {
        operation: id("op-2"),
        serial: Some(2),
        last_chain: digest("x"),
        digest: digest("y"),
    });
    state.operate(&[forgotten]);
    state.remove(2);
    assert_eq!(state.flaws(), []);
    state.remove(1);
    assert_eq!(state.flaws(), [], "nothing names the first any more");
}

#[test]
fn an_operation_that_is_named_by_its_first_line_is_whole() {
    let mut state = State::after(2);
    let (mut reader, (_, bytes)) = (Reader::default(), &state.journals[1]);
    reader.feed(&first_line(bytes), &mut |_| true);
    state.head.chain = reader.writer().chain();
    assert_eq!(state.flaws(), []);
    state.edit(2, first_line);
    assert_eq!(state.flaws(), []);
}

#[test]
fn a_head_that_is_gone_damaged_behind_or_foreign_is_a_flaw() {
    let state = State::after(2);
    let of = |head| state.folded(head).1;
    assert_eq!(of(HeadState::Absent), [OrderFlaw::HeadAbsent]);
    assert_eq!(of(HeadState::Damaged), [OrderFlaw::HeadDamaged]);
    let behind = OrderFlaw::HeadBehind {
        named: Some(id("op-1")),
        last: id("op-2"),
    };
    assert_eq!(of(HeadState::Sound(State::after(1).head)), [behind]);
    // Its last operation has no journal here.
    let mut foreign = State::after(3).head;
    foreign.tree = TreeId::of([8; 16]);
    assert_eq!(of(HeadState::Sound(foreign)), [OrderFlaw::HeadForeign]);
}

#[test]
fn a_journal_that_nothing_names_yet_does_not_contradict_the_head() {
    // A power cut between the journal and the head leaves it with its first record.
    let mut state = State::after(2);
    state.edit(2, first_line);
    let one = HeadState::Sound(State::after(1).head);
    assert_eq!(state.folded(one).1, []);
    assert_eq!(State::new().folded(HeadState::Absent).1, []);
}

#[test]
fn an_operation_that_began_without_a_head_stays_a_flaw() {
    let mut state = State::after(2);
    state.head.operation = None;
    state.operate(&[]);
    let unlinked = |more| OrderFlaw::Unlinked {
        operation: id("op-3"),
        more,
    };
    assert_eq!(state.flaws(), [unlinked(0)]);
    state.operate(&[]);
    assert_eq!(state.flaws(), [unlinked(0)]);
    state.remove(2);
    assert_eq!(state.flaws(), [unlinked(1)]);
    state.remove(1);
    assert_eq!(state.flaws(), [unlinked(2)]);
}

#[test]
fn a_journal_of_another_tree_says_nothing() {
    let mut state = State::after(2);
    let other = format!("\"tree\":\"{}\"", "07".repeat(16));
    let bytes = String::from_utf8(state.journals[1].1.clone()).unwrap();
    assert!(bytes.contains(&other));
    let records = {
        let (mut reader, mut records) = (Reader::default(), Vec::new());
        reader.feed(bytes.as_bytes(), &mut |record| {
            records.push(record.clone());
            true
        });
        records
    };
    let (mut writer, mut bytes) = (Writer::default(), Vec::new());
    for record in records {
        let record = match record {
            Record::Began(began) => Record::Began(Box::new(Began {
                tree: Some(TreeId::of([8; 16])),
                ..*began
            })),
            other => other,
        };
        writer.line(&record, &mut bytes);
    }
    state.journals[1].1 = bytes;
    let (ledger, flaws) = state.folded(HeadState::Sound(state.head.clone()));
    // It is known as damaged already.
    assert_eq!(flaws, []);
    assert_eq!(states(&ledger), [("op-1", "finished"), ("op-2", "damaged")]);
    assert_eq!(ledger.operations()[1].damage, JournalDamage::Foreign);
    assert_eq!(is_certain(&ledger), Some((digest("1"), false)));
}
