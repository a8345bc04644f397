//! The limits of a document.
//!
//! Invariant: a text that breaks one is refused before it is kept.

/// The largest document, in bytes.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;
/// The deepest nesting: this many arrays and objects one inside the other are accepted.
pub const MAX_DEPTH: usize = 128;
/// The most members of one object.
pub const MAX_MEMBERS: usize = 100_000;
