//! One replacement on its way: staged, then secured.
//! Invariant: only what is secured can be published.

use std::sync::Arc;

use super::core::FileStamp;
use super::device::Device;
use super::disk::{Disk, Stat};
use super::parts::Way;
use crate::digest::Digest;
use crate::journal::BackupId;
use crate::path::{FileName, TreePath};
use crate::report::{Diagnosis, Stop};

/// A new file that is neither durable nor visible.
pub(super) struct Staged<D: Disk> {
    pub(super) path: TreePath,
    pub(super) stamp: FileStamp,
    pub(super) before: Digest,
    pub(super) after: Digest,
    pub(super) attributes: Option<Digest>,
    /// The free backup names, in order; one or two.
    pub(super) backups: Vec<BackupId>,
    pub(super) name: FileName,
    pub(super) beside: bool,
    /// The file that is still to be written beside the manifest.
    pub(super) unwritten: Option<Vec<u8>>,
    pub(super) made: Option<Stat>,
    pub(super) way: Way,
    pub(super) device: Arc<Device<D>>,
}

impl<D: Disk> Staged<D> {
    /// Returns true if a file is the one that was staged, untouched; its number alone may be another's by now.
    pub(super) fn is_own(&self, stat: &Stat) -> bool {
        self.made
            .is_some_and(|made| FileStamp(made).is_displaced(stat))
    }
}

/// A new file that needs only a flush before it is put in place.
pub(super) struct Secured<D: Disk> {
    pub(super) staged: Staged<D>,
    pub(super) stamp: FileStamp,
    /// The backup that was made already, by the ways that do so.
    pub(super) backup: Option<BackupId>,
}

impl<D: Disk> Secured<D> {
    pub(super) fn plain(staged: Staged<D>) -> Self {
        Self {
            stamp: staged.stamp,
            backup: None,
            staged,
        }
    }
}

pub(super) enum NotStaged {
    Trouble(Diagnosis),
    Stop(Stop),
}

impl From<Diagnosis> for NotStaged {
    fn from(diagnosis: Diagnosis) -> Self {
        Self::Trouble(diagnosis)
    }
}
