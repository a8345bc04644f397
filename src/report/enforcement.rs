//! The strictness of schemas and rules in one operation.
//!
//! Owns the choice only; the engine decides what follows from it.
//!
//! Invariant: a choice that makes rules weaker is recorded in journals and reports.

/// The consequence of a violation in this one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Enforcement {
    /// As the catalog says.
    #[default]
    AsWritten,
    /// Every violation is only a warning.
    Warn,
    /// As the catalog says, as if the whole tree were selected; but a rule that would halt the operation is only reported.
    AsOfWhole,
}

impl Enforcement {
    /// The word for it in journals and reports, unless rules are as strict as usual.
    #[must_use]
    pub fn recorded(self) -> Option<&'static str> {
        match self {
            Self::AsWritten | Self::AsOfWhole => None,
            Self::Warn => Some("warn"),
        }
    }
}
