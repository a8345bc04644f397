//! Refusals of a document, a journal or the lock, in words that both storages share.
//! Invariant: nothing here depends on where manifests are kept.

use crate::code::Code;
use crate::journal::OperationId;
use crate::json::MAX_BYTES;
use crate::report::{Diagnosis, Stop};
use crate::storage::names::STATE_DIRECTORY;
use crate::storage::values::LargerDocument;

pub(super) fn changed_meanwhile() -> Diagnosis {
    Diagnosis::new(
        Code::ChangedMeanwhile,
        "somebody changed it after it was read",
    )
}

pub(super) fn removed_meanwhile() -> Diagnosis {
    Diagnosis::new(
        Code::ChangedMeanwhile,
        "somebody removed it after it was read",
    )
}

impl From<LargerDocument> for Diagnosis {
    fn from(larger: LargerDocument) -> Self {
        too_large(larger.size as u64)
    }
}

pub(super) fn too_large(size: u64) -> Diagnosis {
    Diagnosis::new(
        Code::TooLarge,
        format!("the file has {size} bytes, the limit is {MAX_BYTES}"),
    )
}

pub(super) fn no_operation(id: &OperationId) -> Diagnosis {
    Diagnosis::new(
        Code::OperationUnknown,
        format!("no operation has the id `{id}`"),
    )
}

/// The lock is taken; `holder` is the operation that has it, once it has begun.
pub(super) fn locked(holder: Option<&str>) -> Stop {
    let message = match holder {
        Some(holder) => format!("another operation is at work: {holder}"),
        None => "another process is looking at the tree".to_owned(),
    };
    Stop::new(Code::Locked, message)
}

/// The head cannot be understood: a newer version may have written it, so nothing is recovered or begun.
pub(super) fn head_not_understood() -> Stop {
    let hint = "use the version of the program that wrote it; if it is damaged, move it out of the state directory: the journals say which operation was the last";
    let message = format!("`{STATE_DIRECTORY}/head` is not understood");
    Stop {
        hint: Some(hint.to_owned()),
        ..Stop::new(Code::StateUnusable, message)
    }
}
