//! A seeded tree of runs as the pipeline writes them: true hashes, real member names, every layout of text.
//!
//! Stands on nothing of the library, so that a mistake there cannot hide here; the benchmarks include this file, too.
//!
//! Invariant: what is made depends on the [`TreeSpec`] only, and run `i` on the seed and `i` only. So a tree of ten runs is the beginning of a tree of a thousand with the same number of jobs.

mod content;
pub(crate) mod random;
mod run;
pub(crate) mod text;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::thread;

use sha2::{Digest as _, Sha256};

pub(crate) use random::Random;
pub(crate) use run::{MANIFEST, Run};
pub(crate) use text::{Layout, hex};

/// The versions of the built-in catalog, oldest first.
pub(crate) const VERSIONS: [&str; 3] = ["1.0.0", "1.1.0", "1.2.0"];

/// What a tree is made of; shares are percentages of the runs.
#[derive(Debug, Clone)]
pub(crate) struct TreeSpec {
    pub(crate) seed: u64,
    pub(crate) runs: usize,
    /// Directories below `artifacts` that the runs with a `job_id` are spread over.
    pub(crate) jobs: usize,
    /// Runs at 1.0.0, in the legacy layout `runs/<uuid>`; the rest is at 1.1.0.
    pub(crate) legacy_percent: u64,
    /// Runs at 1.2.0 already.
    pub(crate) current_percent: u64,
    /// Runs whose writer still has them.
    pub(crate) deferred_percent: u64,
    /// Runs of the same inputs as the run before, so that their `run_id` ends in `-2`.
    pub(crate) rerun_percent: u64,
    /// Runs with a link `runs/<run_id>` beside their own directory.
    pub(crate) alias_percent: u64,
    pub(crate) layouts: Layouts,
    pub(crate) numbers: Numbers,
    pub(crate) payload: Payload,
}

/// How the texts of a tree are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layouts {
    /// As the pipeline writes: two spaces, final newline.
    Pipeline,
    /// Mostly as the pipeline writes, and everything else that people and tools do.
    Mixed,
}

/// Which spellings of numbers stand in `meta`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// Odd ones, all within the range of a double: `serde_json::Value` reads them, too.
    Double,
    /// Also those beyond it.
    Any,
}

/// What stands in `inputs` and `outputs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Payload {
    /// The files that the manifest declares.
    Full,
    /// Files of these names without content: a walk costs the same, and they are made faster.
    Hollow,
    /// Nothing, not even the directories.
    Absent,
}

impl TreeSpec {
    /// A tree as measured in the performance notes: a tenth is current, 2.7 kB for each manifest.
    pub(crate) fn new(seed: u64, runs: usize) -> Self {
        Self {
            seed,
            runs,
            jobs: (runs / 50).max(1),
            legacy_percent: 30,
            current_percent: 10,
            deferred_percent: 0,
            rerun_percent: 2,
            alias_percent: 2,
            layouts: Layouts::Mixed,
            numbers: Numbers::Double,
            payload: Payload::Full,
        }
    }
}

/// What a tree holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) found: usize,
    pub(crate) pending: usize,
    pub(crate) current: usize,
    pub(crate) deferred: usize,
    pub(crate) aliases: usize,
    pub(crate) versions: BTreeMap<&'static str, usize>,
    /// Bytes of all manifests.
    pub(crate) bytes: u64,
    /// SHA-256 over path and content of every file, in the order of the runs.
    pub(crate) digest: String,
}

/// Makes `root/artifacts/...` and says what it holds.
///
/// # Errors
/// A file or directory could not be made; `root` itself must exist.
pub(crate) fn generate(root: &Path, spec: &TreeSpec) -> io::Result<Summary> {
    let tree = root.join("artifacts");
    fs::create_dir_all(tree.join("runs"))?;
    for job in 0..spec.jobs {
        fs::create_dir_all(tree.join(job_name(job as u64)))?;
    }
    let workers = thread::available_parallelism().map_or(2, usize::from);
    let share = spec.runs.div_ceil(workers).max(1);
    let parts: Vec<io::Result<Vec<Made>>> = thread::scope(|scope| {
        let handles: Vec<_> = (0..workers)
            .map(|worker| {
                let (tree, from) = (&tree, worker * share);
                let to = (from + share).min(spec.runs);
                scope.spawn(move || (from..to).map(|i| place(tree, spec, i)).collect())
            })
            .collect();
        handles
            .into_iter()
            .map(|handle| handle.join().expect("a worker does not panic"))
            .collect()
    });
    let mut summary = Summary::default();
    let mut digest = Sha256::new();
    for part in parts {
        for made in part? {
            summary.add(&made);
            digest.update(made.digest);
        }
    }
    summary.digest = hex(&digest.finalize());
    Ok(summary)
}

/// One run that stands on the disk, as the summary needs it.
struct Made {
    version: &'static str,
    deferred: bool,
    alias: bool,
    bytes: u64,
    digest: [u8; 32],
}

impl Summary {
    fn add(&mut self, made: &Made) {
        self.found += 1;
        *self.versions.entry(made.version).or_default() += 1;
        match (made.version, made.deferred) {
            ("1.2.0", _) => self.current += 1,
            (_, true) => self.deferred += 1,
            (_, false) => self.pending += 1,
        }
        self.aliases += usize::from(made.alias);
        self.bytes += made.bytes;
    }
}

fn place(tree: &Path, spec: &TreeSpec, index: usize) -> io::Result<Made> {
    let run = Run::new(spec, index);
    run.write(tree, spec.payload)?;
    let mut digest = Sha256::new();
    let manifest = (MANIFEST, &run.manifest);
    let files = run.files.iter().map(|(name, bytes)| (name.as_str(), bytes));
    for (name, bytes) in std::iter::once(manifest).chain(files) {
        digest.update(format!("{}/{name}\0{}\0", run.dir, bytes.len()));
        digest.update(bytes);
    }
    Ok(Made {
        version: run.version,
        deferred: run.deferred,
        alias: run.alias.is_some(),
        bytes: run.manifest.len() as u64,
        digest: digest.finalize().into(),
    })
}

fn job_name(job: u64) -> String {
    format!("ig-launch-{job:04}")
}
