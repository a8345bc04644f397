//! Snapshots: the members in which manifests declare the inputs of their runs, and the members that depend on them.
//! Invariant: the program knows these members only by these pointers.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::json::Pointer;

/// Where a kind's manifests declare their input snapshots, and which members depend on them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "snapshots"))]
#[serde(deny_unknown_fields)]
pub(crate) struct Snapshots {
    /// The object that declares them: name to an object with `path`, `bytes` and `sha256`.
    pub declared: Pointer,
    /// The member that is the SHA-256 of the compact canonical JSON of name to `sha256`.
    #[serde(default)]
    pub hash: Option<Pointer>,
    /// The member that is made of the first 32 hex digits of that hash, and that the run directory is named after.
    #[serde(default)]
    pub run_id: Option<Pointer>,
    /// The member that the directory above the run directory is named after.
    #[serde(default)]
    pub job_id: Option<Pointer>,
    /// The name that the directory above may have instead.
    #[serde(default)]
    pub legacy_directory: Option<String>,
    /// Snapshots that are JSON objects, by name, and the members whose members are equal where both have them.
    #[serde(default)]
    pub agree: BTreeMap<String, Pointer>,
}

impl Snapshots {
    pub(super) fn pointers(&self) -> impl Iterator<Item = &Pointer> {
        let members = [&self.hash, &self.run_id, &self.job_id];
        std::iter::once(&self.declared)
            .chain(members.into_iter().flatten())
            .chain(self.agree.values())
    }
}
