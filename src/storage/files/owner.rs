//! The rights of the owner of a tree's state, taken by root: then root does there what the owner could do, and no more.
//! Invariant: nothing is opened before, and no right of root is left after.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;

use nix::unistd::{Gid, Uid, User, getgrouplist, setgroups, setresgid, setresuid};

use super::error::if_there;
use super::locate::Located;
use super::names::STATE_DIRECTORY;
use crate::code::Code;
use crate::report::Stop;

impl Located {
    /// Takes the user, the group and the further groups of the owner of the state directory, or of the tree if it has none. The owner's group is the one that the system's users have; for a number without a name, the directory's.
    ///
    /// # Errors
    /// The tree cannot be examined; the caller is neither root nor the owner (`state_not_ours`); the system refuses.
    pub fn become_owner(&self) -> Result<(), Stop> {
        let cannot = |what: &str, error: &io::Error| {
            let message = format!("cannot {what} `{}`: {error}", self.tree.display());
            Stop::new(Code::TreeUnreadable, message)
        };
        let state = if_there(fs::symlink_metadata(self.tree.join(STATE_DIRECTORY)));
        let state = state.map_err(|error| cannot("examine the state of", &error))?;
        let directory = match state.filter(fs::Metadata::is_dir) {
            Some(state) => state,
            None => fs::metadata(&self.tree).map_err(|error| cannot("examine", &error))?,
        };
        let (owner, caller) = (Uid::from_raw(directory.uid()), Uid::effective());
        if owner == caller {
            return Ok(());
        }
        if !caller.is_root() {
            let message = format!("user {caller} cannot work as user {owner}, who owns the state");
            let hint = Some(format!("run as user {owner}, or as root"));
            return Err(Stop {
                hint,
                ..Stop::new(Code::StateNotOurs, message)
            });
        }
        let taken = take_rights(owner, Gid::from_raw(directory.gid()));
        taken.map_err(|error| cannot(&format!("take the rights of user {owner} for"), &error))
    }
}

/// Takes the rights of a user for the whole process; `group` is the group of a user without a name.
fn take_rights(owner: Uid, group: Gid) -> io::Result<()> {
    let (group, groups) = match User::from_uid(owner)? {
        Some(user) => (user.gid, getgrouplist(&CString::new(user.name)?, user.gid)?),
        None => (group, vec![group]),
    };
    setgroups(&groups)?;
    setresgid(group, group, group)?;
    Ok(setresuid(owner, owner, owner)?)
}
