//! Tests of journals that are whole, torn, damaged, forged, or of another version.

use std::collections::BTreeMap;

use super::samples::*;
use super::*;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::path::{FileName, TreePath};

fn journal(records: &[Record]) -> Vec<u8> {
    let (mut writer, mut bytes) = (Writer::default(), Vec::new());
    for record in records {
        writer.line(record, &mut bytes);
    }
    bytes
}

fn read(bytes: &[u8]) -> (Vec<Record>, Reader) {
    let (mut reader, mut records) = (Reader::default(), Vec::new());
    reader.feed(bytes, &mut |record| {
        records.push(record.clone());
        true
    });
    (records, reader)
}

fn usual() -> Vec<Record> {
    vec![
        began("one", Command::Migrate),
        replacing(b"a", "1", "2"),
        replacing(b"b\xff", "3", "4"),
        result(b"a", ChangeResult::Migrated, Some("a.backup")),
    ]
}

fn every_record() -> Vec<Record> {
    let mut all = usual();
    all.extend([
        restoring("one", "2", "1"),
        removing("one", "1"),
        Record::Reverse(Box::new(Reverse {
            path: path(b"a"),
            backup: backup("a.backup"),
            from: digest("2"),
            to: digest("1"),
            part: Part {
                number: 0,
                last: true,
            },
            edits: vec![
                OriginalPiece::Keep { at: 0, bytes: 7 },
                OriginalPiece::Put("\"x\"".to_owned()),
            ],
            storage: Some(Opaque::of(&1)),
        })),
        Record::Storage(StorageNote {
            path: path(b"a"),
            storage: Opaque::of(&[1, 2]),
        }),
        Record::Accepted(Accepted {
            code: crate::code::Code::BackupMissing,
            path: Some(path(b"a")),
            digest: Some(digest("2")),
            operation: Some(id("one")),
            reason: Some("moved to tape".to_owned()),
        }),
        Record::Forgotten(Forgotten {
            operation: id("old"),
            serial: Some(3),
            last_chain: digest("x"),
            digest: digest("y"),
        }),
        Record::Cut(Cut {
            at_bytes: 10,
            dropped_bytes: 3,
        }),
        Record::Discarded(Discarded {
            path: None,
            name: FileName::new("n").unwrap(),
            digest: Some(digest("z")),
            kept_as: TreePath::new(b"k"),
        }),
        Record::Ended(Box::new(Ended {
            ended_at: Some(Timestamp::EPOCH),
            counts: BTreeMap::from([(ChangeResult::Migrated, 1)]),
            codes: BTreeMap::from([(crate::code::Code::IoError, 2)]),
            recovered: false,
            stopped: Some(Stopped {
                code: crate::code::Code::Interrupted,
                message: Some("SIGINT".to_owned()),
            }),
        })),
    ]);
    all
}

#[test]
fn every_record_that_is_written_is_read_back() {
    let all = every_record();
    let bytes = journal(&all);
    let (records, reader) = read(&bytes);
    assert_eq!(records, all);
    assert_eq!(reader.condition(), Integrity::Whole);
    assert_eq!(reader.sound_bytes(), bytes.len() as u64);
    let schema = include_str!("../../docs/journal.schema.json");
    let mut schema: serde_json::Value = serde_json::from_str(schema).unwrap();
    for (_, record) in schema["$defs"].as_object_mut().unwrap() {
        // The samples have a value that no storage understands.
        if let Some(storage) = record.pointer_mut("/properties/storage") {
            *storage = true.into();
        }
    }
    let schema = jsonschema::validator_for(&schema).unwrap();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let text = std::str::from_utf8(line).unwrap();
        crate::json::Text::scan(line).unwrap_or_else(|error| panic!("{text} {error}"));
        let problems: Vec<_> = schema
            .iter_errors(&serde_json::from_str(text).unwrap())
            .map(|error| format!("{} {error}", error.instance_path()))
            .collect();
        assert!(problems.is_empty(), "{text} {problems:#?}");
    }
}

#[test]
fn pieces_of_any_size_give_the_same_records() {
    let bytes = journal(&usual());
    for size in [1, 7, 100, 4096] {
        let (mut reader, mut count) = (Reader::default(), 0);
        for piece in bytes.chunks(size) {
            reader.feed(piece, &mut |_| {
                count += 1;
                true
            });
        }
        assert_eq!((count, reader.condition()), (4, Integrity::Whole), "{size}");
    }
}

#[test]
fn a_torn_last_line_is_ignored() {
    let whole = journal(&usual()[..3]);
    let both = journal(&usual());
    for end in whole.len()..both.len() {
        let (records, reader) = read(&both[..end]);
        assert_eq!(reader.sound_bytes(), whole.len() as u64);
        assert_eq!(records.len(), 3);
        let torn = end > whole.len();
        assert_eq!(reader.condition() == Integrity::Torn, torn, "{end}");
    }
    for garbage in [
        &[0; 40][..],
        b"\n\n\0\n",
        b"{\"seq\":1",
        &vec![b'x'; 3_000_000],
    ] {
        let (_, reader) = read(&[&whole, garbage].concat());
        assert_eq!(reader.condition(), Integrity::Torn);
        assert_eq!(reader.sound_bytes(), whole.len() as u64);
    }
}

#[test]
fn a_changed_line_breaks_the_chain_there() {
    let first = journal(&usual()[..1]).len();
    let mut bytes = journal(&usual());
    bytes[first + 30] ^= 1;
    let (records, reader) = read(&bytes);
    assert_eq!((records.len(), reader.condition()), (1, Integrity::Damaged));
    let mut last = journal(&usual());
    let at = last.len() - 100;
    last[at] ^= 1;
    assert_eq!(read(&last).1.condition(), Integrity::Damaged);
}

fn chained(lines: &[&str]) -> Vec<u8> {
    let (mut chain, mut bytes) = (None, Vec::new());
    for line in lines {
        let next = writer::link(chain, line.as_bytes());
        bytes.extend_from_slice(format!("{line},\"chain\":\"{next}\"}}\n").as_bytes());
        chain = Some(next);
    }
    bytes
}

fn bodies() -> Vec<String> {
    let bytes = journal(&usual());
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let bodies = text.lines().map(|line| line.split(",\"chain\"").next());
    bodies.map(|body| body.unwrap().to_owned()).collect()
}

#[test]
fn whatever_is_not_understood_makes_the_journal_unknown() {
    let bodies = bodies();
    let with = |line: usize, from: &str, to: &str| {
        let mut all = bodies.clone();
        let changed = all[line].replace(from, to);
        assert_ne!(changed, all[line], "{from}");
        all[line] = changed;
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        read(&chained(&all)).1.condition()
    };
    let hex = format!("sha256:{}", digest("1"));
    for (line, from, to) in [
        (0, "journal/2", "journal/3"),
        (0, "\"command\":\"migrate\"", "\"command\":\"explode\""),
        (0, "\"operation\":\"one\"", "\"operation\":\"../one\""),
        (0, "\"serial\":1,", ""),
        (0, "\"now\":\"1970-01-01T00:00:00Z\"", "\"now\":\"today\""),
        (1, &*hex, "blake3:00"),
        (1, &hex, &hex["sha256:".len()..]),
        (1, "\"path\":\"a\"", "\"path\":\"../a\""),
        (1, "\"type\":\"replacing\"", "\"type\":\"exploding\""),
        (1, "\"path\"", "\"more\":1,\"path\""),
        (1, "\"type\":\"replacing\"", "\"type\":\"began\""),
        (3, "\"migrated\"", "\"exploded\""),
        (3, "a.backup", "../a.backup"),
        (3, "a.backup", "a/b"),
    ] {
        assert_eq!(with(line, from, to), Integrity::Unknown, "{from} to {to}");
    }
    assert_eq!(with(1, "\"seq\":1", "\"seq\":7"), Integrity::Damaged);
    let all: Vec<&str> = bodies.iter().map(String::as_str).collect();
    assert_eq!(read(&chained(&all)).1.condition(), Integrity::Whole);
    let no_first = chained(&all[1..]);
    assert_eq!(read(&no_first).1.condition(), Integrity::Damaged);
}

#[test]
fn a_record_that_the_storage_does_not_understand_makes_the_journal_unknown() {
    let mut reader = Reader::default();
    reader.feed(&journal(&usual()), &mut |record| {
        !matches!(record, Record::Replacing(_))
    });
    assert_eq!(reader.condition(), Integrity::Unknown);
}

#[test]
fn a_journal_of_format_1_is_read_and_continued_in_its_own_format() {
    let bytes = include_bytes!("../../fixtures/formats/journal-1.jsonl");
    let (records, reader) = read(bytes);
    assert_eq!(reader.condition(), Integrity::Whole);
    let Record::Began(began) = &records[0] else {
        panic!("{:?}", records[0]);
    };
    assert_eq!((began.serial, began.command), (None, Command::Migrate));
    let Record::Replacing(replacing) = &records[1] else {
        panic!("{:?}", records[1]);
    };
    let after = "6ca5a1a1313b42e9cbb0372e10cc4524af4e4a0b7e8c7e74ea6b08b3bc95dcd1";
    assert_eq!(replacing.after.to_string(), after);
    let mut longer = bytes.to_vec();
    let mut writer = reader.writer().clone();
    let more = [
        result(b"b\xff", ChangeResult::Finished, Some("b.backup")),
        Record::Cut(Cut {
            at_bytes: 1,
            dropped_bytes: 1,
        }),
        Record::Ended(Box::new(Ended {
            recovered: true,
            counts: BTreeMap::from([(ChangeResult::Migrated, 3)]),
            ..Ended::default()
        })),
    ];
    for record in &more {
        writer.line(record, &mut longer);
    }
    let (again, reader) = read(&longer);
    assert_eq!(reader.condition(), Integrity::Whole);
    assert_eq!(again[records.len()..], [more[0].clone(), more[2].clone()]);
}

/// The file was written once and stays: programs that wrote it are in use.
#[test]
fn a_journal_and_a_head_that_were_written_before_stay_readable() {
    let bytes = include_bytes!("../../fixtures/formats/journal-2.jsonl");
    let (records, reader) = read(bytes);
    assert_eq!(reader.condition(), Integrity::Whole);
    assert_eq!(records.len(), 13);
    assert_eq!(journal(&records), bytes);
    let bytes = include_bytes!("../../fixtures/formats/head-1.json");
    let head = Head::read(bytes).unwrap();
    assert_eq!((head.serial, head.operation), (7, Some(id("one"))));
}

fn migrated(before: &str, after: &str) -> [Record; 2] {
    [
        replacing(b"m", before, after),
        result(b"m", ChangeResult::Migrated, Some("m.backup")),
    ]
}

fn last(ledger: &Ledger) -> (Digest, bool) {
    let last = ledger.witness(&path(b"m")).unwrap().last.unwrap();
    (last.digest, last.is_certain)
}

#[test]
fn the_last_operation_that_was_done_says_what_stands_there() {
    let (one, two) = (migrated("a", "b"), migrated("b", "c"));
    let all = ledger(&[
        ("one", Command::Migrate, &one),
        ("two", Command::Migrate, &two),
    ]);
    assert_eq!(last(&all), (digest("c"), true));
    let witness = all.witness(&path(b"m")).unwrap();
    assert_eq!(witness.replaced.len(), 2);
    assert_eq!(witness.replaced[0].later, Some((&id("two"), digest("c"))));
    assert_eq!(all.expected_beside(&[]), [(path(b"m"), &id("two"))]);
    assert!(all.expected_beside(&[true]).is_empty());
    assert_eq!(all.witness(&path(b"n")), None);
}

#[test]
fn an_original_that_is_back_is_left_and_nothing_is_to_be_undone() {
    let (one, back) = (
        migrated("a", "b"),
        [
            restoring("one", "b", "a"),
            result(b"m", ChangeResult::Restored, Some("m.backup")),
        ],
    );
    let all = ledger(&[
        ("one", Command::Migrate, &one),
        ("two", Command::Rollback, &back),
    ]);
    assert_eq!(last(&all), (digest("a"), true));
    assert_eq!(all.witness(&path(b"m")).unwrap().replaced, []);
}

#[test]
fn a_backup_that_was_removed_need_not_be_there() {
    let (one, prune) = (
        migrated("a", "b"),
        [
            removing("one", "a"),
            result(b"m", ChangeResult::Pruned, Some("m.backup")),
        ],
    );
    let all = ledger(&[
        ("one", Command::Migrate, &one),
        ("two", Command::Prune, &prune),
    ]);
    let witness = all.witness(&path(b"m")).unwrap();
    assert_eq!(witness.replaced[0].pruned_by, Some(&id("two")));
    assert!(!witness.replaced[0].is_kept);
    assert_eq!(last(&all), (digest("b"), true));
    let undone = [
        removing("one", "a"),
        result(b"m", ChangeResult::Undone, Some("m.backup")),
    ];
    let all = ledger(&[
        ("one", Command::Migrate, &one),
        ("two", Command::Prune, &undone),
    ]);
    assert!(all.witness(&path(b"m")).unwrap().replaced[0].is_kept);
    assert_eq!(last(&all), (digest("b"), true));
}

#[test]
fn what_was_not_done_for_certain_is_not_certain() {
    for outcome in [None, Some(ChangeResult::Failed), Some(ChangeResult::Left)] {
        let mut records = vec![replacing(b"m", "b", "c")];
        records.extend(outcome.map(|outcome| result(b"m", outcome, None)));
        let one = migrated("a", "b");
        let all = ledger(&[
            ("one", Command::Migrate, &one),
            ("two", Command::Migrate, &records),
        ]);
        assert!(!last(&all).1, "{outcome:?}");
    }
}

#[test]
fn an_operation_of_which_not_all_is_known_makes_what_was_before_uncertain() {
    for (command, condition, is_kept) in [
        (Command::Migrate, Integrity::Damaged, true),
        (Command::Rollback, Integrity::Damaged, false),
        (Command::Migrate, Integrity::Unknown, true),
        (Command::Prune, Integrity::Torn, false),
    ] {
        let one = migrated("a", "b");
        let mut all = ledger(&[("one", Command::Migrate, &one)]);
        all.begin(id("two"));
        all.fold(&began("two", command));
        all.fold(&replacing(b"other", "x", "y"));
        all.end(condition, 10, false);
        assert_eq!(last(&all), (digest("b"), false), "{condition:?}");
        let witness = all.witness(&path(b"m")).unwrap();
        assert_eq!(witness.replaced[0].is_kept, is_kept, "{condition:?}");
        let three = migrated("b", "c");
        all.begin(id("three"));
        all.fold(&began("three", Command::Migrate));
        for record in &three {
            all.fold(record);
        }
        all.fold(&ended());
        all.end(Integrity::Whole, 10, false);
        assert_eq!(last(&all), (digest("c"), true), "{condition:?}");
    }
}

#[test]
fn a_journal_without_its_end_is_damaged_unless_its_operation_is_unfinished() {
    for (condition, is_unfinished, state) in [
        (Integrity::Whole, false, OperationState::Damaged),
        (Integrity::Whole, true, OperationState::Unfinished),
        (Integrity::Torn, false, OperationState::Damaged),
        (Integrity::Torn, true, OperationState::Unfinished),
        (Integrity::Unknown, true, OperationState::Unknown),
    ] {
        let mut all = Ledger::default();
        all.begin(id("one"));
        all.fold(&began("one", Command::Migrate));
        all.fold(&replacing(b"m", "a", "b"));
        all.end(condition, 10, is_unfinished);
        assert_eq!(all.operations()[0].state, state, "{condition:?}");
    }
    let mut empty = Ledger::default();
    empty.begin(id("one"));
    empty.end(Integrity::Torn, 3, false);
    assert_eq!(empty.operations()[0].state, OperationState::Finished);
}

#[test]
fn a_journal_under_the_name_of_another_says_nothing() {
    let mut all = ledger(&[("one", Command::Migrate, &migrated("a", "b"))]);
    all.begin(id("two"));
    all.fold(&began("one", Command::Migrate));
    for record in migrated("a", "b") {
        all.fold(&record);
    }
    all.end(Integrity::Whole, 10, false);
    let two = all.operation("two").unwrap();
    assert_eq!((two.state, &two.began), (OperationState::Damaged, &None));
    assert_eq!(all.entries(&path(b"m")).len(), 1);
}

#[test]
fn results_that_contradict_each_other_make_the_journal_unknown() {
    let done = |outcome| result(b"m", outcome, None);
    let intent = || replacing(b"m", "a", "b");
    for (records, state) in [
        (
            vec![intent(), done(ChangeResult::Migrated)],
            OperationState::Finished,
        ),
        (vec![done(ChangeResult::Failed)], OperationState::Finished),
        (
            vec![
                intent(),
                done(ChangeResult::Failed),
                done(ChangeResult::Undone),
            ],
            OperationState::Finished,
        ),
        (vec![done(ChangeResult::Migrated)], OperationState::Unknown),
        (
            vec![
                intent(),
                done(ChangeResult::Migrated),
                done(ChangeResult::Undone),
            ],
            OperationState::Unknown,
        ),
        (
            vec![
                intent(),
                done(ChangeResult::Undone),
                done(ChangeResult::Finished),
            ],
            OperationState::Unknown,
        ),
    ] {
        let all = ledger(&[("one", Command::Migrate, &records)]);
        assert_eq!(all.operations()[0].state, state, "{records:?}");
    }
}

#[test]
fn what_has_no_line_end_is_a_torn_end_up_to_a_limit_and_then_is_not_read() {
    let zeros = vec![0; 64 * 1024];
    let mut reader = Reader::default();
    assert!(reader.feed(&journal(&usual()), &mut |_| true));
    let sound = reader.sound_bytes();
    let mut endless = 0;
    while reader.feed(&zeros, &mut |_| true) {
        endless += zeros.len();
        assert_eq!(reader.condition(), Integrity::Torn);
    }
    assert_eq!(endless, 16 * 1024 * 1024);
    assert_eq!(reader.condition(), Integrity::Unknown);
    assert_eq!(reader.sound_bytes(), sound);
}

#[test]
fn a_line_longer_than_lines_are_makes_a_journal_unknown() {
    let sound = journal(&usual());
    for (length, expected) in [
        (1024 * 1024, Integrity::Torn),
        (1024 * 1024 + 1, Integrity::Unknown),
    ] {
        let line = [vec![b'x'; length], vec![b'\n']].concat();
        for pieces in [line.len(), 1000] {
            let mut reader = Reader::default();
            reader.feed(&sound, &mut |_| true);
            for piece in line.chunks(pieces) {
                assert!(reader.feed(piece, &mut |_| true));
            }
            assert_eq!(reader.condition(), expected, "{length}");
        }
    }
}
