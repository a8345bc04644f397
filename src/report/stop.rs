//! The reasons that end an operation: a stop, or a signal.
//! Invariant: a stop always has a hint, its own or that of its code.

use super::diagnosis::Diagnosis;
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
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
        }
    }

    /// The remedy.
    pub fn hint(&self) -> &str {
        self.hint.as_deref().unwrap_or_else(|| self.code.hint())
    }
}

/// A diagnosis that ends an operation; its place is in the message.
impl From<Diagnosis> for Stop {
    fn from(diagnosis: Diagnosis) -> Self {
        let Diagnosis {
            code,
            path,
            message,
        } = diagnosis;
        match path {
            Some(path) => Self::new(code, format!("`{path}`: {message}")),
            None => Self::new(code, message),
        }
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

impl Signal {
    /// The name of the signal.
    pub fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        }
    }
}
