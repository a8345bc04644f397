//! Finds the schemas of a kind among the catalog's files, and compiles them.
//! Invariant: each schema belongs to a version of the kind, and to the catalog that names it.

use std::collections::BTreeMap;

use super::error::{CatalogError, CatalogProblem};
use super::kind::Kind;
use super::source_file::SourceFile;
use crate::rule::Schema;
use crate::version::Version;

pub(super) fn read(
    document: &SourceFile<'_>,
    kind: &mut Kind,
    files: &BTreeMap<String, String>,
    errors: &mut Vec<CatalogError>,
) -> Vec<String> {
    let mut paths = Vec::new();
    for (version, path) in named(document, kind, errors) {
        match read_one(document, kind, (&version, &path), files) {
            Ok(schema) => {
                kind.schemas.insert(version, schema);
                paths.push(document.beside(&path));
            }
            Err(error) => errors.push(error),
        }
    }
    paths
}

fn named(
    document: &SourceFile<'_>,
    kind: &Kind,
    errors: &mut Vec<CatalogError>,
) -> BTreeMap<Version, String> {
    let Some(list) = document.of_kind(&kind.name, "schemas") else {
        return BTreeMap::new();
    };
    let named = serde_json::from_str::<Option<_>>(list.raw());
    let named = named.map_err(|error| document.form_error(&error, list.span().start));
    named
        .map_err(|error| errors.push(error))
        .ok()
        .flatten()
        .unwrap_or_default()
}

fn read_one(
    document: &SourceFile<'_>,
    kind: &Kind,
    (version, path): (&Version, &str),
    files: &BTreeMap<String, String>,
) -> Result<Schema, CatalogError> {
    let place = ["kinds", &kind.name, "schemas", &version.to_string()];
    let file = files
        .get_key_value(&document.beside(path))
        .filter(|_| path.starts_with("schemas/"));
    let Some((file, text)) = file else {
        let found = path.to_owned();
        return Err(document.error(&place, CatalogProblem::NoSchemaFile { found }));
    };
    let text = SourceFile::read(file, text)?;
    let schema = Schema::new(text.text.root()).map_err(|error| {
        let reason = error.reason;
        text.error(error.at.tokens(), CatalogProblem::Schema { reason })
    })?;
    // This is the last check, because it can be a consequence of a migration that could not be read.
    if !kind.registry.knows(version) {
        let (kind, version) = (kind.name.clone(), version.clone());
        let problem = CatalogProblem::VersionUnknown { kind, version };
        return Err(document.error(&place, problem));
    }
    Ok(schema)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::catalog::{Catalog, Source};

    const OWN: &str = r#"{"name": "mine", "extends": "run-manifest"}"#;

    /// The catalog that a program kept in whose built-in catalog the kind had more members, on a line of their own.
    fn kept(more: &str, schema: &str) -> Result<Catalog, String> {
        let mut files: BTreeMap<String, String> = Catalog::built_in_files()
            .into_iter()
            .map(|(path, text)| (format!("run-manifest/{path}"), text))
            .collect();
        let base = files.get_mut("run-manifest/catalog.json").unwrap();
        *base = base.replacen("\"run\": {", &format!("\"run\": {{\n{more},"), 1);
        files.insert(
            "run-manifest/schemas/run.json".to_owned(),
            schema.to_owned(),
        );
        files.insert("catalog.json".to_owned(), OWN.to_owned());
        let bundle = serde_json::to_string(&files).unwrap();
        Catalog::from_bundle(Source::BuiltIn, &bundle).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_wrong_in_the_catalog_that_is_extended_is_named_below_its_name() {
        let schemas = r#""schemas": {"1.2.0": "schemas/run.json"}"#;
        let catalog = kept(schemas, r#"{"required": ["run_id"]}"#).unwrap();
        assert_eq!(catalog.kinds()[0].schemas.len(), 1);
        for (more, schema, error) in [
            (
                schemas,
                "{\n\"type\": 1}",
                "run-manifest/schemas/run.json:2:9: not a JSON Schema: the value is not valid under any of the schemas listed in the 'anyOf' keyword",
            ),
            (
                schemas,
                "{",
                "run-manifest/schemas/run.json:1:2: expected a name or `}`, found the end of the text",
            ),
            (
                r#""schemas": {"1.2.0": "schemas/no.json"}"#,
                "{}",
                "run-manifest/catalog.json:5:22: the catalog has no file `schemas/no.json`: expected the path of one, as in `schemas/run.json`",
            ),
            (
                r#""rules": [{"rule": "uniqe"}]"#,
                "{}",
                "run-manifest/catalog.json:5:20: unknown rule `uniqe`, expected one of `unchanged`, `append_only`, `starts_with`, `sum_equals`, `count_equals`, `unique`, `references`",
            ),
            (
                r#""rules": [{"rule": "unique", "at": ["run_id"]}]"#,
                "{}",
                "run-manifest/catalog.json:5:37: `run_id` is not a JSON Pointer: expected names that each follow a `/`, with `~` only in `~0` and `~1`",
            ),
        ] {
            assert_eq!(kept(more, schema).unwrap_err(), error);
        }
    }
}
