//! Rescue: a file that is nobody's backup and may be the only copy of somebody's version is kept under a name of its own.
//!
//! Invariant: what is rescued is renamed, never copied and never removed.

use std::io;

use super::disk::{Crossing, Disk};
use super::file_system::Core;
use super::is_not_supported;
use super::stage::{Content, content};
use super::state::{State, make_dir_if_missing};

/// Moves a displaced file beside the manifest, or into the state directory where that cannot be done. Gives its new name, or `None` where there was nothing.
pub(super) fn rescue<D: Disk>(
    core: &Core<D>,
    state: &State<D>,
    dir: &D::Dir,
    from: (&D::Dir, &[u8]),
    manifest: &[u8],
) -> io::Result<Option<String>> {
    let disk = &core.disk;
    let short = match content(disk, from.0, from.1)? {
        Content::Absent => return Ok(None),
        Content::File(digest, _) => digest.short(),
        Content::Opaque => "unread".to_owned(),
    };
    let beside = format!("{}.rescued.{short}", String::from_utf8_lossy(manifest));
    match first_free(disk, from, dir, &beside) {
        Ok(name) => Ok(Some(name)),
        Err(_) => keep_in_state(core, state, from, &short).map(Some),
    }
}

/// Moves a file into the state directory's `rescued`.
pub(super) fn keep_in_state<D: Disk>(
    core: &Core<D>,
    state: &State<D>,
    from: (&D::Dir, &[u8]),
    short: &str,
) -> io::Result<String> {
    let disk = &core.disk;
    make_dir_if_missing(disk, &state.dir, b"rescued")?;
    let rescued = disk.open_dir(&state.dir, b"rescued", Crossing::Stay)?;
    let name = first_free(disk, from, &rescued, short)?;
    Ok(format!("{}/rescued/{name}", super::STATE_DIRECTORY))
}

/// Renames to the first of `name`, `name-2` ... `name-99` that is free.
fn first_free<D: Disk>(
    disk: &D,
    from: (&D::Dir, &[u8]),
    to: &D::Dir,
    name: &str,
) -> io::Result<String> {
    let numbered = (2..100).map(|serial| format!("{name}-{serial}"));
    for candidate in std::iter::once(name.to_owned()).chain(numbered) {
        match rename_to_free(disk, from, (to, candidate.as_bytes())) {
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
    from: (&D::Dir, &[u8]),
    to: (&D::Dir, &[u8]),
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
    match disk.stat_at(to.0, to.1) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => disk.rename_over(from, to),
        Err(error) => Err(error),
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
    }
}
