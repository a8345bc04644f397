//! The schemas that a kind names: found among the catalog's files, and compiled.
//!
//! Knows where schemas stand, not what they say.
//!
//! Invariant: each schema is for a version that the kind has.

use std::collections::BTreeMap;

use super::document::Document;
use super::error::{CatalogError, CatalogProblem};
use super::kind::Kind;
use crate::rule::Schema;
use crate::version::Version;

/// Reads the schemas that the catalog file `document` names for `kind`, version to path.
pub(super) fn read(
    document: &Document<'_>,
    kind: &Kind,
    named: &BTreeMap<Version, String>,
    files: &BTreeMap<String, String>,
) -> Result<BTreeMap<Version, Schema>, CatalogError> {
    let schema = |(version, path): (&Version, &String)| {
        let place = ["kinds", &kind.name, "schemas", &version.to_string()];
        if !kind.registry.knows(version) {
            let (kind, version) = (kind.name.clone(), version.clone());
            let problem = CatalogProblem::VersionUnknown { kind, version };
            return Err(document.error(&place, problem));
        }
        let text = files.get(path).filter(|_| path.starts_with("schemas/"));
        let Some(text) = text else {
            let found = path.clone();
            return Err(document.error(&place, CatalogProblem::NoSchemaFile { found }));
        };
        let text = Document::read(path, text)?;
        let schema = Schema::new(text.text.root()).map_err(|error| {
            let reason = error.reason;
            text.error_near(&error.at, CatalogProblem::Schema { reason })
        })?;
        Ok((version.clone(), schema))
    };
    named.iter().map(schema).collect()
}
