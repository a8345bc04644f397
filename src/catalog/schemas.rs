//! The schemas that a kind names: found among the catalog's files, and compiled.
//!
//! Knows where schemas stand, not what they say.
//!
//! Invariant: each schema is for a version that the kind has, and stands beside the catalog file that names it.

use std::collections::BTreeMap;

use super::document::Document;
use super::error::{CatalogError, CatalogProblem};
use super::kind::Kind;
use crate::rule::Schema;
use crate::version::Version;

/// Reads into `kind` the schemas that the catalog file `document` names for it, and adds what is wrong to `errors`; gives their paths.
pub(super) fn read(
    document: &Document<'_>,
    kind: &mut Kind,
    files: &BTreeMap<String, String>,
    errors: &mut Vec<CatalogError>,
) -> Vec<String> {
    let mut paths = Vec::new();
    for (version, path) in named(document, kind, errors) {
        match read_one(document, kind, &version, &path, files) {
            Ok(schema) => {
                kind.schemas.insert(version, schema);
                paths.push(document.beside(&path));
            }
            Err(error) => errors.push(error),
        }
    }
    paths
}

/// Version to path, as the catalog file says it.
fn named(
    document: &Document<'_>,
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
    document: &Document<'_>,
    kind: &Kind,
    version: &Version,
    path: &str,
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
    let text = Document::read(file, text)?;
    let schema = Schema::new(text.text.root()).map_err(|error| {
        let reason = error.reason;
        text.error_near(&error.at, CatalogProblem::Schema { reason })
    })?;
    // Asked last: where a migration cannot be read, this may only follow from that.
    if !kind.registry.knows(version) {
        let (kind, version) = (kind.name.clone(), version.clone());
        let problem = CatalogProblem::VersionUnknown { kind, version };
        return Err(document.error(&place, problem));
    }
    Ok(schema)
}
