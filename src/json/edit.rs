//! Edits of a document as data, and the reasons why one does not fit.
//! Invariant: an edit names every place that it changes.

use std::borrow::Cow;

use super::fragment::Fragment;
use super::pointer::Pointer;
use super::value_kind::ValueKind;

/// One change of a document. Pointers address the document before any edit of the same list. A value that moves keeps the bytes of its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the documentation of each variant names its fields"
)]
pub enum Edit {
    /// Adds the missing member `at` to an object that exists.
    Insert { at: Pointer, value: Fragment },
    /// Replaces the value `at`.
    Replace { at: Pointer, value: Fragment },
    /// Adds an element at the end of the array `at`.
    Append { at: Pointer, value: Fragment },
    /// Removes the member `at`.
    Remove { at: Pointer },
    /// Renames the member `at` within its object. The name is unescaped.
    Rename { at: Pointer, to: String },
    /// Moves the member `from` to another object, as the member `to`.
    Move { from: Pointer, to: Pointer },
    /// Adds the member `to` with a copy of the value `from`, which no other edit of the list may touch.
    Copy { from: Pointer, to: Pointer },
    /// Replaces the value `at` by an object with this value as its only member. The name is unescaped.
    Wrap { at: Pointer, name: String },
    /// Replaces the object `at`, which has one member, by the value of the member.
    Unwrap { at: Pointer },
}

/// The reason why an edit does not fit the document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "the message of each variant explains it and names its fields"
)]
pub enum EditError {
    #[error("`{at}` is not there")]
    Missing { at: Pointer },
    #[error("`{at}` is there already")]
    Exists { at: Pointer },
    #[error("expected an object at `{at}`, found {found}")]
    NotAnObject { at: Pointer, found: ValueKind },
    #[error("expected an array at `{at}`, found {found}")]
    NotAnArray { at: Pointer, found: ValueKind },
    #[error("expected an object of one member at `{at}`, found {members} members")]
    NotWrapped { at: Pointer, members: usize },
    #[error("expected the address of a member or element, found the whole document")]
    Root,
    #[error("one list of edits touches `{one}` and `{other}`, which overlap")]
    Overlap { one: Pointer, other: Pointer },
}

impl Edit {
    /// The places that the edit may change; the last one is the new place of its value.
    pub(crate) fn places(&self) -> impl Iterator<Item = Cow<'_, Pointer>> {
        let (one, two) = match self {
            Self::Insert { at, .. }
            | Self::Replace { at, .. }
            | Self::Append { at, .. }
            | Self::Remove { at }
            | Self::Wrap { at, .. }
            | Self::Unwrap { at }
            | Self::Copy { to: at, .. } => (at, None),
            Self::Rename { at, to } => (at, Some(Cow::Owned(at.sibling(to)))),
            Self::Move { from, to } => (from, Some(Cow::Borrowed(to))),
        };
        [Some(Cow::Borrowed(one)), two].into_iter().flatten()
    }

    /// The addresses that no other edit may touch; the end of an array is `-`.
    pub(super) fn touches(&self) -> Vec<Cow<'_, Pointer>> {
        if let Self::Append { at, .. } = self {
            return vec![Cow::Owned(at.child("-"))];
        }
        let mut places: Vec<_> = self.places().collect();
        places.dedup();
        places
    }
}
