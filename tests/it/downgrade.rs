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

/// A catalog in which 1.1.0 adds `/s`, with more members of the kind, and manifests at 1.1.0 with these members.
fn ruled(more: &str, manifests: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::new();
    let kind = r#""file":"manifest.json","version":"/v","history":"/h","unversioned":"1.0.0""#;
    sandbox
        .file(
            "cat/catalog.json",
            format!(r#"{{"name":"c","kinds":{{"doc":{{{kind},{more}}}}}}}"#),
        )
        .file(
            "cat/migrations/a.json",
            r#"{"from":"1.0.0","to":"1.1.0","kind":"doc","summary":"s","steps":[{"step":"set_default","at":"/s","value":"a"}]}"#,
        )
        .file(
            "cat/schemas/low.json",
            r#"{"properties":{"n":{"type":"integer"}}}"#,
        )
        .file("cat/schemas/high.json", r#"{"required":["s"]}"#);
    for (run, members) in manifests {
        sandbox.manifest(format!("j/{run}"), format!(r#"{{"v":"1.1.0",{members}}}"#));
    }
    sandbox
}

/// What a downgrade of them to 1.0.0 comes to: outcome, code and message of each.
#[track_caller]
fn down(sandbox: &Sandbox, code: i32, more: &[&str]) -> (Vec<String>, serde_json::Value) {
    let args = [
        "artifacts",
        "--catalog",
        "cat",
        "--target-version",
        "1.0.0",
        "--allow-downgrade",
        "--format",
        "json",
    ];
    let dry = sandbox.run([&args[..], more, &["--dry-run"]].concat());
    let done = sandbox.run([&args[..], more].concat());
    let told = |report: &serde_json::Value| -> Vec<String> {
        let manifests = report["manifests"].as_array().unwrap().iter();
        let told = |one: &serde_json::Value| {
            let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
            let outcome = text("outcome").replace("migrated", "pending");
            format!("{outcome} {}: {}", text("code"), text("message"))
        };
        manifests.map(told).collect()
    };
    let report = done.code(code).json();
    assert_eq!(told(&dry.code(code).json()), told(&report));
    (told(&report), report)
}

const PENDING: &str = "pending : ";

#[test]
fn the_schema_of_the_lower_version_is_held_against_what_a_downgrade_makes() {
    let schemas = r#""schemas":{"1.0.0":"schemas/low.json","1.1.0":"schemas/high.json"}"#;
    let manifests = [
        ("a", r#""s":"a","n":1"#),
        ("b", r#""s":"a","n":"1""#),
        ("c", r#""n":1"#),
    ];
    let sandbox = ruled(schemas, &manifests);
    let (told, _) = down(&sandbox, 1, &[]);
    assert_eq!(
        told,
        [
            PENDING,
            "refused schema_failed: `/n` violates the schema of version `1.0.0`: the value is not of type \"integer\"",
            "refused schema_failed: the document violates the schema of version `1.1.0`: \"s\" is a required property",
        ]
    );
    assert_eq!(
        sandbox.read("artifacts/j/b/manifest.json"),
        br#"{"v":"1.1.0","s":"a","n":"1"}"#
    );
    let sandbox = ruled(schemas, &manifests);
    let (told, report) = down(&sandbox, 0, &["--rules", "warn"]);
    assert_eq!(told, [PENDING; 3]);
    assert_eq!(report["warnings"][0]["code"], "rule_warned");
    assert_eq!(
        report["warnings"][0]["message"],
        "`/n` violates the schema of version `1.0.0`: the value is not of type \"integer\""
    );
}

#[test]
fn rules_are_held_against_what_a_downgrade_makes_at_the_lower_version() {
    let rule = |more: &str| {
        format!(
            r#""rules":[{{"rule":"count_equals","items":"/list","expected":1,"name":"one"{more}}}]"#
        )
    };
    let manifests = [
        ("a", r#""s":"a","list":[1]"#),
        ("b", r#""s":"a","list":[]"#),
    ];
    let wrong = "rule `one` does not hold: `/list` has so many elements: 0, expected 1";
    let refused = format!("refused rule_failed: {wrong}");
    for more in ["", r#","check":"require""#, r#","from":"1.0.0""#] {
        let sandbox = ruled(&rule(more), &manifests);
        let (told, _) = down(&sandbox, 1, &[]);
        assert_eq!(told, [PENDING, &refused], "{more}");
    }
    // Of what is below its version a rule asks nothing.
    let sandbox = ruled(&rule(r#","from":"1.1.0""#), &manifests);
    assert_eq!(down(&sandbox, 0, &[]).0, [PENDING; 2]);
    let sandbox = ruled(&rule(r#","from":"1.1.0","check":"require""#), &manifests);
    assert_eq!(down(&sandbox, 1, &[]).0, [PENDING, &refused]);

    let sandbox = ruled(&rule(r#","on_failure":"warn""#), &manifests);
    let (told, report) = down(&sandbox, 0, &[]);
    assert_eq!(told, [PENDING; 2]);
    assert_eq!(report["warnings"][0]["code"], "rule_warned");
    assert_eq!(report["warnings"][0]["message"], wrong);

    let sandbox = ruled(&rule(r#","on_failure":"halt""#), &manifests);
    let before = sandbox.snapshot();
    let (told, report) = down(&sandbox, 4, &[]);
    assert_eq!(told, ["not_attempted : ", &refused]);
    assert_eq!(report["error"]["code"], "rule_halted");
    assert!(before.differences(&sandbox.snapshot()).is_empty());
}

#[test]
fn rules_that_compare_and_rules_over_the_tree_are_held_on_the_way_down() {
    let unchanged = r#""rules":[{"rule":"unchanged","at":["/s"],"name":"s"}]"#;
    let sandbox = ruled(unchanged, &[("a", r#""s":"a""#)]);
    assert_eq!(
        down(&sandbox, 1, &[]).0,
        ["refused rule_failed: rule `s` does not hold: `/s` would be removed"]
    );
    let unique = |on_failure: &str| {
        format!(
            r#""rules":[{{"rule":"unique","at":["/id"],"name":"one id","on_failure":"{on_failure}"}}]"#
        )
    };
    let manifests = [
        ("a", r#""s":"a","id":1"#),
        ("b", r#""s":"a","id":2"#),
        ("c", r#""s":"a","id":2"#),
    ];
    let same = |other: &str| {
        format!(
            "refused rule_failed: rule `one id` does not hold: `/id` is the same in `j/{other}/manifest.json`"
        )
    };
    let sandbox = ruled(&unique("refuse"), &manifests);
    let told = down(&sandbox, 1, &[]).0;
    assert_eq!(told, [PENDING, &same("c"), &same("b")]);
    let sandbox = ruled(&unique("halt"), &manifests);
    let told = down(&sandbox, 4, &[]).0;
    assert_eq!(told, ["not_attempted : ", &same("c"), &same("b")]);
    let sandbox = ruled(&unique("warn"), &manifests);
    let (told, report) = down(&sandbox, 0, &[]);
    assert_eq!(told, [PENDING; 3]);
    assert_eq!(report["warnings"].as_array().unwrap().len(), 2);
}
