//! The reasons that end an operation: a stop, or a signal.
//!
//! Owns the data only; the summary decides the exit code.
//!
//! Invariant: a stop always has a hint, its own or that of its code.

use crate::code::Code;

/// The reason why an operation could not do what was requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// The stable code.
    pub code: Code,
    /// The problem in words.
    pub message: String,
    /// The remedy, if there is a better one than the hint of the code.
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

    /// The remedy.
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
