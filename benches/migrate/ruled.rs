//! The built-in catalog with schemas and rules, to see what these cost.
//!
//! Invariant: it takes every manifest the same way as the built-in one does, and refuses none that the generator makes.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

/// Where the built-in catalog stands.
const BUILT_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/catalog/run-manifest");

/// Which rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rules {
    /// Those that one document can tell.
    Documents,
    /// These, and two that look at the whole tree.
    Tree,
}

/// Makes a catalog in `dir`, which must not exist.
pub(crate) fn make(dir: &Path, rules: Rules) -> io::Result<()> {
    fs::create_dir_all(dir.join("migrations"))?;
    fs::create_dir_all(dir.join("schemas"))?;
    let built_in = Path::new(BUILT_IN);
    for entry in fs::read_dir(built_in.join("migrations"))? {
        let entry = entry?;
        fs::copy(entry.path(), dir.join("migrations").join(entry.file_name()))?;
    }
    let mut catalog: Value = serde_json::from_slice(&fs::read(built_in.join("catalog.json"))?)?;
    let run = &mut catalog["kinds"]["run"];
    run["schemas"] = ["1.0.0", "1.1.0", "1.2.0"]
        .map(|version| (version.to_owned(), json!("schemas/run.json")))
        .into_iter()
        .collect::<serde_json::Map<_, _>>()
        .into();
    run["rules"] = all(rules);
    fs::write(dir.join("catalog.json"), catalog.to_string())?;
    fs::write(dir.join("schemas/run.json"), schema().to_string())
}

fn all(rules: Rules) -> Value {
    let mut all = vec![
        json!({"rule": "unchanged", "at": ["/status", "/started_at", "/error"]}),
        json!({"rule": "append_only", "at": "/migration_history"}),
        json!({"rule": "count_equals", "items": "/chain_metadata/prior_stages", "expected": 0}),
    ];
    if rules == Rules::Tree {
        all.push(json!({"rule": "unique", "at": ["/job_id", "/run_id"]}));
    }
    all.into()
}

/// What a run's manifest looks like, at any version.
fn schema() -> Value {
    let digest = json!({"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"});
    let text = json!({"type": ["string", "null"]});
    json!({
        "type": "object",
        "required": ["run_id"],
        "properties": {
            "run_id": {"type": "string", "minLength": 1},
            "job_id": text,
            "started_at": {"type": ["string", "null"], "format": "date-time"},
            "error": true,
            "status": {"enum": ["succeeded", "failed", "running", "queued", null]},
            "input_snapshots": {"additionalProperties": {
                "type": "object",
                "required": ["sha256"],
                "properties": {"sha256": digest, "path": {"type": "string"}, "bytes": {"type": "integer", "minimum": 0}},
            }},
            "artifacts": {"type": "object", "additionalProperties": {"type": "object"}},
            "migration_history": {"type": "array", "items": {"type": "object", "required": ["from_version", "to_version"]}},
            "chain_metadata": {"type": "object", "required": ["is_chainable_stage", "prior_stages"]},
        },
    })
}
