//! Operations of the program that wrote journals of format 1, killed at their calls and recovered by this one.
//!
//! `fixtures/format-1` has what they left. A copy has other inode numbers than the original had, so the numbers in the journals are changed to those of the copy, and their chains made anew; all else is as the old program wrote it.
//!
//! Invariant: a fixture that is not read, or in which nothing is unfinished, fails the test.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::support::aftermath::{STATE, assert_settled};
use crate::support::sandbox::Sandbox;
use crate::support::tree::hex;

/// A number that no file has.
const NOBODY: u64 = 1 << 62;

#[derive(Deserialize)]
struct Fixture {
    command: String,
    way: String,
    /// Contents by the beginning of their SHA-256.
    texts: BTreeMap<String, String>,
    cases: Vec<Killed>,
}

/// What an operation left that was killed.
#[derive(Deserialize)]
struct Killed {
    killed_before: String,
    entries: Vec<Entry>,
}

/// A directory, or a file: journals with their text, the others with the content that they hold. Files of one inode are one file.
#[derive(Deserialize)]
struct Entry {
    path: String,
    inode: Option<u64>,
    holds: Option<String>,
    text: Option<String>,
}

fn fixtures() -> Vec<Fixture> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/format-1");
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    fs::read_dir(dir).unwrap().map(read).collect()
}

impl Fixture {
    fn build(&self, killed: &Killed) -> Sandbox {
        let sandbox = Sandbox::new();
        let mut inodes: BTreeMap<u64, (String, u64)> = BTreeMap::new();
        let mut journals = Vec::new();
        for entry in &killed.entries {
            let Some(inode) = entry.inode else {
                sandbox.dir(&entry.path);
                continue;
            };
            if let Some((first, _)) = inodes.get(&inode) {
                fs::hard_link(sandbox.path(first), sandbox.path(&entry.path)).unwrap();
                continue;
            }
            match (&entry.holds, &entry.text) {
                (Some(digest), None) => sandbox.file(&entry.path, &self.texts[digest]),
                (None, Some(text)) => {
                    journals.push((&entry.path, text));
                    sandbox.file(&entry.path, text)
                }
                _ => panic!("{} holds nothing, or two things", entry.path),
            };
            let made = fs::metadata(sandbox.path(&entry.path)).unwrap().ino();
            inodes.insert(inode, (entry.path.clone(), made));
        }
        let of = |old: u64| inodes.get(&old).map_or(NOBODY, |(_, made)| *made);
        for (path, text) in journals {
            fs::write(sandbox.path(path), with_inodes(text, &of)).unwrap();
        }
        sandbox.mode(STATE, 0o700);
        sandbox
    }

    /// Manifests by path: what stood there before any operation, and migrated.
    fn manifests(&self) -> BTreeMap<String, (&[u8], &[u8])> {
        let mut manifests = BTreeMap::new();
        for (run, id) in [("job-1/run-1", "run-1"), ("job-1/run-2", "run-2")] {
            let of_run = |text: &&String| text.contains(&format!("\"{id}\""));
            let mut texts: Vec<_> = self.texts.values().filter(of_run).collect();
            texts.sort_by_key(|text| text.len());
            let [before, after] = texts[..] else {
                panic!("{} texts of {id}", texts.len());
            };
            manifests.insert(
                format!("artifacts/{run}/manifest.json"),
                (before.as_bytes(), after.as_bytes()),
            );
        }
        manifests
    }

    fn words(&self) -> Vec<&str> {
        let mut words = match &*self.command {
            "migrate" => vec![],
            // The files of a fixture are copies, with times of their own.
            "rollback" => vec!["rollback", "--last", "--allow-changed-metadata"],
            "prune" => vec!["backups", "prune", "--older-than", "0m"],
            other => panic!("what is {other}?"),
        };
        words.extend(["--jobs", "1", "--format", "json"]);
        match &*self.way {
            "link" => words.extend(["--assume-lacking", "exchange"]),
            "copy" => words.extend(["--assume-lacking", "exchange,links"]),
            "beside" => words.extend(["--assume-lacking", "same-device"]),
            _ => {}
        }
        words
    }
}

/// The journal with other inode numbers, and a chain of its own.
fn with_inodes(journal: &str, of: &dyn Fn(u64) -> u64) -> String {
    let (mut all, mut before) = (String::new(), Vec::new());
    for line in journal.lines() {
        let (body, _) = line
            .split_once(",\"chain\":\"")
            .expect("a line has a chain");
        let mut body = body.to_owned();
        for key in ["\"inode\":", "\"backup_inode\":"] {
            if let Some((start, rest)) = body.clone().split_once(key) {
                let end = rest.find(|c: char| !c.is_ascii_digit());
                let (number, rest) = rest.split_at(end.unwrap_or(rest.len()));
                let Ok(number) = number.parse() else { continue };
                body = format!("{start}{key}{}{rest}", of(number));
            }
        }
        let chain = Sha256::new()
            .chain_update(&before)
            .chain_update(&body)
            .finalize();
        writeln!(all, "{body},\"chain\":\"{}\"}}", hex(&chain)).unwrap();
        before = chain.to_vec();
    }
    all
}

/// Asserts that every manifest is whole, and that its original is kept unless a backup was to go.
fn assert_whole(fixture: &Fixture, sandbox: &Sandbox, why: &str) -> Vec<bool> {
    let mut are_new = Vec::new();
    for (path, (before, after)) in fixture.manifests() {
        let bytes = sandbox.read(&path);
        assert!(bytes == before || bytes == after, "{why}: {path} is torn");
        let is_new = bytes == after;
        if is_new && fixture.command != "prune" {
            let state = sandbox.path(STATE);
            let backup = fs::read(sandbox.path(format!("{path}.backup")));
            let is_kept = backup.is_ok_and(|backup| backup == before)
                || walkdir::WalkDir::new(state).into_iter().any(|entry| {
                    fs::read(entry.unwrap().path()).is_ok_and(|bytes| bytes == before)
                })
                || fs::read_dir(sandbox.path(&path).parent().unwrap())
                    .unwrap()
                    .any(|entry| {
                        fs::read(entry.unwrap().path()).is_ok_and(|bytes| bytes == before)
                    });
            assert!(is_kept, "{why}: the original of {path} is lost");
        }
        are_new.push(is_new);
    }
    are_new
}

#[test]
fn whatever_an_operation_of_format_1_left_is_recovered() {
    let (mut count, mut commands) = (0, BTreeMap::new());
    for fixture in fixtures() {
        for killed in &fixture.cases {
            let why = format!(
                "{} by {}, killed before {}",
                fixture.command, fixture.way, killed.killed_before
            );
            let sandbox = fixture.build(killed);
            assert_whole(&fixture, &sandbox, &why);
            let unfinished = sandbox.run(["status"]);
            let says_so = unfinished.stderr.contains("unfinished_operation");
            assert!(says_so, "{why}: nothing is unfinished: {unfinished}");

            let recovered = sandbox.run(fixture.words());
            assert_eq!(recovered.status.code(), Some(0), "{why}: {recovered}");

            let are_new = assert_whole(&fixture, &sandbox, &why);
            let expected = fixture.command != "rollback";
            assert!(are_new.iter().all(|is_new| *is_new == expected), "{why}");
            let backups: Vec<bool> = fixture
                .manifests()
                .keys()
                .map(|path| sandbox.path(format!("{path}.backup")).exists())
                .collect();
            let expected = fixture.command == "migrate";
            assert!(backups.iter().all(|there| *there == expected), "{why}");
            assert_settled(sandbox.root(), &why);
            let status = sandbox.run(["status"]);
            assert_eq!(
                (status.status.code(), &*status.stderr),
                (Some(0), ""),
                "{why}"
            );
            let proof = sandbox.run(["verify", "--format", "json"]);
            let report = proof.json();
            let findings = report["findings"].as_object().unwrap();
            // The files of a fixture are copies: their times and owners are not those that the journals have.
            let of_copies = ["backup_metadata_changed", "metadata_changed"];
            let is_of_copy = |code: &String| of_copies.contains(&code.as_str());
            assert!(findings.keys().all(is_of_copy), "{why}: {proof}");
            count += 1;
            *commands.entry(fixture.command.clone()).or_insert(0) += 1;
        }
    }
    assert!(count >= 70, "only {count} cases");
    assert_eq!(commands.len(), 3, "{commands:?}");
}
