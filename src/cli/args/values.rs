//! Values that flags choose among.

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use migrate_manifests::storage::{Lacking, SyncChoice};

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
    /// One line of JSON for each manifest as it happens, and a last one with the counts.
    Jsonl,
}

impl Format {
    /// Returns true if a program reads it, and wants what can be computed.
    pub(crate) fn is_for_programs(self) -> bool {
        match self {
            Self::Text => false,
            Self::Json | Self::Jsonl => true,
        }
    }

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

/// Reads `--sync`, a switch of tests and benchmarks.
pub(super) fn sync() -> impl TypedValueParser<Value = SyncChoice> {
    PossibleValuesParser::new(["auto", "batch", "file", "none"]).map(|word| match &*word {
        "batch" => SyncChoice::Batch,
        "file" => SyncChoice::File,
        "none" => SyncChoice::None,
        _ => SyncChoice::Auto,
    })
}

/// Reads `--assume-lacking`, a switch of tests.
pub(super) fn lacking() -> impl TypedValueParser<Value = Lacking> {
    let words = ["exchange", "links", "syncfs", "same-device", "fine-times"];
    PossibleValuesParser::new(words).map(|word| match &*word {
        "exchange" => Lacking::Exchange,
        "links" => Lacking::Links,
        "syncfs" => Lacking::Syncfs,
        "same-device" => Lacking::SameDevice,
        _ => Lacking::FineTimes,
    })
}
