//! Backups: `list` lists them, `prune` deletes those that can be computed again, `export` copies them.
//!
//! All three walk the tree once, in groups in path order; `decide` decides which backups may be deleted.
//!
//! Invariant: a backup is deleted only if its migration, computed again, gives the bytes that stand there.

mod decide;
mod export;
mod list;
mod prune;

pub use decide::Prune;
pub use export::export;
pub use list::list;
pub use prune::prune;
