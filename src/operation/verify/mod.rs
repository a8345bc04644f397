//! Verifies a tree: proves every selected manifest, in groups in path order.
//!
//! `run` reads the journals and the catalogs and walks the tree; `accept` takes what it finds as known, `prove` collects the evidence about one manifest, `metadata` the differences that all files of an operation share. [`crate::proof`] has the checks.
//!
//! Invariant: nothing is written but the journal of an acceptance, and what nothing proves is never called sound.

mod accept;
mod metadata;
mod prove;
mod run;

pub use accept::{Accept, accept};
pub use prove::Verify;
pub use run::verify;
