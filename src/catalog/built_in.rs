//! The built-in catalog `run-manifest`, embedded in the program.
//! Invariant: it is read like any other catalog.

use std::collections::BTreeMap;

const FILES: &[(&str, &str)] = &[
    ("catalog.json", include_str!("run-manifest/catalog.json")),
    (
        "migrations/1.0.0-1.1.0.json",
        include_str!("run-manifest/migrations/1.0.0-1.1.0.json"),
    ),
    (
        "migrations/1.0.0-1.2.0.json",
        include_str!("run-manifest/migrations/1.0.0-1.2.0.json"),
    ),
    (
        "migrations/1.1.0-1.2.0.json",
        include_str!("run-manifest/migrations/1.1.0-1.2.0.json"),
    ),
];

pub(super) fn files() -> BTreeMap<String, String> {
    let files = FILES
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    files.collect()
}
