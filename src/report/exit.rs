//! The exit codes: the one table that `--help`, the manual page and the README show.
//! Invariant: they stand in the order in which the first that applies counts.

/// An exit code, with the number of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ExitCode {
    /// Somebody pressed Ctrl-C.
    Interrupted = 130,
    /// The system or a supervisor asked to end.
    Terminated = 143,
    /// The storage failed.
    StorageFailed = 6,
    /// Another operation is at work.
    Locked = 5,
    /// The operation was held before it wrote anything.
    Held = 4,
    /// The operation could not start.
    CouldNotStart = 2,
    /// Somebody has to look at something.
    Trouble = 1,
    /// Work is pending, and somebody asked.
    Pending = 3,
    /// All is as asked.
    Success = 0,
}

/// The circumstances, besides the summary, on which the exit code depends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four facts that do not depend on each other"
)]
pub struct ExitTerms {
    /// True if somebody asks whether work is pending.
    pub check: bool,
    /// True if a program reads one line for each manifest that it listed, so that trouble with some is none for the whole.
    pub lines_count: bool,
    /// True if the command found something that needs attention.
    pub found_trouble: bool,
    /// True if the report could not be written.
    pub output_lost: bool,
}

impl ExitCode {
    /// All of them, the first that applies counts.
    pub const ALL: &[Self] = &[
        Self::Interrupted,
        Self::Terminated,
        Self::StorageFailed,
        Self::Locked,
        Self::Held,
        Self::CouldNotStart,
        Self::Trouble,
        Self::Pending,
        Self::Success,
    ];

    /// The number that the process exits with.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// When it is given, as a sentence without full stop.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Interrupted => "SIGINT (Ctrl-C) ended it; everything begun is finished or undone",
            Self::Terminated => "SIGTERM ended it; everything begun is finished or undone",
            Self::StorageFailed => {
                "the storage failed (a flush, no space left, one read after the other), and the operation stopped"
            }
            Self::Locked => "another operation is at work",
            Self::Held => {
                "nothing was written, because a rule halts or `--max-failures` was exceeded"
            }
            Self::CouldNotStart => {
                "the arguments are wrong, it could not start, or its output could not be written"
            }
            Self::Trouble => {
                "it finished, but some manifests were refused, failed, in conflict or not attempted, `--max-failures` ended it, a directory could not be listed, a file was rescued, or `verify`, `catalog` or `validate` found something"
            }
            Self::Pending => "something is pending, and `--check` asks for this code",
            Self::Success => "all is as asked; deferred and ahead manifests are included",
        }
    }
}
