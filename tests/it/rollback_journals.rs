//! Rollbacks by a journal that was edited, cut off, or written by a newer version.
//!
//! Invariant: the tree stays as it is.

use crate::rollback::{MANIFEST, OLD, migrated};
use crate::support::aftermath::STATE;
use crate::support::sandbox::Sandbox;

fn journal_of(sandbox: &Sandbox, id: &str) -> (String, String) {
    let path = format!("{STATE}/operations/{id}.jsonl");
    let text = String::from_utf8(sandbox.read(&path)).unwrap();
    (path, text)
}

#[test]
fn a_journal_that_was_edited_stops_the_rollback_and_says_what_can_be_done() {
    let (sandbox, id) = migrated();
    let (path, text) = journal_of(&sandbox, &id);
    sandbox.file(path, text.replacen("\"owner\":", "\"owner\": ", 1));
    let before = sandbox.snapshot_without_state();
    for words in [&["rollback", "--last"][..], &["rollback", &id]] {
        sandbox.run(words).code(2).stderr(&format!(
            "error: the journal of operation {id} was edited, cut off or is damaged: what it did cannot be told for certain\nhint: restore the journal from a copy; or move the backups that stand beside the manifests back by hand\n"
        ));
    }
    assert_eq!(sandbox.snapshot_without_state(), before);
}

#[test]
fn a_journal_of_a_newer_version_stops_the_rollback() {
    let (sandbox, id) = migrated();
    let (path, _) = journal_of(&sandbox, &id);
    sandbox.file(
        path,
        "{\"seq\":0,\"format\":\"migrate-manifests/journal/3\"}\n",
    );
    let before = sandbox.snapshot();
    sandbox.run(["rollback", "--last"]).code(2).stderr(&format!(
        "error: the journal of operation {id} says something that this version of the program does not know\nhint: run the version of the program that wrote it, or a newer one\n"
    ));
    assert_eq!(sandbox.snapshot(), before);
}

#[test]
fn a_journal_without_its_end_stops_the_rollback() {
    let (sandbox, id) = migrated();
    let (path, text) = journal_of(&sandbox, &id);
    let last_line = text.trim_end().rfind('\n').unwrap() + 1;
    // Torn within the line that says that the operation ended, or cut before it.
    for kept in [text.len() - 40, last_line] {
        sandbox.file(&path, &text[..kept]);
        let before = sandbox.snapshot_without_state();
        for words in [&["rollback", "--last"][..], &["rollback", &id]] {
            sandbox.run(words).code(2).stderr(&format!(
                "error: the journal of operation {id} was edited, cut off or is damaged: what it did cannot be told for certain\nhint: restore the journal from a copy; or move the backups that stand beside the manifests back by hand\n"
            ));
        }
        assert_eq!(sandbox.snapshot_without_state(), before);
    }
    sandbox.file(&path, &text);
    sandbox.run(["rollback", &id]).code(0);
    assert_eq!(sandbox.read(MANIFEST), OLD.as_bytes());
}
