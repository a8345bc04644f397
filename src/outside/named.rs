//! A path that a user names, opened to be read.
//! Invariant: nothing is written.

use std::fs::File;
use std::io;
use std::path::Path;

/// Opens a file to be read, or a directory to be flushed.
///
/// # Errors
/// The system does not open it.
pub fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Returns true if anything is there, also a link that leads nowhere.
pub fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Returns true if a directory is there.
pub fn is_directory(path: &Path) -> bool {
    path.is_dir()
}
