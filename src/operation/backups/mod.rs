//! Backups: `list` lists them, `prune` deletes those that can be computed again, `export` copies them.
//!
//! All three walk the tree once, in groups in path order; `decide` decides which backups may be deleted.

mod decide;
mod export;
mod list;
mod prune;

pub use decide::Prune;
pub use export::export;
pub use list::list;
pub use prune::prune;
