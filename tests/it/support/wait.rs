//! Waiting for a condition, with a bound.
//!
//! Invariant: tests sleep nowhere else, and never for a time that has to be long enough.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

const BETWEEN_LOOKS: Duration = Duration::from_millis(1);

/// Waits at most so long. Returns true once the condition holds.
pub(crate) fn within(limit: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + limit;
    while !holds() {
        if Instant::now() > until {
            return false;
        }
        thread::sleep(BETWEEN_LOOKS);
    }
    true
}

/// Waits until the condition holds.
///
/// # Panics
/// If that takes more than 30 seconds; `otherwise` says what that means.
#[track_caller]
pub(crate) fn until(otherwise: &str, holds: impl FnMut() -> bool) {
    assert!(within(Duration::from_secs(30), holds), "{otherwise}");
}

/// Makes the condition that another file has the name, as after a migration or a rollback of the manifest there.
pub(crate) fn is_replaced(path: PathBuf) -> impl Fn() -> bool {
    let inode = move || fs::metadata(&path).map(|file| file.ino()).ok();
    let before = inode();
    move || inode() != before
}
