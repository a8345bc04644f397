//! The reasons that end an operation: a stop, or a signal.
//!
//! Owns the data only; the exit code is for the summary to decide.
//!
//! Invariant: a stop always has a hint, its own or that of its code.

use crate::code::Code;

/// Why an operation could not do as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// The stable code.
    pub code: Code,
    /// What happened, in words.
    pub message: String,
    /// What to do about it, where there is more to say than the code's own hint.
    pub hint: Option<String>,
}

impl Stop {
    /// A stop with the hint of its code.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &str {
        self.hint.as_deref().unwrap_or_else(|| self.code.hint())
    }
}

/// The signals that end an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT: somebody pressed Ctrl-C.
    Interrupt,
    /// SIGTERM: the system or a supervisor asks.
    Terminate,
}
