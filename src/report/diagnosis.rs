//! One diagnosis: a code, a place and a message.
//!
//! Owns the form that a refusal, a finding and a warning have in common; prints nothing.
//!
//! Invariant: the class of the code decides the status of the manifest.

use super::status::Status;
use crate::code::{Class, Code};
use crate::path::TreePath;

/// One thing that somebody should know: what it is, where, and in words what is wrong there.
///
/// The class of the code says how grave it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The stable code.
    pub code: Code,
    /// The place in the tree; `None` if it is about the whole tree, or if what holds the diagnosis says where.
    pub path: Option<TreePath>,
    /// What is wrong, in words.
    pub message: String,
}

impl Diagnosis {
    /// A diagnosis that names no place.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            path: None,
            message: message.into(),
        }
    }

    /// The same diagnosis about a place in the tree.
    #[must_use]
    pub fn at(self, path: TreePath) -> Self {
        Self {
            path: Some(path),
            ..self
        }
    }

    /// Returns whether nothing is wrong: a note or a warning.
    #[must_use]
    pub fn is_note(&self) -> bool {
        matches!(self.code.class(), Class::Note | Class::Warning)
    }

    /// The status that the code leads to.
    #[must_use]
    pub fn status(&self) -> Status {
        match self.code.class() {
            Class::Refused => Status::Refused,
            Class::Conflict => Status::Conflict,
            Class::Failed | Class::Finding | Class::Note | Class::Warning | Class::Stop => {
                Status::Failed
            }
        }
    }
}
