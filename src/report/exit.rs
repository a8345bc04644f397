//! The exit codes: the one table that `--help`, the manual page and the README show.
//! Invariant: they stand in the order in which the first that applies counts.

/// An exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExitCode {
    /// Somebody pressed Ctrl-C.
    Interrupted,
    /// The system or a supervisor asked to end.
    Terminated,
    /// The storage failed.
    StorageFailed,
    /// Another operation is at work.
    Locked,
    /// The operation was held before it wrote anything.
    Held,
    /// The operation could not start.
    CouldNotStart,
    /// Somebody has to look at something.
    Trouble,
    /// Work is pending, and somebody asked.
    Pending,
    /// All is as asked.
    Success,
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
        match self {
            Self::Interrupted => 130,
            Self::Terminated => 143,
            Self::StorageFailed => 6,
            Self::Locked => 5,
            Self::Held => 4,
            Self::CouldNotStart => 2,
            Self::Trouble => 1,
            Self::Pending => 3,
            Self::Success => 0,
        }
    }

    /// When it is given, as a sentence without full stop.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Interrupted => "SIGINT (Ctrl-C) ended it; everything begun is finished or undone",
            Self::Terminated => "SIGTERM ended it; everything begun is finished or undone",
            Self::StorageFailed => {
                "the storage failed (a flush, no space left), and the operation stopped"
            }
            Self::Locked => "another operation is at work",
            Self::Held => {
                "nothing was written, because a rule halts or `--max-failures` was exceeded"
            }
            Self::CouldNotStart => "the arguments are wrong, or it could not start",
            Self::Trouble => {
                "it finished, but some manifests were refused, failed, in conflict or not attempted, `--max-failures` ended it, a directory could not be listed, a file was rescued, or `verify`, `catalog` or `validate` found something"
            }
            Self::Pending => "something is pending, and `--check` asks for this code",
            Self::Success => "all is as asked; deferred and ahead manifests are included",
        }
    }
}
