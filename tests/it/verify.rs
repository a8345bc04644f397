//! What `verify` proves: sound trees before and after migrations, histories of other tools, and what it says where something cannot be proved.
//!
//! Invariant: a sound tree has no finding, whatever is missing around it.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::aftermath::STATE;
use crate::support::is_root;
use crate::support::pair::{Pair, codes, found, verify};
use crate::support::sandbox::{Output, Sandbox};
use crate::support::skip::skip;
use crate::support::tree::text::{Json, hash};
use crate::support::tree::{Layout, Payload, Run, TreeSpec, generate};

#[test]
fn a_tree_with_true_hashes_is_sound_before_and_after_it_is_migrated() {
    let sandbox = Sandbox::new();
    let spec = TreeSpec {
        deferred_percent: 5,
        rerun_percent: 10,
        ..TreeSpec::new(11, 300)
    };
    let made = generate(sandbox.root(), &spec).unwrap();
    let before = verify(&sandbox, &[]);
    before.code(0);
    let report = before.json();
    assert_eq!(report["manifests"], json!([]), "{before}");
    assert_eq!(report["findings"], json!({}), "{before}");
    assert_eq!(report["counts"]["pending"], made.pending);
    assert_eq!(report["warnings"][0]["code"], "never_migrated");

    sandbox.run(["--quiet"]).code(0);
    for more in [&[][..], &["--replay"], &["--replay", "--no-snapshots"]] {
        let after = verify(&sandbox, more);
        after.code(0).stderr("");
        let report = after.json();
        assert_eq!(report["manifests"], json!([]), "{after}");
        assert_eq!(report["counts"]["current"], made.pending + made.current);
        assert_eq!(report["counts"]["deferred"], made.deferred);
        let notes = report["notes"].as_object().unwrap();
        let only: Vec<_> = notes.keys().collect();
        assert!(
            only.is_empty() || only == ["snapshots_not_declared"],
            "{after}"
        );
    }
    let jobs = |jobs| sandbox.run(["verify", "--all", "--format", "jsonl", "--jobs", jobs]);
    let one = jobs("1");
    assert_eq!(one.stdout, jobs("8").stdout);
    assert_eq!(one.json_lines().len(), made.found + 1);
}

#[test]
fn migrations_in_several_operations_are_proved_one_by_one() {
    let pair = Pair::new();
    let sandbox = &pair.sandbox;
    sandbox
        .run(["--quiet", "--target-version", "1.1.0"])
        .code(0);
    sandbox.run(["--quiet"]).code(0);
    let sound = verify(sandbox, &["--replay", "--all"]);
    sound.code(0);
    assert_eq!(
        codes(&sound).into_values().flatten().collect::<Vec<_>>(),
        ["snapshots_not_declared"]
    );
    // The document between the two is in the second backup: it proves the first record.
    let first = pair.legacy.join("manifest.json.backup");
    let (first, aside) = (sandbox.path(&first), sandbox.path("aside"));
    fs::rename(&first, &aside).unwrap();
    found(&pair, &pair.legacy, &[], &["backup_missing"]);
    fs::rename(&aside, &first).unwrap();
    let manifest = pair.legacy.join("manifest.json");
    let text: Value = serde_json::from_slice(&sandbox.read(&manifest)).unwrap();
    let checksum = text["migration_history"][0]["checksum_after"]
        .as_str()
        .unwrap();
    pair.replace(&manifest, checksum, &hash(b"other"));
    let expected = [
        "bytes_differ_from_journal",
        "checksum_after_differs",
        "checksum_after_differs",
    ];
    found(&pair, &pair.legacy, &[], &expected);
}

#[test]
fn a_run_whose_writer_is_at_work_is_not_asked_for_its_snapshots() {
    let sandbox = Sandbox::new();
    let run = Run::of(6, "1.2.0", "running", Layout::PIPELINE);
    run.write(&sandbox.path("artifacts"), Payload::Absent)
        .unwrap();
    verify(&sandbox, &[]).code(0);
}

#[test]
fn without_journal_and_original_a_history_is_unwitnessed_and_not_wrong() {
    let pair = Pair::migrated();
    fs::remove_dir_all(pair.sandbox.path(STATE)).unwrap();
    let with_backups = verify(&pair.sandbox, &["--replay"]);
    with_backups.code(0).stderr("");
    let notes = |output: &Output| output.json()["notes"].clone();
    assert_eq!(
        notes(&with_backups),
        json!({"not_replayable": 2, "snapshots_not_declared": 1})
    );
    let backup = pair.sandbox.path(pair.hashed.join("manifest.json.backup"));
    fs::write(backup, "{}").unwrap();
    let with_one = verify(&pair.sandbox, &[]);
    with_one.code(0);
    let expected = json!({"backup_unrelated": 1, "snapshots_not_declared": 1, "unwitnessed": 1});
    assert_eq!(notes(&with_one), expected);
}

#[test]
fn a_replay_uses_the_catalog_that_was_used_and_says_when_it_is_gone() {
    let pair = Pair::new();
    let sandbox = &pair.sandbox;
    let built_in = "src/catalog/run-manifest";
    sandbox.copy(built_in, "catalog");
    pair.replace(
        "catalog/migrations/1.0.0-1.2.0.json",
        "\"prior_stages\": []",
        "\"prior_stages\": [0]",
    );
    let with_other = ["--quiet", "--catalog", "catalog"];
    sandbox.run(with_other).code(0);
    verify(sandbox, &["--replay"]).code(0);
    fs::remove_dir_all(sandbox.path(STATE).join("catalogs")).unwrap();
    let gone = verify(sandbox, &["--replay"]);
    gone.code(0);
    assert_eq!(gone.json()["notes"]["not_replayable"], 2);
    // The same catalog, given, is as good as the one that was kept.
    let given = verify(sandbox, &["--replay", "--catalog", "catalog"]);
    assert_eq!(given.code(0).json()["notes"]["not_replayable"], Value::Null);
}

#[test]
fn a_state_directory_that_cannot_be_read_is_a_warning() {
    let pair = Pair::migrated();
    if !is_root() {
        return skip(
            "verify",
            "only root can make another user's state directory",
        );
    }
    pair.sandbox.mode("", 0o755);
    let user = [
        "setpriv",
        "--reuid",
        "65534",
        "--regid",
        "65534",
        "--clear-groups",
    ];
    pair.sandbox.copy("src/catalog/run-manifest", "catalog");
    let words = ["verify", "--format", "json", "--catalog", "catalog"];
    let invocation = pair.sandbox.invoke(words);
    let output = invocation.under(user).run();
    output.code(0);
    assert_eq!(
        output.json()["warnings"][1]["code"],
        "state_unreadable",
        "{output}"
    );
}

#[test]
fn what_is_found_is_told_in_blocks_a_table_and_a_sentence() {
    let pair = Pair::migrated();
    let inputs = pair.hashed.join("inputs/model_config.json");
    fs::remove_file(pair.sandbox.path(inputs)).unwrap();
    let output = pair.sandbox.run(["verify"]);
    let head = output.stdout.split_once("\n\n").unwrap().0;
    let path = pair.hashed.strip_prefix("artifacts").unwrap().display();
    output.code(1).stderr("").stdout(&format!(
        "{head}

finding   {path}/manifest.json
          snapshot_missing: `inputs/model_config.json` is not there

found    2
current  2

findings
  snapshot_missing  1
notes
  snapshots_not_declared  1

hint: snapshot_missing: restore the file named from a copy of the run

Verified 2 manifests: 1 finding in 1 manifest.
"
    ));
    let quiet = pair.sandbox.run(["verify", "--quiet"]);
    quiet.code(1).stdout(&format!(
        "finding   {path}/manifest.json
          snapshot_missing: `inputs/model_config.json` is not there
"
    ));
}

#[test]
fn one_manifest_is_proved_alone_and_listed_ones_have_a_line_each() {
    let pair = Pair::migrated();
    let backup = pair.hashed.join("manifest.json.backup");
    fs::remove_file(pair.sandbox.path(backup)).unwrap();
    let legacy = pair.legacy.display().to_string();
    let alone = verify(&pair.sandbox, &["--manifest", &legacy]);
    assert_eq!(alone.code(0).json()["counts"]["selected"], 1);
    let in_tree = |dir: &Path| {
        let dir = dir.strip_prefix("artifacts").unwrap();
        format!("{}/manifest.json\n", dir.display())
    };
    let list = [in_tree(&pair.legacy), in_tree(&pair.hashed)].concat();
    let words = ["verify", "--files-from", "-", "--format", "jsonl"];
    let lines = pair.sandbox.invoke(words).stdin(list).run();
    lines.code(0);
    let lines = lines.json_lines();
    assert_eq!(lines.len(), 3);
    let of = |dir: &Path| {
        let path = in_tree(dir).trim().to_owned();
        lines.iter().find(|line| line["path"] == path).unwrap()["findings"].clone()
    };
    assert_eq!(of(&pair.legacy)[0]["code"], "snapshots_not_declared");
    assert_eq!(of(&pair.hashed)[0]["code"], "backup_missing");
    assert_eq!(lines[2]["findings"], json!({"backup_missing": 1}));
}

/// A manifest as another tool migrated it: sorted, in its own words, with microseconds.
struct Foreign {
    members: Vec<(String, Json)>,
}

impl Foreign {
    fn new() -> Self {
        Self {
            members: [
                ("schema_version", "1.0.0"),
                ("run_id", "0f6f7d4e"),
                ("note", "naïve 夜"),
            ]
            .map(|(name, value)| (name.to_owned(), Json::Text(value.to_owned())))
            .to_vec(),
        }
    }

    fn set(&mut self, name: &str, value: Json) {
        self.members.retain(|(member, _)| member != name);
        self.members.push((name.to_owned(), value));
    }

    fn sorted(&self) -> Json {
        let mut document = Json::Object(self.members.clone());
        document.sort();
        document
    }

    fn checksum(&self) -> String {
        hash(Layout::PYTHON.print(&self.sorted()).as_bytes())
    }

    /// Takes it from one version to the next, and gives the text before.
    fn migrate(&mut self, from: &str, to: &str, member: &str, second: u32) -> String {
        let before = Layout::PIPELINE.print(&self.sorted());
        let checksum_before = self.checksum();
        self.set(member, Json::Null);
        self.set("schema_version", Json::Text(to.to_owned()));
        let text = |text: &str| Json::Text(text.to_owned());
        let words = Json::Array(vec![text(&format!("Add {member} field (null)"))]);
        let record = [
            ("from_version", text(from)),
            ("to_version", text(to)),
            (
                "applied_at",
                text(&format!("2026-03-01T08:00:{second:02}.676525Z")),
            ),
            ("changes", Json::Array(vec![words])),
            ("checksum_before", text(&checksum_before)),
            ("checksum_after", text(&self.checksum())),
        ];
        let record = record.map(|(name, value)| (name.to_owned(), value));
        let history = self
            .members
            .iter()
            .find(|(name, _)| name == "migration_history");
        let mut records = match history {
            Some((_, Json::Array(records))) => records.clone(),
            _ => Vec::new(),
        };
        records.push(Json::Object(record.to_vec()));
        self.set("migration_history", Json::Array(records));
        before
    }
}

#[test]
fn a_history_of_another_tool_is_proved_as_far_as_its_backups_go() {
    let mut manifest = Foreign::new();
    let original = Layout::PIPELINE.print(&Json::Object(manifest.members.clone()));
    manifest.migrate("1.0.0", "1.1.0", "inputs_hash", 1);
    let between = manifest.migrate("1.1.0", "1.2.0", "chain_metadata", 2);
    let dir = "artifacts/runs/0f6f7d4e";
    let sandbox = Sandbox::new();
    let after = Layout::PIPELINE.print(&manifest.sorted());
    sandbox.file(format!("{dir}/manifest.json"), &after);
    let notes = || {
        let output = verify(&sandbox, &["--replay"]);
        output.code(0);
        output.json()["notes"].clone()
    };
    let backup = |name: &str| format!("{dir}/manifest.json.backup{name}");
    sandbox.file(backup(""), between);
    let only_the_last = json!({"not_replayable": 2, "snapshots_not_declared": 1, "unwitnessed": 1});
    assert_eq!(notes(), only_the_last);
    sandbox.file(backup(".old"), original);
    assert_eq!(
        notes(),
        json!({"not_replayable": 2, "snapshots_not_declared": 1})
    );
    let changed = after.replace("naïve", "knowing");
    sandbox.file(format!("{dir}/manifest.json"), changed);
    let output = verify(&sandbox, &[]);
    let found: Vec<_> = codes(&output.code(1).clone())
        .into_values()
        .flatten()
        .collect();
    assert_eq!(found, ["checksum_after_differs"]);
}
