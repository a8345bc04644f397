//! The crash suite, and the disk in memory that it tries to break the storage on. Test code only.
//!
//! Invariant: nothing outside of tests knows this room.

mod simulated;
mod suite;
