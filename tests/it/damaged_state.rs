//! Damage to journals and kept catalogs: `verify` finds it, and what does not depend on them is still proved.
//!
//! Invariant: nothing is written, and nothing is undone by a journal that is damaged.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::aftermath::STATE;
use crate::support::pair::{Pair, codes, finds, found, verify};

#[test]
fn a_changed_journal_is_found_and_the_rest_is_still_proved() {
    let journal = |act: fn(Vec<u8>) -> Vec<u8>| {
        move |pair: &Pair| {
            let path = pair.journal();
            let bytes = act(pair.sandbox.read(&path));
            pair.sandbox.file(path, bytes);
            PathBuf::from("state")
        }
    };
    let flipped = |at: fn(usize) -> usize| {
        move |pair: &Pair| {
            let path = pair.journal();
            let mut bytes = pair.sandbox.read(&path);
            let at = at(bytes.len());
            bytes[at] ^= 1;
            pair.sandbox.file(path, bytes);
            PathBuf::from("state")
        }
    };
    finds(flipped(|length| length / 2), &[], &["journal_damaged"]);
    finds(flipped(|length| length - 1), &[], &["journal_damaged"]);
    finds(flipped(|length| length - 9), &[], &["journal_damaged"]);
    finds(flipped(|_| 40), &[], &["journal_unknown"]);
    finds(
        journal(|bytes| bytes[..bytes.len() - 5].to_vec()),
        &[],
        &["journal_damaged"],
    );
    finds(
        journal(|bytes| {
            let text = String::from_utf8(bytes).unwrap();
            text.replacen("journal/2", "journal/3", 1).into_bytes()
        }),
        &[],
        &["journal_unknown"],
    );
    let output = {
        let pair = Pair::migrated();
        // What is left is the first record; with less, nothing could have been done yet.
        journal(|bytes| {
            let first = bytes.iter().position(|byte| *byte == b'\n').unwrap();
            bytes[..first + 9].to_vec()
        })(&pair);
        pair.replace(pair.hashed.join("manifest.json"), "succeeded", "sucseeded");
        verify(&pair.sandbox, &["--replay"])
    };
    let found: Vec<_> = codes(&output).into_values().flatten().collect();
    assert_eq!(
        found,
        ["checksum_after_differs", "journal_damaged"],
        "{output}"
    );
    assert_eq!(output.json()["notes"]["not_replayable"], 2);
}

#[test]
fn quiet_names_an_unfinished_operation_whose_journal_is_not_understood() {
    let pair = Pair::migrated();
    let journal = pair.journal();
    let id = journal.file_stem().unwrap().to_str().unwrap().to_owned();
    pair.replace(&journal, "journal/2", "journal/3");
    fs::create_dir(pair.sandbox.path(STATE).join("staging").join(&id)).unwrap();
    let named = format!(
        "warning: operation {id} is not finished, and its journal `{id}.jsonl` has parts that are not understood here: nothing of it is touched (journal_unknown)\nhint: use the newer version of the program that wrote it, or restore the journal from a copy\n"
    );
    let migration = pair.sandbox.run(["--quiet"]);
    migration.code(1).stdout("").stderr(&named);
    let prune = ["backups", "prune", "--older-than", "0d", "--quiet"];
    let pruning = pair.sandbox.run(prune);
    pruning.code(1).stdout("");
    assert!(pruning.stderr.starts_with(&named), "{pruning}");
}

#[test]
fn a_kept_catalog_that_was_changed_is_found() {
    let pair = Pair::new();
    let sandbox = &pair.sandbox;
    sandbox.copy("src/catalog/run-manifest", "catalog");
    pair.replace(
        "catalog/catalog.json",
        "\"exclude\": []",
        "\"exclude\": [\"x\"]",
    );
    sandbox.run(["--quiet", "--catalog", "catalog"]).code(0);
    let catalogs = sandbox.path(STATE).join("catalogs");
    let kept = fs::read_dir(catalogs)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    fs::write(kept, "{}").unwrap();
    found(&pair, Path::new("state"), &["--replay"], &["kept_changed"]);
}

#[test]
fn a_journal_that_was_cut_where_a_line_ends_is_damaged_and_nothing_is_undone_by_it() {
    let lines = |text: &[u8]| text.split_inclusive(|byte| *byte == b'\n').count();
    let whole = Pair::migrated();
    let all = lines(&whole.sandbox.read(whole.journal()));
    for kept in 2..all {
        let pair = Pair::migrated();
        let journal = pair.journal();
        let text = pair.sandbox.read(&journal);
        let parts: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        pair.sandbox.file(&journal, parts[..kept].concat());
        let found = codes(&verify(&pair.sandbox, &[]));
        assert_eq!(found["state"], ["journal_damaged"], "{kept} of {all}");
        let before = pair.sandbox.snapshot_without_state();
        pair.sandbox.run(["rollback", "--last"]).code(2);
        assert_eq!(before, pair.sandbox.snapshot_without_state());
        let report = pair.sandbox.run(["operations", "--format", "json"]).json();
        assert_eq!(report["operations"][0]["state"], "damaged");
    }
}

#[test]
fn a_journal_under_another_name_or_behind_a_link_is_damaged() {
    let pair = Pair::migrated();
    let journal = pair.journal();
    let text = pair.sandbox.read(&journal);
    let other = journal.with_file_name("20200101T000000Z-1.jsonl");
    pair.sandbox.file(&other, text);
    let found = codes(&verify(&pair.sandbox, &[]));
    assert_eq!(found["state"], ["journal_damaged"]);
    fs::remove_file(pair.sandbox.path(&other)).unwrap();
    pair.sandbox.link(&other, journal.file_name().unwrap());
    let found = codes(&verify(&pair.sandbox, &[]));
    assert_eq!(found["state"], ["journal_damaged"]);
}

#[test]
fn the_copy_of_a_catalog_is_looked_at_also_while_it_is_in_use() {
    let pair = Pair::migrated();
    let kept = Path::new(STATE).join("catalogs");
    let entry = fs::read_dir(pair.sandbox.path(&kept)).unwrap().next();
    let path = kept.join(entry.unwrap().unwrap().file_name());
    pair.replace(&path, "run-manifest", "run-Manifest");
    let found = codes(&verify(&pair.sandbox, &["--replay"]));
    assert_eq!(found["state"], ["kept_changed"]);
}
