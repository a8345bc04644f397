//! A disk in memory that can lose power, be killed at any call, and fail.
//!
//! Owns the simulated disk, its handles, and what tests do to it from outside: fixtures, foreign writers, fuses. The system calls are in `calls`, the rules of what survives in `medium`. No clock, no chance: a run is determined by its calls, and a power cut by its seed.
//!
//! Invariant: until it is synced, nothing that a call has done is sure to survive [`Simulated::crash`]; and what is synced always does.
//!
//! What is assumed of the media:
//!
//! - A1: Data. What a file's unwritten data leave behind is decided for each file by itself: all of them; the content that was durable before; a beginning; a beginning, and then zeros or garbage up to the full length; or a beginning, and then the rest of what was there before. Data of one file are never ordered with those of another, nor with names.
//! - A2: Bytes at the beginning of a file that are durable and were not touched since are never damaged, as where a line is added to a journal.
//! - A3: Names on [`Medium::Ordered`]. All that one call changes survives or does not, and a power cut leaves a beginning of the sequence of such changes on each device; devices are independent of each other. `sync_file` and `sync_dir` commit all earlier changes of names on the device, but data of that one file only.
//! - A4: Names on [`Medium::Unordered`]. Any subset of the single directory entries survives: of a rename or an exchange both, either or neither. Only the rename of a directory is kept or lost as one. `sync_file` makes no name durable.
//! - A5: A name that survives brings its inode along, as it was made: empty, of mode 0600, with the content that is durable. No name points to nothing.
//! - A6: Mode, owner, times and extended attributes that a call has set are kept or lost by the rules for names; data bring the times of their own writing.
//! - A7: A failed `sync_fs` or `sync_file` loses the unwritten data in question for good: readers go on seeing them, a later sync succeeds, and what is durable then are zeros, until they are written again. Names are not lost by it. Every handle opened before reports the failure once, those opened later do not.
//! - A8: Where `syncfs` is not to be trusted ([`Traits::syncfs`]), it does nothing and succeeds.
//! - A9: Locks end with the process; a kill leaves everything that was done, durable or not.
//! - A10: The caller may do anything (permission bits are not looked at), except to an immutable file. The number of an inode that is gone is given to the next one, at once on an ordered medium, after a power cut on the other.

mod calls;
mod fixtures;
mod fuses;
mod image;
mod medium;
mod rules;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;

use super::disk::{EntryKind, FileTime, Traits};

pub use fuses::{Call, Often, Stop};

use fuses::Fuses;
use image::{Attributes, Body, Change, Extended, Id, Inode, Name, ROOT};
use medium::{Device, Storehouse};

/// How changes of names reach the medium.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// In order, each call as one: a journaling file system.
    Ordered,
    /// Any of them, in single directory entries: one without a journal.
    Unordered,
}

/// What a name of the simulated disk stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its kind.
    pub kind: EntryKind,
    /// The content of a file, or where a link points to.
    pub bytes: Vec<u8>,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub owner: u32,
    /// Inode number.
    pub inode: u64,
    /// The device it is on.
    pub device: u64,
    /// How many names it has.
    pub links: u64,
}

/// A disk in memory. A clone is the same disk.
#[derive(Clone)]
pub struct Simulated(Arc<Mutex<State>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Power {
    On,
    /// A fuse has stopped everything.
    Stopped,
    /// The disk goes on as another instance.
    Gone,
}

struct State {
    store: Storehouse,
    power: Power,
    fuses: Fuses,
    caller: u32,
    /// Whether listings say what a name stands for.
    lists_kinds: bool,
    /// Extended attributes that cannot be set.
    refused: BTreeSet<Vec<u8>>,
    next_number: u64,
    /// Devices with the inode numbers that were in use there and may be again.
    free_numbers: BTreeSet<(u64, u64)>,
    /// How many handles an inode has.
    handles: BTreeMap<Id, usize>,
    next_handle: u64,
    /// Which handle has the lock of an inode.
    locks: BTreeMap<Id, u64>,
}

impl State {
    /// An inode without a name, owned by the caller.
    fn make(&mut self, parent: Id, mode: u32, body: Body) -> Id {
        let device = self.store.now.get(parent).device;
        let time = self.store.tick(device);
        let mut free = self.free_numbers.range((device, 0)..=(device, u64::MAX));
        let number = if let Some(free) = free.next().copied() {
            self.free_numbers.remove(&free);
            free.1
        } else {
            self.next_number += 1;
            self.next_number
        };
        let mut inode = new_inode(number, device, mode, time, body);
        inode.attributes.owner = self.caller;
        inode.attributes.group = self.caller;
        self.store.add(inode)
    }

    fn open(&mut self, id: Id) -> Opened {
        *self.handles.entry(id).or_default() += 1;
        self.next_handle += 1;
        Opened {
            id,
            holder: self.next_handle,
            failures: self.store.now.get(id).failures,
            device_failures: self.store.device(id).failures,
        }
    }

    /// Gives the number of an inode back if nothing refers to it any more.
    fn reclaim(&mut self, id: Id) {
        let inode = self.store.now.get(id);
        let in_use = inode.names > 0 || self.handles.contains_key(&id);
        if !in_use && self.store.may_reuse_number_of(id) {
            self.free_numbers.insert((inode.device, inode.number));
        }
    }

    /// Makes a name stand for an inode, or for nothing.
    fn set_name(&mut self, dir: Id, name: &[u8], to: Option<Id>) {
        let before = self.store.now.entry(dir, name);
        let name = Name::from(name);
        let device = self.store.now.get(dir).device;
        self.store
            .change(device, vec![Change::Entry { dir, name, to }], false);
        if let Some(id) = before {
            self.reclaim(id);
        }
    }

    fn set_attributes(&mut self, of: Id, set: impl FnOnce(&mut Attributes)) {
        let device = self.store.now.get(of).device;
        let mut to = self.store.now.get(of).attributes.clone();
        to.changed = self.store.tick(device);
        set(&mut to);
        self.store
            .change(device, vec![Change::Attributes { of, to }], false);
    }

    /// The directory and last name of a path from the root; directories on the way are made.
    fn place<'a>(&mut self, path: &'a [u8]) -> (Id, &'a [u8]) {
        let mut names = path.split(|byte| *byte == b'/').filter(|n| !n.is_empty());
        let last = names.next_back().unwrap_or_default();
        let mut dir = ROOT;
        for name in names {
            dir = self.store.now.entry(dir, name).unwrap_or_else(|| {
                let made = self.make(dir, 0o755, Body::Directory(BTreeMap::new()));
                self.set_name(dir, name, Some(made));
                made
            });
        }
        (dir, last)
    }

    /// What a path from the root stands for; links are not followed.
    fn find(&self, path: &[u8]) -> Option<Id> {
        path.split(|byte| *byte == b'/')
            .filter(|name| !name.is_empty())
            .try_fold(ROOT, |dir, name| self.store.now.entry(dir, name))
    }
}

fn new_inode(number: u64, device: u64, mode: u32, time: FileTime, body: Body) -> Inode {
    Inode {
        number,
        device,
        names: 0,
        immutable: false,
        failures: 0,
        attributes: Attributes {
            mode,
            owner: 0,
            group: 0,
            accessed: time,
            modified: time,
            changed: time,
            extended: Arc::new(Extended::new()),
        },
        body,
    }
}

/// The disk itself: a power cut, a kill, and what is on it.
impl Simulated {
    /// An empty disk. Its root is device 1; the caller is root.
    #[must_use]
    pub fn new(medium: Medium, traits: Traits) -> Self {
        const FIRST_DEVICE: u64 = 1;
        const ROOT_NUMBER: u64 = 2;
        let body = Body::Directory(BTreeMap::new());
        let mut root = new_inode(ROOT_NUMBER, FIRST_DEVICE, 0o755, (1_700_000_000, 0), body);
        root.names = 1;
        let device = Device {
            medium,
            traits,
            failures: 0,
            errno: 0,
        };
        let store = Storehouse::new(root, device);
        Self::with(State {
            store,
            power: Power::On,
            fuses: Fuses::default(),
            caller: 0,
            lists_kinds: true,
            refused: BTreeSet::new(),
            next_number: ROOT_NUMBER,
            free_numbers: BTreeSet::new(),
            handles: BTreeMap::new(),
            next_handle: 0,
            locks: BTreeMap::new(),
        })
    }

    /// A journaling file system that can do everything.
    #[must_use]
    pub fn ordered() -> Self {
        let traits = Traits {
            exchange: true,
            links: true,
            syncfs: true,
            fine_times: true,
        };
        Self::new(Medium::Ordered, traits)
    }

    /// A file system without a journal: hard links, and nothing else to be trusted.
    #[must_use]
    pub fn unordered() -> Self {
        let traits = Traits {
            exchange: false,
            links: true,
            syncfs: false,
            fine_times: false,
        };
        Self::new(Medium::Unordered, traits)
    }

    fn with(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A test that panics within a call leaves nothing half done: calls change the state at their end.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The disk after a power cut; the seed decides what survives. May be called again with other seeds; every other call on this instance gives EIO from now on.
    #[must_use]
    pub fn crash(&self, seed: u64) -> Self {
        let mut state = self.state();
        state.end();
        let (store, free) = state.store.after_power_cut(seed);
        Self::with(state.reborn(store, free))
    }

    /// The disk after the process was killed: everything as it is, durable or not, the locks released. Every other call on this instance gives EIO from now on.
    #[must_use]
    pub fn kill(&self) -> Self {
        let mut state = self.state();
        state.end();
        let mut free = state.free_numbers.clone();
        for id in state.handles.keys() {
            let inode = state.store.now.get(*id);
            if inode.names == 0 && state.store.may_reuse_number_of(*id) {
                free.insert((inode.device, inode.number));
            }
        }
        Self::with(state.reborn(state.store.clone(), free))
    }

    /// The directory that everything is in. On a disk that has stopped its calls give EIO.
    #[must_use]
    pub fn root(&self) -> Dir {
        let opened = self.state().open(ROOT);
        Dir(self.handle(opened))
    }

    fn handle(&self, opened: Opened) -> Handle {
        Handle {
            disk: self.clone(),
            id: opened.id,
            holder: opened.holder,
            failures: AtomicU64::new(opened.failures),
            device_failures: AtomicU64::new(opened.device_failures),
        }
    }

    /// Makes everything durable.
    pub fn settle(&self) {
        self.state().store.settle();
    }

    /// What a path from the root holds: the bytes of a file, or `None` where there is none.
    #[must_use]
    pub fn read_path(&self, path: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        let state = self.state();
        let id = state.find(path.as_ref())?;
        state.store.now.get(id).bytes().map(|bytes| bytes.to_vec())
    }

    /// What a path from the root stands for; a link is not followed.
    #[must_use]
    pub fn node(&self, path: impl AsRef<[u8]>) -> Option<Node> {
        let state = self.state();
        let id = state.find(path.as_ref())?;
        Some(node_of(state.store.now.get(id)))
    }

    /// Everything below the root by path, as readers see it now.
    #[must_use]
    pub fn tree(&self) -> BTreeMap<String, Node> {
        let state = self.state();
        let mut tree = BTreeMap::new();
        state.store.now.walk(ROOT, &mut |path, id| {
            let path = String::from_utf8_lossy(&path.join(&b'/')).into_owned();
            tree.insert(path, node_of(state.store.now.get(id)));
        });
        tree
    }
}

impl State {
    fn end(&mut self) {
        if self.power == Power::On {
            self.power = Power::Gone;
        }
    }

    /// The same disk for another process.
    fn reborn(&self, store: Storehouse, free_numbers: BTreeSet<(u64, u64)>) -> Self {
        Self {
            store,
            power: Power::On,
            fuses: Fuses::default(),
            caller: self.caller,
            lists_kinds: self.lists_kinds,
            refused: self.refused.clone(),
            next_number: self.next_number,
            free_numbers,
            handles: BTreeMap::new(),
            next_handle: 0,
            locks: BTreeMap::new(),
        }
    }
}

fn node_of(inode: &Inode) -> Node {
    let bytes = match &inode.body {
        Body::File { bytes, .. } => bytes.to_vec(),
        Body::Link(target) => target.to_vec(),
        Body::Directory(_) | Body::Fifo => Vec::new(),
    };
    Node {
        kind: inode.kind(),
        bytes,
        mode: inode.attributes.mode,
        owner: inode.attributes.owner,
        inode: inode.number,
        device: inode.device,
        links: inode.names,
    }
}

impl fmt::Debug for Simulated {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Simulated").finish_non_exhaustive()
    }
}

/// What opening an inode gave.
#[derive(Debug, Clone, Copy)]
struct Opened {
    id: Id,
    holder: u64,
    failures: u64,
    device_failures: u64,
}

/// Keeps an inode in use, whatever becomes of its names.
#[derive(Debug)]
struct Handle {
    disk: Simulated,
    id: Id,
    holder: u64,
    /// Of the failures to write this file, those that this handle has reported or came after.
    failures: AtomicU64,
    /// Of the failures to write to the device, those that this handle has reported or came after.
    device_failures: AtomicU64,
}

impl Handle {
    /// Reports a failure if this handle has not done so.
    fn report(reported: &AtomicU64, failures: u64, errno: i32) -> io::Result<()> {
        if reported.swap(failures, Ordering::Relaxed) < failures {
            return Err(io::Error::from_raw_os_error(errno));
        }
        Ok(())
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut state = self.disk.state();
        if state.locks.get(&self.id) == Some(&self.holder) {
            state.locks.remove(&self.id);
        }
        if let Some(count) = state.handles.get_mut(&self.id) {
            *count -= 1;
            if *count == 0 {
                state.handles.remove(&self.id);
                state.reclaim(self.id);
            }
        }
    }
}

/// An open directory of a simulated disk.
#[derive(Debug)]
pub struct Dir(Handle);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
    Append,
}

/// An open file of a simulated disk.
#[derive(Debug)]
pub struct File {
    handle: Handle,
    access: Access,
    position: AtomicUsize,
    /// The path it was opened by, for [`Simulated::log`].
    name: Vec<u8>,
}

fn error<T>(errno: Errno) -> io::Result<T> {
    Err(errno.into())
}
