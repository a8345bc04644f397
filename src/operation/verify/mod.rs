//! Verifies a tree: proves every selected manifest, in groups in path order.
//!
//! `run` reads the journals and the catalogs and walks the tree; `prove` collects the evidence about one manifest, `metadata` the differences that all files of an operation share. [`crate::proof`] has the checks.
//!
//! Invariant: it writes nothing, and what nothing proves is never called sound.

mod metadata;
mod prove;
mod run;

pub use prove::Verify;
pub use run::verify;
