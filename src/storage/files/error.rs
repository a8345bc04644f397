//! Errors of the system in words and codes.
//! Invariant: each names the verb that failed and what the system said.

use std::io;

use crate::code::Code;
use crate::report::{Diagnosis, Stop};
use crate::storage::trouble::removed_meanwhile;
use crate::storage::values::EntryKind;

pub(super) fn diagnose(verb: &str, error: &io::Error) -> Diagnosis {
    let code = match error.kind() {
        io::ErrorKind::NotFound => Code::NotFound,
        io::ErrorKind::PermissionDenied => Code::PermissionDenied,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::NoSpace,
        io::ErrorKind::ReadOnlyFilesystem => Code::ReadOnly,
        _ => Code::IoError,
    };
    Diagnosis::new(code, format!("{verb}: {error}"))
}

/// The diagnosis of a manifest that cannot be opened; links and sockets show only here.
pub(super) fn diagnose_open(error: &io::Error) -> Diagnosis {
    const NO_SUCH_DEVICE: i32 = 6;
    if is_link_loop(error) {
        return Diagnosis::new(
            Code::NotRegular,
            "expected a regular file, found a symbolic link there or on the way",
        );
    }
    match error.raw_os_error() {
        Some(NO_SUCH_DEVICE) => EntryKind::Socket.not_regular(),
        _ if error.kind() == io::ErrorKind::CrossesDevices => {
            Diagnosis::new(Code::NotFound, "it is on another file system than the tree")
        }
        _ => diagnose("cannot open", error),
    }
}

pub(super) fn gone_or(verb: &str, error: &io::Error) -> Diagnosis {
    match error.kind() {
        io::ErrorKind::NotFound => removed_meanwhile(),
        _ => diagnose(verb, error),
    }
}

/// The answer of a call; `None` where nothing is there.
pub(super) fn if_there<T>(answer: io::Result<T>) -> io::Result<Option<T>> {
    match answer {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

pub(super) fn storage_failed(verb: &str, error: &io::Error) -> Stop {
    Stop::new(Code::StorageFailed, format!("{verb}: {error}"))
}

pub(super) fn is_not_supported(error: &io::Error) -> bool {
    const INVALID: i32 = 22;
    const NO_SUCH_CALL: i32 = 38;
    const NOT_SUPPORTED: i32 = 95;
    matches!(
        error.raw_os_error(),
        Some(INVALID | NO_SUCH_CALL | NOT_SUPPORTED)
    )
}

pub(super) fn cannot_link(error: &io::Error) -> bool {
    const TOO_MANY_LINKS: i32 = 31;
    matches!(
        error.kind(),
        io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
    ) || matches!(error.raw_os_error(), Some(TOO_MANY_LINKS))
        || is_not_supported(error)
}

/// Returns true if a directory is not there any more, or something else has its name.
pub(super) fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    ) || is_link_loop(error)
}

pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

pub(super) fn is_link_loop(error: &io::Error) -> bool {
    const LOOP: i32 = 40;
    error.raw_os_error() == Some(LOOP)
}

pub(super) fn names_taken() -> Diagnosis {
    Diagnosis::new(
        Code::BackupNameTaken,
        "the backup names that were free are taken now",
    )
}
