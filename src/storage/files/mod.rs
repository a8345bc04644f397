//! Manifests in files.
//!
//! `disk` is a narrow trait of system calls; `kernel` makes them. `directory` lists and reads; `session` writes: `stage`, `secure` and `publish` replace, `restore` and `restore_beside` put back, `remove` removes, over what they share in `protocol`. `recover` settles what an operation left. docs/durability.md says what all of it rests on.
//!
//! Invariant: every lookup in the tree begins at an open directory, stays below it and follows no link.

mod adopt;
mod batch;
mod core;
mod device;
mod directory;
pub(crate) mod disk;
mod error;
#[expect(
    clippy::disallowed_methods,
    reason = "the kernel says in files whether a file system has a journal"
)]
mod file_system;
mod flaws;
mod journal_file;
mod kernel;
#[expect(
    clippy::disallowed_methods,
    reason = "the tree is found before there is a storage"
)]
mod locate;
mod log;
mod metadata;
mod names;
#[expect(
    clippy::disallowed_methods,
    reason = "the owner is looked up before there is a storage"
)]
mod owner;
mod parts;
mod permit;
mod protocol;
mod publish;
mod recorded;
mod recover;
mod remove;
mod replace;
mod replacement;
mod rescue;
mod restore;
mod restore_beside;
mod secure;
mod session;
mod settle;
mod settle_back;
mod small;
mod stage;
mod state;
mod tree;
mod unfinished;

pub use self::adopt::Adopted;
pub use self::core::{Lacking, OpenOptions, SyncChoice};
pub use kernel::{Kernel, keep_owner_rights, user_and_host};
pub use locate::Located;
pub use tree::Files;
