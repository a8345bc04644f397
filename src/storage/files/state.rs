//! The state directory: its trust, its parts, the lock, the head, small files that are replaced at once.
//! Reading commands never create it. The first operation that has something to write does.
//! Invariant: nothing in it is opened through a link, and whoever writes owns all of it, alone: what others made there is never acted on, not by root either.

use std::io;

use super::disk::{Crossing, Disk, Stat};
use super::error::{diagnose, if_there, is_absent};
use super::names::STATE_DIRECTORY;
use super::small::{read_small, replace_small};
use crate::code::Code;
use crate::journal::{Head, OperationId};
use crate::path::Name;
use crate::report::Stop;
use crate::storage::trouble::{head_not_understood, locked};
use crate::storage::values::EntryKind;

const STATE: Name<'_> = Name::constant(STATE_DIRECTORY);
const LOCK: Name<'_> = Name::constant("lock");
const HEAD: Name<'_> = Name::constant("head");
const HEAD_DRAFT: Name<'_> = Name::constant(".head");
const PARTS: [Name<'_>; 3] = [
    Name::constant("operations"),
    Name::constant("staging"),
    Name::constant("catalogs"),
];

/// The other files that the program writes there, by name.
const OTHERS: [Name<'_>; 3] = [HEAD, HEAD_DRAFT, Name::constant("rescued")];

/// An open state directory, whose lock this process holds.
pub(super) struct StateDir<D: Disk> {
    pub(super) dir: D::Dir,
    pub(super) operations: D::Dir,
    pub(super) staging: D::Dir,
    pub(super) catalogs: D::Dir,
    lock: D::File,
    pub(super) is_new: bool,
}

enum StateRefusal {
    /// It is not there, or not whole.
    Absent,
    /// It cannot be used, which matters only to those that have something to write.
    Stop(Stop),
    /// Nobody may go on without it: another operation holds it, or it is not understood.
    Final(Stop),
}

impl StateRefusal {
    fn of(stop: Stop) -> Self {
        match stop.code {
            Code::Locked => Self::Final(stop),
            _ => Self::Stop(stop),
        }
    }
}

impl<D: Disk> StateDir<D> {
    /// Opens the state directory and takes its lock; `None` where it is not there or cannot be written.
    pub(super) fn open(
        disk: &D,
        root: &D::Dir,
        wait: &dyn Fn() -> bool,
    ) -> Result<Option<Self>, Stop> {
        let opened = match Self::enter(disk, root, wait, false) {
            // An operation may have left something, whatever became of the lock.
            Err(StateRefusal::Absent) if has_staging(disk, root) => {
                Self::make(disk, root, wait).map_err(StateRefusal::of)
            }
            other => other,
        };
        match opened {
            Ok(state) => Ok(Some(state)),
            Err(StateRefusal::Final(stop)) => Err(stop),
            // Those that have something to write make it, and are told then.
            Err(StateRefusal::Absent | StateRefusal::Stop(_)) => Ok(None),
        }
    }

    pub(super) fn make(disk: &D, root: &D::Dir, wait: &dyn Fn() -> bool) -> Result<Self, Stop> {
        // Whoever made it and wrote nothing takes it away again; then it is made once more.
        const TRIES: usize = 8;
        for _ in 0..TRIES {
            let is_new = make_parts(disk, root)?;
            match Self::enter(disk, root, wait, is_new) {
                Err(StateRefusal::Absent) => {}
                Err(StateRefusal::Stop(stop) | StateRefusal::Final(stop)) => return Err(stop),
                Ok(state) => return Ok(state),
            }
        }
        let message = format!("`{STATE_DIRECTORY}` is removed again and again");
        Err(Stop::new(Code::StateUnusable, message))
    }

    /// Takes the lock, then opens what it protects: whoever takes the directory away again holds the lock, too.
    fn enter(
        disk: &D,
        root: &D::Dir,
        wait: &dyn Fn() -> bool,
        is_new: bool,
    ) -> Result<Self, StateRefusal> {
        let dir = Self::open_trusted(disk, root)?;
        let lock = Self::take(disk, &dir, wait)?;
        if disk.stat_at(root, STATE)?.inode != disk.stat_dir(&dir)?.inode {
            return Err(StateRefusal::Absent);
        }
        check_parts(disk, &dir)?;
        check_head(disk, &dir)?;
        let open = |part: Name<'_>| disk.open_dir(&dir, part.as_bytes(), Crossing::Stay);
        let [operations, staging, catalogs] = PARTS;
        Ok(Self {
            operations: open(operations)?,
            staging: open(staging)?,
            catalogs: open(catalogs)?,
            dir,
            lock,
            is_new,
        })
    }

    fn open_trusted(disk: &D, root: &D::Dir) -> Result<D::Dir, StateRefusal> {
        check_state(disk.caller(), &disk.stat_at(root, STATE)?)?;
        let dir = disk.open_dir(root, STATE.as_bytes(), Crossing::Stay)?;
        // Somebody may have put another one there between the look and the opening.
        check_state(disk.caller(), &disk.stat_dir(&dir)?)?;
        Ok(dir)
    }

    /// Takes the lock, or says who has it. `wait` returns when it is to be tried again, or false to give up.
    fn take(disk: &D, dir: &D::Dir, wait: &dyn Fn() -> bool) -> Result<D::File, StateRefusal> {
        loop {
            let file = disk.open_append(dir, LOCK)?;
            let held = disk.stat(&file)?;
            check_lock(disk.caller(), &held)?;
            if disk.try_lock(&file)? {
                let named = disk.stat_at(dir, LOCK);
                // Somebody may have removed the file between opening and locking; then the lock is worth nothing.
                if named.is_ok_and(|named| named.inode == held.inode) {
                    return Ok(file);
                }
            } else if !wait() {
                // The lock is held, whatever can be read of its holder.
                let text = read_small(disk, dir, LOCK).ok().flatten();
                let text = text.and_then(|text| String::from_utf8(text).ok());
                let holder = text.as_deref().map(str::trim);
                let stop = locked(holder.filter(|text| !text.is_empty()));
                return Err(StateRefusal::Final(stop));
            }
        }
    }

    /// Writes who is at work into the lock, for others to read; nobody at the end.
    pub(super) fn name_holder(&self, disk: &D, operation: Option<&OperationId>) -> io::Result<()> {
        disk.truncate(&self.lock, 0)?;
        let Some(operation) = operation else {
            return Ok(());
        };
        let process = std::process::id();
        disk.write(
            &self.lock,
            format!("operation {operation}, process {process}\n").as_bytes(),
        )
    }

    /// The head, if there is one; [`check_head`] has found that it is understood.
    pub(super) fn head(&self, disk: &D) -> io::Result<Option<Head>> {
        let bytes = read_small(disk, &self.dir, HEAD)?;
        Ok(bytes.as_deref().and_then(Head::read))
    }

    pub(super) fn clear_draft(&self, disk: &D) -> io::Result<()> {
        match if_there(disk.stat_at(&self.dir, HEAD_DRAFT))? {
            None => Ok(()),
            Some(_) => disk.unlink(&self.dir, HEAD_DRAFT),
        }
    }

    /// Writes the head; it is durable with the next flush of the directory.
    pub(super) fn write_head(&self, disk: &D, head: &Head) -> io::Result<()> {
        replace_small(disk, &self.dir, HEAD, head.to_text().as_bytes())
    }

    pub(super) fn remove_if_new(&self, disk: &D, root: &D::Dir) -> io::Result<()> {
        if !self.is_new {
            return Ok(());
        }
        // The lock goes last: as long as it has its name and is held, nobody else can begin. Whoever makes anything in between keeps it all.
        let mut parts = PARTS.into_iter();
        let removed = parts
            .try_for_each(|part| disk.remove_dir(&self.dir, part))
            .and_then(|()| disk.unlink(&self.dir, LOCK))
            .and_then(|()| disk.remove_dir(root, STATE));
        match removed {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
            other => other,
        }
    }
}

/// An error counts as absence: what cannot be looked at cannot be written either, and [`StateDir::make`] says why.
fn has_staging<D: Disk>(disk: &D, root: &D::Dir) -> bool {
    let [_, staging, _] = PARTS;
    let path = [STATE.as_bytes(), b"/", staging.as_bytes()].concat();
    disk.stat_below(root, &path, false).is_ok()
}

/// Makes the directories and the lock that are missing; gives whether the state directory itself was.
fn make_parts<D: Disk>(disk: &D, root: &D::Dir) -> Result<bool, Stop> {
    let cannot = |what: &str, error: &io::Error| {
        let diagnosis = diagnose(&format!("cannot make {what}"), error);
        Stop::new(Code::StateUnusable, diagnosis.message)
    };
    let whole = |error| cannot(&format!("`{STATE_DIRECTORY}`"), &error);
    let is_new = make_dir_if_missing(disk, root, STATE).map_err(whole)?;
    let dir = match StateDir::open_trusted(disk, root) {
        // It was removed again.
        Err(StateRefusal::Absent) => return Ok(false),
        Err(StateRefusal::Stop(stop) | StateRefusal::Final(stop)) => return Err(stop),
        Ok(dir) => dir,
    };
    for part in PARTS {
        match make_dir_if_missing(disk, &dir, part) {
            Ok(_) => {}
            Err(error) if is_absent(&error) => return Ok(false),
            Err(error) => return Err(cannot(&format!("`{STATE_DIRECTORY}/{part}`"), &error)),
        }
    }
    match disk.create(&dir, LOCK) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists && !is_absent(&error) => {
            Err(cannot(&format!("`{STATE_DIRECTORY}/{LOCK}`"), &error))
        }
        _ => Ok(is_new),
    }
}

fn check_state(caller: u32, found: &Stat) -> Result<(), Stop> {
    if found.kind != EntryKind::Directory {
        let what = found.kind.words();
        let message = format!("`{STATE_DIRECTORY}` in the tree is {what}, not a directory");
        return Err(Stop::new(Code::StateUntrusted, message));
    }
    check_ours(caller, &format!("`{STATE_DIRECTORY}` in the tree"), found)
}

/// The lock is written to, so it must be a file that has no other name.
fn check_lock(caller: u32, lock: &Stat) -> Result<(), Stop> {
    let shown = format!("`{STATE_DIRECTORY}/{LOCK}`");
    if lock.kind != EntryKind::File || lock.links != 1 {
        let message = format!("{shown} is not a regular file with one name");
        return Err(Stop::new(Code::StateUntrusted, message));
    }
    check_ours(caller, &shown, lock)
}

/// Checks whose the parts are, and what is in them: journals, staging directories, catalogs. What lies in a staging directory has the owners of the manifests.
fn check_parts<D: Disk>(disk: &D, dir: &D::Dir) -> Result<(), StateRefusal> {
    let caller = disk.caller();
    for name in PARTS.into_iter().chain(OTHERS) {
        if let Some(found) = if_there(disk.stat_at(dir, name))? {
            check_ours(caller, &format!("`{STATE_DIRECTORY}/{name}`"), &found)?;
        }
    }
    for part in PARTS {
        let inner = disk.open_dir(dir, part.as_bytes(), Crossing::Stay)?;
        let mut names = Vec::new();
        disk.list(&inner, &mut |name, _| names.push(name.to_vec()))?;
        for name in names.iter().filter_map(|name| Name::new(name)) {
            if let Some(found) = if_there(disk.stat_at(&inner, name))? {
                let shown = format!("`{STATE_DIRECTORY}/{part}/{name}`");
                check_ours(caller, &shown, &found)?;
            }
        }
    }
    Ok(())
}

fn check_ours(caller: u32, shown: &str, found: &Stat) -> Result<(), Stop> {
    if found.owner != caller {
        let owner = found.owner;
        let message = format!("{shown} belongs to user {owner}, this is user {caller}");
        return Err(Stop::new(Code::StateNotOurs, message));
    }
    // The mode of a link says nothing.
    if found.kind != EntryKind::Link && found.mode & 0o022 != 0 {
        let mode = found.mode;
        let message = format!("{shown} has mode {mode:04o}: others can write to it");
        return Err(Stop::new(Code::StateUntrusted, message));
    }
    Ok(())
}

/// Refuses a head that is not understood, before anything is recovered or begun: a newer version may have written it.
fn check_head<D: Disk>(disk: &D, dir: &D::Dir) -> Result<(), StateRefusal> {
    match read_small(disk, dir, HEAD)? {
        Some(bytes) if Head::read(&bytes).is_none() => {
            Err(StateRefusal::Final(head_not_understood()))
        }
        _ => Ok(()),
    }
}

impl From<Stop> for StateRefusal {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl From<io::Error> for StateRefusal {
    fn from(error: io::Error) -> Self {
        if is_absent(&error) {
            return Self::Absent;
        }
        let diagnosis = diagnose(&format!("cannot open `{STATE_DIRECTORY}`"), &error);
        Self::Stop(Stop::new(Code::StateUnusable, diagnosis.message))
    }
}

pub(super) fn make_dir_if_missing<D: Disk>(
    disk: &D,
    dir: &D::Dir,
    name: Name<'_>,
) -> io::Result<bool> {
    use io::ErrorKind::{
        AlreadyExists, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull,
    };
    match disk.make_dir(dir, name) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == AlreadyExists => Ok(false),
        // Where nothing new can be made, a directory that exists is as good.
        Err(error)
            if matches!(
                error.kind(),
                PermissionDenied | QuotaExceeded | ReadOnlyFilesystem | StorageFull
            ) =>
        {
            disk.stat_at(dir, name).map(|_| false).map_err(|_| error)
        }
        Err(error) => Err(error),
    }
}
