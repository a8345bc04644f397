//! What the simulated disk must show: the kernel's errors, every loss that a careless protocol risks, and none that a careful one excludes.

mod durability;
mod faults;
mod kernel;
mod names;

use std::io;

use crate::storage::disk::{Crossing, Disk};

use super::{Call, Dir, File, Medium, Node, Often, Simulated, Stop, Traits};

const ALL: Traits = Traits {
    exchange: true,
    links: true,
    syncfs: true,
    fine_times: true,
};

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

fn errno<T>(result: io::Result<T>) -> i32 {
    result
        .err()
        .and_then(|error| error.raw_os_error())
        .unwrap_or(0)
}

fn bytes(disk: &Simulated, file: &File) -> Vec<u8> {
    let mut into = Vec::new();
    disk.read(file, &mut into, 0, 1 << 20).unwrap();
    into
}

fn open(disk: &Simulated, path: &str) -> File {
    disk.open(&disk.root(), path.as_bytes(), Crossing::Stay)
        .unwrap()
}

fn open_dir(disk: &Simulated, path: &str) -> Dir {
    disk.open_dir(&disk.root(), path.as_bytes(), Crossing::Stay)
        .unwrap()
}

fn names(disk: &Simulated) -> Vec<String> {
    disk.tree().into_keys().collect()
}
