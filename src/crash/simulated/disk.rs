//! The simulated disk itself, its handles, and what is left of it after a power cut or a kill.
//!
//! Invariant: a clone is the same disk; after [`Simulated::crash`] and [`Simulated::kill`] it goes on as another one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;

use super::fuses::Fuses;
use super::image::{Attributes, Body, Change, Extended, Id, Inode, Label, ROOT};
use super::medium::{Device, Medium, Storehouse};
use crate::storage::EntryKind;
use crate::storage::disk::{FileTime, Traits};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// Its kind.
    pub(crate) kind: EntryKind,
    /// The content of a file, or where a link points to.
    pub(crate) bytes: Vec<u8>,
    /// Permission bits.
    pub(crate) mode: u32,
    /// Owner.
    pub(crate) owner: u32,
    /// Inode number.
    pub(crate) inode: u64,
    /// The device it is on.
    pub(crate) device: u64,
    pub(crate) links: u64,
}

/// A disk in memory. A clone is the same disk.
#[derive(Clone)]
pub(crate) struct Simulated(pub(super) Arc<Mutex<State>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Power {
    On,
    /// A fuse has stopped everything.
    Stopped,
    /// The disk goes on as another instance.
    Gone,
}

/// A call that does not do what the protocol above relies on: what looks for losses must notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sabotage {
    /// `rename_over` writes into the file that has the name, in place.
    InPlace,
    /// `rename_new` does not look whether the name is free.
    Unchecked,
}

/// Somebody who comes in before a call.
pub(super) type Hook = Box<dyn FnOnce(&Simulated) + Send>;

pub(super) struct State {
    pub(super) store: Storehouse,
    pub(super) power: Power,
    pub(super) fuses: Fuses<Hook>,
    pub(super) caller: u32,
    /// True if listings say what a name stands for.
    pub(super) lists_kinds: bool,
    pub(super) claims: Option<Traits>,
    /// Extended attributes that cannot be set.
    pub(super) refused: BTreeSet<Vec<u8>>,
    pub(super) sabotage: Option<Sabotage>,
    pub(super) next_number: u64,
    /// Devices with the inode numbers that were in use there and may be again.
    pub(super) free_numbers: BTreeSet<(u64, u64)>,
    pub(super) handles: BTreeMap<Id, usize>,
    pub(super) next_handle: u64,
    pub(super) locks: BTreeMap<Id, u64>,
}

impl State {
    /// An inode without a name, owned by the caller.
    pub(super) fn make(&mut self, parent: Id, mode: u32, body: Body) -> Id {
        let Inode {
            device, enclave, ..
        } = *self.store.now.get(parent);
        let time = self.store.tick(device);
        let mut free = self.free_numbers.range((device, 0)..=(device, u64::MAX));
        let number = if let Some(free) = free.next().copied() {
            self.free_numbers.remove(&free);
            free.1
        } else {
            self.next_number += 1;
            self.next_number
        };
        let mut inode = new_inode(number, device, attributes(mode, time), body);
        inode.enclave = enclave;
        inode.attributes.owner = self.caller;
        inode.attributes.group = self.caller;
        self.store.add(inode)
    }

    pub(super) fn open(&mut self, id: Id) -> Opened {
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
    pub(super) fn reclaim(&mut self, id: Id) {
        let inode = self.store.now.get(id);
        let in_use = inode.names > 0 || self.handles.contains_key(&id);
        if !in_use && self.store.may_reuse_number_of(id) {
            self.free_numbers.insert((inode.device, inode.number));
        }
    }

    /// Makes a name stand for an inode, or for nothing.
    pub(super) fn set_name(&mut self, dir: Id, name: &[u8], to: Option<Id>) {
        let before = self.store.now.entry(dir, name);
        let name = Label::from(name);
        let device = self.store.now.get(dir).device;
        self.store
            .change(device, vec![Change::Entry { dir, name, to }], false);
        if let Some(id) = before {
            self.reclaim(id);
        }
    }

    pub(super) fn set_attributes(&mut self, of: Id, set: impl FnOnce(&mut Attributes)) {
        let device = self.store.now.get(of).device;
        let mut to = self.store.now.get(of).attributes.clone();
        to.changed = self.store.tick(device);
        set(&mut to);
        self.store
            .change(device, vec![Change::Attributes { of, to }], false);
    }

    /// The directory and last name of a path from the root; directories on the way are made.
    pub(super) fn place<'a>(&mut self, path: &'a [u8]) -> (Id, &'a [u8]) {
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

    pub(super) fn find(&self, path: &[u8]) -> Option<Id> {
        path.split(|byte| *byte == b'/')
            .filter(|name| !name.is_empty())
            .try_fold(ROOT, |dir, name| self.store.now.entry(dir, name))
    }
}

fn new_inode(number: u64, device: u64, attributes: Attributes, body: Body) -> Inode {
    Inode {
        number,
        device,
        enclave: 0,
        names: 0,
        immutable: false,
        failures: 0,
        attributes,
        body,
    }
}

/// The attributes of a new inode of root's.
fn attributes(mode: u32, time: FileTime) -> Attributes {
    Attributes {
        mode,
        owner: 0,
        group: 0,
        accessed: time,
        modified: time,
        changed: time,
        extended: Arc::new(Extended::new()),
    }
}

/// The disk itself: a power cut, a kill, and what is on it.
impl Simulated {
    /// An empty disk. Its root is device 1; the caller is root.
    pub(crate) fn new(medium: Medium, traits: Traits) -> Self {
        const FIRST_DEVICE: u64 = 1;
        const ROOT_NUMBER: u64 = 2;
        let body = Body::Directory(BTreeMap::new());
        let attributes = attributes(0o755, (1_700_000_000, 0));
        let mut root = new_inode(ROOT_NUMBER, FIRST_DEVICE, attributes, body);
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
            claims: None,
            refused: BTreeSet::new(),
            sabotage: None,
            next_number: ROOT_NUMBER,
            free_numbers: BTreeSet::new(),
            handles: BTreeMap::new(),
            next_handle: 0,
            locks: BTreeMap::new(),
        })
    }

    /// A journaling file system that can do everything.
    pub(crate) fn ordered() -> Self {
        let traits = Traits {
            exchange: true,
            links: true,
            syncfs: true,
            fine_times: true,
        };
        Self::new(Medium::Ordered, traits)
    }

    /// A file system without a journal: hard links, and nothing else to be trusted.
    pub(crate) fn unordered() -> Self {
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

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A test that panics within a call leaves nothing half done: calls change the state at their end.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The disk after a power cut; the seed decides what survives. May be called again with other seeds; every other call on this instance gives EIO from now on.
    pub(crate) fn crash(&self, seed: u64) -> Self {
        let mut state = self.state();
        state.end();
        let (store, free) = state.store.after_power_cut(seed);
        Self::with(state.reborn(store, free))
    }

    /// The disk after the process was killed: everything as it is, durable or not, the locks released. Every other call on this instance gives EIO from now on.
    pub(crate) fn kill(&self) -> Self {
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
    pub(crate) fn root(&self) -> Dir {
        let opened = self.state().open(ROOT);
        self.dir(opened)
    }

    pub(super) fn dir(&self, opened: Opened) -> Dir {
        Dir {
            handle: self.handle(opened),
            is_listed: AtomicBool::new(false),
        }
    }

    pub(super) fn file(&self, opened: Opened, access: Access, name: &[u8]) -> File {
        File {
            handle: self.handle(opened),
            access,
            name: name.to_vec(),
        }
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
    pub(crate) fn settle(&self) {
        self.state().store.settle();
    }

    pub(crate) fn read_path(&self, path: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        let state = self.state();
        let id = state.find(path.as_ref())?;
        state.store.now.get(id).bytes().map(|bytes| bytes.to_vec())
    }

    pub(crate) fn node(&self, path: impl AsRef<[u8]>) -> Option<Node> {
        let state = self.state();
        let id = state.find(path.as_ref())?;
        Some(node_of(state.store.now.get(id)))
    }

    /// Everything below the root by path, as readers see it now.
    pub(crate) fn tree(&self) -> BTreeMap<String, Node> {
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
            claims: self.claims,
            refused: self.refused.clone(),
            sabotage: self.sabotage,
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

#[derive(Debug, Clone, Copy)]
pub(super) struct Opened {
    pub(super) id: Id,
    pub(super) holder: u64,
    pub(super) failures: u64,
    pub(super) device_failures: u64,
}

/// Keeps an inode in use, whatever becomes of its names.
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) disk: Simulated,
    pub(super) id: Id,
    pub(super) holder: u64,
    /// Of the failures to write this file, those that this handle has reported or came after.
    pub(super) failures: AtomicU64,
    /// Of the failures to write to the device, those that this handle has reported or came after.
    pub(super) device_failures: AtomicU64,
}

impl Handle {
    /// Reports a failure if this handle has not done so.
    pub(super) fn report(reported: &AtomicU64, failures: u64, errno: i32) -> io::Result<()> {
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
pub(crate) struct Dir {
    pub(super) handle: Handle,
    pub(super) is_listed: AtomicBool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Append,
}

/// An open file of a simulated disk.
#[derive(Debug)]
pub(crate) struct File {
    pub(super) handle: Handle,
    pub(super) access: Access,
    /// The path it was opened by, for [`Simulated::log`].
    pub(super) name: Vec<u8>,
}

pub(super) fn error<T>(errno: Errno) -> io::Result<T> {
    Err(errno.into())
}
