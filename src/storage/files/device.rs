//! The file systems that an operation writes to, and what each is trusted with.
//! Invariant: a device is known, with an open directory on it, before the first write to it; so a failed flush is reported to us.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::core::{Core, Lacking, SyncChoice};
use super::disk::{Crossing, Disk};
use super::parts::Way;

pub(super) struct Device<D: Disk> {
    dir: D::Dir,
    way: AtomicU8,
    pub(super) sync: Sync,
    pub(super) fine_times: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sync {
    Batch,
    File,
    None,
}

const WAYS: [Way; 3] = [Way::Exchange, Way::Link, Way::Copy];

impl<D: Disk> Device<D> {
    pub(super) fn way(&self) -> Way {
        WAYS[usize::from(self.way.load(Ordering::Relaxed)).min(2)]
    }

    pub(super) fn give_up(&self, way: Way) {
        let next = match way {
            Way::Exchange => 1,
            Way::Link | Way::Copy => 2,
        };
        self.way.fetch_max(next, Ordering::Relaxed);
    }
}

pub(super) struct Devices<D: Disk>(RwLock<HashMap<u64, Arc<Device<D>>>>);

impl<D: Disk> Devices<D> {
    pub(super) fn new() -> Self {
        Self(RwLock::default())
    }

    /// The device of an open directory; on first sight it is found out what it can be trusted with.
    pub(super) fn of(
        &self,
        core: &Core<D>,
        number: u64,
        dir: &D::Dir,
    ) -> io::Result<Arc<Device<D>>> {
        if let Some(device) = self.known(number) {
            return Ok(device);
        }
        let traits = core.disk.traits(dir)?;
        let sync = match core.options.sync {
            SyncChoice::Auto if traits.syncfs && !core.lacks(Lacking::Syncfs) => Sync::Batch,
            SyncChoice::Batch => Sync::Batch,
            SyncChoice::Auto | SyncChoice::File => Sync::File,
            SyncChoice::None => Sync::None,
        };
        let device = Arc::new(Device {
            dir: core.disk.open_dir(dir, b"", Crossing::Cross)?,
            way: AtomicU8::new(0),
            sync,
            fine_times: traits.fine_times && !core.lacks(Lacking::FineTimes),
        });
        if !traits.exchange || core.lacks(Lacking::Exchange) {
            device.give_up(Way::Exchange);
        }
        if !traits.links || core.lacks(Lacking::Links) {
            device.give_up(Way::Link);
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(known.entry(number).or_insert(device)))
    }

    pub(super) fn known(&self, number: u64) -> Option<Arc<Device<D>>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&number).map(Arc::clone)
    }

    pub(super) fn flush(&self, disk: &D) -> io::Result<()> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut batches = known.values().filter(|device| device.sync == Sync::Batch);
        batches.try_for_each(|device| disk.sync_fs(&device.dir))
    }
}
