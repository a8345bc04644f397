//! Who made what: links in the place of a tree, state directories of others, and whoever may look but not write.
//!
//! Invariant: nothing that another user made in the state is acted on, not by root either, and nobody can stop the others.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;

use serde_json::Value;
use walkdir::WalkDir;

use crate::support::aftermath::STATE;
use crate::support::is_root;
use crate::support::sandbox::{Invocation, Output, Sandbox};
use crate::support::skip::skip;

const MANIFEST: &str = "{\"schema_version\":\"1.0.0\",\"run_id\":\"run\"}\n";
const OWNER: u32 = 1001;
const SOMEBODY: u32 = 65_533;
/// A journal of an unfinished operation, as nobody's program would leave it.
const PLANTED: &str = "operations/20260101T000000Z-1.jsonl";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.mode("", 0o755);
    sandbox.manifest("job/run", MANIFEST);
    sandbox
}

/// Gives everything at and below a path to a user.
fn give(sandbox: &Sandbox, path: &str, user: u32) {
    for entry in WalkDir::new(sandbox.path(path)) {
        let entry = entry.unwrap();
        std::os::unix::fs::lchown(entry.path(), Some(user), Some(user)).unwrap();
    }
}

fn as_user(sandbox: &Sandbox, user: u32, words: &[&str]) -> Invocation {
    let user = user.to_string();
    let rights = ["setpriv", "--reuid", &user, "--regid", &user];
    let rights = rights.into_iter().chain(["--clear-groups"]);
    sandbox.invoke(words).under(rights)
}

/// The code of the error and of each warning.
fn codes(output: &Output) -> (Value, Vec<String>) {
    let json = output.json();
    let warnings = json["warnings"].as_array().unwrap().iter();
    let warnings = warnings.map(|one| one["code"].as_str().unwrap().to_owned());
    (json["error"]["code"].clone(), warnings.collect())
}

#[test]
fn a_link_in_the_place_of_the_tree_is_not_followed() {
    for target in ["../prod", "nowhere"] {
        let sandbox = Sandbox::new();
        sandbox.file("prod/job/run/manifest.json", MANIFEST);
        sandbox.link("home/artifacts", target);
        let before = sandbox.snapshot();
        for words in [&["home"][..], &["home", "--dry-run"], &["verify", "home"]] {
            let output = sandbox.run(words);
            output.code(2).stderr(
                "error: `[SANDBOX]/home/artifacts` is a symbolic link\nhint: give the directory that the link leads to as ROOT, if that is the tree that you mean: links are followed only where you type them\n",
            );
        }
        let output = sandbox.run(["home", "--format", "json"]);
        assert_eq!(output.json()["error"]["code"], "tree_is_link", "{output}");
        assert_eq!(before, sandbox.snapshot());
    }
    // The link itself is one that the operator typed.
    let sandbox = Sandbox::new();
    sandbox.file("prod/job/run/manifest.json", MANIFEST);
    sandbox.link("home/artifacts", "../prod");
    let output = sandbox.run(["home/artifacts", "--format", "json"]);
    output.code(0);
    assert_eq!(output.json()["tree"], "[SANDBOX]/prod");
}

#[test]
fn a_directory_that_cannot_be_examined_is_not_taken_for_one_without_artifacts() {
    let sandbox = sandbox();
    sandbox.dir("closed/artifacts");
    sandbox.mode("closed", 0o644);
    let words = ["closed", "--format", "json"];
    let output = if is_root() {
        as_user(&sandbox, SOMEBODY, &words).run()
    } else {
        sandbox.run(words)
    };
    sandbox.mode("closed", 0o755);
    output.code(2).stderr(
        "error: cannot examine `[SANDBOX]/closed/artifacts`: Permission denied (os error 13)\nhint: give this user the permission to read the tree; if the message is about input or output, check the storage\n",
    );
    assert_eq!(codes(&output).0, "tree_unreadable");
}

#[test]
fn state_above_that_others_could_have_made_is_ignored_with_a_warning() {
    let planted = |sandbox: &Sandbox| {
        let output = sandbox.run(["artifacts/job", "--dry-run", "--format", "json"]);
        output.code(0);
        assert_eq!(output.json()["tree"], "[SANDBOX]/artifacts", "{output}");
        (codes(&output).1, output.json()["warnings"][0].clone())
    };
    let sandbox = sandbox();
    sandbox.dir(".migrate-manifests");
    sandbox.mode(".migrate-manifests", 0o777);
    let (codes, warning) = planted(&sandbox);
    assert_eq!(codes, ["state_ignored"]);
    assert_eq!(
        warning["message"],
        "`[SANDBOX]/.migrate-manifests` can be written to by others: it is ignored"
    );
    if !is_root() {
        return skip("root", "a state directory of somebody else's");
    }
    sandbox.mode(".migrate-manifests", 0o700);
    give(&sandbox, ".migrate-manifests", OWNER);
    let (codes, warning) = planted(&sandbox);
    assert_eq!(codes, ["state_ignored"]);
    assert_eq!(
        warning["message"],
        "`[SANDBOX]/.migrate-manifests` belongs to user 1001: it is ignored"
    );
    // That of the directory's own owner is the tree's.
    chown(sandbox.root(), Some(OWNER), Some(OWNER)).unwrap();
    let output = sandbox.run(["artifacts/job", "--dry-run", "--format", "json"]);
    assert_eq!(output.json()["tree"], "[SANDBOX]", "{output}");
}

#[test]
fn whoever_may_not_write_may_still_look() {
    if !is_root() {
        return skip("root", "a tree that root has migrated");
    }
    let sandbox = sandbox();
    give(&sandbox, "artifacts", OWNER);
    sandbox.run(["--quiet"]).code(0);
    let before = sandbox.snapshot();
    let run = "artifacts/job/run";
    let commands: [(&[&str], i32); 9] = [
        (&["--dry-run"], 0),
        (&["status"], 0),
        (&["verify"], 0),
        (&["show", run], 0),
        (&["--check"], 0),
        (&["plan"], 0),
        (&["explain", run], 0),
        // Without the journals nobody knows which operations they are of.
        (&["backups"], 1),
        // It has nothing to say but what stands there.
        (&["operations"], 2),
    ];
    for (words, code) in commands {
        let output = as_user(&sandbox, OWNER, words).run();
        output.code(2);
        assert!(
            output
                .stderr
                .contains("hint: give --catalog DIR, or --catalog built-in for the built-in one"),
            "{output}"
        );
        let words = [words, &["--catalog", "built-in"]].concat();
        let output = as_user(&sandbox, OWNER, &words).run();
        output.code(code);
        let whose = "warning: the state directory belongs to user 0 (state_foreign)\n";
        assert!(output.stderr.starts_with(whose), "{words:?}: {output}");
        let reads = !words.contains(&"show");
        let unread =
            "cannot list the journals in `.migrate-manifests`: Permission denied (os error 13)";
        let told = [&*output.stderr, &*output.stdout].concat();
        assert_eq!(told.contains(unread), reads, "{words:?}: {output}");
    }
    // Where it can be read, whose claim it is is told all the same.
    for entry in WalkDir::new(sandbox.path(STATE)) {
        let entry = entry.unwrap();
        let mode = if entry.file_type().is_dir() {
            0o755
        } else {
            0o644
        };
        let inner = entry.path().strip_prefix(sandbox.root()).unwrap();
        sandbox.mode(inner, mode);
    }
    let output = as_user(&sandbox, OWNER, &["operations", "--format", "json"]).run();
    output.code(0);
    assert_eq!(codes(&output).1, ["state_foreign"]);
    assert_eq!(output.json()["operations"][0]["migrated"], 1);
    assert_eq!(before.0.len(), sandbox.snapshot().0.len());
}

#[test]
fn the_built_in_catalog_has_a_name() {
    let sandbox = sandbox();
    sandbox.file("built-in/catalog.json", "{");
    sandbox.file(format!("{STATE}/catalog/catalog.json"), "{");
    let output = sandbox.run(["--dry-run", "--catalog", "built-in", "--format", "json"]);
    output.code(0);
    assert_eq!(output.json()["catalog"]["source"], "built in");
    sandbox
        .run(["--dry-run", "--catalog", "./built-in"])
        .code(2);
    let output = sandbox.run(["catalog", "new", "9.0.0", "--catalog", "built-in"]);
    output.code(2).stderr(
        "error: --catalog built-in names the built-in catalog, which cannot be changed\nhint: give ./built-in, or another name\n",
    );
}

/// Everything that writes, on a state in which something belongs to somebody else.
fn is_not_acted_on(sandbox: &Sandbox, says: &str) {
    let before = sandbox.snapshot();
    for words in [
        &[][..],
        &["rollback", "--last"],
        &["backups", "prune", "--older-than", "0d"],
    ] {
        let output = sandbox.invoke([words, &["--format", "json"]].concat());
        let output = output.real_clock().run();
        output.code(2);
        assert_eq!(codes(&output).0, "state_not_ours", "{words:?}: {output}");
        let message = output.json()["error"]["message"].clone();
        assert_eq!(message, says, "{words:?}: {output}");
    }
    let differences = before.differences(&sandbox.snapshot());
    assert!(differences.is_empty(), "{differences:#?}");
}

#[test]
fn root_does_not_act_on_the_state_of_the_trees_owner() {
    if !is_root() {
        return skip("root", "a tree of somebody else's");
    }
    let sandbox = sandbox();
    give(&sandbox, "artifacts", OWNER);
    as_user(&sandbox, OWNER, &["--quiet"]).run().code(0);
    sandbox.manifest("job/second", MANIFEST);
    // As if an operation had been killed: root would have to recover it.
    sandbox.file(format!("{STATE}/{PLANTED}"), "x");
    sandbox.file(format!("{STATE}/staging/20260101T000000Z-1/a-b-c"), "x");
    give(&sandbox, "artifacts", OWNER);
    is_not_acted_on(
        &sandbox,
        "`.migrate-manifests` in the tree belongs to user 1001, this is user 0",
    );
}

#[test]
fn nothing_in_the_state_that_somebody_else_made_is_acted_on() {
    if !is_root() {
        return skip("root", "files of somebody else's");
    }
    let parts = [
        "lock",
        "head",
        "operations",
        "staging",
        "catalogs",
        PLANTED,
        "staging/20260101T000000Z-1",
        "catalogs/x.json",
        "rescued",
    ];
    for part in parts {
        let sandbox = sandbox();
        sandbox.run(["--quiet"]).code(0);
        sandbox.manifest("job/second", MANIFEST);
        let path = format!("{STATE}/{part}");
        if !sandbox.path(&path).exists() {
            sandbox.dir(&path);
        }
        chown(sandbox.path(&path), Some(OWNER), Some(OWNER)).unwrap();
        let whose = "belongs to user 1001, this is user 0";
        is_not_acted_on(&sandbox, &format!("`.migrate-manifests/{part}` {whose}"));
        // Reading goes on.
        sandbox.run(["--dry-run", "--quiet"]).code(0);
    }
}

#[test]
fn a_part_of_the_state_that_others_can_write_is_not_used() {
    for part in ["operations", "lock", "head"] {
        let sandbox = sandbox();
        sandbox.run(["--quiet"]).code(0);
        sandbox.manifest("job/second", MANIFEST);
        sandbox.mode(format!("{STATE}/{part}"), 0o777);
        let before = sandbox.snapshot();
        let output = sandbox.run(["--format", "json"]);
        output.code(2);
        let error = output.json()["error"].clone();
        assert_eq!(error["code"], "state_untrusted", "{part}: {output}");
        let message = format!("`.migrate-manifests/{part}` has mode 0777: others can write to it");
        assert_eq!(error["message"], message);
        assert_eq!(before, sandbox.snapshot());
    }
}

#[test]
fn root_works_as_the_owner_of_the_state() {
    if !is_root() {
        return skip("root", "the rights of somebody else");
    }
    let sandbox = sandbox();
    give(&sandbox, "artifacts", OWNER);
    // Without a state it is the owner of the tree.
    sandbox.run(["--as-owner", "--quiet"]).code(0);
    for entry in WalkDir::new(sandbox.path("artifacts")) {
        let entry = entry.unwrap();
        let metadata = entry.metadata().unwrap();
        let owner = (metadata.uid(), metadata.gid());
        assert_eq!(owner, (OWNER, OWNER), "{}", entry.path().display());
    }
    let journal = fs::read_dir(sandbox.path(format!("{STATE}/operations")));
    let journal = journal.unwrap().next().unwrap().unwrap().path();
    let began = fs::read_to_string(journal).unwrap();
    assert!(began.contains("\"user_id\":1001"), "{began}");
    sandbox
        .run(["rollback", "--last", "--as-owner", "--quiet"])
        .code(0);
    assert_eq!(
        sandbox.read("artifacts/job/run/manifest.json"),
        MANIFEST.as_bytes()
    );
    // It has the owner's rights and no others.
    sandbox.manifest("job/of-root", MANIFEST);
    let output = sandbox.run(["--as-owner", "--dry-run", "--format", "json"]);
    output.code(1);
    assert_eq!(output.json()["manifests"][0]["code"], "not_owned");
    assert_eq!(codes(&output).1, [""; 0]);
    sandbox.mode("artifacts/job/of-root/manifest.json", 0o600);
    let output = sandbox.run(["--as-owner", "--format", "json"]);
    assert_eq!(output.json()["manifests"][0]["code"], "permission_denied");
    // Nobody else can take them.
    sandbox.mode(STATE, 0o755);
    let output = as_user(&sandbox, SOMEBODY, &["--as-owner", "--dry-run"]).run();
    output.code(2).stderr(
        "error: user 65533 cannot work as user 1001, who owns the state\nhint: run as user 1001, or as root\n",
    );
    as_user(&sandbox, OWNER, &["--as-owner", "--dry-run"])
        .run()
        .code(1);
}

#[test]
fn state_that_the_owner_of_one_run_made_stops_only_that_run() {
    if !is_root() {
        return skip("root", "a run directory of somebody else's");
    }
    let sandbox = sandbox();
    sandbox.manifest("of-1001/run", MANIFEST);
    sandbox.manifest("of-1001/run/deeper", MANIFEST);
    sandbox.dir("artifacts/of-1001/.migrate-manifests");
    give(&sandbox, "artifacts/of-1001", OWNER);
    let below = [
        "of-1001/run/deeper/manifest.json",
        "of-1001/run/manifest.json",
    ];
    let says = "another user made a state directory in `of-1001`";
    let refused = |output: &Output| {
        let manifests = output.json()["manifests"].clone();
        let manifests = manifests.as_array().unwrap().clone();
        let refused = manifests
            .into_iter()
            .filter(|one| one["code"] == "nested_state");
        let refused = refused.map(|one| {
            assert_eq!(one["message"], says);
            one["path"].as_str().unwrap().to_owned()
        });
        refused.collect::<Vec<_>>()
    };
    // Walked, named, below ROOT; with one thread and with many.
    let named = sandbox.path("artifacts/of-1001/run");
    for words in [
        &["--dry-run", "--jobs", "1"][..],
        &["--dry-run"],
        &["artifacts", "--check"],
        &["status", "--all"],
    ] {
        let output = sandbox.run([words, &["--format", "json"]].concat());
        output.code(1);
        assert_eq!(refused(&output), below, "{words:?}: {output}");
    }
    let named = [
        "--dry-run",
        "--format",
        "json",
        "--manifest",
        named.to_str().unwrap(),
    ];
    let output = sandbox.run(named);
    output.code(1);
    assert_eq!(refused(&output), &below[1..], "{output}");
    let output = sandbox.run(["--format", "json"]);
    output.code(1);
    assert_eq!(refused(&output), below, "{output}");
    assert_eq!(output.json()["counts"]["migrated"], 1);
    for path in below {
        let manifest = sandbox.read(Path::new("artifacts").join(path));
        assert_eq!(manifest, MANIFEST.as_bytes());
    }
    // A state directory of the caller's own is another tree, and stops.
    chown(
        sandbox.path("artifacts/of-1001/.migrate-manifests"),
        Some(0),
        Some(0),
    )
    .unwrap();
    let output = sandbox.run(["--format", "json"]);
    output.code(2);
    assert_eq!(codes(&output).0, "nested_tree", "{output}");
}

#[test]
fn root_puts_the_state_of_somebody_else_aside_unread() {
    if !is_root() {
        return skip("root", "the state of somebody else");
    }
    let sandbox = sandbox();
    give(&sandbox, "artifacts", OWNER);
    as_user(&sandbox, OWNER, &["--quiet"]).run().code(0);
    // Nothing in there is opened, so nothing in there can do harm.
    sandbox.dir("outside");
    sandbox.file("outside/lock", "root's");
    fs::remove_file(sandbox.path(format!("{STATE}/lock"))).unwrap();
    sandbox.link(format!("{STATE}/lock"), "../../outside/lock");
    give(&sandbox, "artifacts", OWNER);
    sandbox.manifest("job/second", MANIFEST);
    sandbox.run(["--quiet"]).code(2);
    let adopt = ["state", "adopt"];
    as_user(&sandbox, OWNER, &adopt).run().code(2).stderr(
        "error: this is user 1001, not root\nhint: run as root: only root can adopt the state of another user\n",
    );
    let old = sandbox.path(STATE).metadata().unwrap().ino();
    sandbox.run(adopt).code(0).stderr("").stdout(
        "The state of user 1001 is `.migrate-manifests-of-1001` now, and a new one has begun. Operations that the old one records can be rolled back only by its owner, with the old state in its place.\n",
    );
    let aside = sandbox.path("artifacts/.migrate-manifests-of-1001");
    assert_eq!(aside.metadata().unwrap().ino(), old);
    let new = sandbox.path(STATE).metadata().unwrap();
    assert_eq!((new.uid(), new.mode() & 0o7777), (0, 0o700));
    assert_eq!(sandbox.read("outside/lock"), b"root's");
    sandbox.run(["--quiet"]).code(0);
    let output = sandbox.run(["operations", "--format", "json"]);
    assert_eq!(output.json()["operations"].as_array().unwrap().len(), 1);
    sandbox.run(["verify", "--no-snapshots", "--quiet"]).code(0);
    // Once it is root's, there is nothing to adopt; a name that is taken is left.
    let before = sandbox.snapshot();
    let nothing = "Nothing to do: no state of another user is here.\n";
    sandbox.run(adopt).code(0).stdout(nothing);
    assert_eq!(before, sandbox.snapshot());
    give(&sandbox, STATE, OWNER);
    sandbox.run(adopt).code(0);
    assert!(
        sandbox
            .path("artifacts/.migrate-manifests-of-1001-2")
            .is_dir()
    );
    assert_eq!(aside.metadata().unwrap().ino(), old);
}

#[test]
fn a_head_that_is_not_understood_stops_what_writes_before_it_recovers_anything() {
    let sandbox = sandbox();
    sandbox.run(["--quiet"]).code(0);
    sandbox.manifest("job/second", MANIFEST);
    let head = format!("{STATE}/head");
    sandbox.file(&head, r#"{"format":"migrate-manifests/head/9"}"#);
    // As if an operation had been killed: recovery would have to bring the head up to it.
    fs::create_dir(sandbox.path(format!("{STATE}/staging/20260101T000000Z-1"))).unwrap();
    let before = sandbox.snapshot();
    let output = sandbox.run(["--quiet"]);
    output.code(2);
    assert_eq!(
        output.stderr.lines().collect::<Vec<_>>()[..2],
        [
            "error: `.migrate-manifests/head` is not understood",
            "hint: use the version of the program that wrote it; if it is damaged, move it out of the state directory: the journals say which operation was the last",
        ],
        "{output}"
    );
    assert_eq!(sandbox.snapshot(), before);
    // With nothing to write, too: nobody knows what the newer version meant.
    fs::remove_file(sandbox.path("artifacts/job/second/manifest.json")).unwrap();
    sandbox.run(["--quiet"]).code(2);
    sandbox.manifest("job/second", MANIFEST);
    // The cure.
    fs::remove_file(sandbox.path(&head)).unwrap();
    sandbox.run(["--quiet"]).code(0);
    assert!(
        sandbox
            .read(&head)
            .starts_with(b"{\"format\":\"migrate-manifests/head/1\"")
    );
}
