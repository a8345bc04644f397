//! Adoption of a tree whose state another user made: that state is put aside, and a new one begins.
//! Invariant: nothing in the foreign state is opened, read or removed.

use std::io;

use super::core::SyncChoice;
use super::disk::Disk;
use super::error::{diagnose, if_there};
use super::names::{self, STATE_DIRECTORY};
use super::protocol::plain;
use super::state::StateDir;
use super::tree::Files;
use crate::code::Code;
use crate::path::{FileName, Name};
use crate::report::Stop;

/// A state directory that was put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// The user whom it belongs to.
    pub owner: u32,
    /// The name that it has now, beside the new one.
    pub kept_as: FileName,
}

impl<D: Disk> Files<D> {
    /// Renames the state directory of another user aside, unread, and makes one of the caller, who must be root. Returns `None` if there is no state, or if it is the caller's already.
    ///
    /// An operation of the other user that is at work goes on in the old state: this one cannot know of it, because nothing there is opened.
    ///
    /// # Errors
    /// The caller is not root; the state cannot be renamed or made.
    pub fn adopt_state(&self) -> Result<Option<Adopted>, Stop> {
        let core = self.core();
        let (disk, root) = (&core.disk, &core.root);
        if disk.caller() != 0 {
            let message = format!("this is user {}, not root", disk.caller());
            return Err(Stop {
                hint: Some("run as root: only root can adopt the state of another user".to_owned()),
                ..Stop::new(Code::StateNotOurs, message)
            });
        }
        let cannot = |verb: &str, error: &io::Error| {
            let verb = format!("cannot {verb} `{STATE_DIRECTORY}`");
            Stop::new(Code::StateUnusable, diagnose(&verb, error).message)
        };
        let state = Name::constant(STATE_DIRECTORY);
        let found = if_there(disk.stat_at(root, state));
        let found = found.map_err(|error| cannot("examine", &error))?;
        let Some(found) = found.filter(|found| found.owner != disk.caller()) else {
            return Ok(None);
        };
        let aside = format!("{STATE_DIRECTORY}-of-{}", found.owner);
        let put_aside = |error: io::Error| cannot("put aside", &error);
        let kept_as = first_free(disk, root, &aside).map_err(put_aside)?;
        let made = StateDir::make(disk, root, &|| false)?;
        if core.options.sync != SyncChoice::None {
            let synced = disk.sync_dir(&made.dir).and_then(|()| disk.sync_dir(root));
            synced.map_err(|error| cannot("make durable the new", &error))?;
        }
        Ok(Some(Adopted {
            owner: found.owner,
            kept_as,
        }))
    }
}

/// Renames the state directory to the first name that is free.
fn first_free<D: Disk>(disk: &D, root: &D::Dir, aside: &str) -> io::Result<FileName> {
    let state = Name::constant(STATE_DIRECTORY);
    for name in names::numbered(aside) {
        let name = plain(&name)?;
        match disk.rename_new((root, state), (root, name.name())) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            renamed => return renamed.map(|()| name),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}
