//! The errors of a catalog.
//!
//! Owns their messages; reads nothing.
//!
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
    #[must_use]
    pub fn code(&self) -> Code {
        Code::CatalogInvalid
    }
}

/// A problem of a catalog.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message of each variant names its fields")]
pub enum CatalogProblem {
    /// A file is not strict JSON.
    #[error("{0}")]
    Text(TextProblem),
    /// An object in a file has a problem.
    #[error("{0}")]
    Object(ObjectProblem),
    /// The catalog has no `catalog.json`.
    #[error("the catalog has no `catalog.json`")]
    NoCatalogFile,
    /// A JSON file has a path that no catalog uses.
    #[error(
        "not a file of a catalog: expected `catalog.json`, `migrations/*.json`, `schemas/*.json` or `fixtures/*`"
    )]
    UnexpectedFile,
    /// The catalog names no manifests.
    #[error("the catalog has no kinds")]
    NoKinds,
    /// A document could have both of two kinds.
    #[error(
        "kinds `{one}` and `{two}` have the same file name `{file}`, and one document could be of both: expected a `where` in each, with different values of one pointer"
    )]
    SameFile {
        file: String,
        one: String,
        two: String,
    },
    /// An extension repeats a member of its base.
    #[error("`{base}` says `{member}` already: a catalog that extends it can only add")]
    SaidByBase { member: &'static str, base: String },
    /// A name cannot be the name of a file or directory.
    #[error("`{found}` is not a file name: expected one name without `/`")]
    FileName { found: String },
    /// Two members overlap that must not.
    #[error("`{one}` and `{two}` overlap: version, history and guarded members must stand apart")]
    Overlap { one: Pointer, two: Pointer },
    /// A kind names a missing schema.
    #[error(
        "the catalog has no file `{found}`: expected the path of one, as in `schemas/run.json`"
    )]
    NoSchemaFile { found: String },
    /// A schema cannot be used.
    #[error("not a JSON Schema: {reason}")]
    Schema { reason: String },
    /// A kind does not have a version that the catalog names.
    #[error("kind `{kind}` has no version `{version}`")]
    VersionUnknown { kind: String, version: Version },
    /// Two rules of a kind have the same name.
    #[error("two rules of this kind are called `{name}`: give one of them another `name`")]
    SameRule { name: String },
    /// A rule reads a member that no version has.
    #[error(
        "no version has `{at}`: the schemas of those that the rule is about list their members, and it is not among them"
    )]
    NoSuchMember { at: Pointer },
    /// A dimension is a member that no latest version has.
    #[error(
        "no latest version has `{at}`: expected a member that the schema of some kind's latest version names"
    )]
    NotInSchema { at: Pointer },
    /// Two dimensions have the same column.
    #[error("`{one}` and `{two}` would both be the column `{column}`")]
    SameColumn {
        one: Pointer,
        two: Pointer,
        column: String,
    },
    /// The migrations of a kind do not fit together.
    #[error("kind `{kind}`: {error}")]
    Registry {
        kind: String,
        error: Box<RegistryError>,
    },
    /// A bundle names a migration that was compiled into a program.
    #[error("this migration is compiled into a program and cannot be read from a bundle")]
    CompiledIn,
}

impl From<ObjectProblem> for CatalogProblem {
    fn from(problem: ObjectProblem) -> Self {
        Self::Object(problem)
    }
}

/// The problem that the catalog has no kind with this name.
pub(super) fn unknown_kind(found: &str, known: Vec<String>) -> CatalogProblem {
    let found = found.to_owned();
    CatalogProblem::Object(ObjectProblem::Unknown {
        what: "kind",
        found,
        known,
    })
}
