//! The durable image on the medium, and the changes that have not reached it.
//!
//! Owns the assumptions A1 to A9 of the module above. Knows nothing of handles or faults.
//!
//! Invariant: the durable image, with all of the log and all unwritten data added, is the current image, but for data that a failed sync has spoiled.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::image::{Body, Change, Id, Image, Inode, ROOT};
use crate::storage::disk::{FileTime, Traits};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Medium {
    /// In order, each call as one: a journaling file system.
    Ordered,
    /// Any of them, in single directory entries: one without a journal.
    Unordered,
}

/// Random numbers that a seed determines (splitmix64).
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 up to `end`, without `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let word = usize::try_from(self.next() >> 32).unwrap_or(0);
        word % end.max(1)
    }

    /// A number from `first` to `last`, the ends much more often than the others.
    fn between(&mut self, first: usize, last: usize) -> usize {
        match self.below(4) {
            0 => first,
            1 => last,
            _ => first + self.below(last.saturating_sub(first) + 1),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Device {
    pub(super) medium: Medium,
    pub(super) traits: Traits,
    pub(super) failures: u64,
    pub(super) errno: i32,
}

/// Changes of names or attributes that one call made.
#[derive(Debug, Clone)]
struct Group {
    device: u64,
    time: FileTime,
    changes: Vec<Change>,
    /// Kept or lost as one even where single entries are not.
    whole: bool,
}

impl Group {
    fn apply(&self, image: &mut Image) {
        for change in &self.changes {
            image.apply(change, self.time);
        }
    }
}

/// The current image and what is durable of it.
#[derive(Debug, Clone)]
pub(super) struct Storehouse {
    pub(super) now: Image,
    durable: Image,
    log: Vec<Group>,
    /// Files with data that are not durable, and how many of their first bytes are durable and were never touched since.
    unwritten: BTreeMap<Id, usize>,
    pub(super) devices: BTreeMap<u64, Device>,
    ticks: i64,
}

impl Storehouse {
    pub(super) fn new(root: Inode, device: Device) -> Self {
        let devices = BTreeMap::from([(root.device, device)]);
        let now = Image::new(root);
        Self {
            durable: now.clone(),
            now,
            log: Vec::new(),
            unwritten: BTreeMap::new(),
            devices,
            ticks: 0,
        }
    }

    pub(super) fn device(&self, id: Id) -> &Device {
        &self.devices[&self.now.get(id).device]
    }

    fn device_mut(&mut self, device: u64) -> Option<&mut Device> {
        self.devices.get_mut(&device)
    }

    /// The time of the next change, on the clock of that device.
    pub(super) fn tick(&mut self, device: u64) -> FileTime {
        const START: i64 = 1_700_000_000;
        self.ticks += 1;
        let milliseconds = self.ticks % 1000;
        if self.devices[&device].traits.fine_times {
            let nanoseconds = u32::try_from(milliseconds * 1_000_000).unwrap_or(0);
            (START + self.ticks / 1000, nanoseconds)
        } else {
            // Twenty changes in two seconds.
            (START + self.ticks / 20 * 2, 0)
        }
    }

    /// Adds an inode that no name stands for yet.
    pub(super) fn add(&mut self, inode: Inode) -> Id {
        let inode = Arc::new(inode);
        self.durable.push(Arc::clone(&inode));
        self.now.push(inode)
    }

    /// Makes changes of names or attributes, durable later.
    pub(super) fn change(&mut self, device: u64, changes: Vec<Change>, whole: bool) {
        let time = self.tick(device);
        let group = Group {
            device,
            time,
            changes,
            whole,
        };
        group.apply(&mut self.now);
        self.log.push(group);
    }

    /// Writes `bytes` at `offset`; a gap before it is filled with zeros.
    pub(super) fn write(&mut self, id: Id, offset: usize, new: &[u8]) {
        self.alter(id, offset, |bytes| {
            let end = offset + new.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[offset..end].copy_from_slice(new);
        });
    }

    pub(super) fn truncate(&mut self, id: Id, size: usize) {
        self.alter(id, size, |bytes| bytes.resize(size, 0));
    }

    fn alter(&mut self, id: Id, from: usize, alter: impl Fn(&mut Vec<u8>)) {
        let time = self.tick(self.now.get(id).device);
        let inode = self.now.edit(id);
        inode.attributes.modified = time;
        inode.attributes.changed = time;
        if let Body::File { bytes, spoiled } = &mut inode.body {
            let untouched = self.unwritten.entry(id).or_insert(bytes.len());
            *untouched = (*untouched).min(from);
            alter(Arc::make_mut(bytes));
            if let Some(spoiled) = spoiled {
                alter(Arc::make_mut(spoiled));
            }
        }
    }

    /// Makes names and attributes of `device` durable as a journal's commit does, but no data.
    fn commit(&mut self, device: u64) {
        let durable = &mut self.durable;
        self.log.retain(|group| {
            let committed = group.device == device;
            if committed {
                group.apply(durable);
            }
            !committed
        });
    }

    fn write_back(&mut self, id: Id) {
        self.unwritten.remove(&id);
        self.durable.adopt(id, &self.now);
    }

    /// Files of `device` with data that are not durable.
    fn unwritten_on(&self, device: u64) -> Vec<Id> {
        let files = self.unwritten.keys().copied();
        files
            .filter(|id| self.now.get(*id).device == device)
            .collect()
    }

    pub(super) fn sync_fs(&mut self, device: u64) {
        if !self.devices[&device].traits.syncfs {
            return;
        }
        self.sync_device(device);
    }

    fn sync_device(&mut self, device: u64) {
        self.commit(device);
        for id in self.unwritten_on(device) {
            self.write_back(id);
        }
    }

    pub(super) fn sync_file(&mut self, id: Id) {
        let device = self.now.get(id).device;
        match self.devices[&device].medium {
            Medium::Ordered => self.commit(device),
            Medium::Unordered => {
                let is_its_own =
                    |change: &Change| matches!(change, Change::Attributes { of, .. } if *of == id);
                self.forget(is_its_own);
            }
        }
        self.write_back(id);
    }

    pub(super) fn sync_dir(&mut self, id: Id) {
        let device = self.now.get(id).device;
        match self.devices[&device].medium {
            Medium::Ordered => self.commit(device),
            Medium::Unordered => {
                let is_here = |change: &Change| match change {
                    Change::Entry { dir, .. } => *dir == id,
                    Change::Attributes { of, .. } => *of == id,
                };
                for group in &self.log {
                    let settles = |change: &&Change| {
                        is_here(change) || (group.whole && group.changes.iter().any(is_here))
                    };
                    for change in group.changes.iter().filter(settles) {
                        self.durable.apply(change, group.time);
                    }
                }
                self.log
                    .retain(|group| !(group.whole && group.changes.iter().any(is_here)));
                self.forget(is_here);
            }
        }
    }

    /// Takes changes out of the log that are durable by now.
    fn forget(&mut self, is_durable: impl Fn(&Change) -> bool) {
        for group in &mut self.log {
            group.changes.retain(|change| !is_durable(change));
        }
        self.log.retain(|group| !group.changes.is_empty());
    }

    /// Makes everything durable, as time does.
    pub(super) fn settle(&mut self) {
        let devices: Vec<u64> = self.devices.keys().copied().collect();
        for device in devices {
            self.sync_device(device);
        }
    }

    /// Writing the data of a file to the medium has failed: what was not durable will read as zeros.
    pub(super) fn spoil_file(&mut self, id: Id, errno: i32) {
        let Some(untouched) = self.unwritten.get(&id).copied() else {
            return;
        };
        let inode = self.now.edit(id);
        inode.failures += 1;
        if let Body::File { bytes, spoiled } = &mut inode.body {
            let reaching = spoiled.as_ref().unwrap_or(bytes);
            let mut left = reaching[..untouched.min(bytes.len())].to_vec();
            left.resize(bytes.len(), 0);
            *spoiled = Some(Arc::new(left));
        }
        let device = inode.device;
        self.note_failure(device, errno);
    }

    /// Writing everything that is not durable on a device has failed.
    pub(super) fn spoil_device(&mut self, device: u64, errno: i32) {
        for id in self.unwritten_on(device) {
            self.spoil_file(id, errno);
        }
        self.note_failure(device, errno);
    }

    fn note_failure(&mut self, device: u64, errno: i32) {
        if let Some(device) = self.device_mut(device) {
            device.failures += 1;
            device.errno = errno;
        }
    }

    /// Puts a subtree on another device.
    pub(super) fn mount(&mut self, dir: Id, number: u64, device: Device) {
        self.edit_below(dir, |inode| inode.device = number);
        self.devices.insert(number, device);
    }

    /// Makes an enclave of a subtree, with a number of its own.
    pub(super) fn enclose(&mut self, dir: Id) {
        self.edit_below(dir, |inode| inode.enclave = dir as u64);
    }

    fn edit_below(&mut self, dir: Id, edit: impl Fn(&mut Inode)) {
        let mut below = vec![dir];
        self.now.walk(dir, &mut |_, id| below.push(id));
        for id in below {
            edit(self.now.edit(id));
            edit(self.durable.edit(id));
        }
    }

    /// Sets a flag of a file, durable at once.
    pub(super) fn set_immutable(&mut self, id: Id, immutable: bool) {
        self.now.edit(id).immutable = immutable;
        self.durable.edit(id).immutable = immutable;
    }

    pub(super) fn after_power_cut(&self, seed: u64) -> (Self, BTreeSet<(u64, u64)>) {
        let mut random = Random::new(seed);
        let mut image = self.durable.clone();
        for (number, device) in &self.devices {
            let groups = self.log.iter().filter(|group| group.device == *number);
            match device.medium {
                Medium::Ordered => {
                    let survive = random.between(0, groups.clone().count());
                    groups
                        .take(survive)
                        .for_each(|group| group.apply(&mut image));
                }
                Medium::Unordered => {
                    // One in two, few, or nearly all.
                    let eighths = [4, 4, 1, 7][random.below(4)];
                    groups.for_each(|group| keep_some(group, &mut image, eighths, &mut random));
                }
            }
        }
        for (id, untouched) in &self.unwritten {
            self.tear(*id, *untouched, &mut image, &mut random);
        }
        image.settle_on_the_medium();
        let free = image.recount();
        let after = Self {
            durable: image.clone(),
            now: image,
            log: Vec::new(),
            unwritten: BTreeMap::new(),
            devices: self.devices.clone(),
            ticks: self.ticks,
        };
        (after, free)
    }

    /// Decides what a file with unwritten data holds after a power cut.
    fn tear(&self, id: Id, untouched: usize, image: &mut Image, random: &mut Random) {
        let current = self.now.get(id);
        let (Some(seen), Some(reaching)) = (current.bytes(), current.body.reaching_the_medium())
        else {
            return;
        };
        let Some(before) = self.durable.get(id).body.reaching_the_medium() else {
            return;
        };
        // What a failed sync has spoiled may have arrived all the same, unless a later one has made the zeros durable.
        let may_have_arrived = seen.get(..untouched) == before.get(..untouched);
        let whole = match random.below(2) {
            0 if may_have_arrived => seen,
            _ => reaching,
        };
        let cut = random.between(untouched.min(whole.len()), whole.len());
        let mut left = whole[..cut].to_vec();
        match random.below(9) {
            0 | 1 => left.clone_from(whole),
            2 | 3 => return,
            4 => {}
            5 => left.resize(whole.len(), 0),
            6 => left.extend((cut..whole.len()).map(|_| random.next().to_be_bytes()[0])),
            7 => {
                // Blocks are written in any order.
                let arrived = random.between(cut, whole.len());
                left.resize(arrived, 0);
                left.extend_from_slice(&whole[arrived..]);
            }
            _ => left.extend(before.iter().skip(cut)),
        }
        let inode = image.edit(id);
        inode.attributes.modified = current.attributes.modified;
        inode.attributes.changed = current.attributes.changed;
        inode.body = Body::File {
            bytes: Arc::new(left),
            spoiled: None,
        };
    }

    /// True if a number may be given to another inode while the disk runs.
    pub(super) fn may_reuse_number_of(&self, id: Id) -> bool {
        id != ROOT && self.device(id).medium == Medium::Ordered
    }
}

/// Keeps some of the changes of a group on a medium that keeps any of them.
fn keep_some(group: &Group, image: &mut Image, eighths: usize, random: &mut Random) {
    if group.whole {
        if random.below(8) < eighths {
            group.apply(image);
        }
        return;
    }
    for change in &group.changes {
        if random.below(8) < eighths {
            image.apply(change, group.time);
        }
    }
}
