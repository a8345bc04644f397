//! Catalogs from outside: what is refused before any manifest is read, several kinds in one tree, what authors are told.
//!
//! Invariant: no test here asserts that something is refused without asserting that nothing was touched.

use serde_json::Value;

use crate::docs::assert_fits;
use crate::support::sandbox::Sandbox;

const HEAD: &str = "{\n  \"name\": \"mine\",\n  \"extends\": \"run-manifest\"\n}\n";

/// A migration of the kind `run` from 1.2.0 to 1.3.0, its steps from line 3 on.
fn migration(steps: &str) -> String {
    format!(
        "{{\"from\": \"1.2.0\", \"to\": \"1.3.0\", \"kind\": \"run\", \"summary\": \"s\",\n\"steps\": [\n{steps}\n]}}"
    )
}

fn sandbox(files: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox
        .manifest(
            "job/one",
            "{\"run_id\":\"one\",\"schema_version\":\"1.2.0\"}",
        )
        .file("mine/catalog.json", HEAD);
    for (path, text) in files {
        sandbox.file(format!("mine/{path}"), text);
    }
    sandbox
}

#[test]
fn a_bad_catalog_is_refused_with_file_and_place_before_any_manifest_is_read() {
    let step = |step: &str| ("migrations/m.json", migration(step));
    let edge = |from: &str, to: &str| {
        let text = format!(
            r#"{{"from": "{from}", "to": "{to}", "kind": "run", "summary": "s", "steps": []}}"#
        );
        ("migrations/m.json", text)
    };
    let map = r#"{"step": "map", "at": "/x", "table": {"a": "b", "b": "c"}}"#;
    for ((path, text), message) in [
        (
            edge("1.3.0", "1.1.0"),
            "migrations/m.json:1:25: kind `run`: the migration from `1.3.0` to `1.1.0` does not lead upward",
        ),
        (
            edge("1.2.5", "1.3.0"),
            "migrations/m.json:1:25: kind `run`: no migrations lead from `1.0.0` to the latest version `1.3.0`",
        ),
        (
            edge("1.0.0", "1.1.0"),
            "migrations/m.json:1:10: kind `run`: two migrations lead from `1.0.0` to `1.1.0`",
        ),
        (
            step(r#"{"step": "set", "at": "/inputs_hash", "value": 1}"#),
            "migrations/m.json:3:10: `set /inputs_hash` may not write `/inputs_hash`, which is protected",
        ),
        (
            step(r#"{"step": "remove", "at": "/x"}"#),
            "migrations/m.json:3:10: `remove` destroys values: expected `\"allow_destructive\": true`, if that is meant",
        ),
        (
            step(r#"{"step": "drop", "at": "/x"}"#),
            "migrations/m.json:3:10: unknown step `drop`, expected one of `set_default`, `set`, `rename`, `move`, `copy`, `coalesce`, `map`, `convert`, `derive`, `hash`, `wrap`, `unwrap`, `for_each`, `when`, `remove`",
        ),
        (
            step(map),
            "migrations/m.json:3:10: the output `\"b\"` is also an input, with another value: a second time it would change again",
        ),
        (
            (
                "migrations/m.json",
                migration("").replace("\"kind\"", "\"kinds\""),
            ),
            "migrations/m.json:1:34: unknown member `kinds`, expected one of `$schema`, `from`, `to`, `kind`, `summary`, `steps`",
        ),
        (
            ("catalog.json", HEAD.replace("extends", "extend")),
            "catalog.json:3:3: unknown member `extend`, expected one of `$schema`, `name`, `extends`, `kinds`, `opaque`, `exclude`, `dimensions`",
        ),
    ] {
        let sandbox = sandbox(&[(path, &text)]);
        let before = sandbox.snapshot();
        let migrated = sandbox.run(["--catalog", "mine"]);
        let told = format!("error: {message}\nhint: fix the catalog at the place in the message\n");
        migrated.code(2).stdout("").stderr(&told);
        let checked = sandbox.run(["catalog", "check", "--catalog", "mine"]);
        checked.code(1).stderr("").stdout(&format!(
            "invalid   {message}\n\nhint: fix the catalog at the place in the message\n\n1 error. The catalog cannot be used.\n"
        ));
        assert!(before.differences(&sandbox.snapshot()).is_empty());
    }
}

#[test]
fn a_new_version_overwrites_nothing_and_leads_upward() {
    let sandbox = sandbox(&[]);
    let new = |version| sandbox.run(["catalog", "new", version, "--catalog", "mine"]);
    new("1.3.0").code(0).stderr("");
    sandbox.file("mine/fixtures/run/1.3.0-to-1.4.0/after.json", "kept");
    let before = sandbox.snapshot();
    new("1.3.0").code(2).stderr(
        "error: `1.3.0` is not above `1.3.0`, the latest version of kind `run`\nhint: give a version above it\n",
    );
    new("1.4.0").code(2).stderr(
        "error: `mine/fixtures/run/1.3.0-to-1.4.0/after.json` is there already\nhint: give another name, or move the file away: nothing is ever overwritten\n",
    );
    assert!(before.differences(&sandbox.snapshot()).is_empty());
}

const BOOKS: &str = r#"{"name": "books", "kinds": {
  "event": {"file": "record.json", "where": {"/document": "event"}, "version": "/v", "history": "/h", "unversioned": "1.0.0"},
  "ledger": {"file": "record.json", "where": {"/document": "ledger"}, "version": "/v", "history": "/h", "unversioned": "1.0.0"}
}}"#;

/// A tree of events and ledgers, whose kinds have different latest versions.
fn books() -> Sandbox {
    let sandbox = Sandbox::new();
    let edge = |kind: &str, to: &str| {
        format!(
            r#"{{"from": "1.0.0", "to": "{to}", "kind": "{kind}", "summary": "s", "steps": [{{"step": "set_default", "at": "/{kind}", "value": 1}}]}}"#
        )
    };
    sandbox
        .file("books/catalog.json", BOOKS)
        .file("books/migrations/event.json", edge("event", "1.1.0"))
        .file("books/migrations/ledger.json", edge("ledger", "2.0.0"))
        .file("artifacts/a/record.json", r#"{"document":"event"}"#)
        .file(
            "artifacts/b/record.json",
            r#"{"document":"ledger","v":"1.0.0"}"#,
        )
        .file("artifacts/c/record.json", r#"{"document":"letter"}"#);
    sandbox
}

#[test]
fn each_kind_goes_to_its_own_latest_version_and_what_is_of_none_is_refused() {
    let sandbox = books();
    let preview = sandbox.run(["--dry-run", "--catalog", "books"]);
    preview.code(1);
    assert!(
        preview.out().contains("\ntarget    each kind's latest\n"),
        "{preview}"
    );
    let report = sandbox.run(["--catalog", "books", "--format", "json"]);
    let report = report.code(1).json();
    assert_fits("report", &report, "several kinds");
    assert_eq!(report["target_version"], Value::Null);
    let told: Vec<_> = report["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let or = |name: &str| one[name].as_str().unwrap_or("-").to_owned();
            [or("path"), or("outcome"), or("to"), or("code")].join(" ")
        })
        .collect();
    assert_eq!(
        told,
        [
            "a/record.json migrated 1.1.0 -",
            "b/record.json migrated 2.0.0 -",
            "c/record.json refused - kind_unknown",
        ]
    );
    assert_eq!(
        report["manifests"][2]["message"],
        "it is of no kind that its file name can have: expected `event`, where `/document` is `\"event\"`, or `ledger`, where `/document` is `\"ledger\"`"
    );
    for record in crate::support::aftermath::journal(sandbox.root()) {
        assert_fits("journal", &record, "several kinds");
    }
    let listed = sandbox.run(["operations", "--catalog", "books"]);
    let listed = listed.code(0).out().to_owned();
    assert!(
        listed.contains("  2 manifests to each kind's latest\n"),
        "{listed}"
    );
    let status = sandbox.run(["status", "--catalog", "books"]);
    assert!(!status.out().contains("(latest)"), "{status}");
    sandbox.run(["verify", "--replay", "--catalog", "books", "--quiet"]).code(1).stdout(
        "finding   c/record.json\n          kind_unknown: it is of no kind that its file name can have: expected `event`, where `/document` is `\"event\"`, or `ledger`, where `/document` is `\"ledger\"`\n",
    );
    let explained = sandbox.run(["explain", "artifacts/b", "--catalog", "books"]);
    assert!(
        explained.out().contains("\nkind      ledger\n"),
        "{explained}"
    );
    sandbox
        .run(["explain", "artifacts/c", "--catalog", "books"])
        .code(0);
    sandbox
        .run(["rollback", "--last", "--catalog", "books", "--quiet"])
        .code(0);
    assert_eq!(
        sandbox.read("artifacts/a/record.json"),
        br#"{"document":"event"}"#
    );
}

#[test]
fn a_target_that_one_kind_does_not_have_is_refused_for_its_manifests_only() {
    let sandbox = books();
    let to = |version| {
        sandbox.run([
            "--dry-run",
            "--quiet",
            "--catalog",
            "books",
            "--target-version",
            version,
            "--exclude",
            "c",
        ])
    };
    to("1.1.0").code(1).stdout(
        "refused   b/record.json\n          no_route: no migrations lead from `1.0.0` to `1.1.0`\n",
    );
    to("1.0.0").code(0).stdout("");
    to("3.0.0").code(2).stdout("").stderr(
        "error: target version `3.0.0` does not exist, expected one of `1.0.0, 1.1.0, 2.0.0`\nhint: choose one of the versions of the catalog\n",
    );
}

#[test]
fn a_plan_over_several_kinds_is_executed() {
    let sandbox = books();
    sandbox
        .run(["plan", "-o", "plan", "--catalog", "books", "--exclude", "c"])
        .code(0);
    sandbox
        .run(["--plan", "plan", "--catalog", "books", "--quiet"])
        .code(0);
    let left = sandbox.run(["--check", "--quiet", "--catalog", "books", "--exclude", "c"]);
    left.code(0);
}

/// What is done to a kept catalog, whose directory is given.
type Change<'c> = &'c dyn Fn(&Sandbox, &str);

/// A tree with a catalog in its state directory that can be trusted, and then is changed.
fn with_kept_catalog(change: Change<'_>) -> Sandbox {
    let own = ".migrate-manifests/catalog";
    let sandbox = Sandbox::new();
    sandbox
        .manifest(
            "job/one",
            "{\"run_id\":\"one\",\"schema_version\":\"1.2.0\"}",
        )
        .file(format!("artifacts/{own}/catalog.json"), HEAD)
        .file(format!("artifacts/{own}/migrations/m.json"), migration(""))
        .file(format!("artifacts/{own}/fixtures/run/m/before.json"), "{}");
    for path in [
        "",
        "/catalog",
        "/catalog/migrations",
        "/catalog/fixtures",
        "/catalog/fixtures/run",
        "/catalog/fixtures/run/m",
    ] {
        sandbox.mode(format!("artifacts/.migrate-manifests{path}"), 0o700);
    }
    for path in [
        "catalog.json",
        "migrations/m.json",
        "fixtures/run/m/before.json",
    ] {
        sandbox.mode(format!("artifacts/{own}/{path}"), 0o644);
    }
    change(&sandbox, &format!("artifacts/{own}"));
    sandbox
}

#[test]
fn a_catalog_in_the_state_directory_is_trusted_only_where_nobody_else_could_have_written_it() {
    let trusted = with_kept_catalog(&|_, _| {}).run(["--dry-run"]);
    assert!(
        trusted.code(0).out().contains("target    1.3.0"),
        "{trusted}"
    );
    let untrusted: [(&str, Change); 5] = [
        (
            "` is not trusted: `[SANDBOX]/artifacts/.migrate-manifests` can be written to by others\n",
            &|sandbox, _| {
                sandbox.mode("artifacts/.migrate-manifests", 0o770);
            },
        ),
        (
            "/migrations` can be written to by others\n",
            &|sandbox, own| {
                sandbox.mode(format!("{own}/migrations"), 0o777);
            },
        ),
        (
            "/migrations/m.json` can be written to by others\n",
            &|sandbox, own| {
                sandbox.mode(format!("{own}/migrations/m.json"), 0o664);
            },
        ),
        (
            "/migrations/n.json` is neither a directory nor a regular file\n",
            &|sandbox, own| {
                sandbox.link(format!("{own}/migrations/n.json"), "m.json");
            },
        ),
        (
            "/fixtures/run/m/before.json` can be written to by others\n",
            &|sandbox, own| {
                sandbox.mode(format!("{own}/fixtures/run/m/before.json"), 0o666);
            },
        ),
    ];
    for (why, change) in untrusted {
        let sandbox = with_kept_catalog(change);
        let before = sandbox.snapshot();
        for words in [
            &["--quiet"][..],
            &["catalog", "check"],
            &["catalog", "test", "--on", "."],
        ] {
            let refused = sandbox.run(words);
            refused.code(2).stdout("");
            assert!(refused.stderr.contains(why), "{refused}");
        }
        assert!(before.differences(&sandbox.snapshot()).is_empty());
    }
}

/// A catalog with a shortcut that differs, a step that never applies, and fixtures that are wrong.
fn flawed() -> Sandbox {
    let add = |name: &str, value: &str| {
        format!(r#"{{"step": "set_default", "at": "/{name}", "value": {value}}}"#)
    };
    let edge = |from: &str, to: &str, steps: &str| {
        migration(steps)
            .replace("1.2.0", from)
            .replace("1.3.0", to)
            .replace("1.3.1", "1.3.0")
    };
    sandbox(&[
        ("migrations/a.json", &migration(&add("a", "1"))),
        (
            "migrations/b.json",
            &edge(
                "1.3.1",
                "1.4.0",
                &format!(
                    "{},\n{}",
                    add("b", "2"),
                    r#"{"step": "rename", "at": "/b", "to": "c"}"#
                ),
            ),
        ),
        (
            "migrations/short.json",
            &edge(
                "1.2.0",
                "1.4.0",
                &format!("{},\n{}", add("a", "1"), add("b", "2")),
            ),
        ),
        (
            "migrations/late.json",
            &edge(
                "1.4.0",
                "1.5.0",
                &format!(
                    "{},\n{}",
                    r#"{"step": "remove", "at": "/c", "allow_destructive": true}"#,
                    r#"{"step": "rename", "at": "/c", "to": "d"}"#
                ),
            ),
        ),
        (
            "fixtures/run/a/before.json",
            r#"{"run_id": "r", "schema_version": "1.2.0"}"#,
        ),
        (
            "fixtures/run/a/after.json",
            r#"{"run_id": "r", "schema_version": "1.3.0", "a": 2}"#,
        ),
        ("fixtures/run/half/before.json", "{}"),
        ("fixtures/walk/a/before.json", "{}"),
        ("fixtures/walk/a/after.json", "{}"),
    ])
}

/// The file and the code of each remark.
fn codes(report: &Value) -> Vec<String> {
    let remarks = report["remarks"].as_array().unwrap().iter();
    remarks
        .map(|one| {
            format!(
                "{} {}",
                one["file"].as_str().unwrap_or("-"),
                one["code"].as_str().unwrap()
            )
        })
        .collect()
}

#[test]
fn lint_says_what_is_wrong_with_a_catalog() {
    let sandbox = flawed();
    let before = sandbox.snapshot();
    let linted = sandbox.run([
        "catalog",
        "lint",
        "--catalog",
        "mine",
        "--on",
        "artifacts",
        "--format",
        "json",
    ]);
    let linted = linted.code(1).json();
    assert_fits("report", &linted, "lint");
    assert_eq!(
        codes(&linted),
        [
            "fixtures/run/half fixture_invalid",
            "fixtures/walk/a fixture_invalid",
            "migrations/short.json shortcut_differs",
            "migrations/short.json no_fixture",
            "migrations/b.json no_fixture",
            "migrations/late.json step_destroys",
            "migrations/late.json step_never_applies",
            "migrations/late.json no_fixture",
        ]
    );
    assert_eq!(
        [
            &linted["remarks"][0]["message"],
            &linted["remarks"][1]["message"]
        ],
        ["there is no `after.json`", "the catalog has no kind `walk`"]
    );
    assert_eq!(
        linted["remarks"][2]["message"],
        "the migration 1.2.0 to 1.4.0 does not give what 1.3.0 gives: `/b` is `2`, expected nothing"
    );
    assert!(before.differences(&sandbox.snapshot()).is_empty());
}

#[test]
fn a_test_says_what_is_wrong_with_a_catalog_that_check_takes() {
    let sandbox = flawed();
    let before = sandbox.snapshot();
    let tested = sandbox.run(["catalog", "test", "--catalog", "mine", "--format", "json"]);
    let tested = tested.code(1).json();
    assert_fits("report", &tested, "test");
    assert_eq!(
        codes(&tested),
        [
            "fixtures/run/half fixture_invalid",
            "fixtures/walk/a fixture_invalid",
            "fixtures/run/a/after.json fixture_differs",
            "migrations/short.json shortcut_differs",
        ]
    );
    assert_eq!(
        tested["remarks"][2]["message"],
        "the migrations give another document: `/a` is `1`, expected `2`"
    );
    let checked = sandbox.run(["catalog", "check", "--catalog", "mine", "--format", "json"]);
    assert_fits("report", &checked.code(0).json(), "check");
    assert!(before.differences(&sandbox.snapshot()).is_empty());
}

#[test]
fn a_kind_that_a_tree_does_not_have_and_manifests_that_would_be_refused_are_told() {
    let sandbox = books();
    sandbox.file("artifacts/b/record.json", r#"{"document":"event"}"#);
    let linted = sandbox.run(["catalog", "lint", "--catalog", "books", "--on", "."]);
    linted.code(0);
    assert!(
        linted
            .out()
            .contains("kind_unused: no manifest of the tree is of the kind `ledger`\n"),
        "{linted}"
    );
    let tested = sandbox.run(["catalog", "test", "--catalog", "books", "--on", "."]);
    tested.code(1);
    assert!(
        tested
            .out()
            .contains("finding   c/record.json\n          kind_unknown: "),
        "{tested}"
    );
}
