//! `--allow-downgrade`: down by the inverses of steps, or not at all.

use crate::support::sandbox::Sandbox;

const CHAIN: &str = r#""chain_metadata":{"is_chainable_stage":false,"prior_stages":[]}"#;

const DOWN: [&str; 4] = ["--target-version", "1.1.0", "--allow-downgrade", "--quiet"];

fn manifest(version: &str, more: &str) -> String {
    format!("{{\"schema_version\":\"{version}\",\"run_id\":\"one\",\"cost\":1.50{more}}}\n")
}

fn one(version: &str, more: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.manifest("job/one", manifest(version, more));
    sandbox
}

fn text(sandbox: &Sandbox) -> String {
    String::from_utf8(sandbox.read("artifacts/job/one/manifest.json")).unwrap()
}

#[test]
fn a_manifest_born_at_a_newer_version_is_taken_down_and_the_record_says_how() {
    let sandbox = one("1.2.0", &format!(",{CHAIN}"));
    let asked = ["--target-version", "1.1.0"];
    sandbox.run(asked).code(0);
    assert_eq!(text(&sandbox), manifest("1.2.0", &format!(",{CHAIN}")));
    sandbox.run(DOWN).code(0).stdout("").stderr("");
    let down = text(&sandbox);
    assert!(down.starts_with(&manifest("1.1.0", "")[..50]), "{down}");
    assert!(down.contains(r#""migration_history":[{"from_version":"1.2.0","to_version":"1.1.0","applied_at":"2026-02-28T10:30:00Z","changes":[["removed /chain_metadata"]],"#), "{down}");
    sandbox.run(["verify", "--replay"]).code(0);
    sandbox.run(["rollback", "--last"]).code(0);
    assert_eq!(text(&sandbox), manifest("1.2.0", &format!(",{CHAIN}")));
}

#[test]
fn what_has_no_inverse_is_named_and_nothing_is_touched() {
    let sandbox = one("1.2.0", ",\"inputs_hash\":null");
    let before = sandbox.snapshot();
    let report = sandbox
        .run([
            "--target-version",
            "1.0.0",
            "--allow-downgrade",
            "--format",
            "json",
        ])
        .code(1)
        .json();
    assert_eq!(report["manifests"][0]["code"], "no_way_down");
    assert_eq!(
        report["manifests"][0]["message"],
        "no way leads down: `set_default /inputs_hash` of migration `1.0.0 to 1.2.0` has no inverse: the member is protected: once it is there, it stays"
    );
    assert!(before.differences(&sandbox.snapshot()).is_empty());
}

#[test]
fn what_would_be_lost_is_named_and_nothing_is_touched() {
    let used = CHAIN.replace("[]", "[\"a\"]");
    let sandbox = one("1.2.0", &format!(",{used}"));
    let before = sandbox.snapshot();
    let report = sandbox
        .run(DOWN.into_iter().chain(["--format", "json"]))
        .code(1)
        .json();
    assert_eq!(report["manifests"][0]["code"], "downgrade_lossy");
    assert_eq!(
        report["manifests"][0]["message"],
        "`set_default /chain_metadata` of migration `1.1.0 to 1.2.0` cannot be undone: `/chain_metadata` is `{\"is_chainable_stage\":false,\"prior_stages\":[\"a\"]}`, expected `{\"is_chainable_stage\":false,\"prior_stages\":[]}`"
    );
    assert!(before.differences(&sandbox.snapshot()).is_empty());
}

#[test]
fn a_newer_version_than_the_catalog_knows_cannot_be_taken_down() {
    let report = one("1.9.0", "")
        .run(DOWN.into_iter().chain(["--format", "json"]))
        .code(1)
        .json();
    assert_eq!(report["manifests"][0]["code"], "no_route");
    let report = one("1.2.0", ",\"status\":\"running\"")
        .run(DOWN.into_iter().chain(["--format", "json"]))
        .code(0)
        .json();
    assert_eq!(report["counts"]["deferred"], 1);
}

#[test]
fn the_flag_needs_a_target() {
    let sandbox = one("1.2.0", "");
    let told = sandbox.run(["--allow-downgrade"]);
    told.code(2);
    assert!(told.stderr.contains("--target-version"), "{}", told.stderr);
}

const STEPS: &str = r#"
    {"step": "rename", "at": "/cost", "to": "price"},
    {"step": "move", "from": "/price", "to": "/billing/price"},
    {"step": "copy", "from": "/run_id", "to": "/legacy_id"},
    {"step": "derive", "at": "/key", "template": "{/tenant}:{/run_id}"},
    {"step": "for_each", "at": "/items", "steps": [
        {"step": "convert", "at": "/n", "from": "string", "to": "integer"},
        {"step": "when", "at": "/kind", "is": ["old"], "steps": [{"step": "wrap", "at": "/data", "in": "v1"}]}
    ]},
    {"step": "map", "at": "/state", "table": {"up": "running_well", "down": "stopped"}}
"#;

#[test]
fn every_step_of_a_migration_is_undone_byte_for_byte_where_the_layout_allows() {
    let sandbox = Sandbox::new();
    let head = r#"{"name": "c", "kinds": {"k": {"file": "manifest.json", "version": "/schema_version", "history": "/migration_history", "unversioned": "1.0.0", "immutable": ["/run_id"]}}}"#;
    let migration = format!(
        r#"{{"from": "1.0.0", "to": "2.0.0", "kind": "k", "summary": "s", "steps": [{STEPS}]}}"#
    );
    sandbox
        .file("catalog/catalog.json", head)
        .file("catalog/migrations/m.json", &migration);
    let before = r#"{
  "billing": {
    "currency": "EUR"
  },
  "cost": 1.50,
  "items": [
    {
      "data": [
        1E2
      ],
      "kind": "old",
      "n": "12"
    },
    {
      "data": 0,
      "kind": "new"
    }
  ],
  "run_id": "one",
  "schema_version": "1.0.0",
  "state": "up",
  "tenant": "t\u00e9"
}
"#;
    sandbox.manifest("job/one", before);
    let with = ["--catalog", "catalog", "--quiet"];
    sandbox.run(with).code(0).stderr("");
    let up = text(&sandbox);
    let changes = r#""changes": [
        [
          "renamed /cost to /price",
          "moved /price to /billing/price",
          "copied /run_id to /legacy_id",
          "derived /key",
          "converted /items/0/n",
          "wrapped /items/0/data",
          "mapped /state"
        ]
      ]"#;
    assert!(up.contains(changes), "{up}");
    assert!(
        up.contains("\"price\": 1.50") && up.contains("\"n\": 12\n"),
        "{up}"
    );
    assert!(
        up.contains("\"data\": {\n        \"v1\": [\n          1E2\n        ]\n      },"),
        "{up}"
    );
    let down = ["--target-version", "1.0.0", "--allow-downgrade"];
    sandbox.run(with.into_iter().chain(down)).code(0).stderr("");
    let down = text(&sandbox);
    let (start, end) = (
        down.find("  \"migration_history\"").unwrap(),
        down.find("  \"run_id\"").unwrap(),
    );
    assert_eq!(format!("{}{}", &down[..start], &down[end..]), before);
    sandbox
        .run(["verify", "--replay", "--catalog", "catalog"])
        .code(0);
}
