//! What stands in manifests, snapshots and outputs.

use super::text::{Json, Layout, compact, hash, object, text};
use super::{Numbers, Random};

/// One canonical input snapshot.
pub(super) struct Snapshot {
    pub(super) name: &'static str,
    pub(super) path: &'static str,
    pub(super) bytes: Vec<u8>,
}

/// The four snapshots, and the hash over them.
pub(super) fn snapshots(
    random: &mut Random,
    brief: &Json,
    context: &Json,
) -> (Vec<Snapshot>, String) {
    let model = object([
        ("cache_enabled", Json::Raw("true")),
        ("model", text("gpt-4.1-mini")),
        ("provider", text("openai")),
        ("response_schema", text("response_schemas/ig_copy_package")),
        ("response_schema_version", text("v1.0.0")),
        (
            "temperature",
            Json::Raw(["0.3", "0.7", "1.0"][random.index(3)]),
        ),
        ("top_p", Json::Raw("1.0")),
    ]);
    let doctrine = object([
        ("content", text(DOCTRINE)),
        ("doctrine_id", text("prompts/instagram_copy")),
        ("sha256", text(&hash(DOCTRINE.as_bytes()))),
        ("version", text("v1.0.0")),
    ]);
    let snapshots: Vec<Snapshot> = [
        ("brief", "inputs/brief.resolved.json", brief),
        ("context", "inputs/context.resolved.json", context),
        ("doctrine", "inputs/doctrine.resolved.json", &doctrine),
        ("model_config", "inputs/model_config.json", &model),
    ]
    .into_iter()
    .map(|(name, path, value)| Snapshot {
        name,
        path,
        bytes: Layout::PIPELINE.print(value).into_bytes(),
    })
    .collect();
    let hashes = object(snapshots.iter().map(|s| (s.name, text(&hash(&s.bytes)))));
    let inputs_hash = hash(compact(&hashes).as_bytes());
    (snapshots, inputs_hash)
}

/// The member `input_snapshots`.
pub(super) fn declared(snapshots: &[Snapshot]) -> Json {
    object(snapshots.iter().map(|snapshot| {
        let value = object([
            ("bytes", Json::Number(snapshot.bytes.len().to_string())),
            ("path", text(snapshot.path)),
            ("sha256", text(&hash(&snapshot.bytes))),
        ]);
        (snapshot.name, value)
    }))
}

/// The member `artifacts`.
pub(super) fn listed(outputs: &[(String, Vec<u8>)]) -> Json {
    object(outputs.iter().map(|(path, bytes)| {
        let value = object([
            ("sha256", text(&hash(bytes))),
            ("bytes", Json::Number(bytes.len().to_string())),
        ]);
        (path.as_str(), value)
    }))
}

pub(super) fn outputs(random: &mut Random, run_id: &str, status: &str) -> Vec<(String, Vec<u8>)> {
    if status != "succeeded" {
        return Vec::new();
    }
    let captions = format!("# Captions\n- run_id: {run_id}\n\n{}\n", random.prose(300));
    let mut outputs = vec![("outputs/instagram_captions.md".to_owned(), captions)];
    if random.below(2) == 0 {
        outputs.push(("outputs/hashtags.txt".to_owned(), random.prose(60)));
    }
    outputs
        .into_iter()
        .map(|(path, content)| (path, content.into_bytes()))
        .collect()
}

const DOCTRINE: &str = "You write short posts for a small record label.\n\nYou will be given:\n- a job brief\n- a context pack: \u{201c}brand\u{201d}, strategy, artifacts\n";

pub(super) fn doctrine_reference() -> Json {
    object([
        ("doctrine_id", text("prompts/instagram_copy")),
        ("resolved_at", text("2026-02-28T19:36:12.184690+00:00")),
        (
            "resolved_path",
            text("prompts/instagram_copy/v1.0.0/template.md"),
        ),
        ("sha256", text(&hash(DOCTRINE.as_bytes()))),
        ("version", text("v1.0.0")),
    ])
}

pub(super) fn brief(random: &mut Random, job: &str) -> Json {
    let block = object([
        ("content", text(&random.prose(120))),
        ("kind", text("markdown")),
        ("name", text("post_context")),
    ]);
    let captions = Json::Number((1 + random.below(9)).to_string());
    object([
        (
            "artist",
            text(["Jürgen Müller", "Dvořák & Söhne", "夜の端", "Plain Jane"][random.index(4)]),
        ),
        ("blocks", Json::Array(vec![block])),
        ("constraints", object::<&str>([])),
        (
            "ig",
            object([
                ("caption_count", captions),
                ("include_cta", Json::Raw("true")),
            ]),
        ),
        ("job_id", text(job)),
        ("job_type", text("instagram_copy")),
        ("schema_version", text("1.0.0")),
        (
            "tone_tags",
            Json::Array(vec![text("hypnotic"), text("minimal")]),
        ),
    ])
}

pub(super) fn context(random: &mut Random) -> Json {
    let content = random.prose(600);
    object([
        ("content", text(&content)),
        ("content_hash", text(&hash(content.as_bytes()))),
        (
            "spec",
            object([("brand", text("LABEL")), ("repo_commit", Json::Null)]),
        ),
    ])
}

/// The spelling of a manifest.
#[derive(Clone, Copy)]
pub(super) struct Spelling {
    pub(super) is_sorted: bool,
    pub(super) layout: Layout,
    pub(super) numbers: Numbers,
}

/// Prints the manifest, with as much in `meta` as brings it to the size drawn.
pub(super) fn manifest(
    random: &mut Random,
    mut members: Vec<(&str, Json)>,
    spelling: Spelling,
) -> String {
    let Spelling {
        is_sorted,
        layout,
        numbers,
    } = spelling;
    let target = 1_400 + random.index(2_600);
    let spellings: &[&str] = match numbers {
        Numbers::Double => &SPELLINGS[..SPELLINGS.len() - BEYOND_DOUBLE],
        Numbers::Any => &SPELLINGS,
    };
    let meta: Vec<(String, Json)> = (0..random.below(6))
        .map(|n| {
            (
                format!("m{n}"),
                Json::Raw(spellings[random.index(spellings.len())]),
            )
        })
        .collect();
    members.push(("meta", Json::Object(meta)));
    let mut value = object(members);
    if is_sorted {
        value.sort();
    }
    let missing = target.saturating_sub(layout.print(&value).len() + 24);
    if missing > 0 {
        let note = random.prose(missing);
        let Json::Object(members) = &mut value else {
            unreachable!("a manifest is an object")
        };
        for (name, member) in members {
            if let (true, Json::Object(meta)) = (name == "meta", member) {
                meta.push(("note".to_owned(), Json::Text(note.clone())));
            }
        }
    }
    layout.print(&value)
}

/// Numbers as nobody prints them; the last [`BEYOND_DOUBLE`] fit no double.
const SPELLINGS: [&str; 14] = [
    "1.50",
    "1E2",
    "-0",
    "0.0",
    "31.245270191439438",
    "1234567890123456789012345678901234567890",
    "1e-7",
    "100000000000000000000",
    "2.5e+3",
    "1.0E+00",
    "9007199254740993",
    "4.9e-324",
    "1e400",
    "-1.5E+999",
];
const BEYOND_DOUBLE: usize = 2;
