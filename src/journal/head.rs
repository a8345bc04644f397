//! The head of a state directory: the last operation, by serial number and chain value.
//! Invariant: the serial number only grows, whatever the clock does.

use serde::{Deserialize, Serialize};

use super::id::{OperationId, TreeId};
use crate::digest::Digest;

const FORMAT: &str = "migrate-manifests/head/1";

/// The last operation of a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    format: String,
    /// The tree's own id.
    pub tree: TreeId,
    /// The serial number of the last operation; 0 before the first.
    pub serial: u64,
    /// The last operation.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub operation: Option<OperationId>,
    /// The chain value of the last line of its journal that is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub chain: Option<Digest>,
}

impl Head {
    /// The head of a tree in which no operation of this format has begun.
    pub fn new(tree: TreeId) -> Self {
        Self {
            format: FORMAT.to_owned(),
            tree,
            serial: 0,
            operation: None,
            chain: None,
        }
    }

    /// Parses the text of [`Head::to_text`]; `None` if it is not valid.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let head: Self = serde_json::from_slice(bytes).ok()?;
        (head.format == FORMAT).then_some(head)
    }

    /// The head as one line of JSON.
    pub fn to_text(&self) -> String {
        // A head is made of texts and a number, which JSON can hold.
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }
}
