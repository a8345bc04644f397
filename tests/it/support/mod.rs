//! What the tests stand on: trees, sandboxes, file systems, and the one way to skip a test.

pub(crate) mod aftermath;
pub(crate) mod committed;
pub(crate) mod demo;
pub(crate) mod mounts;
pub(crate) mod pair;
pub(crate) mod sandbox;
pub(crate) mod schema;
pub(crate) mod skip;
pub(crate) mod snapshot;
pub(crate) mod tree;
pub(crate) mod trouble;
pub(crate) mod wait;

pub(crate) use skip::is_root;
