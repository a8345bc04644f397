//! Validating documents before they are written, for those who produce them.
//!
//! Pure: takes texts, gives findings. Knows no file, and migrates nothing.
//!
//! Invariant: a valid document is one that a migration would not refuse to read.

mod input;
mod validator;

pub use input::{InputDocument, each_document};
pub use validator::{CheckedDocument, Validator};
