//! One diagnosis: a code, a place and a message.
//! Invariant: the class of the code decides the status of the manifest.

use super::status::Status;
use crate::code::{Class, Code};
use crate::path::TreePath;

/// A refusal, a finding, a note or a warning: the class of the code says which one it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The stable code.
    pub code: Code,
    /// The place in the tree; `None` if it is about the whole tree, or if the owner of the diagnosis has the path.
    pub path: Option<TreePath>,
    /// The problem in words.
    pub message: String,
}

impl Diagnosis {
    /// A diagnosis without a place.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            path: None,
            message: message.into(),
        }
    }

    /// The same diagnosis with a place.
    #[must_use]
    pub fn at(self, path: TreePath) -> Self {
        Self {
            path: Some(path),
            ..self
        }
    }

    /// Returns true for a note or a warning: nothing is wrong.
    pub fn is_note(&self) -> bool {
        matches!(self.code.class(), Class::Note | Class::Warning)
    }

    /// The status of a manifest that has this diagnosis.
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
