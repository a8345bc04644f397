//! Edits of a document as data, and the reasons why one does not fit.
//!
//! Owns the data only and changes no text.
//!
//! Invariant: an edit names every place that it changes.

use std::borrow::Cow;

use super::fragment::Fragment;
use super::pointer::Pointer;
use super::value_kind::ValueKind;

/// One change of a document. Pointers address the document before any edit of the same list. A value that moves keeps the bytes of its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Adds a missing member to an object that exists.
    Insert {
        /// The new member.
        at: Pointer,
        /// The value.
        value: Fragment,
    },
    /// Replaces a value.
    Replace {
        /// The old value.
        at: Pointer,
        /// The new value.
        value: Fragment,
    },
    /// Adds an element at the end of an array.
    Append {
        /// The array.
        at: Pointer,
        /// The new element.
        value: Fragment,
    },
    /// Removes a member.
    Remove {
        /// The member.
        at: Pointer,
    },
    /// Renames a member within its object.
    Rename {
        /// The member.
        at: Pointer,
        /// The new name, unescaped.
        to: String,
    },
    /// Moves a value to a member of another object.
    Move {
        /// The old member.
        from: Pointer,
        /// The new member.
        to: Pointer,
    },
    /// Adds a member with a copy of another value.
    Copy {
        /// The source. No other edit of the list may touch it.
        from: Pointer,
        /// The new member.
        to: Pointer,
    },
    /// Replaces a value by an object with this value as its only member.
    Wrap {
        /// The value.
        at: Pointer,
        /// The name of the member, unescaped.
        name: String,
    },
    /// Replaces an object with one member by the value of the member.
    Unwrap {
        /// The object.
        at: Pointer,
    },
}

/// The reason why an edit does not fit the document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message of each variant names its fields")]
pub enum EditError {
    /// Nothing is there.
    #[error("`{at}` is not there")]
    Missing { at: Pointer },
    /// The place has a value, which no edit overwrites.
    #[error("`{at}` is there already")]
    Exists { at: Pointer },
    /// Members stand in objects only.
    #[error("expected an object at `{at}`, found {found}")]
    NotAnObject { at: Pointer, found: ValueKind },
    /// Elements are added to arrays only.
    #[error("expected an array at `{at}`, found {found}")]
    NotAnArray { at: Pointer, found: ValueKind },
    /// Only an object of one member can be unwrapped.
    #[error("expected an object of one member at `{at}`, found {members} members")]
    NotWrapped { at: Pointer, members: usize },
    /// The whole document is no member.
    #[error("expected the address of a member or element, found the whole document")]
    Root,
    /// Two edits of one list touch the same place, so their order would matter.
    #[error("one list of edits touches `{one}` and `{other}`, which overlap")]
    Overlap { one: Pointer, other: Pointer },
}

impl Edit {
    /// The places that the edit may change; the last one is the new place of its value.
    pub(crate) fn places(&self) -> impl Iterator<Item = Pointer> + use<> {
        let (one, two) = match self {
            Self::Insert { at, .. }
            | Self::Replace { at, .. }
            | Self::Append { at, .. }
            | Self::Remove { at }
            | Self::Wrap { at, .. }
            | Self::Unwrap { at }
            | Self::Copy { to: at, .. } => (at.clone(), None),
            Self::Rename { at, to } => (at.clone(), Some(at.sibling(to))),
            Self::Move { from, to } => (from.clone(), Some(to.clone())),
        };
        [Some(one), two].into_iter().flatten()
    }

    /// The addresses that no other edit may touch; the end of an array is `-`.
    pub(super) fn touches(&self) -> (Cow<'_, Pointer>, Option<Cow<'_, Pointer>>) {
        match self {
            Self::Insert { at, .. }
            | Self::Replace { at, .. }
            | Self::Remove { at }
            | Self::Wrap { at, .. }
            | Self::Unwrap { at }
            | Self::Copy { to: at, .. } => (Cow::Borrowed(at), None),
            Self::Append { at, .. } => (Cow::Owned(at.child("-")), None),
            Self::Rename { at, to } => {
                let target = at.split_last().map(|(parent, _)| parent.child(to));
                let target = target.filter(|target| target != at);
                (Cow::Borrowed(at), target.map(Cow::Owned))
            }
            Self::Move { from, to } => {
                let target = (from != to).then_some(Cow::Borrowed(to));
                (Cow::Borrowed(from), target)
            }
        }
    }
}
