//! Rollbacks killed at every system call that changes something, and errors put in the place of such calls; then rolled back again.

use std::os::unix::fs::MetadataExt as _;

use super::{Call, Case, Rehearsal, tree, was_killed};
use crate::support::aftermath::Family;
use crate::support::sandbox::Sandbox;

const LAST: &[&str] = &["rollback", "--last"];

const EXCHANGE: Case = Case {
    command: LAST,
    ..super::EXCHANGE
};
const LINK: Case = Case {
    command: LAST,
    ..super::LINK
};
const COPY: Case = Case {
    command: LAST,
    ..super::COPY
};
const FLUSH_EACH: Case = Case {
    command: LAST,
    ..super::FLUSH_EACH
};

/// A tree of the family that is migrated.
fn migrated(case: &Case, family: &Family) -> Sandbox {
    let sandbox = tree(family);
    let migration = Case {
        command: &[],
        ..*case
    };
    migration.invoke(&sandbox).run().code(0);
    sandbox
}

fn inodes(family: &Family, sandbox: &Sandbox, file: &str) -> Vec<u64> {
    let inode = |path: &std::path::Path| {
        let path = sandbox.path(path).with_file_name(file);
        std::fs::metadata(path).unwrap().ino()
    };
    family.paths().map(inode).collect()
}

/// A migrated tree in which a rollback was killed at that call, and the inodes of its originals.
fn killed_at(rehearsal: &Rehearsal<'_>, call: &Call) -> (Sandbox, Vec<u64>) {
    // A journal is made at the second try only where migration and rollback begin in the same second.
    for _ in 0..10 {
        let sandbox = rehearsal.ready();
        let originals = inodes(&rehearsal.family, &sandbox, "manifest.json.backup");
        let killed = rehearsal.kill(&sandbox, call);
        if was_killed(&killed) {
            return (sandbox, originals);
        }
        let why = call.to_text();
        assert!(why.contains("/operations"), "{why} was not hit: {killed}");
    }
    panic!("{} was never hit", call.to_text())
}

/// Kills a rollback at each of its calls, looks at what is left, and goes on with a rollback, or with a migration that is rolled back, too.
fn killed_at_every_call(case: &Case, at_least: usize) {
    let ready = |family: &Family| migrated(case, family);
    let Some(rehearsal) = Rehearsal::new(case, &ready) else {
        return;
    };
    let Rehearsal { family, calls, .. } = &rehearsal;
    family.assert_untouched(rehearsal.reference.root(), "undisturbed");
    assert!(calls.len() >= at_least, "only {} calls", calls.len());
    let mut seen = [false; 4];
    for (index, call) in calls.iter().enumerate() {
        let why = call.to_text();
        assert!(call.can_be_hit, "{why}: `strace` cannot be aimed at it");
        let (sandbox, originals) = killed_at(&rehearsal, call);
        seen[family.assert_whole(sandbox.root(), &why)] = true;
        if index % 2 == 1 {
            sandbox.run(["--quiet"]).code(0);
            family.assert_done(sandbox.root(), &why);
        }
        family.assert_rolled_back(&sandbox, &why);
        if case.way != "copy" {
            let back = inodes(family, &sandbox, "manifest.json");
            assert_eq!(back, originals, "{why}: another file came back");
        }
    }
    assert!(seen[0] && seen[3], "killed too late or too early");
}

#[test]
fn a_rollback_killed_at_every_call_by_exchange() {
    killed_at_every_call(&EXCHANGE, 15);
}

#[test]
fn a_rollback_killed_at_every_call_by_link() {
    killed_at_every_call(&LINK, 20);
}

#[test]
fn a_rollback_killed_at_every_call_by_copy() {
    killed_at_every_call(&COPY, 30);
}

#[test]
fn a_rollback_killed_at_every_call_flushing_each_file() {
    killed_at_every_call(&FLUSH_EACH, 25);
}

/// Puts an error in the place of each call of these names; the program must say so, and lose nothing.
fn fails_at_every(case: &Case, names: &[&str], error: &str, allowed: &[i32]) {
    let ready = |family: &Family| migrated(case, family);
    let Some(rehearsal) = Rehearsal::new(case, &ready) else {
        return;
    };
    let family = &rehearsal.family;
    rehearsal.fail_at_every(names, error, allowed, |sandbox, _, output, why| {
        let new = family.assert_whole(sandbox.root(), why);
        let restored = output.json()["counts"]["restored"].as_u64().unwrap();
        assert!(
            restored + new as u64 <= 3,
            "{why}: more is said than was done: {output}"
        );
        let is_told = output.status.code() != Some(0) || !output.stderr.is_empty();
        assert!(is_told, "{why}: swallowed: {output}");
        family.assert_rolled_back(sandbox, why);
    });
}

#[test]
fn a_failed_flush_stops_a_rollback_with_6() {
    fails_at_every(&EXCHANGE, &["syncfs"], "EIO", &[0, 6]);
    fails_at_every(&LINK, &["syncfs"], "EIO", &[0, 6]);
    fails_at_every(&FLUSH_EACH, &["fsync"], "EIO", &[0, 1, 2, 6]);
}

#[test]
fn a_failed_change_of_names_in_a_rollback_is_named() {
    // A state directory that cannot be written is a storage that failed.
    fails_at_every(&EXCHANGE, &["renameat2", "unlinkat"], "EIO", &[0, 1, 2, 6]);
    fails_at_every(
        &LINK,
        &["linkat", "renameat", "unlinkat"],
        "ENOSPC",
        &[0, 1, 2, 6],
    );
}
