//! The lines of a plan file: the first, one for each manifest, the last.
//!
//! Data only; reads and writes no file.
//!
//! Invariant: the last line begins unlike any other.

use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::journal::RecordedPath;
use crate::version::Version;

/// The format that the first line names.
pub const FORMAT: &str = "migrate-manifests/plan/1";

/// How the last line begins.
pub(super) const LAST_BEGINS: &[u8] = b"{\"manifests\":";

/// The first line: the circumstances in which the plan was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanHead {
    /// [`FORMAT`].
    pub(super) format: String,
    /// The catalog.
    pub catalog: CatalogId,
    /// The target; `None` is the latest version of each kind, where these differ.
    pub target_version: Option<Version>,
    /// The tree, for people: a plan belongs to digests, not to a path.
    pub tree: String,
    /// The clock when it was made.
    pub started_at: String,
    /// The version of the program that made it.
    pub program: String,
}

/// The catalog of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogId {
    /// Its name.
    pub name: String,
    /// Its digest, `sha256:...`.
    pub digest: String,
}

impl PlanHead {
    /// The head of a plan that takes `tree` to `target`, or to the latest version of each kind.
    #[must_use]
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

/// A line between the first and the last.
#[derive(Serialize, Deserialize)]
pub(super) struct Line {
    #[serde(flatten)]
    pub(super) path: RecordedPath,
    pub(super) from: Version,
    pub(super) to: Version,
    /// Of the raw bytes.
    pub(super) before: String,
    pub(super) checksum_before: String,
    pub(super) checksum_after: String,
}

/// The last line.
#[derive(Serialize, Deserialize)]
pub(super) struct Last {
    pub(super) manifests: u64,
    /// Of all lines before it.
    pub(super) digest: String,
}
