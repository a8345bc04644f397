//! Edits of a document, as data, and the reasons why one cannot be made.
//!
//! Changes nothing; edits are applied to a text elsewhere.
//!
//! Invariant: an edit names every place that it changes.

use std::borrow::Cow;

use super::fragment::Fragment;
use super::pointer::Pointer;
use super::value_kind::Kind;

/// One change of a document. Pointers address the document as it is before any edit of the same list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Adds a member that is not there; the object that is to hold it must exist.
    Insert {
        /// Where the new member will stand.
        at: Pointer,
        /// Its value.
        value: Fragment,
    },
    /// Puts another value in the place of one that is there.
    Replace {
        /// The value to be replaced.
        at: Pointer,
        /// The new one.
        value: Fragment,
    },
    /// Adds an element at the end of an array.
    Append {
        /// The array.
        at: Pointer,
        /// The new element.
        value: Fragment,
    },
    /// Takes a member away.
    Remove {
        /// The member.
        at: Pointer,
    },
    /// Gives a member another name in the same object.
    Rename {
        /// The member.
        at: Pointer,
        /// The new name, unescaped.
        to: String,
    },
    /// Moves a value to a member of another object; its tokens keep their bytes.
    Move {
        /// The member as it is.
        from: Pointer,
        /// The member that it becomes.
        to: Pointer,
    },
    /// Adds a member that has the value of another; its tokens keep their bytes.
    Copy {
        /// The value, which stays; no other edit of the list may touch it.
        from: Pointer,
        /// Where the new member will stand.
        to: Pointer,
    },
    /// Puts an object in the place of a value, with the value as its only member; its tokens keep their bytes.
    Wrap {
        /// The value.
        at: Pointer,
        /// The name that it gets in the object, unescaped.
        name: String,
    },
    /// Puts the value of an object's only member in the place of the object; its tokens keep their bytes.
    Unwrap {
        /// The object.
        at: Pointer,
    },
}

/// Why an edit cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// Nothing is there.
    #[error("`{at}` is not there")]
    Missing {
        /// The address.
        at: Pointer,
    },
    /// Something is there that no edit overwrites.
    #[error("`{at}` is there already")]
    Exists {
        /// The address.
        at: Pointer,
    },
    /// Members stand in objects only.
    #[error("expected an object at `{at}`, found {found}")]
    NotAnObject {
        /// The address.
        at: Pointer,
        /// What is there.
        found: Kind,
    },
    /// Elements are added to arrays only.
    #[error("expected an array at `{at}`, found {found}")]
    NotAnArray {
        /// The address.
        at: Pointer,
        /// What is there.
        found: Kind,
    },
    /// Only an object of one member can be unwrapped.
    #[error("expected an object of one member at `{at}`, found {members} members")]
    NotWrapped {
        /// The address.
        at: Pointer,
        /// How many members there are.
        members: usize,
    },
    /// The whole document is no member.
    #[error("expected the address of a member or element, found the whole document")]
    Root,
    /// Two edits of one list touch the same place, so that their order would matter.
    #[error("one list of edits touches `{one}` and `{other}`, which overlap")]
    Overlap {
        /// The address that the earlier edit touches.
        one: Pointer,
        /// The address that the later edit touches.
        other: Pointer,
    },
}

impl Edit {
    /// The places that the edit names and may change; the last is where its value stands afterwards.
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

    /// The addresses that nothing else may touch; the end of an array is `-`.
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
