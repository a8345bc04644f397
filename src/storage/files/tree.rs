//! A tree of files, by the protocol of docs/durability.md.
//! Invariant: nothing here writes; [`Storage::begin`] is the only way to something that does.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use super::core::{Core, OpenOptions};
use super::directory::FileDirectory;
use super::disk::{Crossing, Disk};
use super::error::{diagnose, is_gone};
use super::flaws;
use super::kernel::Kernel;
use super::log;
use super::names::{self, STATE_DIRECTORY};
use super::recover::recover;
use super::session::FileSession;
use super::small;
use super::state::StateDir;
use crate::code::Code;
use crate::journal::OperationId;
use crate::path::{Name, TreePath};
use crate::report::{Diagnosis, Stop};
use crate::storage::seam::{Begin, Begun, Directory, EachRecord, Storage};
use crate::storage::values::{EntryKind, Failed, Log, LogEnd, StateFiles};

/// A tree of files.
///
/// Cloning gives another handle to the same tree.
pub struct Files<D: Disk = Kernel>(Arc<Core<D>>);

impl<D: Disk> Clone for Files<D> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<D: Disk> Files<D> {
    pub(crate) fn new(disk: D, root: D::Dir, tree: Vec<u8>, options: OpenOptions) -> Self {
        let crossing = if options.cross_file_systems {
            Crossing::Cross
        } else {
            Crossing::Stay
        };
        Self(Arc::new(Core {
            disk,
            root,
            tree,
            crossing,
            options,
            failed_reads: AtomicU32::new(0),
        }))
    }
}

impl<D: Disk> Files<D> {
    pub(super) fn core(&self) -> &Core<D> {
        &self.0
    }

    /// A warning if the state directory belongs to another user, whose claim is then all that is read there.
    pub fn foreign_state(&self) -> Option<Diagnosis> {
        let Core { disk, root, .. } = &*self.0;
        // If it cannot be examined, reading it gives the reason.
        let state = disk.stat_at(root, Name::constant(STATE_DIRECTORY)).ok()?;
        let is_foreign = state.kind == EntryKind::Directory && state.owner != disk.caller();
        let message = format!("the state directory belongs to user {}", state.owner);
        is_foreign.then(|| Diagnosis::new(Code::StateForeign, message))
    }
}

impl<D: Disk> Storage for Files<D> {
    fn open(&self, path: Option<&TreePath>) -> Result<Directory<'_>, Failed> {
        let path = path.map_or(&b""[..], TreePath::as_bytes);
        let open = FileDirectory::open(&self.0, path)?;
        Ok(Directory::new(self, path, open))
    }

    fn look(&self, path: &TreePath) -> Result<Option<(EntryKind, u64)>, Diagnosis> {
        let core = &self.0;
        match core.disk.stat_below(&core.root, path.as_bytes(), false) {
            Ok(stat) => {
                let kind = names::kind_of(core.disk.caller(), path.name(), &stat);
                Ok(Some((kind, stat.size)))
            }
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(diagnose("cannot list the run directory", &error)),
        }
    }

    fn read(&self, path: &TreePath, feed: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), Diagnosis> {
        let core = &self.0;
        let (file, _) = core.open_regular(&core.root, path.as_bytes())?;
        let read = core.in_pieces(&file, feed);
        read.map_err(|error| diagnose("cannot read", &error))
    }

    fn most_jobs(&self) -> usize {
        // A run directory, a manifest, a new file, a copy, and one to look again.
        const OPEN_FILES_OF_A_JOB: u64 = 5;
        // No disk has deeper queues; more threads only wait for each other.
        const MOST: usize = 512;
        let half = self.0.disk.most_open_files() / 2;
        usize::try_from(half / OPEN_FILES_OF_A_JOB).map_or(MOST, |jobs| jobs.clamp(1, MOST))
    }

    fn failure(&self) -> Option<Stop> {
        self.0.read_failure()
    }

    fn state(&self, path: &str) -> Result<StateFiles, Stop> {
        small::read(&self.0, path)
    }

    fn state_flaws(&self) -> Vec<Diagnosis> {
        flaws::all(&self.0)
    }

    fn logs(&self) -> Result<Vec<Log>, Diagnosis> {
        log::list(&self.0).map_err(|error: io::Error| {
            let message = diagnose(
                &format!("cannot list the journals in `{STATE_DIRECTORY}`"),
                &error,
            )
            .message;
            Diagnosis::new(Code::StateUnreadable, message)
        })
    }

    fn log(&self, id: &OperationId, each: EachRecord<'_>) -> Result<LogEnd, Diagnosis> {
        log::read(&self.0, id, each)
    }

    fn begin(&self, begin: Begin, wait: &dyn Fn() -> bool) -> Result<Option<Begun>, Stop> {
        let core = &self.0;
        let state = match begin {
            Begin::IfThere => StateDir::open(&core.disk, &core.root, wait)?,
            Begin::Make => Some(StateDir::make(&core.disk, &core.root, wait)?),
        };
        let Some(state) = state else {
            return Ok(None);
        };
        let recovery = recover(core, &state)?;
        let session = Box::new(FileSession::new(Arc::clone(core), state));
        Ok(Some(Begun { session, recovery }))
    }
}
