//! Rescue: a file that is nobody's backup and may be the only copy of somebody's version is kept under a name of its own.
//! Invariant: what is rescued is renamed, never copied and never removed.

use std::io;

use super::core::{Core, FileContent};
use super::disk::{Crossing, Disk};
use super::error::{if_there, is_not_supported};
use super::names::{self, STATE_DIRECTORY};
use super::protocol::plain;
use super::state::{StateDir, make_dir_if_missing};
use crate::path::{FileName, Name, TreePath};

const RESCUED: Name<'_> = Name::constant("rescued");

/// Moves a displaced file beside the manifest, or into the state directory where that cannot be done. Gives its new name, or its path in the tree; `None` where there was nothing.
pub(super) fn rescue<D: Disk>(
    core: &Core<D>,
    state: &StateDir<D>,
    from: (&D::Dir, Name<'_>),
    (dir, manifest): (&D::Dir, Name<'_>),
) -> io::Result<Option<TreePath>> {
    let short = match core.content(from.0, from.1)? {
        FileContent::Absent => return Ok(None),
        FileContent::File(digest, _) => digest.short(),
        FileContent::Opaque => "unread".to_owned(),
    };
    let beside = names::rescued(manifest, &short);
    let kept = match first_free(core, from, dir, &beside) {
        Ok(name) => TreePath::join(b"", name.as_str().as_bytes()),
        Err(_) => keep_in_state(core, state, from, &short)?,
    };
    Ok(Some(kept))
}

pub(super) fn keep_in_state<D: Disk>(
    core: &Core<D>,
    state: &StateDir<D>,
    from: (&D::Dir, Name<'_>),
    short: &str,
) -> io::Result<TreePath> {
    let disk = &core.disk;
    make_dir_if_missing(disk, &state.dir, RESCUED)?;
    let rescued = disk.open_dir(&state.dir, RESCUED.as_bytes(), Crossing::Stay)?;
    let name = first_free(core, from, &rescued, short)?;
    let path = format!("{STATE_DIRECTORY}/{RESCUED}/{name}");
    Ok(TreePath::join(b"", path.as_bytes()))
}

fn first_free<D: Disk>(
    core: &Core<D>,
    from: (&D::Dir, Name<'_>),
    to: &D::Dir,
    name: &str,
) -> io::Result<FileName> {
    for candidate in names::numbered(name) {
        let candidate = plain(&candidate)?;
        match rename_to_free(&core.disk, from, (to, candidate.name())) {
            Ok(()) => return Ok(candidate),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Gives a file a name that must be free, also where the file system cannot do that in one call.
pub(super) fn rename_to_free<D: Disk>(
    disk: &D,
    from: (&D::Dir, Name<'_>),
    to: (&D::Dir, Name<'_>),
) -> io::Result<()> {
    match disk.rename_new(from, to) {
        Err(error) if is_not_supported(&error) => {}
        other => return other,
    }
    match disk.link(from, to) {
        Ok(()) => return disk.unlink(from.0, from.1),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
        Err(_) => {}
    }
    // Neither call is there: a name that somebody takes between the two that follow is all that could be lost.
    match if_there(disk.stat_at(to.0, to.1))? {
        None => disk.rename_over(from, to),
        Some(_) => Err(io::ErrorKind::AlreadyExists.into()),
    }
}
