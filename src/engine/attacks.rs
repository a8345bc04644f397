//! The engine with well-behaved and with hostile transforms.
//!
//! Invariant: every attack is refused, with the migration, the transform and the member named.

use super::samples::*;
use crate::catalog::{Catalog, Source};
use crate::code::Code;
use crate::json::{Edit, Text, canonical};

#[test]
fn a_migration_sets_the_version_runs_the_steps_and_appends_a_record() {
    let catalog = Catalog::built_in().unwrap();
    let document =
        "{\n  \"run_id\": \"r\",\n  \"schema_version\": \"1.0.0\",\n  \"inputs_hash\": \"h\"\n}\n";
    let migrated = migrated(&catalog, document).unwrap();
    let (before, after) = (migrated.checksum_before, migrated.checksum_after);
    assert_eq!(
        migrated.text,
        format!(
            r#"{{
  "run_id": "r",
  "schema_version": "1.2.0",
  "inputs_hash": "h",
  "input_snapshots": {{}},
  "chain_metadata": {{
    "is_chainable_stage": false,
    "prior_stages": []
  }},
  "migration_history": [
    {{
      "from_version": "1.0.0",
      "to_version": "1.2.0",
      "applied_at": "2026-02-28T10:30:00Z",
      "changes": [
        [
          "set /input_snapshots",
          "kept /inputs_hash",
          "set /chain_metadata"
        ]
      ],
      "checksum_before": "sha256:{before}",
      "checksum_after": "sha256:{after}"
    }}
  ]
}}
"#
        )
    );
    let digest = |text: &str| canonical::digest(Text::scan(text.as_bytes()).unwrap().root());
    assert_eq!(before, digest(document));
    let target = r#"{"run_id":"r","schema_version":"1.2.0","inputs_hash":"h","input_snapshots":{},"chain_metadata":{"is_chainable_stage":false,"prior_stages":[]}}"#;
    assert_eq!(after, digest(target));
}

#[test]
fn earlier_records_stay_and_backfilled_places_are_listed() {
    let step = step(r#"{"step": "set_default", "at": "/region", "value": "eu", "backfill": true}"#);
    let catalog = catalog_with(vec![Box::new(step)]);
    let migrated = migrated(&catalog, DOCUMENT).unwrap();
    let text = Text::scan(migrated.text.as_bytes()).unwrap();
    let at = |at: &str| text.root().at(&pointer(at)).unwrap().raw();
    assert_eq!(at("/migration_history/0"), "{\"n\":1}");
    assert_eq!(at("/migration_history/1/backfilled"), "[\"/region\"]");
    assert_eq!(at("/migration_history/1/changes"), "[[\"set /region\"]]");
}

#[test]
fn what_was_copied_is_not_backfilled_and_a_default_is() {
    for (from, backfilled) in [("/free", vec![]), ("/nowhere", vec!["/region".to_owned()])] {
        let step = step(&format!(
            r#"{{"step": "coalesce", "from": ["{from}"], "to": "/region", "default": "eu", "when": "missing_or_null", "backfill": true}}"#
        ));
        let catalog = catalog_with(vec![Box::new(step)]);
        for gap in ["", "\"region\":null,"] {
            let document = DOCUMENT.replacen('{', &format!("{{{gap}"), 1);
            let migrated = migrated(&catalog, &document).unwrap();
            let text = Text::scan(migrated.text.as_bytes()).unwrap();
            let listed = text.root().at(&pointer("/migration_history/1/backfilled"));
            let listed = listed.map_or_else(Vec::new, |list| {
                list.elements()
                    .filter_map(|at| Some(at.as_str()?.into_owned()))
                    .collect()
            });
            assert_eq!(listed, backfilled);
        }
    }
}

#[test]
fn each_migration_of_a_route_has_its_own_list_of_changes() {
    let catalog = catalog_with(vec![]);
    let migrated = migrated(&catalog, r#"{"run_id":"r","schema_version":"1.1.0"}"#).unwrap();
    assert_eq!(migrated.changes, [vec!["set /chain_metadata"], vec![]]);
}

#[test]
fn a_step_that_cannot_be_applied_refuses_the_manifest() {
    let step = step(r#"{"step": "set_default", "at": "/free/x/y", "value": 1}"#);
    let refusal = migrated(&catalog_with(vec![Box::new(step)]), DOCUMENT).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "`set_default /free/x/y` of migration `1.2.0 to 1.3.0` cannot be applied: `/free/x` is a number, expected an object"
    );
    assert_eq!(refusal.code(), Code::StepRefused);
}

/// Asserts that each list of edits is refused because it touches this member.
fn assert_guarded(guard: &str, code: Code, cases: &[(Vec<Edit>, &str)]) {
    for (edits, at) in cases {
        let refusal = scripted(DOCUMENT, edits.clone()).unwrap_err();
        let message =
            format!("`scripted` of migration `1.2.0 to 1.3.0` would change `{at}`, which {guard}");
        assert_eq!(refusal.to_string(), message, "{edits:?}");
        assert_eq!(refusal.code(), code, "{edits:?}");
    }
}

#[test]
fn no_way_of_touching_an_immutable_member_is_missed() {
    assert_guarded(
        "is immutable",
        Code::ImmutableChanged,
        &[
            (vec![replace("/run_id", "\"s\"")], "/run_id"),
            (vec![replace("/run_id", "\"\\u0072\"")], "/run_id"),
            (vec![remove("/run_id")], "/run_id"),
            (vec![rename("/run_id", "id")], "/run_id"),
            (vec![relocate("/run_id", "/free/run_id")], "/run_id"),
            (vec![insert("/job_id", "null")], "/job_id"),
            (vec![rename("/free", "job_id")], "/job_id"),
            (vec![relocate("/free/x", "/job_id")], "/job_id"),
            (vec![remove("/free"), remove("/run_id")], "/run_id"),
        ],
    );
}

#[test]
fn no_way_of_touching_a_protected_member_is_missed() {
    assert_guarded(
        "is protected",
        Code::ProtectedChanged,
        &[
            (vec![replace("/inputs_hash", "null")], "/inputs_hash"),
            (vec![remove("/inputs_hash")], "/inputs_hash"),
            (vec![rename("/artifacts", "things")], "/artifacts"),
            (
                vec![relocate("/artifacts", "/free/artifacts")],
                "/artifacts",
            ),
            (vec![insert("/artifacts/b", "1")], "/artifacts"),
            (
                vec![Edit::Append {
                    at: pointer("/artifacts/a"),
                    value: fragment("3"),
                }],
                "/artifacts",
            ),
        ],
    );
}

#[test]
fn no_way_of_touching_version_and_history_is_missed() {
    assert_guarded(
        "only the engine may set",
        Code::EditRefused,
        &[
            (vec![remove("/schema_version")], "/schema_version"),
            (
                vec![replace("/schema_version", "\"1.3.0\"")],
                "/schema_version",
            ),
            (vec![rename("/free", "schema_version")], "/schema_version"),
            (
                vec![replace("/migration_history", "[]")],
                "/migration_history",
            ),
            (vec![remove("/migration_history/0")], "/migration_history"),
            (
                vec![replace("/migration_history/0/n", "2")],
                "/migration_history",
            ),
            (
                vec![Edit::Append {
                    at: pointer("/migration_history"),
                    value: fragment("{}"),
                }],
                "/migration_history",
            ),
            (
                vec![relocate("/migration_history", "/free/h")],
                "/migration_history",
            ),
            (vec![replace("", "{}")], "/schema_version"),
            (vec![remove("")], "/schema_version"),
        ],
    );
}

#[test]
fn edits_that_do_not_fit_refuse_the_manifest() {
    for (edits, reason) in [
        (vec![insert("/free", "1")], "`/free` is there already"),
        (
            vec![insert("/new", "1"), insert("/new", "2")],
            "one list of edits touches `/new` and `/new`, which overlap",
        ),
        (vec![insert("/nowhere/new", "1")], "`/nowhere` is not there"),
        (vec![replace("/nowhere", "1")], "`/nowhere` is not there"),
        (
            vec![replace("/free", "1"), replace("/free/x", "2")],
            "one list of edits touches `/free` and `/free/x`, which overlap",
        ),
        (
            vec![remove("/free"), rename("/free", "other")],
            "one list of edits touches `/free` and `/free`, which overlap",
        ),
        (vec![rename("/free", "list")], "`/list` is there already"),
        (
            vec![relocate("/free", "/free/inner")],
            "one list of edits touches `/free` and `/free/inner`, which overlap",
        ),
    ] {
        let refusal = scripted(DOCUMENT, edits.clone()).unwrap_err();
        let message = format!("`scripted` of migration `1.2.0 to 1.3.0` does not fit: {reason}");
        assert_eq!(
            (refusal.code().as_str(), refusal.to_string()),
            ("edit_refused", message),
            "{edits:?}"
        );
    }
}

#[test]
fn edits_that_keep_the_bytes_of_a_guarded_member_are_no_violation() {
    let edits = vec![replace("/run_id", "\"r\""), replace("/free", "{}")];
    let migrated = scripted(DOCUMENT, edits).unwrap();
    assert_eq!(migrated.changes, [["set /run_id", "set /free"]]);
}

#[test]
fn a_protected_member_that_a_transform_has_set_is_protected_from_the_next() {
    let first = Scripted {
        edits: vec![insert("/doctrine", "1")],
        footprint: Some(vec![]),
    };
    let second = Scripted {
        edits: vec![replace("/doctrine", "2")],
        footprint: Some(vec![]),
    };
    let refusal = migrated(
        &catalog_with(vec![Box::new(first), Box::new(second)]),
        DOCUMENT,
    );
    assert_eq!(
        refusal.unwrap_err().to_string(),
        "`scripted` of migration `1.2.0 to 1.3.0` would change `/doctrine`, which is protected"
    );
}

#[test]
fn a_result_beyond_the_limits_is_refused() {
    let deep = format!("{}1{}", "[".repeat(128), "]".repeat(128));
    let refusal = scripted(DOCUMENT, vec![insert("/deep", &deep)]).unwrap_err();
    assert_eq!(refusal.code(), Code::TooDeep);
    let large = format!("\"{}\"", "x".repeat(crate::json::MAX_BYTES - 10));
    let refusal = scripted(DOCUMENT, vec![insert("/large", &large)]).unwrap_err();
    assert_eq!(refusal.code(), Code::TooLarge);
    assert!(
        refusal
            .to_string()
            .starts_with("the result would not be valid: line 1, ")
    );
}

#[test]
fn a_full_history_takes_no_more_records() {
    let records = vec!["1"; 10_000].join(",");
    let document = format!(r#"{{"run_id":"r","migration_history":[{records}]}}"#);
    let refusal = migrated(&Catalog::built_in().unwrap(), &document).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "`/migration_history` of 10001 records is too long, expected at most 10000"
    );
    assert_eq!(refusal.code(), Code::HistoryTooLong);
}

#[test]
fn a_version_that_has_no_place_refuses_the_manifest() {
    let head = r#"{"name":"n","kinds":{"k":{"file":"f","version":"/meta/version","history":"/h","unversioned":"1.0.0"}}}"#;
    let migration = r#"{"from":"1.0.0","to":"1.1.0","kind":"k","summary":"s","steps":[]}"#;
    let files = [("catalog.json", head), ("migrations/m.json", migration)];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
    let catalog = Catalog::from_files(Source::BuiltIn, &files.into()).unwrap();
    let refusal = migrated(&catalog, "{}").unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "`set the version` of migration `1.0.0 to 1.1.0` does not fit: `/meta` is not there"
    );
    let migrated = migrated(&catalog, r#"{"meta":{}}"#).unwrap();
    assert_eq!(migrated.changes, [Vec::<String>::new()]);
}

#[test]
fn a_large_value_is_not_copied_to_many_places() {
    let step = r#"{"step": "copy", "from": "/large", "to": "/list/*/copy"}"#;
    let catalog = catalog_of_steps(step).unwrap();
    let (large, list) = ("x".repeat(1024 * 1024), "{},".repeat(65));
    let document = format!(r#"{{"id":1,"large":"{large}","list":[{list}{{}}]}}"#);
    let refusal = migrated(&catalog, &document).unwrap_err();
    assert_eq!(
        (refusal.code(), refusal.to_string().as_str()),
        (
            Code::TooCostly,
            "`copy /list/*/copy` of migration `1.0.0 to 1.1.0` takes more work than a document may"
        )
    );
}
