//! What can be wrong with a catalog, and where.
//!
//! Words only: nothing here reads or decides.
//!
//! Invariant: an error that stems from a file names it, with line and column wherever they are known.

use std::fmt;

use super::registry::RegistryError;
use crate::code::Code;
use crate::json::{Pointer, TextProblem};
use crate::version::Version;

/// A catalog cannot be used: what is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}{problem}")]
pub struct CatalogError {
    /// Where it is wrong.
    pub place: Place,
    /// What is wrong there.
    pub problem: CatalogProblem,
}

impl CatalogError {
    /// The stable code: always [`Code::CatalogInvalid`].
    #[must_use]
    pub fn code(&self) -> Code {
        Code::CatalogInvalid
    }
}

/// A place in a catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The catalog as a whole.
    Catalog,
    /// A file, by its path in the catalog.
    File(String),
    /// A place in a file.
    Line {
        /// The path of the file in the catalog.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Catalog => Ok(()),
            Self::File(file) => write!(f, "{file}: "),
            Self::Line { file, line, column } => write!(f, "{file}:{line}:{column}: "),
        }
    }
}

/// What can be wrong with a catalog.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogProblem {
    /// A file is not strict JSON.
    #[error("{0}")]
    Text(TextProblem),
    /// A file does not have the form of its format.
    #[error("{reason}")]
    Malformed {
        /// What the format's reader says.
        reason: String,
    },
    /// The catalog has no `catalog.json`.
    #[error("the catalog has no `catalog.json`")]
    NoCatalogFile,
    /// A JSON file stands where no catalog has one.
    #[error(
        "not a file of a catalog: expected `catalog.json`, `migrations/*.json`, `schemas/*.json` or `fixtures/*`"
    )]
    UnexpectedFile,
    /// A text that people are to read says nothing.
    #[error("`{member}` is empty")]
    EmptyText {
        /// The member.
        member: String,
    },
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
    /// A catalog extends one that does not exist.
    #[error("unknown catalog `{found}`, expected {}", one_of(known))]
    UnknownBase {
        /// What was found.
        found: String,
        /// The catalogs that can be extended.
        known: Vec<String>,
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
    /// A pointer names the whole document where it must name a member.
    #[error("the pointer names the whole document: expected a member, as in `/status`")]
    WholeDocument,
    /// A pointer names a whole level where it must name a member.
    #[error("`{pointer}` is not supported here: expected a pointer without `*`")]
    Wildcard {
        /// The pointer.
        pointer: Pointer,
    },
    /// Two members that must stand apart do not.
    #[error("`{one}` and `{two}` overlap: version, history and guarded members must stand apart")]
    Overlap {
        /// One member.
        one: Pointer,
        /// The other.
        two: Pointer,
    },
    /// A migration belongs to a kind that is not there.
    #[error("unknown kind `{found}`, expected {}", one_of(known))]
    UnknownKind {
        /// What was found.
        found: String,
        /// The kinds of the catalog.
        known: Vec<String>,
    },
    /// A migration has a step that does not exist.
    #[error("unknown step `{found}`, expected {}", one_of(known))]
    UnknownStep {
        /// What was found.
        found: String,
        /// The steps that exist.
        known: Vec<String>,
    },
    /// A step would write what it may not, or read what the engine sets.
    #[error("`{step}` may not {does} `{at}`, which is {guard}")]
    Target {
        /// The step, as messages name it.
        step: String,
        /// `read` or `write`.
        does: &'static str,
        /// The member.
        at: Pointer,
        /// Why not: `the version`, `the history`, `immutable` or `protected`.
        guard: &'static str,
    },
    /// A pointer of a step names the end of an array, where nothing is.
    #[error("`{pointer}` names the end of an array: expected a pointer without `-`")]
    EndOfArray {
        /// The pointer.
        pointer: Pointer,
    },
    /// The `*` of a step do not stand for the same elements.
    #[error("`{step}`: `{at}` does not lead to one place for each `{scope}`")]
    Elements {
        /// The step, as messages name it.
        step: String,
        /// The pointer that does not fit.
        at: Pointer,
        /// The elements that the step is taken for.
        scope: Pointer,
    },
    /// A step reads or writes in what it writes.
    #[error(
        "`{step}`: `{one}` and `{two}` overlap: what a step writes must stand apart from all else that it names"
    )]
    StepOverlap {
        /// The step, as messages name it.
        step: String,
        /// What it writes.
        one: Pointer,
        /// What else it names.
        two: Pointer,
    },
    /// A step changes what the condition around it looks at.
    #[error("`{step}` may not write `{at}`: a `when` around it looks at that")]
    ChangesCondition {
        /// The step, as messages name it.
        step: String,
        /// What the condition looks at.
        at: Pointer,
    },
    /// A step destroys what was there and does not say that this is meant.
    #[error("`{step}` destroys values: expected `\"allow_destructive\": true`, if that is meant")]
    NotAllowed {
        /// The step.
        step: &'static str,
    },
    /// No value of the one type has another spelling in the other.
    #[error("{from} cannot be converted to {to}")]
    Conversion {
        /// The type before.
        from: &'static str,
        /// The type after.
        to: &'static str,
    },
    /// An output of a table would be looked up again.
    #[error(
        "the output `{output}` is also an input, with another value: a second time it would change again"
    )]
    Chain {
        /// The output.
        output: String,
    },
    /// Two members exclude each other.
    #[error("`{one}` and `{two}` exclude each other")]
    Contradiction {
        /// One member.
        one: &'static str,
        /// The other.
        two: &'static str,
    },
    /// A condition says none or several things.
    #[error("expected exactly one of `is`, `not`, `exists` and `has_value`")]
    Test,
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
    /// A kind has a rule that does not exist.
    #[error("unknown rule `{found}`, expected {}", one_of(known))]
    UnknownRule {
        /// What was found.
        found: String,
        /// The rules that exist.
        known: Vec<String>,
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

fn one_of(known: &[String]) -> String {
    match known {
        [only] => format!("`{only}`"),
        several => format!("one of `{}`", several.join("`, `")),
    }
}
