//! Errors of the system in words and codes.
//! Invariant: each names the verb that failed and what the system said.

use std::io;

use crate::code::Code;
use crate::path::TreePath;
use crate::report::{Diagnosis, Stop};
use crate::storage::trouble::removed_meanwhile;
use crate::storage::values::EntryKind;

const FILE_TOO_LARGE: i32 = 27;

pub(super) fn diagnose(verb: &str, error: &io::Error) -> Diagnosis {
    let code = match error.kind() {
        io::ErrorKind::NotFound => Code::NotFound,
        io::ErrorKind::PermissionDenied => Code::PermissionDenied,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::NoSpace,
        io::ErrorKind::ReadOnlyFilesystem => Code::ReadOnly,
        // A limit on the size of files.
        _ if error.raw_os_error() == Some(FILE_TOO_LARGE) => Code::NoSpace,
        _ => Code::IoError,
    };
    Diagnosis::new(code, format!("{verb}: {error}"))
}

/// The diagnosis of a manifest that cannot be opened; links, sockets and mounts show only here. `is_here` says that it was looked up in its open directory.
pub(super) fn diagnose_open(error: &io::Error, is_here: bool) -> Diagnosis {
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
            let message = if is_here {
                "the file is a mount point: another file is mounted over it"
            } else {
                "it is on another file system than the tree"
            };
            Diagnosis::new(Code::OtherMount, message)
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

/// Returns true if an error is one of the storage itself: it has no room, or does not work.
pub(super) fn is_storage_failure(error: &io::Error) -> bool {
    is_broken(error) || diagnose("", error).code == Code::NoSpace
}

/// Returns true if an error says that a device, or the way to it, does not work (EIO).
pub(super) fn is_broken(error: &io::Error) -> bool {
    const IO: i32 = 5;
    error.raw_os_error() == Some(IO)
}

/// The verb says where, too: it names the file, or the tree.
pub(super) fn storage_failed(verb: &str, error: &io::Error) -> Stop {
    Stop::new(Code::StorageFailed, format!("{verb}: {error}"))
}

/// The stop of an operation whose storage failed at one manifest.
pub(super) fn storage_failed_at(path: &TreePath, diagnosis: Diagnosis) -> Stop {
    Stop {
        code: Code::StorageFailed,
        ..diagnosis.at(path.clone()).into()
    }
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
