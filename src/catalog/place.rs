//! Places in a catalog.
//! Invariant: lines and columns count from 1.

use std::fmt;

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
