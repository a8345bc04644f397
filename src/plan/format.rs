//! The lines of a plan file: the first, one for each manifest, the last.
//! Invariant: no other line begins like the last one.

use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::path::{PathMembers, TreePath};
use crate::version::Version;

/// The format that the first line names.
pub const FORMAT: &str = "migrate-manifests/plan/1";

pub(super) const LAST_BEGINS: &[u8] = b"{\"manifests\":";

/// The first line: the catalog, the target and the tree of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanHead {
    pub(super) format: String,
    /// The catalog.
    pub catalog: CatalogId,
    /// The target; `None` for the latest version of each kind, if these differ.
    pub target_version: Option<Version>,
    /// The tree, for people only: a plan is bound to digests, not to a path.
    pub tree: String,
    /// The time at which the plan was made.
    pub started_at: String,
    /// The version of the program.
    pub program: String,
}

/// The catalog of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogId {
    /// The name.
    pub name: String,
    /// The digest, `sha256:...`.
    pub digest: String,
}

impl PlanHead {
    /// The head of a plan for `tree` and `target`, by default the latest version of each kind.
    pub fn new(
        catalog: &Catalog,
        target: Option<&Version>,
        tree: &str,
        started_at: Timestamp,
    ) -> Self {
        Self {
            format: FORMAT.to_owned(),
            catalog: CatalogId {
                name: catalog.name().to_owned(),
                digest: catalog.digest().prefixed(),
            },
            target_version: target.or(catalog.latest()).cloned(),
            tree: tree.to_owned(),
            started_at: started_at.to_string(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// It has the members of a [`PathMembers`] itself: where members of another are taken in, unknown ones cannot be refused.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ManifestLine {
    pub(super) path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) path_b64: Option<String>,
    pub(super) from: Version,
    pub(super) to: Version,
    /// The digest of the raw bytes.
    pub(super) before: String,
    pub(super) checksum_before: String,
    pub(super) checksum_after: String,
}

impl ManifestLine {
    pub(super) fn to_path(&self) -> Option<TreePath> {
        let members = PathMembers {
            path: self.path.clone(),
            path_b64: self.path_b64.clone(),
        };
        members.to_path()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LastLine {
    pub(super) manifests: u64,
    /// The digest of all lines before.
    pub(super) digest: String,
}
