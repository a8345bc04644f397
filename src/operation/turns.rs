//! Turns: large documents are read and worked on one at a time, so that memory stays bounded whatever the number of threads.
//!
//! Each gets a thread of its own: an allocator keeps some of what a thread has freed, and so keeps it once, not once for each worker.
//!
//! Invariant: no byte of a large document is read before its turn, and nothing of it is kept after.

use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Up to how many bytes a document is worked on as it comes.
pub(super) const SMALL: usize = 1024 * 1024;

/// Who may work on a large document.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<()>);

impl Turns {
    /// Works on a document that is small, and if it is not, once more when it is its turn.
    ///
    /// `work` is told how many bytes it may read, and gives `None` where there are more.
    pub(super) fn take<T: Send>(
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
