//! Copies of backups in a directory outside the tree, verified and whole or not there.
//!
//! Invariant: a copy has its name only once all of its bytes are durable; nothing that exists is overwritten.

use std::ffi::OsStr;
use std::fs::{self, File, FileTimes, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::file_system::Stamp;
use super::trouble_of;
use crate::code::Code;
use crate::digest::{Digest, Hasher};
use crate::path::TreePath;
use crate::report::{Diagnosis, Stop};

/// What comes after the name of a copy that is not complete.
const PARTIAL: &str = ".partial";

/// A directory that copies go to.
#[derive(Debug, Clone)]
pub struct ExportDirectory(PathBuf);

/// What came of one copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyOutcome {
    /// It was made.
    Made,
    /// It was there already, with the same bytes.
    Present,
}

impl ExportDirectory {
    /// The directory `dir`, which is made where it is missing; it may not lie in the tree.
    ///
    /// # Errors
    /// It lies in the tree, or cannot be made.
    pub fn open(dir: &Path, tree: &Path) -> Result<Self, Stop> {
        let cannot = |error: io::Error| {
            let message = format!("cannot make the directory `{}`: {error}", dir.display());
            Stop::new(Code::OutputFailed, message)
        };
        // Nothing is made where it may not be.
        if whole(dir).map_err(cannot)?.starts_with(tree) {
            return Err(Stop {
                hint: Some("give a directory outside the tree".to_owned()),
                ..Stop::new(
                    Code::Usage,
                    format!("`{}` lies in the tree `{}`", dir.display(), tree.display()),
                )
            });
        }
        fs::create_dir_all(dir).map_err(cannot)?;
        Ok(Self(dir.to_owned()))
    }

    /// Copies one backup, which has these bytes and this digest, under its path in the tree.
    ///
    /// # Errors
    /// Something else has the name, or the copy cannot be made.
    pub fn copy(
        &self,
        manifest: &TreePath,
        name: &str,
        bytes: &[u8],
        version: &Stamp,
    ) -> Result<CopyOutcome, Diagnosis> {
        let digest = Digest::of(bytes);
        let cannot = |error: io::Error| trouble_of("cannot make the copy", &error);
        let parent = self.make_below(manifest.parent())?;
        let copy = parent.join(name);
        match digest_of(&copy) {
            Ok(found) if found == digest => return Ok(CopyOutcome::Present),
            Ok(_) => return Err(taken(&copy)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(trouble_of("cannot look at the copy", &error)),
        }
        let partial = parent.join(format!("{name}{PARTIAL}"));
        write_partial(&partial, bytes, version).map_err(cannot)?;
        // Read back before it gets its name: what is counted as copied can be read.
        if digest_of(&partial).map_err(cannot)? != digest {
            return Err(Diagnosis::new(
                Code::IoError,
                "the copy has other bytes than were written".to_owned(),
            ));
        }
        match fs::hard_link(&partial, &copy) {
            Ok(()) => fs::remove_file(&partial).map_err(cannot)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(taken(&copy)),
            // Without hard links; the name was free a moment ago.
            Err(_) => fs::rename(&partial, &copy).map_err(cannot)?,
        }
        File::open(&parent)
            .and_then(|dir| dir.sync_all())
            .map_err(cannot)?;
        Ok(CopyOutcome::Made)
    }

    /// Makes the directory of a run below this one. No link is followed: it could lead back into the tree.
    fn make_below(&self, parent: &[u8]) -> Result<PathBuf, Diagnosis> {
        let cannot = |error: io::Error| trouble_of("cannot make a directory", &error);
        let mut dir = self.0.clone();
        for name in parent
            .split(|byte| *byte == b'/')
            .filter(|name| !name.is_empty())
        {
            dir.push(OsStr::from_bytes(name));
            match fs::create_dir(&dir) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(cannot(error));
                }
                _ => {}
            }
            if !fs::symlink_metadata(&dir).map_err(cannot)?.is_dir() {
                return Err(Diagnosis::new(
                    Code::OutputExists,
                    format!("`{}` is there, and is no directory", dir.display()),
                ));
            }
        }
        Ok(dir)
    }
}

/// A path without links, also where its last parts are not there yet.
fn whole(dir: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => return other,
    }
    let above = match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => whole(parent)?,
        _ => fs::canonicalize(".")?,
    };
    Ok(above.join(dir.file_name().unwrap_or_default()))
}

fn taken(copy: &Path) -> Diagnosis {
    Diagnosis::new(
        Code::OutputExists,
        format!("`{}` is there with other bytes", copy.display()),
    )
}

/// Writes the bytes, mode and times to a file that may be left over from an export that was cut off.
fn write_partial(partial: &Path, bytes: &[u8], version: &Stamp) -> io::Result<()> {
    match fs::remove_file(partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(partial)?;
    file.write_all(bytes)?;
    let stat = &version.stat;
    let times = FileTimes::new()
        .set_accessed(time(stat.accessed))
        .set_modified(time(stat.modified));
    file.set_times(times)?;
    file.set_permissions(Permissions::from_mode(stat.mode & 0o777))?;
    file.sync_all()
}

fn time((seconds, nanoseconds): (i64, u32)) -> SystemTime {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let start = if seconds < 0 {
        SystemTime::UNIX_EPOCH - whole
    } else {
        SystemTime::UNIX_EPOCH + whole
    };
    start + Duration::from_nanos(nanoseconds.into())
}

fn digest_of(path: &Path) -> io::Result<Digest> {
    let mut file = OpenOptions::new().read(true).open(path)?;
    let (mut hasher, mut piece) = (Hasher::new(), vec![0; 64 * 1024]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hasher.finish()),
            read => hasher.update(&piece[..read]),
        }
    }
}
