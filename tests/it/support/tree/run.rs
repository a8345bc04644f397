//! One run: what is drawn for it, and what that makes.
//!
//! Invariant: a manifest declares exactly the files that stand beside it.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::content::{
    Snapshot, Spelling, brief, context, declared, doctrine_reference, listed, manifest, outputs,
    snapshots,
};
use super::text::{Json, Layout, compact, hash, object, text};
use super::{Layouts, Numbers, Payload, Random, TreeSpec, VERSIONS, job_name};

/// The name of every manifest.
pub(crate) const MANIFEST: &str = "manifest.json";

/// One run, in memory.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    /// The run directory, relative to the tree.
    pub(crate) dir: String,
    pub(crate) version: &'static str,
    pub(crate) deferred: bool,
    /// A link relative to the tree that names the run directory.
    pub(crate) alias: Option<String>,
    pub(crate) manifest: Vec<u8>,
    /// Path in the run directory, and content.
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

impl Run {
    /// Run `index` of the tree that `spec` describes.
    pub(crate) fn new(spec: &TreeSpec, index: usize) -> Self {
        let draw = Draw::of(spec, index);
        let mut random = Random::new(spec.seed, index as u64, 3);
        let layout = match spec.layouts {
            Layouts::Pipeline => Layout::PIPELINE,
            Layouts::Mixed => Layout::draw(&mut random),
        };
        draw.build(&mut random, layout, spec.numbers)
    }

    /// A run that was not drawn: of this version, status and layout.
    pub(crate) fn of(
        seed: u64,
        version: &'static str,
        status: &'static str,
        layout: Layout,
    ) -> Self {
        let draw = Draw {
            seed,
            origin: 0,
            jobs: 5,
            version,
            status,
            rerun: false,
            alias: false,
        };
        draw.build(&mut Random::new(seed, 0, 3), layout, Numbers::Double)
    }

    /// Writes the run below `tree`.
    ///
    /// # Errors
    /// A file or directory could not be made.
    pub(crate) fn write(&self, tree: &Path, payload: Payload) -> io::Result<()> {
        let dir = tree.join(&self.dir);
        fs::create_dir_all(&dir)?;
        fs::write(dir.join(MANIFEST), &self.manifest)?;
        if payload != Payload::Absent {
            fs::create_dir_all(dir.join("inputs"))?;
            fs::create_dir_all(dir.join("outputs"))?;
            for (name, bytes) in &self.files {
                let bytes: &[u8] = if payload == Payload::Full { bytes } else { &[] };
                fs::write(dir.join(name), bytes)?;
            }
        }
        match &self.alias {
            Some(alias) => symlink(format!("../{}", self.dir), tree.join(alias)),
            None => Ok(()),
        }
    }
}

/// What was drawn for one run.
struct Draw {
    seed: u64,
    /// The run that has the same inputs: another one only if this is a rerun.
    origin: u64,
    jobs: u64,
    version: &'static str,
    status: &'static str,
    rerun: bool,
    alias: bool,
}

/// What is drawn of a run before its manifest.
#[derive(Clone, Copy)]
struct NamedParts<'p> {
    job: &'p str,
    run_id: &'p str,
    brief_hash: &'p str,
    context: &'p Json,
    outputs: &'p [(String, Vec<u8>)],
}

impl Draw {
    fn of(spec: &TreeSpec, index: usize) -> Self {
        let own = |index: usize| {
            let mut random = Random::new(spec.seed, index as u64, 1);
            let share = random.below(100);
            let version = if share < spec.current_percent {
                VERSIONS[2]
            } else if share < spec.current_percent + spec.legacy_percent {
                VERSIONS[0]
            } else {
                VERSIONS[1]
            };
            let rerun = random.below(100) < spec.rerun_percent;
            (version, rerun, random)
        };
        let (version, wants_rerun, mut random) = own(index);
        let rerun = wants_rerun && version != VERSIONS[0] && index > 0 && {
            let (before, before_is_rerun, _) = own(index - 1);
            before != VERSIONS[0] && !before_is_rerun
        };
        let deferred = random.below(100) < spec.deferred_percent;
        Self {
            seed: spec.seed,
            origin: (index - usize::from(rerun)) as u64,
            jobs: spec.jobs as u64,
            version,
            status: match (deferred, random.below(10)) {
                (true, 0..5) => "running",
                (true, _) => "queued",
                (false, 0) => "failed",
                (false, _) => "succeeded",
            },
            rerun,
            alias: version != VERSIONS[0] && random.below(100) < spec.alias_percent,
        }
    }

    fn build(&self, random: &mut Random, layout: Layout, numbers: Numbers) -> Run {
        let mut inputs = Random::new(self.seed, self.origin, 2);
        let job = job_name(inputs.below(self.jobs));
        let brief = brief(&mut inputs, &job);
        let brief_hash = hash(compact(&brief).as_bytes());
        let context = context(&mut inputs);
        let legacy = self.version == VERSIONS[0];
        let (snapshots, inputs_hash) = snapshots(&mut inputs, &brief, &context);
        let run_id = match (legacy, self.rerun) {
            (true, _) => inputs.uuid(),
            (false, false) => inputs_hash["sha256:".len()..][..32].to_owned(),
            (false, true) => format!("{}-2", &inputs_hash["sha256:".len()..][..32]),
        };
        let outputs = outputs(random, &run_id, self.status);
        let named = NamedParts {
            job: &job,
            run_id: &run_id,
            brief_hash: &brief_hash,
            context: &context,
            outputs: &outputs,
        };
        let mut members = self.members(random, &named);
        if !legacy {
            members.push(("inputs_hash", text(&inputs_hash)));
            members.push(("input_snapshots", declared(&snapshots)));
            members.push(("doctrine", doctrine_reference()));
            members.push(("job_id", text(&job)));
            members.push(("queue_job_id", text(&random.uuid())));
        }
        if self.version == VERSIONS[2] {
            members.push((
                "chain_metadata",
                object([
                    ("is_chainable_stage", Json::Raw("false")),
                    ("prior_stages", Json::Array(Vec::new())),
                ]),
            ));
        }
        let mut files: Vec<(String, Vec<u8>)> = if legacy {
            let yaml = format!("job_id: {job}\njob_type: instagram_copy\n");
            vec![("inputs/brief.yaml".to_owned(), yaml.into_bytes())]
        } else {
            let of = |s: &Snapshot| (s.path.to_owned(), s.bytes.clone());
            snapshots.iter().map(of).collect()
        };
        files.extend(outputs);
        let dir = if legacy {
            format!("runs/{run_id}")
        } else {
            format!("{job}/{run_id}")
        };
        let spelling = Spelling {
            is_sorted: !legacy,
            layout,
            numbers,
        };
        Run {
            dir,
            version: self.version,
            deferred: self.status == "running" || self.status == "queued",
            alias: self.alias.then(|| format!("runs/{run_id}")),
            manifest: manifest(random, members, spelling).into_bytes(),
            files,
        }
    }

    /// The members that manifests of every version have, in the order of the oldest ones.
    fn members(&self, random: &mut Random, named: &NamedParts<'_>) -> Vec<(&'static str, Json)> {
        let NamedParts {
            job,
            run_id,
            brief_hash,
            context,
            outputs,
        } = *named;
        let day = 1 + random.below(28);
        let (hour, second) = (random.below(24), random.below(60));
        let at = |micros: u64| {
            text(&format!(
                "2026-02-{day:02}T{hour:02}:42:{second:02}.{micros:06}+00:00"
            ))
        };
        let started = random.below(400_000);
        let finished = started + random.below(500_000);
        let content_hash = context.member("content_hash").clone();
        let spec_hash = hash(compact(context.member("spec")).as_bytes());
        let generation = format!("{brief_hash}{spec_hash}");
        let (finished_at, error) = match self.status {
            "running" | "queued" => (Json::Null, Json::Null),
            "failed" => (at(finished), text("KeyError: 'brief'")),
            _ => (at(finished), Json::Null),
        };
        vec![
            ("schema_version", text(self.version)),
            ("run_id", text(run_id)),
            ("job_ref", text(&format!("jobs/{job}/brief.yaml"))),
            ("job_type", text("instagram_copy")),
            ("started_at", at(started)),
            ("finished_at", finished_at),
            ("status", text(self.status)),
            ("brief_hash", text(brief_hash)),
            ("context_spec_hash", text(&spec_hash)),
            ("context_content_hash", content_hash),
            ("generation_hash", text(&hash(generation.as_bytes()))),
            ("langfuse_trace_id", Json::Null),
            ("artifacts", listed(outputs)),
            ("error", error),
        ]
    }
}
