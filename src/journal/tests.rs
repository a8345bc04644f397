//! What a journal tells, whole, torn, damaged, or written by a newer version.

use super::*;

fn settled(name: &str) -> Record {
    Record::Result(Settled {
        path: RecordedPath::new(&TreePath::new(name.as_bytes()).unwrap()),
        outcome: "migrated".to_owned(),
        backup: None,
        code: None,
        from_version: None,
        to_version: None,
    })
}

fn intent(name: &[u8]) -> Record {
    Record::Intent(Box::new(Intent {
        path: RecordedPath::new(&TreePath::new(name).unwrap()),
        before: "b".to_owned(),
        after: "a".to_owned(),
        mode: "0644".to_owned(),
        owner: 0,
        group: 0,
        modified: (1, 2),
        accessed: (3, 4),
        backups: vec!["x.backup".to_owned()],
        staged: "s".to_owned(),
        beside: false,
        inode: Some(7),
        way: Way::Exchange,
    }))
}

fn journal(records: &[Record]) -> Vec<u8> {
    let (mut writer, mut bytes) = (Writer::default(), Vec::new());
    for record in records {
        writer.line(record, &mut bytes);
    }
    bytes
}

#[test]
fn what_is_written_is_read_back() {
    let bytes = journal(&[intent(b"a"), intent(b"b\xff"), settled("a")]);
    let log = Log::read(&bytes);
    let open: Vec<_> = log
        .unsettled()
        .map(|announced| announced.path().to_path().unwrap())
        .collect();
    assert_eq!(open, [TreePath::new(b"b\xff").unwrap()]);
    assert_eq!(
        (log.sound_bytes, log.damaged, log.done),
        (bytes.len() as u64, false, 1)
    );
}

#[test]
fn a_torn_last_line_is_ignored() {
    let whole = journal(&[intent(b"a")]);
    let both = journal(&[intent(b"a"), settled("a")]);
    for end in whole.len()..both.len() {
        let log = Log::read(&both[..end]);
        assert_eq!(log.sound_bytes, whole.len() as u64);
        assert_eq!(log.unsettled().count(), 1);
        assert!(!log.damaged);
    }
}

#[test]
fn a_changed_line_breaks_the_chain_there() {
    let mut bytes = journal(&[intent(b"a"), settled("a"), settled("b"), settled("c")]);
    let at = journal(&[intent(b"a")]).len() + 30;
    bytes[at] ^= 1;
    let log = Log::read(&bytes);
    assert_eq!(log.sound_bytes, journal(&[intent(b"a")]).len() as u64);
    assert!(log.damaged);
}

#[test]
fn a_changed_last_line_is_damage_and_not_torn() {
    for records in [&[intent(b"a"), settled("a")][..], &[settled("a")]] {
        let mut bytes = journal(records);
        let at = bytes.len() - 100;
        bytes[at] = b'X';
        let log = Log::read(&bytes);
        assert!(log.damaged && !log.unknown);
    }
}

#[test]
fn a_chain_goes_on_where_it_was_read_to() {
    let mut bytes = journal(&[intent(b"a")]);
    let mut log = Log::read(&bytes);
    log.writer.line(&settled("a"), &mut bytes);
    assert_eq!(bytes, journal(&[intent(b"a"), settled("a")]));
}

#[test]
fn zeros_and_garbage_at_the_end_are_torn_and_no_damage() {
    let whole = journal(&[intent(b"a")]);
    for tail in [vec![0; 300], b"\n\x01\n{}\n\xff".to_vec(), vec![b'\n'; 9]] {
        let log = Log::read(&[whole.clone(), tail].concat());
        assert_eq!(log.sound_bytes, whole.len() as u64);
        assert!(!log.damaged && !log.unknown);
    }
}

#[test]
fn a_line_lost_before_whole_ones_is_damage() {
    let mut bytes = journal(&[intent(b"a"), settled("a"), intent(b"b"), settled("b")]);
    let (from, to) = (
        journal(&[intent(b"a")]).len(),
        journal(&[intent(b"a"), settled("a")]).len(),
    );
    bytes[from..to].fill(0);
    let log = Log::read(&bytes);
    assert_eq!(log.sound_bytes, from as u64);
    assert!(log.damaged && !log.unknown);
}

/// A line with its place in the chain, whatever it says.
fn any_line(sequence: u64, before: Option<Digest>, record: &str) -> Vec<u8> {
    let body = format!("{{\"seq\":{sequence},{record}");
    let chain = link(before, body.as_bytes());
    format!("{body},\"chain\":\"{chain}\"}}\n").into_bytes()
}

#[test]
fn what_a_newer_version_wrote_is_unknown_and_not_torn() {
    let (mut writer, mut bytes) = (Writer::default(), Vec::new());
    writer.line(&intent(b"a"), &mut bytes);
    let sound = bytes.len() as u64;
    bytes.extend(any_line(
        1,
        writer.chain,
        "\"type\":\"relocated\",\"to\":\"x\"",
    ));
    let log = Log::read(&bytes);
    assert_eq!((log.sound_bytes, log.unknown), (sound, true));
    let began = r#""type":"began","format":"migrate-manifests/journal/2""#;
    assert!(Log::read(&any_line(0, None, began)).unknown);
    assert!(Log::read(b"{\"format\":\"migrate-manifests/journal/3\"}\n").unknown);
}

#[test]
fn a_journal_of_the_first_format_is_read_for_ever() {
    let bytes = include_bytes!("../../fixtures/formats/journal-1.jsonl");
    let log = Log::read(bytes);
    assert_eq!(log.sound_bytes, bytes.len() as u64);
    assert_eq!((log.done, log.ended), (4, true));
    assert!(!log.damaged && !log.unknown);
    assert_eq!(log.unsettled().count(), 0);
    let began = log.began.unwrap();
    assert_eq!(
        (&*began.operation, &*began.format),
        ("20261121T051136Z-1", FORMAT)
    );
}

#[test]
fn each_backup_that_goes_has_an_entry_of_its_own() {
    let path = RecordedPath::new(&TreePath::new(b"a").unwrap());
    let pruning = |backup: &str| {
        Record::Pruning(Pruning {
            path: path.clone(),
            of: "one".to_owned(),
            backup: backup.to_owned(),
            digest: Digest::of(b"").to_string(),
            inode: 1,
        })
    };
    let pruned = |backup: &str, outcome: &str| {
        Record::Result(Settled {
            path: path.clone(),
            outcome: outcome.to_owned(),
            backup: Some(backup.to_owned()),
            code: None,
            from_version: None,
            to_version: None,
        })
    };
    let mut account = Account::default();
    account.feed(&journal(&[
        pruning("a.backup"),
        pruning("a.backup.2"),
        pruned("a.backup", "pruned"),
        pruned("a.backup.2", "undone"),
    ]));
    let done: Vec<_> = account.entries.iter().map(|entry| entry.is_done).collect();
    assert_eq!(done, [Some(true), Some(false)]);
}
