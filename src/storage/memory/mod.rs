//! Manifests in a map: for fast tests, and the proof that the seam is one.
//!
//! A change is durable as soon as it is made, and made whole or not at all, so nothing is staged and recovery has only ends to write.
//!
//! Invariant: it keeps every promise of the seam that is not about files.

mod reading;
mod session;
mod tree;

pub use tree::Memory;
