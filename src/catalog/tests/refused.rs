//! Catalog files that are wrong, and what they are refused with.
//!
//! Invariant: the whole message is asserted, place included.

use super::{KIND, catalog, error_of_catalog, error_of_step, migration, read};
use crate::catalog::{Catalog, Source};

#[test]
fn a_catalog_file_that_is_wrong_is_refused_with_its_place() {
    for (text, message) in [
        (
            "{\"name\": \"n\",}".to_owned(),
            "catalog.json:1:14: expected a name, found `}`",
        ),
        (
            "{\"name\": \"n\",\n \"name\": \"n\"}".to_owned(),
            "catalog.json:2:2: expected each name once in an object, found `name` again",
        ),
        (
            catalog(KIND, ",\n \"kindz\": {}"),
            "catalog.json:3:2: unknown member `kindz`, expected one of `$schema`, `name`, `extends`, `kinds`, `opaque`, `exclude`, `dimensions`",
        ),
        (
            "{\"name\": \"n\"}".to_owned(),
            "catalog.json:1:1: missing member `kinds`",
        ),
        (
            "{\"name\": \" \", \"kinds\": {}}".to_owned(),
            "catalog.json:1:10: `name` is empty",
        ),
        (
            "{\"name\": \"n\", \"kinds\": {}}".to_owned(),
            "catalog.json:1:24: the catalog has no kinds",
        ),
        (
            catalog(KIND, ",\n \"extends\": \"other\""),
            "catalog.json:3:13: unknown catalog `other`, expected `run-manifest`",
        ),
        (
            catalog(KIND, ",\n \"dimensions\": [1]"),
            "catalog.json:3:17: invalid type: integer `1`, expected a string",
        ),
        (
            catalog(KIND, ",\n \"opaque\": [\"a/b\"]"),
            "catalog.json:3:12: `a/b` is not a file name: expected one name without `/`",
        ),
    ] {
        assert_eq!(error_of_catalog(&text), message, "{text}");
    }
}

#[test]
fn a_kind_that_is_wrong_is_refused_with_its_place() {
    let kind = |more: &str| catalog(&format!("{KIND}, {more}"), "");
    for (text, message) in [
        (
            kind("\n\"rules\": [{}]"),
            "catalog.json:3:11: missing member `rule`",
        ),
        (
            kind("\n\"required\": [\"id\"]"),
            "catalog.json:3:14: `id` is not a JSON Pointer: expected names that each follow a `/`, with `~` only in `~0` and `~1`",
        ),
        (
            kind("\n\"required\": [\"/a/*\"]"),
            "catalog.json:3:13: `/a/*` is not supported here: expected a pointer without `*`",
        ),
        (
            kind("\n\"required\": [\"\"]"),
            "catalog.json:3:13: the pointer names the whole document: expected a member, as in `/status`",
        ),
        (
            catalog(&KIND.replace("/id", "/v/x"), ""),
            "catalog.json:2:107: `/v/x` and `/v` overlap: version, history and guarded members must stand apart",
        ),
        (
            catalog(&KIND.replace("1.0.0", "1.0"), ""),
            "catalog.json:2:85: `1.0` is not a schema version: expected MAJOR.MINOR.PATCH, as in `1.2.0`",
        ),
        (
            format!("{{\"name\": \"n\", \"kinds\": {{\"k\": {{{KIND}}},\n \"l\": {{{KIND}}}}}}}"),
            "catalog.json:2:16: kinds `k` and `l` have the same file name `f.json`, and one document could be of both: expected a `where` in each, with different values of one pointer",
        ),
    ] {
        assert_eq!(error_of_catalog(&text), message, "{text}");
    }
}

#[test]
fn what_is_wrong_with_snapshots_is_refused_with_its_place() {
    let snapshots = |more: &str| {
        let snapshots = format!("{KIND},\n\"snapshots\": {{{more}}}");
        error_of_catalog(&catalog(&snapshots, ""))
    };
    for (more, message) in [
        ("", "catalog.json:3:14: missing member `declared`"),
        (
            r#""declared": "/d", "x": 1"#,
            "catalog.json:3:33: unknown member `x`, expected one of `declared`, `hash`, `run_id`, `job_id`, `legacy_directory`, `agree`",
        ),
        (
            r#""declared": "/d", "agree": {"a": "/*"}"#,
            "catalog.json:3:14: `/*` is not supported here: expected a pointer without `*`",
        ),
        (
            r#""declared": "/d", "legacy_directory": "a/b""#,
            "catalog.json:3:14: `a/b` is not a file name: expected one name without `/`",
        ),
    ] {
        assert_eq!(snapshots(more), message, "{more}");
    }
}

#[test]
fn members_may_be_there_and_say_nothing() {
    let kind = format!("{KIND}, \"schemas\": {{}}, \"rules\": [], \"where\": {{}}");
    let text = catalog(
        &kind,
        ", \"extends\": null, \"dimensions\": [], \"$schema\": \"x\"",
    );
    assert!(read(&[("catalog.json", &text)]).is_ok());
}

#[test]
fn what_is_wrong_with_one_file_does_not_hide_what_is_wrong_with_another() {
    let files = [
        ("catalog.json", catalog(KIND, "")),
        ("migrations/a.json", migration(r#"{"step": "sett"}"#)),
        ("migrations/b.json", "{".to_owned()),
        ("migrations/c.json", migration("").replace("1.0.0", "1.1.0")),
        ("migrations/d.json", migration("")),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text));
    let errors = Catalog::check_files(Source::BuiltIn, &files.into()).unwrap_err();
    let places: Vec<_> = errors.iter().map(|error| error.place.to_string()).collect();
    assert_eq!(
        places,
        [
            "migrations/a.json:2:21: ",
            "migrations/b.json:1:2: ",
            "migrations/c.json:1:25: "
        ]
    );
}

#[test]
fn an_array_of_values_does_not_stand_for_an_object() {
    let of_kind = |more: &str| error_of_catalog(&catalog(&format!("{KIND}, {more}"), ""));
    let of_rule = |more: &str| {
        let rule = format!("\n\"rules\": [{{\"rule\": \"count_equals\", {more}}}]");
        of_kind(&rule)
    };
    let of_kinds = error_of_catalog(
        "{\"name\": \"n\", \"kinds\":\n{\"k\": [\"f.json\", \"/v\", \"/h\", \"1.0.0\"]}}",
    );
    for (told, message) in [
        (of_kinds, "catalog.json:2:2: "),
        (of_kind("\n\"snapshots\": [\"/s\"]"), "catalog.json:3:1: "),
        (
            of_kind("\n\"rules\": [[\"unique\"]]"),
            "catalog.json:3:10: ",
        ),
        (
            of_rule("\"group_by\": [\"/a\"], \"match\": [\"k\", {\"/a\": \"/a\"}, \"/b\"]"),
            "catalog.json:3:56: ",
        ),
        (error_of_step("[\"set\"]"), "migrations/m.json:2:11: "),
        (
            error_of_step("{\"step\": \"for_each\", \"at\": \"/a\", \"steps\": [[\"set\"]]}"),
            "migrations/m.json:2:54: ",
        ),
    ] {
        assert_eq!(
            told,
            format!("{message}invalid type: sequence, expected an object")
        );
    }
    assert_eq!(
        of_rule("\"items\": \"/a\", \"expected\": 1, \"when\": [\"/b\", [1]]"),
        "catalog.json:3:20: `when`: invalid type: sequence, expected an object"
    );
}
