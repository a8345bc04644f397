//! Histories of two migrations, with all their originals, some of them, and none.
//!
//! Invariant: the documents come from the engine itself; what is asserted of them is the whole text of each finding.

use super::*;
use crate::catalog::Catalog;
use crate::digest::Digest;
use crate::engine::{examine_as, transform};
use crate::journal::samples::{ledger, replacing, result};
use crate::journal::{ChangeResult, Command, Ledger};
use crate::json::Text;
use crate::path::TreePath;
use crate::proof::OriginalEvidence;
use crate::version::Version;

const ORIGINAL: &str = r#"{"run_id":"r","job_type":"t","cost":1.50}"#;

/// A document at 1.0.0, at 1.1.0 and at 1.2.0.
fn documents() -> [String; 3] {
    let between = migrated(ORIGINAL, &Version::new(1, 1, 0));
    let last = migrated(&between, &Version::new(1, 2, 0));
    [ORIGINAL.to_owned(), between, last]
}

fn migrated(document: &str, to: &Version) -> String {
    let catalog = Catalog::built_in().unwrap();
    let kind = &catalog.kinds()[0];
    let manifest = examine_as(kind, document.as_bytes()).unwrap();
    let route = kind.registry.route(manifest.version(), to).unwrap();
    let now = "2026-02-28T10:30:00Z".parse().unwrap();
    transform(&manifest, &route, now).unwrap().text
}

fn path() -> TreePath {
    TreePath::new(b"j/r/manifest.json").unwrap()
}

/// What two operations that made these documents wrote down.
fn written([one, two, three]: &[String; 3]) -> Ledger {
    let migrated = |before: &str, after: &str, backup: &str| {
        [
            replacing(path().as_bytes(), before, after),
            result(path().as_bytes(), ChangeResult::Migrated, Some(backup)),
        ]
    };
    ledger(&[
        ("one", Command::Migrate, &migrated(one, two, "m.1")),
        ("two", Command::Migrate, &migrated(two, three, "m.2")),
    ])
}

/// What is found about `document`, as one line each.
fn found(document: &str, backups: &[(&str, &str)], all: Option<&Ledger>) -> Vec<String> {
    let catalog = Catalog::built_in().unwrap();
    let manifest = examine_as(&catalog.kinds()[0], document.as_bytes()).unwrap();
    let originals = backups
        .iter()
        .map(|(name, text)| OriginalEvidence::new(name, text.as_bytes()));
    let originals: Vec<_> = originals.collect();
    let witness = all.and_then(|all| all.witness(&path()));
    let evidence = Evidence {
        raw: Digest::of(document.as_bytes()),
        witness: witness.as_ref(),
        originals: &originals,
        is_superseded: false,
    };
    let findings = check_history(&manifest, &evidence).findings.into_iter();
    findings
        .map(|one| format!("{}: {}", one.code, one.message))
        .collect()
}

fn checksum(document: &str) -> String {
    let text = Text::scan(document.as_bytes()).unwrap();
    crate::json::canonical::digest(text.root()).prefixed()
}

const NOTHING: [&str; 0] = [];

#[test]
fn a_chain_is_whole_with_all_its_originals_and_also_with_none() {
    let documents = documents();
    let all = written(&documents);
    let [one, two, three] = &documents;
    let both = [("m.1", one.as_str()), ("m.2", two)];
    assert_eq!(found(three, &both, Some(&all)), NOTHING);
    assert_eq!(found(three, &both, None), NOTHING);
    assert_eq!(
        found(three, &[], None),
        ["unwitnessed: no journal speaks of it, and no backup has the original"]
    );
    assert_eq!(
        found(three, &both[1..], None),
        [
            "unwitnessed: no journal speaks of it, and no backup has the original: proved from record 1 on only"
        ]
    );
    assert_eq!(
        found(three, &both[1..], Some(&all)),
        ["backup_missing: `m.1`, the original, is not there"]
    );
    assert_eq!(found(one, &[], None), NOTHING);
}

#[test]
fn a_result_that_is_not_what_the_record_says_is_found_in_the_manifest_and_in_a_backup() {
    let documents = documents();
    let [one, two, three] = &documents;
    let changed = three.replace("1.50", "1.51");
    let message = found(&changed, &[("m.1", one), ("m.2", two)], None);
    let [message] = &message[..] else {
        panic!("{message:?}")
    };
    assert!(
        message.starts_with(
            "checksum_after_differs: `/migration_history/1/checksum_after` is sha256:"
        )
    );
    assert!(
        message.ends_with(", the checksum of the manifest"),
        "{message}"
    );
    // The second record still fits what it found; the first does not fit what it left.
    let first = checksum(
        &two.split_once(",\"migration_history\"")
            .map(|(text, _)| format!("{text}}}"))
            .unwrap(),
    );
    let forged = two.replace(&first, &Digest::of(b"other").prefixed());
    let manifest = three
        .replace(&first, &Digest::of(b"other").prefixed())
        .replace(&checksum(two), &checksum(&forged));
    let message = found(&manifest, &[("m.1", one), ("m.2", &forged)], None);
    assert!(
        message[0].ends_with(&format!("expected {first}, the checksum of `m.2`")),
        "{message:?}"
    );
}

#[test]
fn versions_that_do_not_meet_break_the_chain() {
    let documents = documents();
    let [one, _, three] = &documents;
    let gap = three.replacen("\"to_version\":\"1.1.0\"", "\"to_version\":\"1.0.5\"", 1);
    assert_eq!(
        found(&gap, &[], None)[0],
        "history_chain_broken: `/migration_history/0` ends at `1.0.5`, and `/migration_history/1` begins at `1.1.0`"
    );
    let end = three.replacen(
        "\"schema_version\":\"1.2.0\"",
        "\"schema_version\":\"1.1.0\"",
        1,
    );
    assert_eq!(
        found(&end, &[], None)[0],
        "history_chain_broken: `/migration_history/1` ends at `1.2.0`, and the manifest is at `1.1.0`"
    );
    let begin = three.replacen(
        "\"from_version\":\"1.0.0\"",
        "\"from_version\":\"0.9.0\"",
        1,
    );
    assert_eq!(
        found(&begin, &[("m.1", one)], None)[0],
        "history_chain_broken: `/migration_history/0` begins at `0.9.0`, expected `1.0.0`, the version of `m.1`"
    );
}

#[test]
fn an_original_that_a_journal_recorded_speaks_against_a_forged_record() {
    let documents = documents();
    let all = written(&documents);
    let [one, two, three] = &documents;
    let (true_one, other) = (checksum(one), Digest::of(b"other").prefixed());
    let forged = three.replacen(&true_one, &other, 1);
    let found = found(&forged, &[("m.1", one), ("m.2", two)], Some(&all));
    assert_eq!(
        found[1],
        format!(
            "checksum_before_differs: `/migration_history/0/checksum_before` is {other}, expected {true_one}, the checksum of `m.1`"
        )
    );
}

#[test]
fn a_backup_is_an_original_by_what_it_says() {
    let documents = documents();
    let all = written(&documents);
    let [one, two, three] = &documents;
    let respelled = one.replace("1.50", "1.5");
    let (raw, before) = (Digest::of(respelled.as_bytes()), Digest::of(one.as_bytes()));
    assert_eq!(
        found(
            three,
            &[("m.1", &respelled), ("m.2", two), ("m.3", "[")],
            Some(&all)
        ),
        [
            format!(
                "backup_changed: `m.1` has the SHA-256 {raw}, expected {before}, that of the original"
            ),
            "backup_unrelated: `m.3` is not the original of any record of the history".to_owned(),
        ]
    );
    // Another name does not matter, where no journal gave one.
    assert_eq!(
        found(three, &[("a", &respelled), ("b", two)], None),
        NOTHING
    );
}

#[test]
fn what_an_operation_that_was_cut_off_left_beside_a_manifest_is_not_unrelated() {
    let announced = [replacing(path().as_bytes(), ORIGINAL, "other")];
    let all = ledger(&[("one", Command::Migrate, &announced)]);
    assert_eq!(found(ORIGINAL, &[("m.1", ORIGINAL)], Some(&all)), NOTHING);
}

#[test]
fn guarded_members_say_what_the_original_says() {
    let [one, ..] = documents();
    let spelled = one.replace("\"t\"", "\"\\u0074\"");
    let three = migrated(&spelled, &Version::new(1, 2, 0));
    assert_eq!(found(&three, &[("m", &spelled)], None), NOTHING);
    let respelled = three.replace("\"\\u0074\"", "\"t\"");
    assert_eq!(found(&respelled, &[("m", &spelled)], None), NOTHING);
    let changed = three
        .replace("\"\\u0074\"", "\"u\"")
        .replace("\"r\"", "\"s\"");
    assert_eq!(
        found(&changed, &[("m", &spelled)], None)[1..],
        [
            "immutable_changed: `/run_id`, which is immutable, is not as in `m`",
            "protected_changed: `/job_type`, which is protected, is not as in `m`",
        ]
    );
}

#[test]
fn a_sole_record_may_have_found_no_history_or_an_empty_one() {
    for history in ["", r#","migration_history":[]"#] {
        let original = ORIGINAL.replace('}', &format!("{history}}}"));
        let after = migrated(&original, &Version::new(1, 2, 0));
        assert_eq!(
            found(&after, &[("m", &original)], None),
            NOTHING,
            "{history}"
        );
        assert_eq!(found(&after, &[], None).len(), 1, "{history}");
    }
}
