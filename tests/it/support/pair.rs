//! Two runs that `verify` is tried on, and what it says of them.
//!
//! Invariant: what is found is asserted completely, about both runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::aftermath::STATE;
use super::sandbox::{Output, Sandbox};
use super::tree::{Layout, Payload, Run};

/// A run from before there were snapshots, and one with them, as `verify` knows them.
pub(crate) struct Pair {
    pub(crate) sandbox: Sandbox,
    /// The run directory of the first, in the sandbox.
    pub(crate) legacy: PathBuf,
    /// That of the second.
    pub(crate) hashed: PathBuf,
}

impl Pair {
    /// As the pipeline wrote them.
    pub(crate) fn new() -> Self {
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
    pub(crate) fn migrated() -> Self {
        let pair = Self::new();
        pair.sandbox.run(["--quiet"]).code(0);
        pair
    }

    /// Puts other bytes in the place of some, once.
    #[track_caller]
    pub(crate) fn replace(&self, path: impl AsRef<Path>, from: &str, to: &str) {
        let text = String::from_utf8(self.sandbox.read(&path)).unwrap();
        assert!(text.contains(from), "{from} is not in {text}");
        self.sandbox.file(path, text.replacen(from, to, 1));
    }

    pub(crate) fn journal(&self) -> PathBuf {
        let dir = Path::new(STATE).join("operations");
        let entry = fs::read_dir(self.sandbox.path(&dir))
            .unwrap()
            .next()
            .unwrap();
        dir.join(entry.unwrap().file_name())
    }
}

/// The codes found, by path; `state` stands for what is about no manifest.
pub(crate) fn codes(output: &Output) -> BTreeMap<String, Vec<String>> {
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

pub(crate) fn verify(sandbox: &Sandbox, more: &[&str]) -> Output {
    sandbox.run([&["verify", "--format", "json"], more].concat())
}

/// Damages one of a pair of migrated runs, and asserts what is found about it, and nothing else.
#[track_caller]
pub(crate) fn finds(damage: impl FnOnce(&Pair) -> PathBuf, more: &[&str], expected: &[&str]) {
    let pair = Pair::migrated();
    found(&pair, &damage(&pair), more, expected);
}

#[track_caller]
pub(crate) fn found(pair: &Pair, at: &Path, more: &[&str], expected: &[&str]) {
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
