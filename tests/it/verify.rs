//! What `verify` proves and what it finds: sound trees before and after a migration, and each damage by its code.
//!
//! Invariant: a damage is done to a copy of what the program itself left, one at a time, and the codes that follow are asserted completely.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::aftermath::STATE;
use crate::support::is_root;
use crate::support::sandbox::{Output, Sandbox};
use crate::support::skip::skip;
use crate::support::tree::text::{Json, hash};
use crate::support::tree::{Layout, Payload, Run, TreeSpec, generate};

/// A run from before there were snapshots, and one with them, as `verify` knows them.
struct Pair {
    sandbox: Sandbox,
    legacy: PathBuf,
    hashed: PathBuf,
}

impl Pair {
    /// As the pipeline wrote them.
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let runs = [
            Run::of(71, "1.0.0", "succeeded", Layout::PIPELINE),
            Run::of(74, "1.1.0", "succeeded", Layout::PIPELINE),
        ];
        let write = |run: &Run| {
            run.write(&sandbox.path("artifacts"), Payload::Full)
                .unwrap();
            Path::new("artifacts").join(&run.dir)
        };
        let [legacy, hashed] = runs.each_ref().map(write);
        Self {
            sandbox,
            legacy,
            hashed,
        }
    }

    /// After a migration.
    fn migrated() -> Self {
        let pair = Self::new();
        pair.sandbox.run(["--quiet"]).code(0);
        pair
    }

    /// Puts other bytes in the place of some, once.
    #[track_caller]
    fn replace(&self, path: impl AsRef<Path>, from: &str, to: &str) {
        let text = String::from_utf8(self.sandbox.read(&path)).unwrap();
        assert!(text.contains(from), "{from} is not in {text}");
        self.sandbox.file(path, text.replacen(from, to, 1));
    }

    fn journal(&self) -> PathBuf {
        let dir = Path::new(STATE).join("operations");
        let entry = fs::read_dir(self.sandbox.path(&dir))
            .unwrap()
            .next()
            .unwrap();
        dir.join(entry.unwrap().file_name())
    }
}

/// The codes found, by path; `state` stands for what is about no manifest.
fn codes(output: &Output) -> BTreeMap<String, Vec<String>> {
    let report = output.json();
    let texts = |list: &Value| -> Vec<String> {
        let codes = list.as_array().unwrap().iter();
        codes
            .map(|one| one["code"].as_str().unwrap().to_owned())
            .collect()
    };
    let manifests = report["manifests"].as_array().unwrap().iter();
    let mut codes: BTreeMap<_, _> = manifests
        .map(|one| {
            (
                one["path"].as_str().unwrap().to_owned(),
                texts(&one["findings"]),
            )
        })
        .collect();
    if report["state"] != json!([]) {
        codes.insert("state".to_owned(), texts(&report["state"]));
    }
    codes
}

fn verify(sandbox: &Sandbox, more: &[&str]) -> Output {
    sandbox.run([&["verify", "--format", "json"], more].concat())
}

/// Damages one of a pair of migrated runs, and asserts what is found about it, and nothing else.
#[track_caller]
fn finds(damage: impl FnOnce(&Pair) -> PathBuf, more: &[&str], expected: &[&str]) {
    let pair = Pair::migrated();
    found(&pair, &damage(&pair), more, expected);
}

#[track_caller]
fn found(pair: &Pair, at: &Path, more: &[&str], expected: &[&str]) {
    let output = verify(&pair.sandbox, more);
    let path = match at.strip_prefix("artifacts") {
        Ok(dir) => format!("{}/manifest.json", dir.display()),
        Err(_) => "state".to_owned(),
    };
    let expected: Vec<_> = expected.iter().map(ToString::to_string).collect();
    assert_eq!(
        codes(&output),
        BTreeMap::from([(path, expected)]),
        "{output}"
    );
    output.code(1);
}

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
    let original = sandbox.read(&first);
    fs::remove_file(sandbox.path(&first)).unwrap();
    found(&pair, &pair.legacy, &[], &["backup_missing"]);
    sandbox.file(&first, original);
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
fn a_run_whose_writer_is_at_work_is_not_asked_for_its_snapshots() {
    let sandbox = Sandbox::new();
    let run = Run::of(6, "1.2.0", "running", Layout::PIPELINE);
    run.write(&sandbox.path("artifacts"), Payload::Absent)
        .unwrap();
    verify(&sandbox, &[]).code(0);
}

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
            text.replacen("journal/1", "journal/2", 1).into_bytes()
        }),
        &[],
        &["journal_unknown"],
    );
    let output = {
        let pair = Pair::migrated();
        journal(|bytes| bytes[..9].to_vec())(&pair);
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
        output.json()["warnings"][0]["code"],
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
