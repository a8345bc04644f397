//! How strictly one operation takes schemas and rules.
//!
//! Owns the choice only; what follows from it is decided where rules are checked.
//!
//! Invariant: a choice that makes rules weaker is recorded in journals and reports.

/// How an operation takes what does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Enforcement {
    /// As the catalog says.
    #[default]
    AsWritten,
    /// Everything only warns, for this one operation.
    Warn,
    /// As the catalog says, but judged as if the whole tree were selected; a rule that would halt the operation is only reported.
    AsOfWhole,
}

impl Enforcement {
    /// How journals and reports say it, where it is worth saying.
    #[must_use]
    pub fn recorded(self) -> Option<&'static str> {
        match self {
            Self::AsWritten | Self::AsOfWhole => None,
            Self::Warn => Some("warn"),
        }
    }
}
