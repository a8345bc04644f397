//! One budget for the documents that are in memory at the same time, in any number of threads.
//! Small documents take nothing from it. A larger one waits until there is enough left; one that costs more than the whole budget is processed alone.
//!
//! Invariant: no byte of a larger document is read before it is admitted, and nothing of it is kept after. Nobody waits who was admitted, so those who wait always come to their turn.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::json::buffer_capacity;
use crate::storage::LargerDocument;

/// The most bytes of a document that is processed without waiting.
pub(super) const SMALL: usize = 64 * 1024;
const BUDGET_BYTES: usize = 256 * 1024 * 1024;

/// The memory for each byte of a document: its text and its index before and after a migration, and the text with the history. An index has at most 8 bytes for each byte of its text.
const COST_PER_BYTE: usize = 2 * (1 + 8) + 2;
/// The buffers for a document from this size on have room for 32 MiB each, so only a few may be processed at once whatever they hold.
const LARGE: usize = 1024 * 1024;
const LEAST_COST_OF_LARGE: usize = BUDGET_BYTES / 4;

#[derive(Debug)]
pub(super) struct DocumentBudget {
    queue: Mutex<Queue>,
    changed: Condvar,
    whole: usize,
}

#[derive(Debug)]
struct Queue {
    free: usize,
    /// The number of those who came, and the number of those who were admitted, in the same order.
    came: u64,
    admitted: u64,
}

/// A part of the budget, until it is dropped.
struct Admission<'b> {
    budget: &'b DocumentBudget,
    cost: usize,
}

impl Default for DocumentBudget {
    fn default() -> Self {
        Self::new(BUDGET_BYTES)
    }
}

impl DocumentBudget {
    fn new(whole: usize) -> Self {
        let queue = Queue {
            free: whole,
            came: 0,
            admitted: 0,
        };
        Self {
            queue: Mutex::new(queue),
            changed: Condvar::new(),
            whole,
        }
    }

    /// Processes a small document at once, and a larger one when it is admitted.
    ///
    /// `work` gets the number of bytes that each document it reads may have, and fails if one is larger; it keeps one of them in memory at a time. It does not process other documents by this budget.
    pub(super) fn process<T>(
        &self,
        buffer: &mut Vec<u8>,
        work: impl Fn(&mut Vec<u8>, usize) -> Result<T, LargerDocument>,
    ) -> T {
        let mut larger = match work(buffer, SMALL) {
            Ok(done) => return done,
            Err(larger) => larger,
        };
        loop {
            let size = larger.size;
            let _admission = self.admit(cost(size));
            let mut own = Vec::with_capacity(buffer_capacity(size));
            // It may have grown meanwhile, or another document may be larger: each time by at least a byte, and nothing is larger than a document can be.
            match work(&mut own, size) {
                Ok(done) => return done,
                Err(next) => larger = next,
            }
        }
    }

    /// Waits for those who came before, and until so much is left.
    fn admit(&self, cost: usize) -> Admission<'_> {
        let cost = cost.min(self.whole);
        let mut queue = self.queue();
        let number = queue.came;
        queue.came += 1;
        while queue.admitted != number || queue.free < cost {
            let woken = self.changed.wait(queue);
            queue = woken.unwrap_or_else(PoisonError::into_inner);
        }
        queue.admitted += 1;
        queue.free -= cost;
        self.changed.notify_all();
        Admission { budget: self, cost }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        self.budget.queue().free += self.cost;
        self.budget.changed.notify_all();
    }
}

fn cost(size: usize) -> usize {
    let cost = size.saturating_mul(COST_PER_BYTE);
    if size < LARGE {
        cost
    } else {
        cost.max(LEAST_COST_OF_LARGE)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn documents_in_flight_never_cost_more_than_the_budget_and_all_come_to_their_turn() {
        let budget = DocumentBudget::new(cost(LARGE) * 2);
        let (in_flight, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let sizes = [SMALL + 1, LARGE, 3 * LARGE, LARGE / 2, 16 * LARGE, SMALL];
        let process = |size: usize| {
            budget.process(&mut Vec::new(), |_, limit| {
                if size > limit {
                    return Err(LargerDocument { size });
                }
                let cost = if size > SMALL {
                    cost(size).min(budget.whole)
                } else {
                    0
                };
                let now = in_flight.fetch_add(cost, Ordering::SeqCst) + cost;
                most.fetch_max(now, Ordering::SeqCst);
                thread::yield_now();
                in_flight.fetch_sub(cost, Ordering::SeqCst);
                Ok(())
            });
        };
        thread::scope(|scope| {
            for worker in 0..8 {
                scope.spawn(move || {
                    for turn in 0..200 {
                        process(sizes[(worker + turn) % sizes.len()]);
                    }
                });
            }
        });
        let most = most.into_inner();
        assert!(most > 0 && most <= budget.whole, "{most}");
        assert_eq!(budget.queue().free, budget.whole);
    }

    #[test]
    fn one_thread_alone_is_admitted_with_a_document_of_any_size_that_grows_meanwhile() {
        let budget = DocumentBudget::new(1);
        let (tries, size) = (AtomicUsize::new(0), 16 * LARGE);
        let done = budget.process(&mut Vec::new(), |buffer, limit| {
            let grown = size + tries.fetch_add(1, Ordering::SeqCst).min(2);
            if limit < grown {
                return Err(LargerDocument { size: grown });
            }
            Ok(buffer.capacity())
        });
        assert!(done >= 32 * LARGE);
        assert_eq!(tries.into_inner(), 4);
    }
}
