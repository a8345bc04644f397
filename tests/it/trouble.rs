//! The tree with every kind of trouble: what can be migrated is, what cannot is named with code, place and reason and keeps its bytes.
//!
//! The whole report is committed as `fixtures/trouble/report-root.json` and `report-user.json`; `UPDATE=1 cargo test --test it trouble` writes them anew, and the difference is then to be read.
//!
//! Invariant: each outcome and code is that of the table in `support/trouble`, whoever runs the program and with however many threads.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use walkdir::WalkDir;

use crate::support::committed::assert_committed;
use crate::support::is_root;
use crate::support::sandbox::{Invocation, Output, Sandbox};
use crate::support::skip::skip;
use crate::support::snapshot::{Content, Detail, Snapshot};
use crate::support::trouble::{Expected, Privileges, make_all, unlock};

/// A user that no test machine has anything for.
const USER: u32 = 65_533;

/// The tree, made as whoever will run the program.
struct Troubled {
    sandbox: Sandbox,
    expected: Vec<Expected>,
    privileges: Privileges,
}

impl Troubled {
    /// `None` where this user cannot act as the one asked for.
    fn new(privileges: Privileges) -> Option<Self> {
        // Not in memory: some of it is large.
        let sandbox = Sandbox::on(&std::env::temp_dir());
        match privileges {
            Privileges::Root if !is_root() => {
                skip("root", "the tree as root sees it");
                return None;
            }
            _ => {}
        }
        let expected = make_all(sandbox.root(), privileges).unwrap();
        if is_root() && privileges == Privileges::User {
            give_away(sandbox.root());
        }
        Some(Self {
            sandbox,
            expected,
            privileges,
        })
    }

    /// The program, on the way that every file system of a test machine knows: messages name what failed, so they differ between the ways.
    fn invoke(&self, words: &[&str]) -> Invocation {
        let words = [words, &["--assume-lacking", "exchange"]].concat();
        let invocation = self.sandbox.invoke(words);
        if is_root() && self.privileges == Privileges::User {
            let user = USER.to_string();
            return invocation.under([
                "setpriv",
                "--reuid",
                &user,
                "--regid",
                &user,
                "--clear-groups",
            ]);
        }
        invocation
    }

    /// Every entry of the tree; taken by root, or after [`unlock`].
    fn snapshot(&self) -> Snapshot {
        let detail = Detail {
            times: true,
            identity: true,
            state: false,
        };
        Snapshot::of(&self.sandbox.path("artifacts"), detail)
    }
}

impl Drop for Troubled {
    fn drop(&mut self) {
        unlock(self.sandbox.root()).expect("the sandbox can be removed");
    }
}

/// Gives all of it to the user, and lets him come to it.
fn give_away(root: &Path) {
    for entry in WalkDir::new(root) {
        let entry = entry.unwrap();
        std::os::unix::fs::lchown(entry.path(), Some(USER), Some(USER)).unwrap();
    }
    chown(root, Some(USER), Some(USER)).unwrap();
    fs::set_permissions(root, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The path of a line of the report.
fn path_of(one: &Value) -> PathBuf {
    use std::os::unix::ffi::OsStringExt as _;
    if let Some(exact) = one["path_b64"].as_str() {
        let bytes = STANDARD.decode(exact).expect("base64");
        return std::ffi::OsString::from_vec(bytes).into();
    }
    one["path"].as_str().expect("a path").into()
}

/// Asserts that outcomes, warnings, directories, counts and order are those of the table.
fn assert_as_in_the_table(report: &Value, expected: &[Expected]) {
    assert_each_outcome(report, expected);
    assert_counts(report, expected);
    let in_order: Vec<_> = report["manifests"].as_array().unwrap().iter().collect();
    assert!(
        in_order.is_sorted_by_key(|one| {
            use std::os::unix::ffi::OsStringExt as _;
            path_of(one).into_os_string().into_vec()
        }),
        "not in path order"
    );
}

fn assert_each_outcome(report: &Value, expected: &[Expected]) {
    let of = |list: &str| -> BTreeMap<PathBuf, Value> {
        let list = report[list].as_array().unwrap();
        let placed = list.iter().filter(|one| one["path"].is_string());
        placed.map(|one| (path_of(one), one.clone())).collect()
    };
    let (manifests, warnings, directories) = (of("manifests"), of("warnings"), of("directories"));
    for one in expected {
        let (name, path) = (&one.name, &one.path);
        let found = match one.outcome {
            "warning" => {
                assert_eq!(warnings[path]["code"], one.code, "{name}");
                continue;
            }
            "directories_failed" => {
                assert_eq!(directories[path]["code"], "permission_denied", "{name}");
                continue;
            }
            "aliases" | "dangling" | "outside" | "unseen" => {
                assert!(!manifests.contains_key(path), "{name} is in the report");
                continue;
            }
            _ => manifests
                .get(path)
                .unwrap_or_else(|| panic!("{name} is not in the report")),
        };
        assert_eq!(found["outcome"], one.outcome, "{name}: {found}");
        let code = found["code"].as_str().unwrap_or_default();
        assert_eq!(code, one.code, "{name}: {found}");
        if !code.is_empty() {
            let message = found["message"].as_str().unwrap_or_default();
            assert!(message.len() > 8, "{name} has no reason: {found}");
        }
    }
}

fn assert_counts(report: &Value, expected: &[Expected]) {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for one in expected {
        *counts.entry(one.outcome).or_default() += 1;
    }
    // Links that stand where a backup should go are links like any other.
    for (name, outcome) in [
        ("backup-name-link-dangling", "dangling"),
        ("backup-name-link-outside", "outside"),
    ] {
        let is_there = expected.iter().any(|one| one.name == name);
        *counts.entry(outcome).or_default() += u64::from(is_there);
    }
    let migrated = counts.get("migrated").copied().unwrap_or_default();
    assert!(migrated > 40, "only {migrated} can be migrated");
    for name in [
        "migrated",
        "current",
        "ahead",
        "deferred",
        "refused",
        "failed",
        "conflict",
        "directories_failed",
        "aliases",
        "dangling",
        "outside",
    ] {
        let wanted = counts.get(name).copied().unwrap_or_default();
        assert_eq!(report["counts"][name], wanted, "{name}");
    }
    let selected: u64 = [
        "migrated", "current", "ahead", "deferred", "refused", "failed", "conflict",
    ]
    .iter()
    .filter_map(|name| counts.get(name))
    .sum();
    assert_eq!(report["counts"]["found"], selected);
    assert_eq!(report["counts"]["selected"], selected);
}

/// Asserts that nothing of the tree has changed but the manifests that were migrated, and that each of them has its original beside it.
fn assert_only_migrated_ones_changed(before: &Snapshot, after: &Snapshot, report: &Value) {
    let mut changes: BTreeMap<PathBuf, Option<PathBuf>> = BTreeMap::new();
    for one in report["manifests"].as_array().unwrap() {
        if one["outcome"] == "migrated" {
            let manifest = path_of(one);
            let backup = manifest.with_file_name(one["backup"].as_str().unwrap());
            changes.insert(backup, Some(manifest.clone()));
            changes.insert(manifest, None);
        }
    }
    for (path, entry) in &after.0 {
        match changes.get(path) {
            Some(Some(manifest)) => {
                let original = &before.0[manifest];
                assert_eq!(entry.content, original.content, "{}", path.display());
                assert_eq!(entry.mode, original.mode, "{}", path.display());
                assert_eq!(
                    entry.modified_ns,
                    original.modified_ns,
                    "{} has another time",
                    path.display()
                );
                assert!(!before.0.contains_key(path), "{}", path.display());
            }
            Some(None) => {
                let original = &before.0[path];
                assert_ne!(entry.content, original.content, "{}", path.display());
                assert!(matches!(
                    entry.content,
                    Content::Text(_) | Content::Bytes(..)
                ));
                assert_eq!(entry.mode, original.mode, "{}", path.display());
                let owner = |entry: &crate::support::snapshot::Entry| {
                    let identity = entry.identity.clone().unwrap();
                    (identity.owner, identity.group, identity.links)
                };
                assert_eq!(owner(entry), owner(original), "{}", path.display());
            }
            None => assert_eq!(Some(entry), before.0.get(path), "{}", path.display()),
        }
    }
    assert_eq!(
        after.0.len(),
        before.0.len() + changes.len() / 2,
        "something came or went"
    );
}

/// The report without what depends on machine and moment.
fn comparable(output: &Output) -> String {
    let report = output.json();
    let id = report["operation"].as_str().expect("it wrote").to_owned();
    output
        .stdout
        .replace(&id, "[OPERATION]")
        .replace(env!("CARGO_PKG_VERSION"), "[VERSION]")
}

fn migrates_what_can_be_migrated(privileges: Privileges, name: &str) {
    let Some(troubled) = Troubled::new(privileges) else {
        return;
    };
    // As another user some of it cannot be looked at, so root looks, or nobody.
    let before = is_root().then(|| troubled.snapshot());
    let output = troubled.invoke(&["--format", "json", "--all"]).run();
    output.code(1);
    let report = output.json();
    assert_as_in_the_table(&report, &troubled.expected);
    if let Some(before) = before {
        assert_only_migrated_ones_changed(&before, &troubled.snapshot(), &report);
    }
    // What devices root may make, and which paths are another user's, differs; the rest does not.
    if privileges == Privileges::Root || is_root() {
        assert_committed(&format!("trouble/{name}"), &comparable(&output));
    }
    // The second time nothing is migrated, and nothing of the tree changes.
    let middle = is_root().then(|| troubled.snapshot());
    let again = troubled.invoke(&["--format", "json"]).run();
    again.code(1);
    let counts = &again.json()["counts"];
    assert_eq!(counts["migrated"], 0);
    assert_eq!(counts["refused"], report["counts"]["refused"]);
    if let Some(middle) = middle {
        let differences = middle.differences(&troubled.snapshot());
        assert!(differences.is_empty(), "{differences:#?}");
    }
}

#[test]
fn root_migrates_what_can_be_migrated() {
    migrates_what_can_be_migrated(Privileges::Root, "report-root.json");
}

#[test]
fn another_user_migrates_what_can_be_migrated() {
    migrates_what_can_be_migrated(Privileges::User, "report-user.json");
}

#[test]
fn a_dry_run_says_the_same_and_writes_nothing() {
    let privileges = if is_root() {
        Privileges::Root
    } else {
        Privileges::User
    };
    let Some(troubled) = Troubled::new(privileges) else {
        return;
    };
    let before = troubled.snapshot();
    let dry = troubled
        .invoke(&["--format", "json", "--all", "--dry-run"])
        .run();
    dry.code(1);
    let differences = before.differences(&troubled.snapshot());
    assert!(differences.is_empty(), "{differences:#?}");
    assert!(
        !troubled
            .sandbox
            .path("artifacts/.migrate-manifests")
            .exists()
    );
    let wet = troubled.invoke(&["--format", "json", "--all"]).run();
    let key = |output: &Output, wanted: &str| -> BTreeMap<PathBuf, (String, Value, Value, Value)> {
        let report = output.json();
        let manifests = report["manifests"].as_array().unwrap();
        manifests
            .iter()
            .map(|one| {
                let outcome = one["outcome"].as_str().unwrap().replace("pending", wanted);
                let rest = |name: &str| one[name].clone();
                (
                    path_of(one),
                    (
                        outcome,
                        rest("code"),
                        rest("checksum_before"),
                        rest("checksum_after"),
                    ),
                )
            })
            .collect()
    };
    let (dry, mut wet) = (key(&dry, "migrated"), key(&wet, "migrated"));
    for (path, expected) in &dry {
        let found = wet
            .remove(path)
            .unwrap_or_else(|| panic!("{} is gone", path.display()));
        // Without writing nobody knows whether the system will let us.
        let is_known_later =
            found.0 == "failed" || found.1 == "backup_name_taken" || found.1 == "sticky_directory";
        if !is_known_later {
            assert_eq!(&found, expected, "{}", path.display());
        }
    }
    assert!(wet.is_empty(), "{wet:?}");
}

#[test]
fn one_thread_and_sixteen_do_the_same() {
    let privileges = if is_root() {
        Privileges::Root
    } else {
        Privileges::User
    };
    let run = |jobs: &str| {
        let troubled = Troubled::new(privileges)?;
        let output = troubled
            .invoke(&["--format", "json", "--all", "--jobs", jobs])
            .run();
        let detail = Detail {
            state: false,
            ..Detail::default()
        };
        let tree = Snapshot::of(&troubled.sandbox.path("artifacts"), detail);
        Some((comparable(&output), tree))
    };
    let (Some((one, one_tree)), Some((sixteen, sixteen_tree))) = (run("1"), run("16")) else {
        return;
    };
    assert!(one == sixteen, "two reports:\n{one}\n{sixteen}");
    let differences = one_tree.differences(&sixteen_tree);
    assert!(differences.is_empty(), "{differences:#?}");
}

#[test]
fn the_text_report_names_each_refused_file_and_controls_no_terminal() {
    let privileges = if is_root() {
        Privileges::Root
    } else {
        Privileges::User
    };
    let Some(troubled) = Troubled::new(privileges) else {
        return;
    };
    let output = troubled.invoke(&["--all"]).run();
    output.code(1);
    for text in [&output.stdout, &output.stderr] {
        let dangerous = text.chars().find(|character| {
            (character.is_control() && *character != '\n')
                || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        });
        assert_eq!(dangerous, None, "in\n{text}");
    }
    for one in &troubled.expected {
        if one.outcome == "refused" {
            let path = one.path.display().to_string();
            let line = format!("refused   {path}\n          {}: ", one.code);
            assert!(
                output.stdout.contains(&line),
                "{} is not named: {line}",
                one.name
            );
        }
    }
}
