//! The problems that one object of a catalog file can have.
//! Invariant: a message names the member or the step that is wrong, and what was expected.

use std::convert::Infallible;

use crate::json::Pointer;

/// A problem of one object: a step, a rule, or one of their members.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectProblem {
    #[error("{reason}")]
    Malformed { reason: String },
    /// No step, rule, kind or catalog has this name.
    #[error("unknown {what} `{found}`, expected {}", one_of(known))]
    Unknown {
        what: &'static str,
        found: String,
        known: Vec<String>,
    },
    #[error("`{member}` is empty")]
    EmptyText { member: String },
    #[error("the pointer names the whole document: expected a member, as in `/status`")]
    WholeDocument,
    #[error("`{pointer}` is not supported here: expected a pointer without `*`")]
    Wildcard { pointer: Pointer },
    #[error("`{pointer}` names the end of an array: expected a pointer without `-`")]
    EndOfArray { pointer: Pointer },
    #[error("expected exactly one of `is`, `not`, `exists` and `has_value`")]
    Test,
    #[error("`{step}` may not {does} `{at}`, which is {guard}")]
    Target {
        step: String,
        does: &'static str,
        at: Pointer,
        guard: &'static str,
    },
    #[error("`{step}`: `{at}` does not lead to one place for each `{scope}`")]
    Elements {
        step: String,
        at: Pointer,
        scope: Pointer,
    },
    #[error(
        "`{step}`: `{one}` and `{two}` overlap: what a step writes must stand apart from all else that it names"
    )]
    StepOverlap {
        step: String,
        one: Pointer,
        two: Pointer,
    },
    #[error("`{step}` may not write `{at}`: a `when` around it looks at that")]
    ChangesCondition { step: String, at: Pointer },
    #[error("`{step}` destroys values: expected `\"allow_destructive\": true`, if that is meant")]
    NotAllowed { step: &'static str },
    #[error("{from} cannot be converted to {to}")]
    Conversion {
        from: &'static str,
        to: &'static str,
    },
    #[error(
        "the output `{output}` is also an input, with another value: a second time it would change again"
    )]
    Chain { output: String },
    #[error("`{one}` and `{two}` exclude each other")]
    Contradiction {
        one: &'static str,
        two: &'static str,
    },
}

impl ObjectProblem {
    pub(crate) fn malformed(reason: impl Into<String>) -> Self {
        Self::Malformed {
            reason: reason.into(),
        }
    }

    pub(crate) fn empty(member: &str) -> Self {
        Self::EmptyText {
            member: member.to_owned(),
        }
    }

    /// The problem of a member that is read on its own, so that line and column inside it are not known.
    pub(crate) fn in_member(member: &str, error: &serde_json::Error) -> Self {
        Self::malformed(format!("`{member}`: {}", reason(error)))
    }
}

#[derive(Debug)]
pub(crate) enum ReadError {
    /// Its JSON does not have the form; the error has a line and a column.
    Json(serde_json::Error),
    Problem(ObjectProblem),
}

impl From<serde_json::Error> for ReadError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

impl From<ObjectProblem> for ReadError {
    fn from(problem: ObjectProblem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Infallible> for ObjectProblem {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

pub(crate) fn reason(error: &serde_json::Error) -> String {
    let place = format!(" at line {} column {}", error.line(), error.column());
    let reason = error.to_string();
    reason.strip_suffix(&place).unwrap_or(&reason).to_owned()
}

pub(super) fn one_of<T: AsRef<str>>(names: &[T]) -> String {
    let quoted: Vec<_> = names
        .iter()
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    match &quoted[..] {
        [only] => only.clone(),
        several => format!("one of {}", several.join(", ")),
    }
}
