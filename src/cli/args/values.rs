//! Values that flags choose among.

use clap::ValueEnum;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rules {
    /// Failures are warnings.
    Warn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One JSON object.
    Json,
    /// One JSON object a line.
    Jsonl,
}

impl Format {
    /// Returns true if a program reads one line for each manifest.
    pub(crate) fn has_a_line_for_each(self) -> bool {
        match self {
            Self::Text | Self::Json => false,
            Self::Jsonl => true,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sync {
    /// As the file system can be trusted.
    Auto,
    /// With one flush of the file system for each batch.
    Batch,
    /// With a flush of each file and directory.
    File,
    /// Not at all, for benchmarks.
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Feature {
    /// The exchange of two names.
    Exchange,
    /// Hard links.
    Links,
    /// A flush of all of it.
    Syncfs,
    /// The state directory on the device of the tree.
    SameDevice,
    /// Time stamps that tell any two writes apart.
    FineTimes,
}
