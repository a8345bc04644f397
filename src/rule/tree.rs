//! Rules over the tree: what each document contributes, and what follows from all of it together.
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

/// Which part a document has in a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It is of the kind that the rule belongs to.
    Own,
    /// It is of the kind that the rule compares with.
    Other,
}

/// What one document contributes to one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathered {
    /// What it says.
    pub key: Key,
    /// A number, and what it is to be compared by.
    pub amount: Option<Box<(Key, Decimal)>>,
}

/// What one manifest contributes to one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Which manifest.
    pub manifest: u32,
    /// Its part.
    pub role: Role,
    /// What it says.
    pub key: Key,
    /// A number, and what it is to be compared by.
    pub amount: Option<Box<(Key, Decimal)>>,
}

/// A manifest of which a rule does not hold, because of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// Which manifest.
    pub manifest: u32,
    /// What is wrong, in words.
    pub reason: String,
}

/// A rule over the tree.
pub trait TreeRule: Send + Sync + Debug {
    /// The kind that it compares with, where it is another.
    fn other_kind(&self) -> Option<&str> {
        None
    }

    /// What a document of the rule's own kind contributes, if anything.
    ///
    /// # Errors
    /// The document alone is not right.
    fn own(&self, document: Value<'_>) -> Result<Option<Gathered>, Violation>;

    /// What a document of the other kind contributes, if anything.
    ///
    /// # Errors
    /// The document alone is not right.
    fn other(&self, _document: Value<'_>) -> Result<Option<Gathered>, Violation> {
        Ok(None)
    }

    /// Of which manifests the rule does not hold; `path` names one.
    fn judge(&self, facts: &mut [Fact], path: &dyn Fn(u32) -> String) -> Vec<Clash>;

    /// The members that it looks at in its own kind.
    fn pointers(&self) -> Vec<&Pointer>;

    /// The members that it looks at in the other kind.
    fn other_pointers(&self) -> Vec<&Pointer> {
        Vec::new()
    }
}

/// What a document says at some members; `None` where one is missing or null.
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

/// The runs of facts with the same key; facts must be sorted by it.
pub(super) fn groups(facts: &[Fact]) -> impl Iterator<Item = &[Fact]> {
    facts.chunk_by(|one, two| one.key == two.key)
}
