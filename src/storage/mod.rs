//! The places where manifests are stored. Rooms above this one know no file system.
//!
//! [`Storage`] reads, [`Session`] writes; both are object safe. There are two storages: [`Files`] keeps manifests in files, by the protocol of docs/durability.md, and [`Memory`] in a map.
//!
//! Invariant: a manifest changes only through a session, and a tree has at most one session.

mod files;
mod memory;
mod names;
mod seam;

#[cfg(test)]
pub(crate) use files::disk;
pub use files::{Files, Kernel, Lacking, Located, OpenOptions, SyncChoice, user_and_host};

pub use memory::Memory;
pub use names::STATE_DIRECTORY;
pub use seam::{
    Answer, Backup, Begin, Begun, Directory, Entries, EntryKind, Failed, LinkTarget, Log, LogEnd,
    Opening, Recovery, Remove, Replace, Respond, Restore, Session, StateFiles, Storage, Version,
};
