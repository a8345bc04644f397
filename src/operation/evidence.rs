//! Reads the backups of a manifest for the proofs about it.
//!
//! Invariant: of larger backups one is in memory at a time, however many there are.

use super::budget::SMALL;
use crate::journal::BackupId;
use crate::json::buffer_capacity;
use crate::path::Name;
use crate::proof::{OriginalEvidence, ReadAgain};
use crate::report::Diagnosis;
use crate::storage::{Directory, LargerDocument, ReadVersion};

/// Reads backups of one manifest up to a number of bytes.
#[derive(Clone, Copy)]
pub(super) struct BackupReader<'r> {
    pub(super) directory: &'r Directory<'r>,
    pub(super) manifest: Name<'r>,
    pub(super) most: usize,
}

/// The bytes of the first backups stay in memory, so that most backups are read once.
#[derive(Default)]
pub(super) struct KeptBytes(usize);

impl BackupReader<'_> {
    pub(super) fn read(
        &self,
        backup: &BackupId,
        into: &mut Vec<u8>,
    ) -> Result<Result<ReadVersion, Diagnosis>, LargerDocument> {
        if self.most > SMALL {
            into.reserve(buffer_capacity(self.most));
        }
        self.directory
            .read_backup(self.manifest, backup, self.most, into)
    }

    /// Reads a backup whose content is known once more; returns false if that cannot be done.
    pub(super) fn again(&self, name: &str, into: &mut Vec<u8>) -> bool {
        let backup = BackupId::new(name);
        let read = backup.map(|backup| self.read(&backup, into));
        matches!(read, Some(Ok(Ok(_))))
    }
}

impl KeptBytes {
    pub(super) fn original<'b>(
        &mut self,
        name: &'b str,
        bytes: Result<Vec<u8>, Diagnosis>,
        again: &'b ReadAgain<'b>,
    ) -> OriginalEvidence<'b> {
        match bytes {
            Ok(bytes) if self.0 + bytes.len() <= SMALL => {
                self.0 += bytes.len();
                OriginalEvidence::new(name, bytes)
            }
            Ok(bytes) => OriginalEvidence::outside(name, &bytes, again),
            Err(trouble) => OriginalEvidence::unread(name, trouble.message),
        }
    }
}
