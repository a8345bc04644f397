//! The strictness of schemas and rules in one operation.
//! Invariant: a choice that makes rules weaker is recorded in journals and reports.

/// The consequence of a violation in this one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Enforcement {
    /// As the catalog says.
    #[default]
    AsWritten,
    /// Every violation is only a warning.
    Warn,
}

impl Enforcement {
    /// The word for it in journals and reports, unless rules are as strict as usual.
    pub fn recorded(self) -> Option<&'static str> {
        match self {
            Self::AsWritten => None,
            Self::Warn => Some("warn"),
        }
    }
}
