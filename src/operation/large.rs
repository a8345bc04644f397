//! Large documents are processed one at a time, so that memory stays bounded for any number of threads.
//!
//! Each gets a thread of its own: an allocator keeps memory for each thread, and so keeps it once, not once for each worker.
//!
//! Invariant: no byte of a large document is read before its turn, and nothing of it is kept after.

use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

pub(super) const SMALL: usize = 1024 * 1024;

#[derive(Debug, Default)]
pub(super) struct LargeDocuments(Mutex<()>);

impl LargeDocuments {
    /// Processes a small document at once, and a large one when it is its turn.
    ///
    /// `work` gets the number of bytes that it may read, and returns `None` if the document is larger.
    pub(super) fn process<T: Send>(
        &self,
        buffer: &mut Vec<u8>,
        work: impl Fn(&mut Vec<u8>, usize) -> Option<T> + Sync,
    ) -> T {
        if let Some(done) = work(buffer, SMALL) {
            return done;
        }
        let _turn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let alone = || {
            let mut buffer = Vec::new();
            loop {
                // Nothing is larger than this.
                if let Some(done) = work(&mut buffer, usize::MAX) {
                    return done;
                }
            }
        };
        thread::scope(|scope| scope.spawn(alone).join())
            .unwrap_or_else(|panic| resume_unwind(panic))
    }
}
