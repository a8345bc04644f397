//! The journal of an operation: records, the chain that ties them together, and their fold.
//!
//! Pure: lines in, state out. A line is one JSON object with a sequence number and, last, the SHA-256 of the chain value before it and of the line up to there.
//!
//! Invariant: what [`Writer::line`] writes, [`Log::read`] reads back; a torn last line changes nothing.

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Hasher};
use crate::path::TreePath;

mod account;
mod lines;
mod log;
#[cfg(test)]
mod tests;

pub use account::{Account, Deed, Entry};
pub use lines::{Condition, Lines};
pub use log::{Announced, Log};

/// The format that the first record names.
pub const FORMAT: &str = "migrate-manifests/journal/1";

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Record {
    /// The operation has begun.
    Began(Began),
    /// One manifest is about to be replaced.
    Intent(Box<Intent>),
    /// A copy of the original is about to be written under a backup name.
    Copying(Copying),
    /// One original is about to be put back.
    Restoring(Box<Restoring>),
    /// One backup is about to be removed.
    Pruning(Pruning),
    /// What came of one manifest.
    Result(Settled),
    /// The operation is over, or recovery has settled what was left of it.
    Ended(Ended),
}

/// The operation has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Began {
    /// [`FORMAT`].
    pub format: String,
    /// The operation's id.
    pub operation: String,
    /// The command, as in `migrate`.
    pub command: String,
    /// The system's time at the start.
    pub started_at: String,
    /// The clock that history records get.
    pub now: String,
    /// The target version; `None` is the latest of each kind, where these differ.
    pub target_version: Option<String>,
    /// The catalog's name.
    pub catalog: String,
    /// The catalog's digest, `sha256:...`; the state directory keeps a copy under it.
    pub catalog_digest: String,
    /// The version of this program.
    pub program: String,
    /// `warn` where schemas and rules only warned.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rules: Option<String>,
    /// The operation whose originals are put back, where this is a rollback of a whole operation.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub undoes: Option<String>,
}

/// How a manifest is replaced; docs/durability.md has the protocol of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// New file and manifest are exchanged, then the original is moved to its backup name.
    Exchange,
    /// The original gets its backup name as a second name, then the new file is renamed over the manifest.
    Link,
    /// The original is copied to its backup name, then the new file is renamed over the manifest.
    Copy,
}

/// A path in the tree as journals carry it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedPath {
    /// The path, with U+FFFD in the place of what is not UTF-8.
    path: String,
    /// The exact bytes, where the path is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    path_b64: Option<String>,
}

impl RecordedPath {
    /// The path as it is recorded.
    #[must_use]
    pub fn new(path: &TreePath) -> Self {
        Self {
            path: path.to_text().into_owned(),
            path_b64: path.as_str().is_none().then(|| path.to_base64()),
        }
    }

    /// The exact path, or `None` where what was recorded is no path in a tree.
    #[must_use]
    pub fn to_path(&self) -> Option<TreePath> {
        match &self.path_b64 {
            Some(encoded) => TreePath::from_base64(encoded),
            None => TreePath::new(self.path.as_bytes()),
        }
    }
}

/// One manifest is about to be replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Which manifest.
    #[serde(flatten)]
    pub path: RecordedPath,
    /// SHA-256 of the bytes as found, 64 hex digits.
    pub before: String,
    /// SHA-256 of the bytes to come, 64 hex digits.
    pub after: String,
    /// Permission bits of the manifest, octal.
    pub mode: String,
    /// Its owner.
    pub owner: u32,
    /// Its group.
    pub group: u32,
    /// When it was last modified: seconds since 1970, and nanoseconds.
    pub modified: (i64, u32),
    /// When it was last read, likewise.
    pub accessed: (i64, u32),
    /// The names that its backup may get, in order.
    pub backups: Vec<String>,
    /// The name of the new file.
    pub staged: String,
    /// Whether the new file stands beside the manifest, not in the state directory.
    pub beside: bool,
    /// The inode of the new file; `None` in the record that announces a file beside the manifest.
    pub inode: Option<u64>,
    /// How it is replaced.
    pub way: Way,
}

/// A copy of the original is about to be written under a backup name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copying {
    /// Which manifest.
    #[serde(flatten)]
    pub path: RecordedPath,
    /// The backup name.
    pub backup: String,
    /// The inode of the copy.
    pub inode: u64,
}

/// One original is about to be put back in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restoring {
    /// Which manifest.
    #[serde(flatten)]
    pub path: RecordedPath,
    /// The operation that replaced it.
    pub undoes: String,
    /// SHA-256 of the bytes that stand there now, 64 hex digits.
    pub before: String,
    /// SHA-256 of the original's bytes, 64 hex digits.
    pub after: String,
    /// The file name of the backup.
    pub backup: String,
    /// The inode of the manifest.
    pub inode: u64,
    /// The inode of the backup.
    pub backup_inode: u64,
    /// The name beside the manifest that the original gets before it takes its place, by the ways that need one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub staged: Option<String>,
    /// How it is put back.
    pub way: Way,
}

/// One backup is about to be removed, because the manifest and the catalog say all that it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruning {
    /// The manifest that it is a backup of.
    #[serde(flatten)]
    pub path: RecordedPath,
    /// The operation that made it.
    pub of: String,
    /// Its file name.
    pub backup: String,
    /// SHA-256 of its bytes, 64 hex digits.
    pub digest: String,
    /// Its inode.
    pub inode: u64,
}

/// What came of one manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// Which manifest.
    #[serde(flatten)]
    pub path: RecordedPath,
    /// The outcome, as reports print it, or `pruned`; what recovery found out says `finished`, `undone` or `left`.
    pub outcome: String,
    /// The name of its backup.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub backup: Option<String>,
    /// The code, where it is in trouble.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<String>,
    /// The version found.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from_version: Option<String>,
    /// The version it has now.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to_version: Option<String>,
}

/// The operation is over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// How many manifests were migrated.
    pub migrated: u64,
    /// How many originals were put back, where any were to be.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub restored: Option<u64>,
    /// Whether recovery wrote this, after the operation itself had gone.
    pub recovered: bool,
    /// Why it ended early, if it did: a code.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stopped: Option<String>,
}

/// Makes lines of records.
#[derive(Debug, Clone, Default)]
pub struct Writer {
    sequence: u64,
    chain: Option<Digest>,
}

impl Writer {
    /// Adds the record's line, with its line end, to `into`.
    pub fn line(&mut self, record: &Record, into: &mut Vec<u8>) {
        let start = into.len();
        into.extend_from_slice(format!("{{\"seq\":{}", self.sequence).as_bytes());
        let at = into.len();
        // Records are made of texts, numbers and lists; writing them to memory cannot fail.
        if serde_json::to_writer(&mut *into, record).is_err() {
            into.truncate(start);
            return;
        }
        into[at] = b',';
        into.pop();
        let chain = link(self.chain, &into[start..]);
        into.extend_from_slice(format!(",\"chain\":\"{chain}\"}}\n").as_bytes());
        self.sequence += 1;
        self.chain = Some(chain);
    }
}

/// The chain value of a line: the SHA-256 of the value before it (nothing for the first) and of the line without its chain.
fn link(before: Option<Digest>, body: &[u8]) -> Digest {
    let mut hasher = Hasher::new();
    if let Some(before) = before {
        hasher.update(before.as_bytes());
    }
    hasher.update(body);
    hasher.finish()
}

impl RecordedPath {
    fn key(&self) -> String {
        self.path_b64.clone().unwrap_or_else(|| self.path.clone())
    }
}
