//! Copies of backups in a directory outside the tree, verified and whole or not there.
//!
//! Invariant: a copy has its name only once all of its bytes are durable; nothing that exists is overwritten.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::code::Code;
use crate::digest::{Digest, Hasher};
use crate::path::TreePath;
use crate::report::{Diagnosis, Stop};
use crate::storage::Attributes;

const PARTIAL: &str = ".partial";

/// A directory that copies go to.
#[derive(Debug, Clone)]
pub struct ExportDirectory(PathBuf);

/// The result of one copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyOutcome {
    /// The copy was written.
    Made,
    /// The copy existed already, with the same bytes.
    Present,
}

/// A backup that was read.
#[derive(Debug)]
pub struct Original<'b> {
    /// Its bytes.
    pub bytes: &'b [u8],
    /// Their SHA-256.
    pub digest: Digest,
    /// The times and the permissions that the copy gets.
    pub attributes: Option<Attributes>,
}

impl ExportDirectory {
    /// Opens the directory `dir`, and makes it if it is missing.
    ///
    /// # Errors
    /// It is inside the tree, or cannot be made.
    pub fn open(dir: &Path, tree: &Path) -> Result<Self, Stop> {
        let cannot = |error: io::Error| {
            let message = format!("cannot make the directory `{}`: {error}", dir.display());
            Stop::new(Code::OutputFailed, message)
        };
        // Checked first, so that nothing is made inside the tree.
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

    /// Copies one backup under its path in the tree, and reads the copy back.
    ///
    /// # Errors
    /// The name is taken by another file, or the copy cannot be written.
    pub fn copy(
        &self,
        manifest: &TreePath,
        name: &str,
        original: &Original<'_>,
    ) -> Result<CopyOutcome, Diagnosis> {
        let parent = self.make_below(manifest.parent())?;
        let copy = parent.join(name);
        let cannot = |error: io::Error| diagnose("cannot make", &copy, &error);
        match digest_of(&copy) {
            Ok(found) if found == original.digest => return Ok(CopyOutcome::Present),
            Ok(_) => return Err(taken(&copy)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(diagnose("cannot look at", &copy, &error)),
        }
        let partial = parent.join(format!("{name}{PARTIAL}"));
        let mut file = make_partial(&partial).map_err(cannot)?;
        file.write_all(original.bytes).map_err(cannot)?;
        if let Some(attributes) = &original.attributes {
            file.set_times(attributes.times)
                .and_then(|()| file.set_permissions(attributes.permissions.clone()))
                .map_err(cannot)?;
        }
        file.sync_all().map_err(cannot)?;
        // The copy is read back before it gets its name.
        if digest_of(&partial).map_err(cannot)? != original.digest {
            return Err(Diagnosis::new(
                Code::IoError,
                format!(
                    "the copy `{}` has other bytes than the backup",
                    partial.display()
                ),
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
        let mut dir = self.0.clone();
        for name in parent
            .split(|byte| *byte == b'/')
            .filter(|name| !name.is_empty())
        {
            dir.push(OsStr::from_bytes(name));
            match fs::create_dir(&dir) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(diagnose("cannot make", &dir, &error));
                }
                _ => {}
            }
            let found = fs::symlink_metadata(&dir);
            let found = found.map_err(|error| diagnose("cannot look at", &dir, &error))?;
            if !found.is_dir() {
                return Err(Diagnosis::new(
                    Code::OutputExists,
                    format!("`{}` is there, and is no directory", dir.display()),
                ));
            }
        }
        Ok(dir)
    }
}

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

fn diagnose(verb: &str, path: &Path, error: &io::Error) -> Diagnosis {
    let code = match error.kind() {
        io::ErrorKind::NotFound => Code::NotFound,
        io::ErrorKind::PermissionDenied => Code::PermissionDenied,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::NoSpace,
        _ => Code::IoError,
    };
    Diagnosis::new(code, format!("{verb} `{}`: {error}", path.display()))
}

fn taken(copy: &Path) -> Diagnosis {
    Diagnosis::new(
        Code::OutputExists,
        format!("`{}` is there with other bytes", copy.display()),
    )
}

/// Makes an empty file in the place of one that may be left over from an export that was cut off.
fn make_partial(partial: &Path) -> io::Result<File> {
    match fs::remove_file(partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(partial)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_that_reads_back_differently_gets_no_name() {
        let dir = tempfile::TempDir::new().unwrap();
        let copies = ExportDirectory::open(&dir.path().join("copies"), Path::new("/tree")).unwrap();
        let manifest = TreePath::new(b"job/run/manifest.json").unwrap();
        let original = Original {
            bytes: b"{}",
            digest: Digest::of(b"{\"run_id\":\"r\"}"),
            attributes: None,
        };
        let refused = copies.copy(&manifest, "manifest.json.backup", &original);
        let copy = dir.path().join("copies/job/run/manifest.json.backup");
        let partial = format!("{}{PARTIAL}", copy.display());
        let message = format!("the copy `{partial}` has other bytes than the backup");
        assert_eq!(refused, Err(Diagnosis::new(Code::IoError, message)));
        assert!(!copy.exists());
    }
}
