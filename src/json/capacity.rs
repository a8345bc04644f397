//! Capacities of buffers that hold large documents and their indexes.
//! Invariant: a capacity is never less than what is expected.

/// Memory that is freed in pieces of at most this size may stay with the thread that had it: the C library of Linux keeps it for the next request. A larger piece goes back to the system at once.
const MAY_STAY_BYTES: usize = 32 * 1024 * 1024;
const LARGE_BYTES: usize = 1024 * 1024;

/// The capacity of a buffer for so many bytes. For a large one it is more than is kept after use; pages that are never written cost nothing.
///
/// Without this, each of many threads would keep what its largest document needed.
pub(crate) fn buffer_capacity(expected_bytes: usize) -> usize {
    if expected_bytes < LARGE_BYTES {
        expected_bytes
    } else {
        expected_bytes.max(MAY_STAY_BYTES + LARGE_BYTES)
    }
}
