//! `rollback` from outside: what comes back, what stands in its way, what is said.
//!
//! Invariant: after a migration and its rollback the tree is the one from before, but for the state directory.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::{XattrFlags, removexattr, setxattr};
use rustix::io::Errno;
use serde_json::Value;

use crate::docs::assert_fits;
use crate::support::aftermath::{Family, STATE, journal};
use crate::support::sandbox::{Output, Sandbox};
use crate::support::skip::skip;

pub(crate) const MANIFEST: &str = "artifacts/job/run/manifest.json";
const BACKUP: &str = "artifacts/job/run/manifest.json.backup";
pub(crate) const OLD: &str = "{\n  \"schema_version\": \"1.0.0\",\n  \"run_id\": \"run\"\n}\n";
const THEIRS: &str = "{\"schema_version\": \"1.2.0\", \"run_id\": \"theirs\"}";

const ATTRIBUTE: &str = "user.colour";

fn set_attribute(path: &Path, value: &[u8]) -> Result<(), Errno> {
    setxattr(path, ATTRIBUTE, value, XattrFlags::empty())
}

fn set_modified(path: &Path, seconds: u64) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let file = fs::File::open(path).unwrap();
    file.set_times(fs::FileTimes::new().set_modified(time))
        .unwrap();
}

/// One manifest, migrated; gives the operation's id, too.
pub(crate) fn migrated() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.manifest("job/run", OLD);
    let id = migrate(&sandbox, &[]);
    (sandbox, id)
}

pub(crate) fn migrate(sandbox: &Sandbox, words: &[&str]) -> String {
    let output = sandbox.run([&["--format", "json"], words].concat());
    output.code(0);
    id_of(&output)
}

pub(crate) fn id_of(output: &Output) -> String {
    let report = output.json();
    report["operation"].as_str().expect("it wrote").to_owned()
}

/// The report of a rollback with these words.
pub(crate) fn rolled_back(sandbox: &Sandbox, words: &[&str], code: i32) -> Value {
    let output = sandbox.run([&["rollback", "--format", "json"], words].concat());
    assert_eq!(output.status.code(), Some(code), "{output}");
    let report = output.json();
    assert_fits("report", &report, &words.join(" "));
    if sandbox.path(STATE).is_dir() {
        for record in journal(sandbox.root()) {
            assert_fits("journal", &record, "the journal");
        }
    }
    report
}

/// Asserts that the only manifest is in trouble with this code, and that nothing has changed.
#[track_caller]
fn assert_refused(sandbox: &Sandbox, outcome: &str, code: &str, message: &str) {
    let before = sandbox.snapshot_without_state();
    for words in [&["--last", "--dry-run"][..], &["--last"]] {
        let report = rolled_back(sandbox, words, 1);
        let one = &report["manifests"][0];
        assert_eq!(
            (&one["outcome"], &one["code"]),
            (&outcome.into(), &code.into())
        );
        assert_eq!(one["message"], message);
        assert_eq!(report["operation"], Value::Null);
    }
    assert_eq!(sandbox.snapshot_without_state(), before);
}

#[test]
fn after_migration_and_rollback_the_tree_is_the_one_from_before() {
    let family = Family::of_three();
    let sandbox = Sandbox::new();
    family.write(sandbox.root());
    sandbox.mode(family.paths().next().unwrap(), 0o640);
    let stats = || -> Vec<_> {
        let stat = |path| fs::metadata(sandbox.path(path)).unwrap();
        let stats = family.paths().map(stat);
        stats
            .map(|stat| (stat.ino(), stat.mode(), stat.mtime(), stat.mtime_nsec()))
            .collect()
    };
    let (before, then) = (sandbox.snapshot(), stats());
    let id = migrate(&sandbox, &[]);
    let report = rolled_back(&sandbox, &[&id], 0);
    assert_eq!(sandbox.snapshot_without_state(), before);
    assert_eq!(stats(), then);
    assert_eq!(report["command"], "rollback");
    assert_eq!(report["undoes"], id.as_str());
    assert_eq!(report["target_version"], Value::Null);
    assert_eq!(report["counts"]["restored"], 3);
    assert_eq!(report["counts"]["found"], 3);
    for one in report["manifests"].as_array().unwrap() {
        assert_eq!(one["outcome"], "restored");
        assert_eq!(one["from"], "1.2.0");
        assert_eq!(one["backup"], "manifest.json.backup");
        assert_ne!(one["checksum_before"], one["checksum_after"]);
    }
    // What comes back has the checksum that the migration found.
    let again = sandbox.run(["--format", "json"]).json();
    for (one, back) in again["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .zip(report["manifests"].as_array().unwrap())
    {
        assert_eq!(one["checksum_before"], back["checksum_after"]);
    }
}

#[test]
fn the_text_says_what_came_back_and_what_would() {
    let (sandbox, id) = migrated();
    let head = "tree      [SANDBOX]/artifacts\ncatalog   run-manifest (built in), sha256:4a99d2c53cfb617f\n\n";
    let before = sandbox.snapshot();
    sandbox
        .run(["rollback", "--last", "--dry-run"])
        .code(0)
        .stderr("")
        .stdout(&format!(
            "{head}pending   1.2.0 -> 1.0.0  job/run/manifest.json\n\nfound    1\npending  1\n\n\
             A rollback would restore 1 manifest to what stood there before operation {id}. Nothing was written. To do so, run the same command without --dry-run.\n"
        ));
    assert_eq!(sandbox.snapshot(), before);
    let output = sandbox.run(["rollback", "--last"]);
    output.code(0).stderr("");
    let own = journal(sandbox.root())
        .into_iter()
        .find(|record| record["command"] == "rollback")
        .unwrap();
    let own = own["operation"].as_str().unwrap();
    output.stdout(&format!(
        "{head}restored  1.2.0 -> 1.0.0  job/run/manifest.json\n\nfound     1\nrestored  1\n\n\
         Restored 1 manifest to what stood there before operation {id}, in operation {own}.\n"
    ));
    assert_eq!(sandbox.read(MANIFEST), OLD.as_bytes());
    sandbox
        .run(["rollback", "--last"])
        .code(0)
        .stderr("")
        .stdout(&format!(
            "{head}found  0\n\nNothing to roll back: no migration is left to be undone. Nothing was written.\n"
        ));
    sandbox.run(["rollback", &id]).code(0).stderr("").stdout(&format!(
        "{head}found  0\n\nNothing to roll back: operation {id} is rolled back already, or replaced no manifest. Nothing was written.\n"
    ));
}

#[test]
fn a_tree_without_operations_has_nothing_to_roll_back_and_gets_no_state() {
    let sandbox = Sandbox::new();
    sandbox.manifest("job/run", OLD);
    let before = sandbox.snapshot();
    let report = rolled_back(&sandbox, &["--last"], 0);
    assert_eq!(report["counts"]["found"], 0);
    sandbox
        .run(["rollback", "20260101T000000Z-1"])
        .code(2)
        .stderr("error: no operation has the id `20260101T000000Z-1`\nhint: there is no operation in this tree yet\n");
    assert_eq!(sandbox.snapshot(), before);
}

#[test]
fn an_id_that_does_not_exist_is_answered_with_the_nearest() {
    let (sandbox, id) = migrated();
    let before = sandbox.snapshot();
    for wrong in ["20260101T000000Z-9", "latest", "../lock"] {
        let output = sandbox.run(["rollback", wrong, "."]);
        output.code(2).stderr(&format!(
            "error: no operation has the id `{wrong}`\nhint: the nearest are {id}\n"
        ));
    }
    assert_eq!(sandbox.snapshot(), before);
}

#[test]
fn what_to_undo_must_be_said() {
    let (sandbox, _) = migrated();
    sandbox.run(["rollback"]).code(2).stdout("").stderr(
        "error: it is not said what to roll back\nhint: give an id, --last or --manifest; `migrate-manifests operations` lists the ids\n",
    );
}

#[test]
fn what_was_changed_since_is_a_conflict_that_is_named_and_left_alone() {
    let (sandbox, id) = migrated();
    sandbox.file(MANIFEST, THEIRS);
    let message =
        format!("it does not have the bytes that operation {id} wrote: somebody changed it since");
    assert_refused(&sandbox, "conflict", "changed_since", &message);
}

#[test]
fn a_backup_that_is_missing_changed_or_a_link_is_refused() {
    let (sandbox, id) = migrated();
    sandbox.file(BACKUP, THEIRS);
    let message = format!(
        "the backup `manifest.json.backup` does not have the bytes that operation {id} found"
    );
    assert_refused(&sandbox, "refused", "backup_changed", &message);
    fs::remove_file(sandbox.path(BACKUP)).unwrap();
    let message = "the backup `manifest.json.backup` is not there";
    assert_refused(&sandbox, "refused", "backup_missing", message);
    sandbox.file("elsewhere", OLD);
    sandbox.link(BACKUP, "../../../elsewhere");
    let message = "the backup `manifest.json.backup`: expected a regular file, found a symbolic link there or on the way";
    assert_refused(&sandbox, "refused", "not_regular", message);
}

#[test]
fn a_backup_whose_mode_owner_or_time_was_changed_is_refused_and_restored_only_with_a_flag() {
    let sandbox = Sandbox::new();
    sandbox.manifest("job/run", OLD);
    sandbox.mode(MANIFEST, 0o600);
    set_modified(&sandbox.path(MANIFEST), 978_307_200);
    migrate(&sandbox, &[]);
    let refused = |why: &str| {
        let message =
            format!("the backup `manifest.json.backup` has the bytes of the original, but {why}");
        assert_refused(&sandbox, "refused", "backup_metadata_changed", &message);
    };
    let backup = sandbox.path(BACKUP);
    sandbox.mode(BACKUP, 0o666);
    refused("mode 0666, expected 0600");
    set_modified(&backup, 1_580_601_600);
    refused(
        "mode 0666, expected 0600; modification time 2020-02-02T00:00:00Z, expected 2001-01-01T00:00:00Z",
    );
    sandbox.mode(BACKUP, 0o600);
    set_modified(&backup, 978_307_200);
    if chown(&backup, Some(65_534), None).is_ok() {
        let group = fs::metadata(&backup).unwrap().gid();
        refused(&format!("owner 65534:{group}, expected 0:{group}"));
        chown(&backup, Some(0), None).unwrap();
    }
    let before = sandbox.snapshot_without_state();
    rolled_back(&sandbox, &["--last", "--dry-run"], 0);
    assert_eq!(sandbox.snapshot_without_state(), before);

    sandbox.mode(BACKUP, 0o644);
    rolled_back(&sandbox, &["--last"], 1);
    for (words, outcome) in [
        (
            &["--last", "--allow-changed-metadata", "--dry-run"][..],
            "pending",
        ),
        (&["--last", "--allow-changed-metadata"], "restored"),
    ] {
        let report = rolled_back(&sandbox, words, 0);
        assert_eq!(report["manifests"][0]["outcome"], outcome);
    }
    assert_eq!(
        fs::metadata(sandbox.path(MANIFEST)).unwrap().mode() & 0o7777,
        0o644
    );
}

#[test]
fn a_backup_whose_extended_attributes_were_changed_is_refused() {
    let sandbox = Sandbox::new();
    for run in ["job/none", "job/some"] {
        sandbox.manifest(run, OLD);
    }
    let at = |run: &str, name: &str| sandbox.path(format!("artifacts/job/{run}/{name}"));
    if let Err(errno) = set_attribute(&at("some", "manifest.json"), b"red") {
        assert_eq!(errno, Errno::NOTSUP);
        return skip("xattr", "the file system has no extended attributes");
    }
    migrate(&sandbox, &[]);
    rolled_back(&sandbox, &["--last", "--dry-run"], 0);
    set_attribute(&at("none", "manifest.json.backup"), b"red").unwrap();
    set_attribute(&at("some", "manifest.json.backup"), b"blue").unwrap();
    let messages = || {
        let report = rolled_back(&sandbox, &["--last"], 1);
        let manifests = report["manifests"].as_array().unwrap().clone();
        let messages = manifests.iter().map(|one| {
            assert_eq!(one["code"], "backup_metadata_changed");
            let message = one["message"].as_str().unwrap();
            message.split_once("but ").unwrap().1.to_owned()
        });
        messages.collect::<Vec<_>>()
    };
    assert_eq!(
        messages(),
        [
            "extended attributes, expected none",
            "other extended attributes than expected"
        ]
    );
    removexattr(at("some", "manifest.json.backup"), ATTRIBUTE).unwrap();
    assert_eq!(messages()[1], "no extended attributes, expected some");
    removexattr(at("none", "manifest.json.backup"), ATTRIBUTE).unwrap();
    set_attribute(&at("some", "manifest.json.backup"), b"red").unwrap();
    rolled_back(&sandbox, &["--last"], 0);
}

#[test]
fn a_manifest_that_is_gone_is_failed_and_its_original_is_named() {
    let (sandbox, id) = migrated();
    fs::remove_file(sandbox.path(MANIFEST)).unwrap();
    let message =
        format!("the manifest is gone; operation {id} kept its original as `manifest.json.backup`");
    assert_refused(&sandbox, "failed", "not_found", &message);
}

#[test]
fn an_original_that_was_put_back_by_hand_is_in_its_place() {
    let (sandbox, _) = migrated();
    fs::rename(sandbox.path(BACKUP), sandbox.path(MANIFEST)).unwrap();
    let report = rolled_back(&sandbox, &["--last"], 0);
    assert_eq!(report["counts"]["current"], 1);
    assert_eq!(sandbox.read(MANIFEST), OLD.as_bytes());
}

#[test]
fn two_operations_are_undone_last_first_and_not_the_other_way_round() {
    let sandbox = Sandbox::new();
    sandbox.manifest("job/run", OLD);
    let before = sandbox.snapshot();
    let first = migrate(&sandbox, &["--target-version", "1.1.0"]);
    let between = sandbox.snapshot_without_state();
    let second = migrate(&sandbox, &[]);
    let after = sandbox.snapshot_without_state();
    let report = rolled_back(&sandbox, &[&first], 1);
    let one = &report["manifests"][0];
    assert_eq!(one["code"], "changed_since");
    assert_eq!(
        one["message"],
        format!("operation {second} has replaced it since operation {first}; roll that back first")
    );
    assert_eq!(sandbox.snapshot_without_state(), after);
    assert_eq!(
        rolled_back(&sandbox, &["--last"], 0)["undoes"],
        second.as_str()
    );
    assert_eq!(sandbox.snapshot_without_state(), between);
    assert_eq!(
        rolled_back(&sandbox, &["--last"], 0)["undoes"],
        first.as_str()
    );
    assert_eq!(sandbox.snapshot_without_state(), before);
    assert_eq!(
        rolled_back(&sandbox, &["--last"], 0)["operation"],
        Value::Null
    );
}

#[test]
fn a_rollback_is_never_rolled_back() {
    let (sandbox, _) = migrated();
    let report = rolled_back(&sandbox, &["--last"], 0);
    let id = report["operation"].as_str().unwrap();
    sandbox.run(["rollback", id]).code(2).stderr(&format!(
        "error: operation {id} is a rollback, not a migration\nhint: migrate again to have the migrated manifests back: only migrations can be rolled back\n"
    ));
}

#[test]
fn a_selection_undoes_a_part_and_the_rest_can_follow() {
    let family = Family::of_many(6);
    let sandbox = Sandbox::new();
    family.write(sandbox.root());
    let id = migrate(&sandbox, &[]);
    let report = rolled_back(&sandbox, &[&id, "--limit", "2"], 0);
    assert_eq!(
        (&report["counts"]["restored"], &report["counts"]["found"]),
        (&2.into(), &6.into())
    );
    let report = rolled_back(&sandbox, &["--last", "--job", "job-0[23]"], 0);
    assert_eq!(report["counts"]["restored"], 2);
    assert_eq!(report["counts"]["found"], 4);
    let report = rolled_back(&sandbox, &["--last", "--exclude", "job-04"], 0);
    assert_eq!(
        (&report["counts"]["restored"], &report["counts"]["excluded"]),
        (&1.into(), &1.into())
    );
    assert_eq!(family.assert_whole(sandbox.root(), "one is left"), 1);
    rolled_back(&sandbox, &[&id], 0);
    family.assert_untouched(sandbox.root(), "all are back");
}

#[test]
fn a_manifest_that_is_named_is_undone_where_it_was_replaced_last() {
    let sandbox = Sandbox::new();
    sandbox.manifest("job/run", OLD).manifest("job/two", OLD);
    migrate(&sandbox, &["--target-version", "1.1.0"]);
    migrate(&sandbox, &["--manifest", "artifacts/job/run"]);
    let named = [
        "--manifest",
        "artifacts/job/run",
        "--manifest",
        "artifacts/job/two",
    ];
    let report = rolled_back(&sandbox, &named, 0);
    assert_eq!(report["counts"]["restored"], 2);
    assert_eq!(report["manifests"][0]["to"], "1.1.0");
    assert_eq!(report["manifests"][1]["to"], "1.0.0");
    assert_eq!(report.get("undoes"), None);
    let report = rolled_back(&sandbox, &named[..2], 0);
    assert_eq!(report["manifests"][0]["to"], "1.0.0");
    let report = rolled_back(&sandbox, &[&named[..], &["--all"]].concat(), 0);
    assert_eq!(report["counts"]["current"], 2);
    sandbox.manifest("job/new", THEIRS);
    let report = rolled_back(&sandbox, &["--manifest", "artifacts/job/new"], 1);
    assert_eq!(report["manifests"][0]["code"], "not_replaced");
    assert_eq!(
        report["manifests"][0]["message"],
        "no operation has replaced it"
    );
}

#[test]
fn lines_come_one_for_each_and_the_counts_last() {
    let (sandbox, id) = migrated();
    let output = sandbox.run(["rollback", "--last", "--format", "jsonl"]);
    output.code(0);
    let lines: Vec<Value> = output
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    for line in &lines {
        assert_fits("outcome", line, "rollback");
    }
    assert_eq!(lines[0]["outcome"], "restored");
    assert_eq!(
        (&lines[1]["undoes"], &lines[1]["counts"]["restored"]),
        (&id.as_str().into(), &1.into())
    );
}

#[test]
fn too_many_conflicts_hold_it_with_4() {
    let family = Family::of_many(3);
    let sandbox = Sandbox::new();
    family.write(sandbox.root());
    migrate(&sandbox, &[]);
    for path in family.paths() {
        sandbox.file(path, THEIRS);
    }
    let report = rolled_back(&sandbox, &["--last", "--max-failures", "2"], 4);
    assert_eq!(report["error"]["code"], "too_many_failures");
}
