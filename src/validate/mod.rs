//! Validates documents for programs that produce them.
//!
//! Finds problems in texts. Opens no file and migrates nothing.
//!
//! Invariant: a migration accepts every valid document.

mod input;
mod validator;

pub use input::{InputDocument, each_document};
pub use validator::{CheckedDocument, Validator};
