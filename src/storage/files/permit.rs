//! The conditions under which a manifest may be replaced: its owner, its directory, the names for its backup.
//! Invariant: it looks and makes nothing, so a dry run says the same as the operation itself.

use std::io;

use super::core::{Core, FileStamp};
use super::disk::{Crossing, Disk, Stat};
use super::error::{diagnose, if_there};
use super::names;
use crate::code::Code;
use crate::digest::Digest;
use crate::journal::BackupId;
use crate::path::Name;
use crate::report::Diagnosis;

/// Checks that a manifest that was read may be moved away.
pub(super) fn may_move<D: Disk>(
    core: &Core<D>,
    dir: &D::Dir,
    manifest: &FileStamp,
) -> Result<(), Diagnosis> {
    check_movable(&core.disk, dir, &manifest.0)?;
    check_writable(core, dir, &manifest.0)
}

pub(super) fn may_restore<D: Disk>(
    core: &Core<D>,
    dir: &D::Dir,
    manifest: &FileStamp,
    original: &FileStamp,
) -> Result<(), Diagnosis> {
    check_movable(&core.disk, dir, &manifest.0)?;
    check_movable(&core.disk, dir, &original.0).map_err(|diagnosis| Diagnosis {
        message: format!("its backup: {}", diagnosis.message),
        ..diagnosis
    })?;
    check_writable(core, dir, &manifest.0)
}

/// A file may be moved away from its name if it has no other, and if the caller owns it or is root.
fn check_movable<D: Disk>(disk: &D, dir: &D::Dir, stat: &Stat) -> Result<(), Diagnosis> {
    let caller = disk.caller();
    if stat.links > 1 {
        return Err(Diagnosis::new(
            Code::HardLinked,
            format!("the file has {} names (hard links)", stat.links),
        ));
    }
    if caller != 0 && stat.owner != caller {
        return Err(Diagnosis::new(
            Code::NotOwned,
            format!("it belongs to user {}, this is user {caller}", stat.owner),
        ));
    }
    check_sticky(disk, dir, stat)
}

/// Nothing of another owner is replaced in a directory where only owners may.
fn check_sticky<D: Disk>(disk: &D, dir: &D::Dir, stat: &Stat) -> Result<(), Diagnosis> {
    const STICKY: u32 = 0o1000;
    if stat.owner == disk.caller() {
        return Ok(());
    }
    let dir = disk
        .stat_dir(dir)
        .map_err(|error| diagnose("cannot read the run directory", &error))?;
    if dir.mode & STICKY == 0 {
        return Ok(());
    }
    Err(Diagnosis::new(
        Code::StickyDirectory,
        format!(
            "it belongs to user {} and stands in a sticky directory",
            stat.owner
        ),
    ))
}

/// Root may write wherever the file system is not read-only. Of the tree's own file system that is no trouble of one manifest: it keeps the operation from beginning.
fn check_writable<D: Disk>(core: &Core<D>, dir: &D::Dir, file: &Stat) -> Result<(), Diagnosis> {
    let disk = &core.disk;
    let cannot = |error: io::Error| diagnose("cannot write to the run directory", &error);
    let is_elsewhere = core.crossing == Crossing::Cross
        && disk.stat_dir(&core.root).map_err(cannot)?.device != file.device;
    if disk.caller() == 0 && !is_elsewhere {
        return Ok(());
    }
    match disk.check_writable(dir) {
        Err(error) if is_elsewhere || error.kind() != io::ErrorKind::ReadOnlyFilesystem => {
            Err(cannot(error))
        }
        _ => Ok(()),
    }
}

/// The longest path that the system looks up, in bytes.
const MAX_PATH_BYTES: usize = 4_095;

/// Checks that the backup of a manifest can be looked up by its path from the tree, also under the longest of its names.
pub(super) fn check_path(parent: &[u8], manifest: Name<'_>) -> Result<(), Diagnosis> {
    const LONGEST_ENDING: usize = ".backup.0123456789abcdef-9".len();
    let bytes = parent.len() + 1 + manifest.as_bytes().len() + LONGEST_ENDING;
    if bytes <= MAX_PATH_BYTES {
        return Ok(());
    }
    let message =
        format!("the path of its backup could have {bytes} bytes, the limit is {MAX_PATH_BYTES}");
    Err(Diagnosis::new(Code::PathTooLong, message))
}

/// The first two names that are free for the backup of a manifest.
pub(super) fn free_backups<D: Disk>(
    disk: &D,
    dir: &D::Dir,
    manifest: Name<'_>,
    before: Digest,
) -> Result<Vec<BackupId>, Diagnosis> {
    let mut free = Vec::with_capacity(2);
    for backup in names::backups(manifest, before) {
        let found = if_there(disk.stat_at(dir, backup.name()));
        let found = found.map_err(|error| diagnose("cannot look for a backup name", &error))?;
        if found.is_none() {
            free.push(backup);
            if free.len() == 2 {
                break;
            }
        }
    }
    if free.is_empty() {
        return Err(names::all_taken(manifest));
    }
    Ok(free)
}
