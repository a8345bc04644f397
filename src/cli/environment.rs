//! What the program takes from the process beside arguments and streams: clock, variables, width of the terminal.
//!
//! Everything that decides takes it as a value, so that tests decide what it says.

use std::ffi::OsString;

use migrate_manifests::clock::Timestamp;

/// The surroundings of one invocation.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    /// The system's time at the start.
    pub(crate) started: Timestamp,
    /// `SOURCE_DATE_EPOCH`.
    pub(crate) source_date_epoch: Option<OsString>,
    /// `NO_COLOR`.
    pub(crate) no_color: Option<OsString>,
    /// `TERM`.
    pub(crate) term: Option<OsString>,
    /// The width of the terminal, else `COLUMNS`; `None` where nobody looks.
    pub(crate) columns: Option<usize>,
}

impl Environment {
    /// That of the process.
    pub(crate) fn of_process() -> Self {
        let typed_columns = || std::env::var("COLUMNS").ok()?.parse().ok();
        let terminal_columns = terminal_size::terminal_size_of(std::io::stdout())
            .map(|(terminal_size::Width(columns), _)| usize::from(columns));
        Self {
            started: Timestamp::now(),
            source_date_epoch: std::env::var_os("SOURCE_DATE_EPOCH"),
            no_color: std::env::var_os("NO_COLOR"),
            term: std::env::var_os("TERM"),
            columns: terminal_columns
                .or_else(typed_columns)
                .filter(|columns| *columns > 0),
        }
    }
}
