//! What `verify` finds: each damage by its code.
//!
//! Invariant: a damage is done to what the program itself left, one at a time.

use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::support::pair::{Pair, codes, finds, found, verify};
use crate::support::tree::text::hash;

/// Gives a file another modification time.
pub(crate) fn touch(path: &Path) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let times = fs::FileTimes::new().set_modified(time);
    fs::File::open(path).unwrap().set_times(times).unwrap();
}

#[test]
fn a_changed_manifest_is_found() {
    let manifest = |from: &'static str, to: &'static str| {
        move |pair: &Pair| {
            pair.replace(pair.hashed.join("manifest.json"), from, to);
            pair.hashed.clone()
        }
    };
    finds(
        manifest("\"meta\": ", "\"meta\":  "),
        &["--replay"],
        &["bytes_differ_from_journal", "replay_differs"],
    );
    finds(
        manifest("\"succeeded\"", "\"cancelled\""),
        &[],
        &["bytes_differ_from_journal", "checksum_after_differs"],
    );
    finds(
        manifest(
            "\"job_type\": \"instagram_copy\"",
            "\"job_type\": \"instagram_kopy\"",
        ),
        &[],
        &[
            "bytes_differ_from_journal",
            "checksum_after_differs",
            "protected_changed",
        ],
    );
    finds(
        manifest("\"job_id\": \"ig-", "\"job_id\": \"IG-"),
        &["--no-snapshots"],
        &[
            "bytes_differ_from_journal",
            "checksum_after_differs",
            "immutable_changed",
        ],
    );
    finds(
        manifest(
            "\"schema_version\": \"1.2.0\"",
            "\"schema_version\": \"1.1.0\"",
        ),
        &[],
        &[
            "bytes_differ_from_journal",
            "history_chain_broken",
            "checksum_after_differs",
        ],
    );
    finds(
        manifest(
            "\"schema_version\": \"1.2.0\"",
            "\"schema_version\": \"9.2.0\"",
        ),
        &["--no-snapshots"],
        &[
            "bytes_differ_from_journal",
            "version_unknown",
            "history_chain_broken",
            "checksum_after_differs",
        ],
    );
    finds(
        manifest("{", "["),
        &[],
        &["bytes_differ_from_journal", "syntax_error"],
    );
}

#[test]
fn a_changed_history_is_found() {
    let record = |from: &'static str, to: &'static str| {
        move |pair: &Pair| {
            let path = pair.legacy.join("manifest.json");
            let text = String::from_utf8(pair.sandbox.read(&path)).unwrap();
            let (before, history) = text.split_once("\"migration_history\"").unwrap();
            assert!(history.contains(from), "{from} is not in {history}");
            let history = history.replacen(from, to, 1);
            pair.sandbox
                .file(path, format!("{before}\"migration_history\"{history}"));
            pair.legacy.clone()
        }
    };
    let more = &[][..];
    finds(
        record(
            "\"checksum_before\": \"sha256:",
            "\"checksum_before\": \"sha256:0",
        ),
        more,
        &["bytes_differ_from_journal", "history_record_malformed"],
    );
    finds(
        |pair| {
            let path = pair.legacy.join("manifest.json");
            let text: Value = serde_json::from_slice(&pair.sandbox.read(&path)).unwrap();
            let checksum = text["migration_history"][0]["checksum_before"]
                .as_str()
                .unwrap();
            pair.replace(path, checksum, &hash(b"other"));
            pair.legacy.clone()
        },
        more,
        &["bytes_differ_from_journal", "checksum_before_differs"],
    );
    finds(
        record("\"from_version\": \"1.0.0\"", "\"from_version\": \"1.1.0\""),
        more,
        &["bytes_differ_from_journal", "history_chain_broken"],
    );
    finds(
        record("\"to_version\": \"1.2.0\"", "\"to_version\": \"1.1.0\""),
        more,
        &["bytes_differ_from_journal", "history_chain_broken"],
    );
    finds(
        record("2026-02-28T10:30:00Z", "2026-02-28T10:30:01Z"),
        more,
        &["bytes_differ_from_journal"],
    );
    finds(
        record("\"changes\"", "\"chances\""),
        more,
        &["bytes_differ_from_journal", "history_record_malformed"],
    );
}

#[test]
fn a_changed_backup_is_found() {
    let backup = |act: fn(&Path)| {
        move |pair: &Pair| {
            act(&pair.sandbox.path(pair.hashed.join("manifest.json.backup")));
            pair.hashed.clone()
        }
    };
    let changed = &["backup_changed"][..];
    finds(
        |pair| {
            let manifest = pair.hashed.join("manifest.json");
            pair.replace(&manifest, "{", "[");
            let backup = pair.sandbox.path(pair.hashed.join("manifest.json.backup"));
            fs::remove_file(backup).unwrap();
            pair.hashed.clone()
        },
        &[],
        &[
            "bytes_differ_from_journal",
            "backup_missing",
            "syntax_error",
        ],
    );
    finds(
        backup(|path| {
            let text = fs::read_to_string(path).unwrap();
            fs::write(path, text.replacen("succeeded", "sucseeded", 1)).unwrap();
        }),
        &[],
        changed,
    );
    finds(backup(|path| fs::write(path, "").unwrap()), &[], changed);
    finds(
        backup(|path| fs::remove_file(path).unwrap()),
        &[],
        &["backup_missing"],
    );
    finds(
        backup(|path| {
            fs::rename(path, path.with_extension("moved")).unwrap();
            symlink(path.with_extension("moved"), path).unwrap();
        }),
        &[],
        changed,
    );
}

#[test]
fn changed_metadata_of_a_backup_are_found() {
    let backup = |act: fn(&Path)| {
        move |pair: &Pair| {
            act(&pair.sandbox.path(pair.hashed.join("manifest.json.backup")));
            pair.hashed.clone()
        }
    };
    let changed = &["backup_metadata_changed"][..];
    let set_mode = |path: &Path| fs::set_permissions(path, Permissions::from_mode(0o606)).unwrap();
    finds(backup(set_mode), &[], changed);
    finds(backup(touch), &[], changed);
    finds(
        backup(|path| fs::hard_link(path, path.with_extension("second")).unwrap()),
        &[],
        &["hard_linked"],
    );
    finds(
        backup(|path| {
            touch(path);
            fs::set_permissions(path, Permissions::from_mode(0o606)).unwrap();
            fs::hard_link(path, path.with_extension("second")).unwrap();
        }),
        &[],
        &["hard_linked", "backup_metadata_changed"],
    );
    // Whoever writes other bytes changes the time, too: that is one finding.
    finds(
        backup(|path| fs::write(path, "{}").unwrap()),
        &[],
        &["backup_changed"],
    );
}

#[test]
fn changed_metadata_of_a_migrated_manifest_are_found() {
    let manifest = |act: fn(&Path)| {
        move |pair: &Pair| {
            act(&pair.sandbox.path(pair.legacy.join("manifest.json")));
            pair.legacy.clone()
        }
    };
    finds(
        manifest(|path| fs::set_permissions(path, Permissions::from_mode(0o606)).unwrap()),
        &[],
        &["metadata_changed"],
    );
    finds(
        manifest(|path| fs::hard_link(path, path.with_extension("second")).unwrap()),
        &[],
        &["hard_linked"],
    );
    // The journal does not know when the new file was written.
    let pair = Pair::migrated();
    touch(&pair.sandbox.path(pair.legacy.join("manifest.json")));
    verify(&pair.sandbox, &[]).code(0);
}

#[test]
fn a_tree_that_was_copied_is_one_finding() {
    let pair = Pair::migrated();
    verify(&pair.sandbox, &[]).code(0);
    for run in [&pair.legacy, &pair.hashed] {
        touch(&pair.sandbox.path(run.join("manifest.json.backup")));
        let manifest = pair.sandbox.path(run.join("manifest.json"));
        fs::set_permissions(manifest, Permissions::from_mode(0o606)).unwrap();
    }
    let output = verify(&pair.sandbox, &[]);
    output.code(1);
    let report = output.json();
    assert_eq!(report["state"].as_array().unwrap().len(), 1, "{output}");
    assert_eq!(report["state"][0]["code"], "backup_metadata_changed");
    let message = report["state"][0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("all 2 backups have another modification time, and all 2 manifests have another mode than the journal of operation `"),
        "{message}"
    );
    let manifests = report["manifests"].as_array().unwrap();
    assert!(
        manifests
            .iter()
            .all(|one| one["findings"] == serde_json::json!([])),
        "{output}"
    );
    // A manifest that is named is told of by itself.
    let path = pair
        .legacy
        .strip_prefix("artifacts")
        .unwrap()
        .join("manifest.json");
    let named = verify(&pair.sandbox, &["--manifest", path.to_str().unwrap()]);
    assert_eq!(
        codes(&named).into_values().collect::<Vec<_>>(),
        [["metadata_changed", "backup_metadata_changed"]]
    );
}

#[test]
fn a_changed_snapshot_is_found() {
    let snapshot = |act: fn(&Path)| {
        move |pair: &Pair| {
            act(&pair
                .sandbox
                .path(pair.hashed.join("inputs/model_config.json")));
            pair.hashed.clone()
        }
    };
    finds(
        snapshot(|path| {
            let text = fs::read_to_string(path).unwrap();
            fs::write(path, text.replacen("openai", "openay", 1)).unwrap();
        }),
        &[],
        &["snapshot_hash_differs"],
    );
    finds(
        snapshot(|path| fs::write(path, "{}").unwrap()),
        &[],
        &["snapshot_size_differs", "snapshot_hash_differs"],
    );
    finds(
        snapshot(|path| fs::remove_file(path).unwrap()),
        &[],
        &["snapshot_missing"],
    );
    finds(
        snapshot(|path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }),
        &[],
        &["snapshot_not_regular"],
    );
    finds(
        |pair| {
            let inputs = pair.sandbox.path(pair.hashed.join("inputs"));
            fs::rename(&inputs, inputs.with_extension("moved")).unwrap();
            symlink(inputs.with_extension("moved"), inputs).unwrap();
            pair.hashed.clone()
        },
        &[],
        &["snapshot_not_regular"; 4],
    );
    let pair = Pair::migrated();
    fs::remove_dir_all(pair.sandbox.path(pair.hashed.join("inputs"))).unwrap();
    verify(&pair.sandbox, &["--no-snapshots"]).code(0);
}

#[test]
fn a_run_that_does_not_follow_from_its_inputs_is_found() {
    for (from, to, expected) in [
        (
            "\"inputs/model_config.json\"",
            "\"../../../outside.json\"",
            &["snapshot_leads_out"][..],
        ),
        (
            "\"inputs/model_config.json\"",
            "\"/etc/passwd\"",
            &["snapshot_leads_out"],
        ),
        ("\"inputs/model_config.json\"", "7", &["snapshot_malformed"]),
        (
            "\"inputs_hash\": \"sha256:",
            "\"inputs_hash\": \"0",
            &["inputs_hash_differs"],
        ),
        (
            "\"model_config\": {",
            "\"model_conf\": {",
            &["inputs_hash_differs"],
        ),
        (
            "\"run_id\": \"",
            "\"run_id\": \"0",
            &["run_id_differs", "directory_name_differs"],
        ),
        (
            "\"job_id\": \"ig-",
            "\"job_id\": \"IG-",
            &["directory_name_differs"],
        ),
        (
            "\"version\": \"v1.0.0\"",
            "\"version\": \"v1.0.1\"",
            &["snapshot_disagrees"],
        ),
    ] {
        let pair = Pair::new();
        pair.sandbox.file("outside.json", "{}");
        pair.replace(pair.hashed.join("manifest.json"), from, to);
        found(&pair, &pair.hashed, &[], expected);
    }
}

#[test]
fn a_directory_with_another_name_is_found() {
    let pair = Pair::new();
    let other = pair.hashed.with_file_name("other");
    let (from, to) = (pair.sandbox.path(&pair.hashed), pair.sandbox.path(&other));
    fs::rename(from, to).unwrap();
    found(&pair, &other, &[], &["directory_name_differs"]);
    let legacy = Path::new("artifacts/runs").join(pair.hashed.file_name().unwrap());
    fs::rename(pair.sandbox.path(&other), pair.sandbox.path(legacy)).unwrap();
    verify(&pair.sandbox, &[]).code(0);
}

#[test]
fn a_manifest_that_is_gone_is_named() {
    let pair = Pair::migrated();
    let manifest = pair.sandbox.path(&pair.hashed).join("manifest.json");
    fs::remove_file(&manifest).unwrap();
    let output = verify(&pair.sandbox, &[]);
    output.code(1);
    let report = output.json();
    assert_eq!(report["state"][0]["code"], "manifest_missing", "{output}");
    let path = report["state"][0]["path"].as_str().unwrap();
    assert!(manifest.ends_with(path));
    // Left out on purpose, or not asked for: nothing is missing.
    for more in [&["--exclude", "*"][..], &["--job", "runs"]] {
        let report = verify(&pair.sandbox, more).json();
        assert_eq!(report["state"], serde_json::json!([]), "{more:?}");
    }
}
