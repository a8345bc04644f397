//! Whether a manifest may be replaced where it stands: its directory, its owner, the names for its backup.
//!
//! Looks and makes nothing, so a dry run says the same as the operation itself.

use std::io;

use super::disk::{Disk, Stat};
use super::trouble_of;
use crate::code::Code;
use crate::digest::Digest;
use crate::path::TreePath;
use crate::report::Diagnosis;

/// How many names are tried for a backup after the plain one.
const LAST_SERIAL: u32 = 9;

/// Gives the first two names that are free for the backup of a manifest in `dir`.
///
/// # Errors
/// Why the manifest cannot be replaced there.
pub(super) fn permit<D: Disk>(
    disk: &D,
    dir: &D::Dir,
    path: &TreePath,
    stat: &Stat,
    before: Digest,
) -> Result<Vec<String>, Diagnosis> {
    check_sticky(disk, dir, stat)?;
    check_writable(disk, dir)?;
    free_backups(disk, dir, path, before)
}

/// Whether a file may be moved away from the name that it has: it has no other, and the caller owns it or is root.
///
/// # Errors
/// Why not.
pub(super) fn replaceable(caller: u32, stat: &Stat) -> Result<(), Diagnosis> {
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
    Ok(())
}

/// Whether an original may be moved back in the place of a manifest in `dir`.
///
/// # Errors
/// Why not.
pub(super) fn may_put_back<D: Disk>(
    disk: &D,
    dir: &D::Dir,
    manifest: &Stat,
    original: &Stat,
) -> Result<(), Diagnosis> {
    let movable = |stat| {
        replaceable(disk.caller(), stat)?;
        check_sticky(disk, dir, stat)
    };
    movable(manifest)?;
    movable(original).map_err(|trouble| Diagnosis {
        message: format!("its backup: {}", trouble.message),
        ..trouble
    })?;
    check_writable(disk, dir)
}

/// Nothing of another owner is replaced in a directory where only owners may.
fn check_sticky<D: Disk>(disk: &D, dir: &D::Dir, stat: &Stat) -> Result<(), Diagnosis> {
    const STICKY: u32 = 0o1000;
    if stat.owner == disk.caller() {
        return Ok(());
    }
    let dir = disk
        .stat_dir(dir)
        .map_err(|error| trouble_of("cannot read the run directory", &error))?;
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

/// Root may write everywhere. A file system that is read-only is no trouble of one manifest: it keeps the operation from beginning.
fn check_writable<D: Disk>(disk: &D, dir: &D::Dir) -> Result<(), Diagnosis> {
    if disk.caller() == 0 {
        return Ok(());
    }
    match disk.check_writable(dir) {
        Err(error) if error.kind() != io::ErrorKind::ReadOnlyFilesystem => {
            Err(trouble_of("cannot write to the run directory", &error))
        }
        _ => Ok(()),
    }
}

/// The names that a backup may get, in order.
fn backup_names(file_name: &str, before: Digest) -> impl Iterator<Item = String> {
    let plain = format!("{file_name}.backup");
    let hashed = format!("{plain}.{}", before.short());
    let serial = {
        let hashed = hashed.clone();
        (2..=LAST_SERIAL).map(move |serial| format!("{hashed}-{serial}"))
    };
    [plain, hashed].into_iter().chain(serial)
}

/// The first two backup names that are free, or the one that is.
fn free_backups<D: Disk>(
    disk: &D,
    dir: &D::Dir,
    path: &TreePath,
    before: Digest,
) -> Result<Vec<String>, Diagnosis> {
    let file_name = String::from_utf8_lossy(path.file_name());
    let mut free = Vec::with_capacity(2);
    for name in backup_names(&file_name, before) {
        match disk.stat_at(dir, name.as_bytes()) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                free.push(name);
                if free.len() == 2 {
                    break;
                }
            }
            Err(error) => return Err(trouble_of("cannot look for a backup name", &error)),
        }
    }
    if free.is_empty() {
        return Err(Diagnosis::new(
            Code::BackupNameTaken,
            format!("every name from `{file_name}.backup` on is taken"),
        ));
    }
    Ok(free)
}
