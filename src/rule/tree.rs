//! The contract of a rule over the tree, and the facts that it collects.
//!
//! Owns the trait; knows no rule.
//!
//! Invariant: a fact is small and contains no part of a document.

use std::fmt::Debug;

use super::decimal::Decimal;
use super::document::{Violation, value_at};
use crate::digest::Hasher;
use crate::json::{Pointer, Value, canonical};

/// A hash of the values of some members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key([u8; 16]);

/// The fact that one rule needs of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The values by which facts are compared.
    pub key: Key,
    /// A number, with the key of the document with which it is compared.
    pub amount: Option<Box<(Key, Decimal)>>,
}

impl From<Key> for Fact {
    fn from(key: Key) -> Self {
        Self { key, amount: None }
    }
}

/// A rule over the tree.
pub trait TreeRule: Send + Sync + Debug {
    /// The other kind of which it needs facts.
    fn other_kind(&self) -> Option<&str> {
        None
    }

    /// The fact of a document of the rule's own kind.
    ///
    /// # Errors
    /// The document violates the rule by itself.
    fn own_fact(&self, document: Value<'_>) -> Result<Option<Fact>, Violation>;

    /// The fact of a document of the other kind.
    ///
    /// # Errors
    /// The document violates the rule by itself.
    fn other_fact(&self, _document: Value<'_>) -> Result<Option<Fact>, Violation> {
        Ok(None)
    }

    /// Finds the numbers of the manifests that violate the rule, with the reasons. `path` gives the path for a number.
    ///
    /// The facts are in any order, and may be sorted here.
    fn judge(
        &self,
        own: &mut [(u32, Fact)],
        others: &mut [(u32, Fact)],
        path: &dyn Fn(u32) -> String,
    ) -> Vec<(u32, String)>;

    /// The members of its own kind that it reads.
    fn pointers(&self) -> Vec<&Pointer>;

    /// The members of the other kind that it reads.
    fn other_pointers(&self) -> Vec<&Pointer> {
        Vec::new()
    }
}

/// The key of some members; `None` if one is missing or null.
pub(super) fn key(document: Value<'_>, at: &[Pointer]) -> Option<Key> {
    let mut hasher = Hasher::new();
    for pointer in at {
        // A canonical form has no line end, so the end of each form is certain.
        hasher.update(canonical::to_string(value_at(document, pointer)?).as_bytes());
        hasher.update(b"\n");
    }
    let mut short = [0; 16];
    short.copy_from_slice(&hasher.finish().as_bytes()[..16]);
    Some(Key(short))
}

/// Pointers in a message.
pub(super) fn list(pointers: &[Pointer]) -> String {
    let names: Vec<_> = pointers.iter().map(|at| format!("`{at}`")).collect();
    names.join(", ")
}

/// Sorts facts by key and manifest.
pub(super) fn sort(facts: &mut [(u32, Fact)]) {
    facts.sort_unstable_by_key(|(manifest, fact)| (fact.key, *manifest));
}

/// The groups with the same key in sorted facts.
pub(super) fn groups(facts: &[(u32, Fact)]) -> impl Iterator<Item = &[(u32, Fact)]> {
    facts.chunk_by(|(_, one), (_, two)| one.key == two.key)
}
