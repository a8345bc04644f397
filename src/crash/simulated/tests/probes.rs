//! Helpers with which the tests of the simulated disk examine it.

use std::io;

use super::super::disk::{Dir, File, Simulated};
use crate::path::Name;
use crate::storage::disk::{Crossing, Disk as _, Traits};

pub(super) const ALL: Traits = Traits {
    exchange: true,
    links: true,
    syncfs: true,
    fine_times: true,
};

pub(super) const EIO: i32 = 5;
pub(super) const ENOSPC: i32 = 28;

pub(super) fn errno<T>(result: io::Result<T>) -> i32 {
    result
        .err()
        .and_then(|error| error.raw_os_error())
        .unwrap_or(0)
}

pub(super) fn bytes(disk: &Simulated, file: &File) -> Vec<u8> {
    let mut into = Vec::new();
    disk.read(file, &mut into, 0, 1 << 20).unwrap();
    into
}

pub(super) fn open(disk: &Simulated, path: &str) -> File {
    disk.open(&disk.root(), path.as_bytes(), Crossing::Stay)
        .unwrap()
}

pub(super) fn open_dir(disk: &Simulated, path: &str) -> Dir {
    disk.open_dir(&disk.root(), path.as_bytes(), Crossing::Stay)
        .unwrap()
}

pub(super) fn names(disk: &Simulated) -> Vec<String> {
    disk.tree().into_keys().collect()
}

/// A name of one plain component.
pub(super) fn plain(name: &str) -> Name<'_> {
    Name::new(name.as_bytes()).unwrap()
}
