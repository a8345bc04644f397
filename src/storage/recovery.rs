//! The result of recovery, in one wording for every storage.
//! Invariant: each unfinished operation is named once.

use std::collections::BTreeMap;

use crate::code::Code;
use crate::journal::{ChangeResult, Command, Cut, Deed, Ended, Ledger, OperationId, Reader};
use crate::path::TreePath;
use crate::report::Diagnosis;

/// The result of recovery.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// One notice for each unfinished operation, and one for each file that was rescued.
    pub notices: Vec<Diagnosis>,
    /// The number of files that were rescued.
    pub rescued: u64,
    /// The number of unfinished operations with journals that are not understood; they are not touched.
    pub unknown: u64,
}

impl Recovery {
    /// An operation that is touched in nothing.
    pub(super) fn unknown(&mut self, id: &OperationId, why: &str) {
        self.unknown += 1;
        self.notices.push(Diagnosis::new(
            Code::JournalUnknown,
            format!("operation {id} is not finished, and {why}: nothing of it is touched"),
        ));
    }

    /// A file that may be somebody's only copy, with its new place.
    pub(super) fn rescued(&mut self, path: Option<&TreePath>, kept_as: &TreePath) {
        self.rescued += 1;
        self.notices.push(Diagnosis {
            code: Code::Rescued,
            path: path.cloned(),
            message: format!(
                "a file that may be the only copy of somebody's version is kept as `{kept_as}`"
            ),
        });
    }

    /// An operation that was brought to its end, with the changes that recovery looked at.
    pub(super) fn recovered(&mut self, id: &OperationId, command: Command, looked_at: LookedAt) {
        if command == Command::Accept {
            let message = format!("operation {id} had not ended: what it accepted is accepted");
            self.notices.push(Diagnosis::new(Code::Recovered, message));
            return;
        }
        let (one, many) = match command {
            Command::Rollback => ("original is back", "originals are back"),
            Command::Prune => ("backup is removed", "backups are removed"),
            _ => ("manifest is migrated", "manifests are migrated"),
        };
        let done = if looked_at.finished == 1 { one } else { many };
        let left = match looked_at.left {
            0 => String::new(),
            left => format!(", {left} changed by somebody else since"),
        };
        let message = format!(
            "operation {id} had not ended: {} {done}, {} as they were{left}",
            looked_at.finished, looked_at.undone
        );
        self.notices.push(Diagnosis::new(Code::Recovered, message));
    }
}

/// The number of changes that recovery found finished, undid, or left because somebody else had changed the manifest.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LookedAt {
    pub(super) finished: u64,
    pub(super) undone: u64,
    pub(super) left: u64,
}

/// The end that recovery writes to the journal of the only operation of a ledger: it counts what was done for certain.
pub(super) fn recovered_end(ledger: &Ledger) -> Ended {
    let mut counts = BTreeMap::new();
    for entry in ledger.deeds().filter(|entry| entry.is_done == Some(true)) {
        let outcome = match entry.deed {
            Deed::Replaced { .. } => ChangeResult::Migrated,
            Deed::Restored { .. } => ChangeResult::Restored,
            Deed::Removed { .. } => ChangeResult::Pruned,
        };
        *counts.entry(outcome).or_default() += 1;
    }
    Ended {
        counts,
        recovered: true,
        ..Ended::default()
    }
}

/// The torn end of a journal, which goes before the journal is continued.
pub(super) fn torn_end(reader: &Reader) -> Option<Cut> {
    let (sound, all) = (reader.sound_bytes(), reader.all_bytes());
    (sound < all).then(|| Cut {
        at_bytes: sound,
        dropped_bytes: all - sound,
    })
}
