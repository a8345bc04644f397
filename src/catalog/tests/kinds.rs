//! Kinds that share a file name.
//!
//! Invariant: no document is of two kinds.

use super::{error_of_catalog, read};

const LEDGERS: &str = r#"{"name": "n", "kinds": {
 "event": {"file": "d.json", "where": {"/document": "event"}, "version": "/v", "history": "/h", "unversioned": "1.0.0"},
 "ledger": {"file": "d.json", "where": {"/document": "ledger", "/of": 1}, "version": "/v", "history": "/h", "unversioned": "2.0.0"},
 "other": {"file": "o.json", "version": "/v", "history": "/h", "unversioned": "1.0.0"}}}"#;

#[test]
fn kinds_of_one_file_name_are_told_apart_by_their_marks() {
    let catalog = read(&[("catalog.json", LEDGERS)]).unwrap();
    assert_eq!(catalog.file_names(), ["d.json", "o.json"]);
    assert_eq!(catalog.latest(), None);
    for (name, document, kind) in [
        ("d.json", r#"{"document":"ev\u0065nt"}"#, Some("event")),
        ("d.json", r#"{"document":"ledger","of":1}"#, Some("ledger")),
        ("d.json", r#"{"document":"ledger","of":2}"#, None),
        ("d.json", r#"{"document":["ledger"]}"#, None),
        ("d.json", "{}", None),
        ("o.json", "{}", Some("other")),
        ("p.json", "{}", None),
    ] {
        let text = crate::json::Text::scan(document.as_bytes()).unwrap();
        let found = catalog.kind_of(name.as_bytes(), text.root());
        let found = found.map(|index| catalog.kinds()[index].name.as_str());
        assert_eq!(found, kind, "{document}");
    }
}

#[test]
fn marks_that_leave_it_open_or_that_migrations_could_change_are_refused() {
    for (from, to, message) in [
        (
            r#""/document": "event""#,
            r#""/else": 1"#,
            "catalog.json:3:21: kinds `event` and `ledger` have the same file name `d.json`, and one document could be of both: expected a `where` in each, with different values of one pointer",
        ),
        (
            r#""/document": "event""#,
            r#""/v": "1.0.0""#,
            "catalog.json:2:39: `/v` and `/v` overlap: version, history and guarded members must stand apart",
        ),
        (
            r#""/document": "event""#,
            r#""/*": 1"#,
            "catalog.json:2:39: `/*` is not supported here: expected a pointer without `*`",
        ),
    ] {
        assert_eq!(error_of_catalog(&LEDGERS.replace(from, to)), message);
    }
    let step = r#"{"from": "1.0.0", "to": "1.1.0", "kind": "event", "summary": "s",
 "steps": [{"step": "set", "at": "/document", "value": "ledger"}]}"#;
    let error = read(&[("catalog.json", LEDGERS), ("migrations/m.json", step)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "migrations/m.json:2:21: `set /document` may not write `/document`, which is immutable"
    );
}

#[test]
fn file_names_that_mean_something_else_are_refused() {
    for (name, reason) in [
        (
            ".migrate-manifests",
            "the program gives such names to files of its own",
        ),
        (
            ".migrate-manifests.x",
            "the program gives such names to files of its own",
        ),
        ("inputs", "it stands in `opaque`"),
        ("d.json.backup", "backups of kind `event` have such names"),
        ("d.json.backup.x", "backups of kind `event` have such names"),
    ] {
        let text = LEDGERS.replace("o.json", name);
        let text = text.replace(r#""name": "n","#, r#""name": "n", "opaque": ["inputs"],"#);
        let error = error_of_catalog(&text);
        let expected = format!("`{name}` cannot be the file name of manifests: {reason}");
        assert!(error.ends_with(&expected), "{error}");
    }
    let text = LEDGERS.replace("o.json", "d.json.backups");
    assert!(read(&[("catalog.json", &*text)]).is_ok());
}
