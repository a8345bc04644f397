//! The dimensions of a catalog: the members that are columns of an index.
//! Invariant: the schema of some kind's latest version names each dimension, and each has its own column.

use std::collections::BTreeMap;

use super::error::{CatalogError, CatalogProblem};
use super::kind::Kind;
use super::source_file::SourceFile;
use crate::form::check_member;
use crate::json::{Pointer, Text};
use crate::rule::schema::names;

/// A member that is a column of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimension {
    /// The member.
    pub at: Pointer,
    /// The name of the column: the names in the pointer, joined by `_`.
    pub column: String,
}

/// Reads the dimensions in catalog files, and adds all problems to `errors`.
///
/// It searches the schemas only if there was no error before, because a missing name may be a consequence of that.
pub(super) fn read(
    documents: &[&SourceFile<'_>],
    kinds: &[Kind],
    files: &BTreeMap<String, String>,
    errors: &mut Vec<CatalogError>,
) -> Vec<Dimension> {
    let are_schemas_sound = errors.is_empty();
    let schemas = latest_schemas(documents, kinds, files);
    let mut dimensions: Vec<Dimension> = Vec::new();
    for document in documents {
        let list = document.text.root().get("dimensions");
        for value in list.into_iter().flat_map(|list| list.elements()) {
            // A malformed list was refused with the form of the file.
            let Some(at) = value.as_str().and_then(|at| at.parse::<Pointer>().ok()) else {
                continue;
            };
            let dimension = Dimension {
                column: at.tokens().join("_"),
                at,
            };
            let checked = check_member(&dimension.at)
                .map_err(CatalogProblem::from)
                .and_then(|()| check_column(&dimension, &dimensions))
                .and_then(|()| {
                    if are_schemas_sound {
                        check_named(&dimension, &schemas)
                    } else {
                        Ok(())
                    }
                });
            match checked {
                Ok(()) => dimensions.push(dimension),
                Err(problem) => errors.push(document.error_at(value, problem)),
            }
        }
    }
    dimensions
}

fn latest_schemas<'f>(
    documents: &[&SourceFile<'_>],
    kinds: &[Kind],
    files: &'f BTreeMap<String, String>,
) -> Vec<Text<'f>> {
    let named = documents.iter().flat_map(|document| {
        kinds.iter().filter_map(|kind| {
            let list = document.of_kind(&kind.name, "schemas")?;
            let path = list.get(&kind.registry.latest().to_string())?;
            files.get(&document.beside(&path.as_str()?))
        })
    });
    // The loader of schemas reports a text that is not valid.
    named
        .filter_map(|text| Text::scan(text.as_bytes()).ok())
        .collect()
}

/// Databases do not distinguish upper and lower case in the names of columns.
fn check_column(dimension: &Dimension, others: &[Dimension]) -> Result<(), CatalogProblem> {
    let mut others = others.iter();
    let same = others.find(|other| other.column.eq_ignore_ascii_case(&dimension.column));
    match same {
        Some(other) => Err(CatalogProblem::SameColumn {
            one: other.at.clone(),
            two: dimension.at.clone(),
            column: other.column.clone(),
        }),
        None => Ok(()),
    }
}

fn check_named(dimension: &Dimension, schemas: &[Text<'_>]) -> Result<(), CatalogProblem> {
    let mut schemas = schemas.iter();
    if schemas.any(|schema| names(schema.root(), &dimension.at)) {
        return Ok(());
    }
    let at = dimension.at.clone();
    Err(CatalogProblem::NotInSchema { at })
}
