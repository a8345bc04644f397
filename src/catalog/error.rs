//! The errors of a catalog.
//! Invariant: an error about a file names the file, with line and column if they are known.

use super::place::Place;
use super::registry::RegistryError;
use crate::code::Code;
use crate::form::ObjectProblem;
use crate::json::{Pointer, TextProblem};
use crate::version::Version;

/// A catalog cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}{problem}")]
pub struct CatalogError {
    /// The place.
    pub place: Place,
    /// The problem there.
    pub problem: CatalogProblem,
}

impl CatalogError {
    /// The stable code: always [`Code::CatalogInvalid`].
    pub fn code(&self) -> Code {
        Code::CatalogInvalid
    }
}

/// A problem of a catalog.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "the message of each variant explains it and names its fields"
)]
pub enum CatalogProblem {
    #[error("{0}")]
    Text(TextProblem),
    #[error("{0}")]
    Object(ObjectProblem),
    #[error("the catalog has no `catalog.json`")]
    NoCatalogFile,
    #[error(
        "not a file of a catalog: expected `catalog.json`, `migrations/*.json`, `schemas/*.json` or `fixtures/*`"
    )]
    UnexpectedFile,
    #[error("the catalog has no kinds")]
    NoKinds,
    #[error(
        "kinds `{one}` and `{two}` have the same file name `{file}`, and one document could be of both: expected a `where` in each, with different values of one pointer"
    )]
    SameFile {
        file: String,
        one: String,
        two: String,
    },
    #[error("`{base}` says `{member}` already: a catalog that extends it can only add")]
    SaidByBase { member: &'static str, base: String },
    #[error("`{found}` is not a file name: expected one name without `/`")]
    FileName { found: String },
    #[error("`{found}` cannot be the file name of manifests: {reason}")]
    FileNameTaken { found: String, reason: String },
    #[error("`{one}` and `{two}` overlap: version, history and guarded members must stand apart")]
    Overlap { one: Pointer, two: Pointer },
    #[error(
        "the catalog has no file `{found}`: expected the path of one, as in `schemas/run.json`"
    )]
    NoSchemaFile { found: String },
    #[error("not a JSON Schema: {reason}")]
    Schema { reason: String },
    #[error("kind `{kind}` has no version `{version}`")]
    VersionUnknown { kind: String, version: Version },
    #[error("two rules of this kind are called `{name}`: give one of them another `name`")]
    SameRule { name: String },
    #[error(
        "no version has `{at}`: the schemas of those that the rule is about list their members, and it is not among them"
    )]
    NoSuchMember { at: Pointer },
    #[error(
        "no latest version has `{at}`: expected a member that the schema of some kind's latest version names"
    )]
    NotInSchema { at: Pointer },
    #[error("`{one}` and `{two}` would both be the column `{column}`")]
    SameColumn {
        one: Pointer,
        two: Pointer,
        column: String,
    },
    #[error("kind `{kind}`: {error}")]
    Registry {
        kind: String,
        error: Box<RegistryError>,
    },
    #[error("this migration is compiled into a program and cannot be read from a bundle")]
    CompiledIn,
}

impl From<ObjectProblem> for CatalogProblem {
    fn from(problem: ObjectProblem) -> Self {
        Self::Object(problem)
    }
}

pub(super) fn of_registry(kind: &str, error: RegistryError) -> CatalogProblem {
    let (kind, error) = (kind.to_owned(), Box::new(error));
    CatalogProblem::Registry { kind, error }
}

pub(super) fn unknown_kind(found: &str, known: Vec<String>) -> CatalogProblem {
    let found = found.to_owned();
    CatalogProblem::Object(ObjectProblem::Unknown {
        what: "kind",
        found,
        known,
    })
}
