//! What must be left of a tree after anything happened to it: nothing torn, nothing lost, nothing left over.
//!
//! Invariant: what a manifest must become is taken from an undisturbed run of the program on another file system, never from the run under test.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use walkdir::WalkDir;

use super::sandbox::Sandbox;
use super::tree::{Layout, Run};

/// Where the state is, in a sandbox.
pub(crate) const STATE: &str = "artifacts/.migrate-manifests";

/// Manifests before and after their migration, by path in a sandbox.
#[derive(Debug, Clone)]
pub(crate) struct Family {
    before: BTreeMap<PathBuf, Vec<u8>>,
    after: BTreeMap<PathBuf, Vec<u8>>,
}

impl Family {
    /// Three manifests, each of another version or layout.
    pub(crate) fn of_three() -> Self {
        Self::of([
            Run::of(31, "1.0.0", "succeeded", Layout::PIPELINE.crlf()),
            Run::of(32, "1.1.0", "succeeded", Layout::PIPELINE),
            Run::of(33, "1.1.0", "succeeded", Layout::COMPACT),
        ])
    }

    /// So many small manifests.
    pub(crate) fn of_many(count: usize) -> Self {
        let before = (0..count).map(|n| {
            let path = format!("artifacts/job-{:02}/run-{n:05}/manifest.json", n % 40);
            let text = format!(
                "{{\n  \"schema_version\": \"1.{}.0\",\n  \"run_id\": \"run-{n}\"\n}}\n",
                n % 2
            );
            (PathBuf::from(path), text.into_bytes())
        });
        Self::from_before(before.collect())
    }

    fn of(runs: impl IntoIterator<Item = Run>) -> Self {
        let before = runs.into_iter().map(|run| {
            let path = Path::new("artifacts").join(&run.dir).join("manifest.json");
            (path, run.manifest)
        });
        Self::from_before(before.collect())
    }

    fn from_before(before: BTreeMap<PathBuf, Vec<u8>>) -> Self {
        let sandbox = Sandbox::new();
        for (path, bytes) in &before {
            sandbox.file(path, bytes);
        }
        sandbox.run(["--quiet", "--sync", "none"]).code(0);
        let after = before.keys().map(|path| {
            let bytes = sandbox.read(path);
            assert_ne!(bytes, before[path], "{} is not pending", path.display());
            (path.clone(), bytes)
        });
        Self {
            after: after.collect(),
            before,
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.before.len()
    }

    /// Their paths in a sandbox.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.before.keys().map(PathBuf::as_path)
    }

    /// Writes the originals.
    pub(crate) fn write(&self, root: &Path) {
        for (path, bytes) in &self.before {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("it has a parent")).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }

    /// Asserts that each manifest is whole, old or new, and that no original is lost. Returns how many are new.
    #[track_caller]
    pub(crate) fn assert_whole(&self, root: &Path, why: &str) -> usize {
        let mut new = 0;
        for (path, before) in &self.before {
            let found = fs::read(root.join(path))
                .unwrap_or_else(|error| panic!("{why}: {}: {error}", path.display()));
            if &found == before {
                continue;
            }
            assert!(
                found == self.after[path],
                "{why}: {} is torn:\n{}",
                path.display(),
                String::from_utf8_lossy(&found)
            );
            new += 1;
            let backup = fs::read(backup_of(&root.join(path)));
            assert!(
                backup.is_ok_and(|backup| &backup == before) || is_kept(root, before),
                "{why}: the original of {} is lost",
                path.display()
            );
        }
        new
    }

    /// Asserts that every manifest is migrated with its original beside it, and that there is nothing else.
    #[track_caller]
    pub(crate) fn assert_done(&self, root: &Path, why: &str) {
        let new = self.assert_whole(root, why);
        assert_eq!(new, self.len(), "{why}: not all are migrated");
        let mut expected = BTreeSet::new();
        for (path, before) in &self.before {
            let backup = backup_of(path);
            let found = fs::read(root.join(&backup));
            assert!(
                found.is_ok_and(|bytes| &bytes == before),
                "{why}: {} is not the original",
                backup.display()
            );
            expected.extend([path.clone(), backup]);
        }
        assert_eq!(files(root), expected, "{why}: something is left over");
        assert_settled(root, why);
    }

    /// Rolls migrations back, last first, until none is left, and asserts that the tree is as it was.
    #[track_caller]
    pub(crate) fn assert_rolled_back(&self, sandbox: &Sandbox, why: &str) {
        loop {
            let output = sandbox.run(["rollback", "--last", "--format", "json"]);
            assert_eq!(output.status.code(), Some(0), "{why}, then: {output}");
            if output.json()["operation"] == Value::Null {
                break;
            }
        }
        self.assert_untouched(sandbox.root(), why);
        assert_settled(sandbox.root(), why);
    }

    /// Asserts that nothing has changed and nothing is there beside the state.
    #[track_caller]
    pub(crate) fn assert_untouched(&self, root: &Path, why: &str) {
        assert_eq!(self.assert_whole(root, why), 0, "{why}: some are migrated");
        let expected: BTreeSet<_> = self.before.keys().cloned().collect();
        assert_eq!(files(root), expected, "{why}: something is left over");
    }
}

/// Asserts that the state directory holds a lock, journals and catalogs, and nothing else.
#[track_caller]
pub(crate) fn assert_settled(root: &Path, why: &str) {
    let state = root.join(STATE);
    for path in below(&state) {
        let name = path.to_string_lossy();
        let is_known = ["lock", "head", "operations", "staging", "catalogs"]
            .contains(&name.as_ref())
            || name.starts_with("staging/.a-newer-version-of-migrate-manifests-")
            || (name.starts_with("operations/") && name.ends_with(".jsonl"))
            || (name.starts_with("catalogs/") && !name.contains("/."));
        assert!(
            is_known,
            "{why}: {name} is left over in the state directory"
        );
    }
}

/// All journal lines of a tree, in order.
pub(crate) fn journal(root: &Path) -> Vec<Value> {
    let dir = root.join(STATE).join("operations");
    let mut files: Vec<_> = fs::read_dir(&dir)
        .unwrap_or_else(|error| panic!("list {}: {error}", dir.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let texts = files.iter().map(|file| fs::read_to_string(file).unwrap());
    texts
        .flat_map(|text| {
            text.lines()
                .map(|line| serde_json::from_str(line).expect("a journal line is JSON"))
                .collect::<Vec<Value>>()
        })
        .collect()
}

/// The ways by which manifests were last replaced: as they were announced, and `copy` where a copy was made after all.
pub(crate) fn ways(root: &Path) -> BTreeSet<String> {
    let mut last: BTreeMap<String, String> = BTreeMap::new();
    for record in journal(root) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match record["type"].as_str() {
            Some("replacing") => {
                last.insert(text(&record["path"]), text(&record["storage"]["way"]))
            }
            Some("storage") => last.insert(text(&record["path"]), "copy".to_owned()),
            _ => None,
        };
    }
    last.into_values().collect()
}

fn backup_of(manifest: &Path) -> PathBuf {
    manifest.with_file_name("manifest.json.backup")
}

/// Every file and link that is not part of the state. FUSE keeps a name for a file that was removed until it hears that it is closed: that is nobody's leftover.
fn files(root: &Path) -> BTreeSet<PathBuf> {
    let is_passing = |name: &OsStr| name.as_encoded_bytes().starts_with(b".fuse_hidden");
    let walk = WalkDir::new(root).into_iter();
    walk.filter_entry(|entry| entry.file_name() != ".migrate-manifests")
        .filter(|entry| !matches!(entry, Ok(entry) if is_passing(entry.file_name())))
        .map(|entry| entry.expect("the tree can be walked"))
        .filter(|entry| !entry.file_type().is_dir())
        .map(|entry| entry.path().strip_prefix(root).unwrap().to_owned())
        .collect()
}

fn below(dir: &Path) -> Vec<PathBuf> {
    WalkDir::new(dir)
        .min_depth(1)
        .into_iter()
        .map(|entry| entry.expect("the state can be walked"))
        .map(|entry| entry.path().strip_prefix(dir).unwrap().to_owned())
        .collect()
}

/// Whether some file in the tree, the state included, holds exactly these bytes.
fn is_kept(root: &Path, bytes: &[u8]) -> bool {
    WalkDir::new(root)
        .into_iter()
        .map(|entry| entry.expect("the tree can be walked"))
        .filter(|entry| entry.file_type().is_file())
        .any(|entry| fs::read(entry.path()).is_ok_and(|found| found == bytes))
}
