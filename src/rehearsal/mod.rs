//! Rehearsals: tests and lints of the migrations of a catalog, in memory.
//!
//! Invariant: the same catalog and the same documents give the same remarks.

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
