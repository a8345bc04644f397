//! The state directory: its trust, its parts, the lock, the journals.
//!
//! Created by the first operation that has something to write; reading commands never create it.
//!
//! Invariant: nothing in it is opened through a link, and it belongs to the caller (for root: to root or to the owner of the tree).

use std::io;

use super::disk::{Crossing, Disk, EntryKind, Stat};
use super::{STATE_DIRECTORY, trouble_of};
use crate::code::Code;
use crate::report::Stop;

/// The open parts of a state directory.
pub(super) struct State<D: Disk> {
    pub(super) dir: D::Dir,
    pub(super) operations: D::Dir,
    pub(super) staging: D::Dir,
    pub(super) catalogs: D::Dir,
}

/// The name of a journal.
pub(super) fn journal_name(operation: &str) -> String {
    format!("{operation}.jsonl")
}

/// Whether the state directory found may be written by the caller.
fn trust(caller: u32, tree: &Stat, found: &Stat) -> Result<(), Stop> {
    let untrusted = |what: String| {
        Err(Stop::new(
            Code::StateUntrusted,
            format!("`{STATE_DIRECTORY}` in the tree {what}"),
        ))
    };
    if found.kind != EntryKind::Directory {
        return untrusted(format!("is {}, not a directory", found.kind.words()));
    }
    let ours = found.owner == caller || (caller == 0 && found.owner == tree.owner);
    if !ours {
        return untrusted(format!(
            "belongs to user {}, this is user {caller}",
            found.owner
        ));
    }
    if found.mode & 0o022 != 0 {
        return untrusted(format!(
            "has mode {:04o}: others can write to it",
            found.mode
        ));
    }
    Ok(())
}

fn unusable(what: &str, error: &io::Error) -> Stop {
    let trouble = trouble_of(what, error);
    Stop::new(Code::StateUnusable, trouble.message)
}

impl<D: Disk> State<D> {
    /// Opens the state directory to write, making what is missing of it.
    pub(super) fn make(disk: &D, root: &D::Dir) -> Result<Self, Stop> {
        let name = STATE_DIRECTORY.as_bytes();
        let cannot = |error: io::Error| unusable("cannot make the state directory", &error);
        make_dir_if_missing(disk, root, name).map_err(cannot)?;
        let tree = disk.stat_dir(root).map_err(cannot)?;
        let found = disk.stat_at(root, name).map_err(cannot)?;
        trust(disk.caller(), &tree, &found)?;
        let dir = disk.open_dir(root, name, Crossing::Stay).map_err(cannot)?;
        // Somebody may have put another one there between the look and the opening.
        trust(disk.caller(), &tree, &disk.stat_dir(&dir).map_err(cannot)?)?;
        let part = |name: &str| {
            make_dir_if_missing(disk, &dir, name.as_bytes())
                .and_then(|()| disk.open_dir(&dir, name.as_bytes(), Crossing::Stay))
                .map_err(|error| {
                    unusable(&format!("cannot make `{STATE_DIRECTORY}/{name}`"), &error)
                })
        };
        Ok(Self {
            operations: part("operations")?,
            staging: part("staging")?,
            catalogs: part("catalogs")?,
            dir,
        })
    }

    /// The operations that left something in the staging directory, by id; none where there is no state.
    pub(super) fn unfinished(disk: &D, root: &D::Dir) -> io::Result<Vec<String>> {
        let path = format!("{STATE_DIRECTORY}/staging");
        match disk.open_dir(root, path.as_bytes(), Crossing::Stay) {
            Ok(staging) => Self::operations_in(disk, &staging),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Takes the lock, or says who has it. `wait` is asked between two tries whether to try again.
    pub(super) fn lock(&self, disk: &D, wait: &mut dyn FnMut() -> bool) -> Result<D::File, Stop> {
        let cannot = |error: io::Error| unusable("cannot take the lock", &error);
        loop {
            let file = open_or_create(disk, &self.dir, b"lock").map_err(cannot)?;
            if disk.try_lock(&file).map_err(cannot)? {
                let named = disk.stat_at(&self.dir, b"lock").ok();
                let held = disk.stat(&file).map_err(cannot)?;
                // Somebody may have removed the file between opening and locking; then the lock is worth nothing.
                if named.is_some_and(|named| named.inode == held.inode) {
                    return Ok(file);
                }
            } else if !wait() {
                let holder = self.holder(disk);
                return Err(Stop::new(
                    Code::Locked,
                    format!("another operation is at work: {holder}"),
                ));
            }
        }
    }

    /// Who has the lock, in words.
    fn holder(&self, disk: &D) -> String {
        let mut text = Vec::new();
        let read = disk
            .open(&self.dir, b"lock", Crossing::Stay)
            .and_then(|file| disk.read(&file, &mut text, 256, 4096));
        match (read, String::from_utf8(text)) {
            (Ok(()), Ok(text)) if !text.trim().is_empty() => text.trim().to_owned(),
            _ => "its name is not known yet".to_owned(),
        }
    }
}

/// Writes who holds the lock into it, for others to read.
pub(super) fn name_holder<D: Disk>(
    disk: &D,
    lock: &D::File,
    operation: Option<&str>,
) -> Result<(), Stop> {
    let process = std::process::id();
    let text = match operation {
        Some(id) => format!("operation {id}, process {process}\n"),
        None => format!("process {process}\n"),
    };
    disk.truncate(lock, 0)
        .and_then(|()| disk.write(lock, text.as_bytes()))
        .map_err(|error| unusable("cannot write to the lock", &error))
}

/// Makes a directory unless there is one.
pub(super) fn make_dir_if_missing<D: Disk>(disk: &D, dir: &D::Dir, name: &[u8]) -> io::Result<()> {
    use io::ErrorKind::{
        AlreadyExists, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull,
    };
    match disk.make_dir(dir, name) {
        Err(error) if error.kind() == AlreadyExists => Ok(()),
        // Where nothing new can be made, a directory that exists is as good.
        Err(error)
            if matches!(
                error.kind(),
                PermissionDenied | QuotaExceeded | ReadOnlyFilesystem | StorageFull
            ) =>
        {
            disk.stat_at(dir, name).map(drop).map_err(|_| error)
        }
        other => other,
    }
}

fn open_or_create<D: Disk>(disk: &D, dir: &D::Dir, name: &[u8]) -> io::Result<D::File> {
    loop {
        match disk.open_append(dir, name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => return other,
        }
        match disk.create(dir, name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            // Opened once more to write at its end.
            Ok(_) => {}
        }
    }
}
