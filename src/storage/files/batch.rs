//! A batch: what is announced or staged, until enough has come to be made durable together.
//! Invariant: whatever is pushed is given out once.

use std::mem;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

pub(super) const USUAL: NonZeroUsize = NonZeroUsize::new(4096).unwrap();
const MAX_BYTES: u64 = 64 * 1024 * 1024;

pub(super) struct Batch<T> {
    waiting: Mutex<(Vec<T>, u64)>,
    most: NonZeroUsize,
}

impl<T> Batch<T> {
    pub(super) fn new(most: NonZeroUsize) -> Self {
        Self {
            waiting: Mutex::new((Vec::new(), 0)),
            most,
        }
    }

    /// Adds something of so many bytes; gives all that waits if the batch is full with it.
    pub(super) fn push(&self, one: T, bytes: u64) -> Option<Vec<T>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.0.push(one);
        waiting.1 += bytes;
        let is_full = waiting.0.len() >= self.most.get() || waiting.1 >= MAX_BYTES;
        is_full.then(|| mem::take(&mut *waiting).0)
    }

    pub(super) fn take(&self) -> Vec<T> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        mem::take(&mut *waiting).0
    }
}
