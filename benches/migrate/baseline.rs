//! The obvious way to write it: walk everything, parse to a tree of values, print that again, rename over.
//!
//! It respells numbers, loses layout and duplicate names, and swallows the errors of the walk; that is what it is here for.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use rayon::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use walkdir::WalkDir;

use crate::tree::hex;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// What to do with each manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Read its version.
    List,
    /// Migrate it in memory.
    DryRun,
    /// Migrate it; nothing to do is this, too.
    Migrate,
    /// Migrate it, with an fsync of the new file, the backup and the directory.
    MigrateDurable,
}

impl Mode {
    /// As the command line has it.
    pub(crate) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// What was found and done.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    versions: BTreeMap<String, usize>,
    migrated: usize,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (version, count) in &self.versions {
            writeln!(f, "{version}: {count}")?;
        }
        write!(f, "migrated: {}", self.migrated)
    }
}

/// Does it for every manifest below `root`.
pub(crate) fn run(mode: Mode, root: &Path) -> Result<Counts> {
    let paths: Vec<PathBuf> = WalkDir::new(root)
        .into_iter()
        .filter_map(std::result::Result::ok)
        .filter(|entry| entry.file_type().is_file() && entry.file_name() == "manifest.json")
        .map(walkdir::DirEntry::into_path)
        .collect();
    let done: Vec<(String, bool)> = paths
        .par_iter()
        .map(|path| one(mode, path))
        .collect::<Result<_>>()?;
    let mut counts = Counts::default();
    for (version, migrated) in done {
        *counts.versions.entry(version).or_default() += 1;
        counts.migrated += usize::from(migrated);
    }
    Ok(counts)
}

/// The version found, and whether it was, or would be, migrated.
fn one(mode: Mode, path: &Path) -> Result<(String, bool)> {
    let bytes = fs::read(path)?;
    let mut value: Value = serde_json::from_slice(&bytes)?;
    let version = value["schema_version"]
        .as_str()
        .unwrap_or("1.0.0")
        .to_owned();
    if mode == Mode::List || version == "1.2.0" {
        return Ok((version, false));
    }
    migrate(&mut value, &version);
    let mut text = serde_json::to_vec_pretty(&value)?;
    text.push(b'\n');
    if mode != Mode::DryRun {
        replace(path, &bytes, &text, mode == Mode::MigrateDurable)?;
    }
    Ok((version, true))
}

fn migrate(value: &mut Value, version: &str) {
    let before = checksum(value);
    let history = value["migration_history"].take();
    set_default(value, "input_snapshots", json!({}));
    set_default(value, "inputs_hash", Value::Null);
    let chain = json!({"is_chainable_stage": false, "prior_stages": []});
    set_default(value, "chain_metadata", chain);
    value["schema_version"] = json!("1.2.0");
    let record = json!({
        "from_version": version,
        "to_version": "1.2.0",
        "applied_at": "2026-02-28T10:30:00Z",
        "changes": [["set /chain_metadata"]],
        "checksum_before": before,
        "checksum_after": checksum(value),
    });
    let mut records = history.as_array().cloned().unwrap_or_default();
    records.push(record);
    value["migration_history"] = Value::Array(records);
}

fn set_default(value: &mut Value, name: &str, default: Value) {
    if value.get(name).is_none() {
        value[name] = default;
    }
}

fn checksum(value: &Value) -> String {
    format!("sha256:{}", hex(&Sha256::digest(value.to_string())))
}

fn replace(path: &Path, before: &[u8], after: &[u8], durable: bool) -> Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut backup = File::create(path.with_extension("json.backup"))?;
    backup.write_all(before)?;
    let mut staged = NamedTempFile::new_in(dir)?;
    staged.write_all(after)?;
    if durable {
        backup.sync_all()?;
        staged.as_file().sync_all()?;
    }
    staged.persist(path)?;
    if durable {
        File::open(dir)?.sync_all()?;
    }
    Ok(())
}
