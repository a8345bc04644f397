//! Parts of a record that only a storage understands.
//! Invariant: all other rooms pass such a part on unchanged.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The part of a record that a ledger keeps in memory for the storage which wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memo<'m> {
    /// Bytes that many records have in common: the ledger keeps them once.
    pub common: &'m [u8],
    /// Bytes of this record.
    pub own: [u8; 12],
}

/// A JSON value that only the storage which wrote it understands.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Opaque(Box<RawValue>);

impl Opaque {
    /// Serializes `part`; null if that fails.
    pub fn of(part: &impl Serialize) -> Self {
        // Parts are made of texts, numbers and lists, which JSON can hold.
        Self(serde_json::value::to_raw_value(part).unwrap_or_default())
    }

    /// Deserializes the part; `None` if it has another form.
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.0.get()).ok()
    }
}

impl PartialEq for Opaque {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

impl Eq for Opaque {}

impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.get())
    }
}
