//! Journals: lines with a true chain and any content. Nothing panics, and reading in pieces says the same as reading at once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use migrate_manifests::digest::Hasher;
use migrate_manifests::journal::{Integrity, Ledger, Reader};

/// Gives each line the number and the chain that it would have in a journal.
fn chained(lines: &[u8]) -> Vec<u8> {
    let mut journal = Vec::new();
    let mut before = None;
    for (number, line) in lines.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_prefix(b"{").unwrap_or(line);
        let line = line.strip_suffix(b"}").unwrap_or(line);
        let body = [format!("{{\"seq\":{number},").as_bytes(), line].concat();
        let mut hasher = Hasher::new();
        if let Some(before) = before {
            let before: migrate_manifests::digest::Digest = before;
            hasher.update(before.as_bytes());
        }
        hasher.update(&body);
        let chain = hasher.finish();
        journal.extend_from_slice(&body);
        journal.extend_from_slice(format!(",\"chain\":\"{chain}\"}}\n").as_bytes());
        before = Some(chain);
    }
    journal
}

fn read(journal: &[u8], piece: usize) -> (Integrity, u64, u64) {
    let mut ledger = Ledger::default();
    ledger.begin("20260101T000000Z-1".parse().expect("an id"));
    let mut reader = Reader::default();
    let mut records = 0;
    for piece in journal.chunks(piece) {
        reader.feed(piece, &mut |record| {
            ledger.fold(record);
            records += 1;
            true
        });
    }
    (reader.condition(), reader.sound_bytes(), records)
}

fuzz_target!(|bytes: &[u8]| {
    read(bytes, 7);
    let journal = chained(bytes);
    let whole = read(&journal, journal.len());
    assert_eq!(whole, read(&journal, 5));
});
