//! Rules over the tree: the trait, and the facts that documents contribute.
//!
//! Owns the contract; knows no rule.
//!
//! Invariant: a fact is small and holds no part of a document.

use std::fmt::Debug;

use super::decimal::Decimal;
use super::document::{Violation, value_at};
use crate::digest::Hasher;
use crate::json::{Pointer, Value, canonical};

/// A hash that stands for the values of some members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key([u8; 16]);

/// The fact that one document contributes to one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The values by which facts are compared.
    pub key: Key,
    /// A number, and the key of the document that it is compared with.
    pub amount: Option<Box<(Key, Decimal)>>,
}

impl From<Key> for Fact {
    fn from(key: Key) -> Self {
        Self { key, amount: None }
    }
}

/// A rule over the tree.
pub trait TreeRule: Send + Sync + Debug {
    /// The kind that it compares with, where it is another.
    fn other_kind(&self) -> Option<&str> {
        None
    }

    /// The fact of a document of the rule's own kind.
    ///
    /// # Errors
    /// The document alone breaks the rule.
    fn own_fact(&self, document: Value<'_>) -> Result<Option<Fact>, Violation>;

    /// The fact of a document of the other kind.
    ///
    /// # Errors
    /// The document alone breaks the rule.
    fn other_fact(&self, _document: Value<'_>) -> Result<Option<Fact>, Violation> {
        Ok(None)
    }

    /// Finds the manifests that break the rule: their numbers, each with the reason. `path` names one.
    ///
    /// The facts come with the numbers of their manifests, in any order, and may be sorted.
    fn judge(
        &self,
        own: &mut [(u32, Fact)],
        others: &mut [(u32, Fact)],
        path: &dyn Fn(u32) -> String,
    ) -> Vec<(u32, String)>;

    /// The members that it looks at in its own kind.
    fn pointers(&self) -> Vec<&Pointer>;

    /// The members that it looks at in the other kind.
    fn other_pointers(&self) -> Vec<&Pointer> {
        Vec::new()
    }
}

/// The key of some members; `None` where one is missing or null.
pub(super) fn key(document: Value<'_>, at: &[Pointer]) -> Option<Key> {
    let mut hasher = Hasher::new();
    for pointer in at {
        // A canonical form has no line end, so the forms cannot run into each other.
        hasher.update(canonical::to_string(value_at(document, pointer)?).as_bytes());
        hasher.update(b"\n");
    }
    let mut short = [0; 16];
    short.copy_from_slice(&hasher.finish().as_bytes()[..16]);
    Some(Key(short))
}

/// Sorts facts by key and manifest.
pub(super) fn sort(facts: &mut [(u32, Fact)]) {
    facts.sort_unstable_by_key(|(manifest, fact)| (fact.key, *manifest));
}

/// The runs of facts with the same key, of sorted facts.
pub(super) fn groups(facts: &[(u32, Fact)]) -> impl Iterator<Item = &[(u32, Fact)]> {
    facts.chunk_by(|(_, one), (_, two)| one.key == two.key)
}
