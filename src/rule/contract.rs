//! The contracts of rules: about one document, and over the tree, with violations and facts.
//! Invariant: a violation names the place, the value found and the value expected; a fact is small and contains no part of a document.

use std::fmt;

use super::decimal::Decimal;
use crate::digest::Hasher;
use crate::json::{Pointer, Value, ValueKind, canonical};

/// A rule about one document.
pub trait DocumentRule: Send + Sync + fmt::Debug {
    /// Checks a document. `before` is the document before the migration, if it is known.
    fn check(&self, before: Option<Value<'_>>, document: Value<'_>) -> Result<(), Violation>;

    /// The members that it reads.
    fn pointers(&self) -> Vec<&Pointer>;

    /// Returns true if it compares the document with the one before the migration.
    fn compares(&self) -> bool {
        false
    }
}

/// A violation of a rule or a schema, or a problem in the text of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The place in the text.
    pub at: Pointer,
    /// The problem in words that follow the pointer.
    pub reason: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.at, self.reason)
    }
}

/// The value at a pointer; `None` if it is missing or null.
pub(super) fn value_at<'t>(document: Value<'t>, at: &Pointer) -> Option<Value<'t>> {
    document
        .at(at)
        .filter(|value| value.kind() != ValueKind::Null)
}

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
pub trait TreeRule: Send + Sync + fmt::Debug {
    /// The other kind of which it needs facts, and the members there that it reads.
    fn other(&self) -> Option<(&str, Vec<&Pointer>)> {
        None
    }

    /// The fact of a document of the rule's own kind.
    fn own_fact(&self, document: Value<'_>) -> Result<Option<Fact>, Violation>;

    /// The fact of a document of the other kind.
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

pub(super) fn list(pointers: &[Pointer]) -> String {
    let names: Vec<_> = pointers.iter().map(|at| format!("`{at}`")).collect();
    names.join(", ")
}

pub(super) fn sort(facts: &mut [(u32, Fact)]) {
    facts.sort_unstable_by_key(|(manifest, fact)| (fact.key, *manifest));
}

/// The groups with the same key in sorted facts.
pub(super) fn groups(facts: &[(u32, Fact)]) -> impl Iterator<Item = &[(u32, Fact)]> {
    facts.chunk_by(|(_, one), (_, two)| one.key == two.key)
}
