//! The use cases: pure rules and storage joined, no printing.
//!
//! Invariant: one manifest's failure is data in the report; only a [`Stop`](crate::report::Stop) ends an operation, and the report so far comes with it.

mod batches;
mod evaluate;
mod migrate;
mod tally;
mod writing;

pub use migrate::{Depth, Options, migrate};
