//! Rehearsals: the migrations of a catalog tried in memory, before any manifest is touched.
//!
//! For authors. Pure: fixtures come in as texts, documents of a tree through `operation`.
//!
//! Invariant: the same catalog gives the same remarks; made-up documents depend only on the catalog.

mod catalog_test;
mod checks;
mod documents;
mod fixtures;
mod laws;
mod lint;
mod new_version;
mod remark;

pub use catalog_test::{TestReport, test};
pub use fixtures::{Fixture, Fixtures};
pub use laws::{Rehearsal, rehearse};
pub use lint::{lint, lint_tree};
pub use new_version::{NewVersion, begin};
pub use remark::{Remark, StepId};
