//! Migrates a tree: manifests are found, examined, decided and replaced in one pass, in groups in path order.
//!
//! `run` is the pass; `visit` takes one manifest through the engine's pipeline; `first_pass` examines the tree before the first write if rules or `--max-failures` need it, with the result in `facts`; `execution` compares with a plan.
//!
//! Invariant: each manifest is decided once, under the lock.

mod execution;
mod facts;
mod first_pass;
mod options;
mod run;
mod visit;

pub(in crate::operation) use facts::FirstPassFacts;
pub(in crate::operation) use first_pass::{FirstPass, tree_failures};
pub use options::{Detail, Migrate};
pub use run::migrate;
pub(in crate::operation) use run::plan_of;
pub(in crate::operation) use visit::Visitor;
