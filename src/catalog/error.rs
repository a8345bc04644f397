//! The errors of a catalog.
//!
//! Words only: nothing here reads or decides.
//!
//! Invariant: an error that stems from a file names it, with line and column wherever they are known.

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
pub enum CatalogProblem {
    /// A file is not strict JSON.
    #[error("{0}")]
    Text(TextProblem),
    /// An object in a file is wrong.
    #[error("{0}")]
    Object(ObjectProblem),
    /// The catalog has no `catalog.json`.
    #[error("the catalog has no `catalog.json`")]
    NoCatalogFile,
    /// A JSON file stands where no catalog has one.
    #[error(
        "not a file of a catalog: expected `catalog.json`, `migrations/*.json`, `schemas/*.json` or `fixtures/*`"
    )]
    UnexpectedFile,
    /// The catalog names no manifests.
    #[error("the catalog has no kinds")]
    NoKinds,
    /// Two kinds cannot be told apart.
    #[error(
        "kinds `{one}` and `{two}` have the same file name `{file}`, and one document could be of both: expected a `where` in each, with different values of one pointer"
    )]
    SameFile {
        /// The file name.
        file: String,
        /// One kind.
        one: String,
        /// The other.
        two: String,
    },
    /// A catalog says again what the one that it extends says.
    #[error("`{base}` says `{member}` already: a catalog that extends it can only add")]
    SaidByBase {
        /// The member.
        member: &'static str,
        /// The catalog that says it.
        base: String,
    },
    /// A name cannot be that of a file or directory.
    #[error("`{found}` is not a file name: expected one name without `/`")]
    FileName {
        /// What was found.
        found: String,
    },
    /// Two members that must stand apart do not.
    #[error("`{one}` and `{two}` overlap: version, history and guarded members must stand apart")]
    Overlap {
        /// One member.
        one: Pointer,
        /// The other.
        two: Pointer,
    },
    /// A kind names a schema that is not there.
    #[error(
        "the catalog has no file `{found}`: expected the path of one, as in `schemas/run.json`"
    )]
    NoSchemaFile {
        /// What was found.
        found: String,
    },
    /// A schema cannot be used.
    #[error("not a JSON Schema: {reason}")]
    Schema {
        /// What is wrong with it.
        reason: String,
    },
    /// Something is said of a version that the kind does not have.
    #[error("kind `{kind}` has no version `{version}`")]
    VersionUnknown {
        /// The kind.
        kind: String,
        /// The version.
        version: Version,
    },
    /// Two rules of a kind have the same name.
    #[error("two rules of this kind are called `{name}`: give one of them another `name`")]
    SameRule {
        /// The name.
        name: String,
    },
    /// A rule looks at a member that no version has.
    #[error(
        "no version has `{at}`: the schemas of those that the rule is about list their members, and it is not among them"
    )]
    NoSuchMember {
        /// The member.
        at: Pointer,
    },
    /// A dimension is a member that documents at their latest version do not have.
    #[error(
        "no latest version has `{at}`: expected a member that the schema of some kind's latest version names"
    )]
    NotInSchema {
        /// The member.
        at: Pointer,
    },
    /// Two dimensions would be one column.
    #[error("`{one}` and `{two}` would both be the column `{column}`")]
    SameColumn {
        /// The dimension that is there already.
        one: Pointer,
        /// The other.
        two: Pointer,
        /// The column.
        column: String,
    },
    /// The migrations of a kind do not fit together.
    #[error("kind `{kind}`: {error}")]
    Registry {
        /// The kind.
        kind: String,
        /// What does not fit.
        error: Box<RegistryError>,
    },
    /// A bundle names a migration that is no data.
    #[error("this migration is compiled into a program and cannot be read from a bundle")]
    CompiledIn,
}

impl From<ObjectProblem> for CatalogProblem {
    fn from(problem: ObjectProblem) -> Self {
        Self::Object(problem)
    }
}

/// The catalog has no kind of this name.
pub(super) fn unknown_kind(found: &str, known: Vec<String>) -> CatalogProblem {
    let found = found.to_owned();
    CatalogProblem::Object(ObjectProblem::Unknown {
        what: "kind",
        found,
        known,
    })
}
