//! Tests of catalogs as a whole: the built-in one, and by subject each way in which files can be wrong.
//!
//! Invariant: the whole message is asserted, place included.

mod dimensions;
mod extending;
mod kinds;
mod migrations;
mod refused;
mod steps;

use std::collections::BTreeMap;

use super::{Catalog, CatalogError, Source};

const KIND: &str = r#""file": "f.json", "version": "/v", "history": "/h", "unversioned": "1.0.0", "immutable": ["/id"], "protected": ["/p/q"]"#;

fn catalog(kind: &str, more: &str) -> String {
    format!("{{\"name\": \"n\",\n \"kinds\": {{\"k\": {{{kind}}}}}{more}}}")
}

fn migration(steps: &str) -> String {
    format!(
        "{{\"from\": \"1.0.0\", \"to\": \"1.1.0\", \"kind\": \"k\", \"summary\": \"s\",\n \"steps\": [{steps}]}}"
    )
}

fn read(files: &[(&str, &str)]) -> Result<Catalog, CatalogError> {
    let files = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    Catalog::from_files(Source::Directory("dir".into()), &files.collect())
}

fn error_of_catalog(text: &str) -> String {
    read(&[("catalog.json", text)]).unwrap_err().to_string()
}

fn error_of_step(step: &str) -> String {
    let files = [
        ("catalog.json", &*catalog(KIND, "")),
        ("migrations/m.json", &*migration(step)),
    ];
    read(&files).unwrap_err().to_string()
}

#[test]
fn the_built_in_catalog_is_the_one_of_the_design() {
    let catalog = Catalog::built_in().unwrap();
    assert_eq!(catalog.name(), "run-manifest");
    assert_eq!(catalog.source().to_string(), "built in");
    assert_eq!(catalog.opaque(), ["inputs", "outputs"]);
    let document = crate::json::Text::scan(b"{}").unwrap();
    let of = |name: &[u8]| catalog.kind_of(name, document.root());
    assert_eq!(
        (of(b"manifest.json"), of(b"Manifest.JSON")),
        (Some(0), None)
    );
    let kind = &catalog.kinds()[0];
    let texts = |pointers: &[crate::json::Pointer]| {
        let texts = pointers.iter().map(ToString::to_string);
        texts.collect::<Vec<_>>()
    };
    assert_eq!(texts(&kind.required), ["/run_id"]);
    assert_eq!(texts(&kind.immutable), ["/run_id", "/job_id"]);
    assert_eq!(kind.protected.len(), 11);
    let versions = kind.registry.versions().map(ToString::to_string);
    assert_eq!(versions.collect::<Vec<_>>(), ["1.0.0", "1.1.0", "1.2.0"]);
    let migrations = kind.registry.migrations().map(ToString::to_string);
    assert_eq!(
        migrations.collect::<Vec<_>>(),
        ["1.0.0 to 1.1.0", "1.0.0 to 1.2.0", "1.1.0 to 1.2.0"]
    );
}

#[test]
fn a_bundle_makes_the_same_catalog_again() {
    let catalog = Catalog::built_in().unwrap();
    let again = Catalog::from_bundle(Source::BuiltIn, catalog.bundle()).unwrap();
    assert_eq!(again.digest(), catalog.digest());
    assert_eq!(again.bundle(), catalog.bundle());
    let files: BTreeMap<String, String> = serde_json::from_str(catalog.bundle()).unwrap();
    assert_eq!(files.len(), 4);
    let error = Catalog::from_bundle(Source::BuiltIn, "{\"catalog.json\": 1}").unwrap_err();
    assert_eq!(
        error.to_string(),
        "bundle:1:18: invalid type: integer `1`, expected a string"
    );
}

#[test]
fn what_is_beside_the_catalog_takes_no_part_but_a_stray_json_file_is_refused() {
    let text = catalog(KIND, "");
    let plain = read(&[("catalog.json", &text)]).unwrap();
    let more = read(&[
        ("catalog.json", &text),
        ("README.md", "# hi"),
        ("rollout.json", "{}"),
        ("schemas/a.json", "not looked at"),
        ("fixtures/deep/a.json", "{"),
    ]);
    assert_eq!(more.unwrap().digest(), plain.digest());
    for stray in ["migration.json", "migration/a.json", "migrations/a/b.json"] {
        let error = read(&[("catalog.json", &text), (stray, "{}")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "{stray}: not a file of a catalog: expected `catalog.json`, `migrations/*.json`, `schemas/*.json` or `fixtures/*`"
            )
        );
    }
    assert_eq!(
        read(&[]).unwrap_err().to_string(),
        "the catalog has no `catalog.json`"
    );
}
