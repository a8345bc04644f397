//! The places where manifests are stored. Rooms above this one know no file system.
//!
//! [`Storage`] reads, [`Session`] writes; both are object safe. There are two storages: [`Files`] keeps manifests in files, by the protocol of docs/durability.md, and [`Memory`] in a map.
//!
//! Invariant: a manifest changes only through a session, and a tree has at most one session.

mod files;
mod memory;
mod names;
mod recovery;
mod results;
mod seam;
mod trouble;
mod values;

#[cfg(test)]
pub(crate) use files::disk;
pub use files::{
    Adopted, Files, Kernel, Lacking, Located, OpenOptions, SyncChoice, keep_owner_rights,
    user_and_host,
};

pub use memory::Memory;
pub use names::STATE_DIRECTORY;
pub use recovery::Recovery;
pub use seam::{
    Answer, Begin, Begun, Directory, EachRecord, OpenDirectory, Opening, RemoveBackup,
    ReplaceManifest, Respond, RestoreManifest, Session, Storage, StorageChange, Successor,
};
pub use values::{
    Attributes, BackupEntry, Entries, EntryKind, Failed, LargerDocument, LinkTarget, Log, LogEnd,
    Property, PropertyDifference, ReadVersion, StateFiles,
};
