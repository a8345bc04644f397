//! Edits, and how they are spliced into a text.
//!
//! Invariant: members that no edit names keep their bytes, and so does the white space between them.

use std::borrow::Cow;
use std::collections::HashSet;

use super::canonical;
use super::make::{make, scalar_root};
use super::name::quote;
use super::pointer::{Pointer, overlapping};
use super::problem::TextError;
use super::scan::Text;
use super::splice::Splice;
use super::value::{Kind, Value};

/// JSON text of one value, valid, to be set into a document in the document's layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment(String);

impl Fragment {
    /// Takes a text after validating it; the spelling of numbers and strings is kept, white space is not.
    ///
    /// # Errors
    /// The text is not one valid JSON value.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        Ok(Self::from(Text::scan_any(text.as_bytes())?.root()))
    }

    /// The value null.
    #[must_use]
    pub fn null() -> Self {
        Self("null".to_owned())
    }

    /// A string value.
    #[must_use]
    pub fn string(text: &str) -> Self {
        Self(quote(text))
    }

    /// An object of these members, in this order; of several with the same name the last counts.
    #[must_use]
    pub fn object(members: &[(&str, Fragment)]) -> Self {
        let mut names = HashSet::new();
        let mut kept: Vec<_> = members
            .iter()
            .rev()
            .filter(|(name, _)| names.insert(*name))
            .collect();
        kept.reverse();
        let members: Vec<_> = kept
            .iter()
            .map(|(name, value)| format!("{}:{}", quote(name), value.0))
            .collect();
        Self(format!("{{{}}}", members.join(",")))
    }

    /// An array of these elements.
    #[must_use]
    pub fn array(elements: &[Fragment]) -> Self {
        let elements: Vec<_> = elements.iter().map(Self::as_str).collect();
        Self(format!("[{}]", elements.join(",")))
    }

    /// The text without white space between tokens.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `value` says the same: whether both have one canonical form.
    #[must_use]
    pub fn says(&self, value: Value<'_>) -> bool {
        // A fragment was validated when it was made.
        value.raw() == self.0
            || Text::scan_any(self.0.as_bytes()).is_ok_and(|own| canonical::same(own.root(), value))
    }

    /// Whether `other` says the same: whether both have one canonical form.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        Text::scan_any(other.0.as_bytes()).is_ok_and(|other| self.says(other.root()))
    }
}

impl<'de> serde::Deserialize<'de> for Fragment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<serde_json::value::RawValue>::deserialize(deserializer)?;
        Self::parse(raw.get()).map_err(|error| serde::de::Error::custom(error.problem))
    }
}

impl From<Value<'_>> for Fragment {
    fn from(value: Value<'_>) -> Self {
        let mut out = String::with_capacity(value.span().len());
        minify(value, &mut out);
        Self(out)
    }
}

/// Writes `value` without white space between its tokens.
fn minify(value: Value<'_>, out: &mut String) {
    match value.kind() {
        Kind::Object => {
            out.push('{');
            for (count, member) in value.members().enumerate() {
                out.push_str(if count > 0 { "," } else { "" });
                out.push_str(member.raw_name());
                out.push(':');
                minify(member.value(), out);
            }
            out.push('}');
        }
        Kind::Array => {
            out.push('[');
            for (count, element) in value.elements().enumerate() {
                out.push_str(if count > 0 { "," } else { "" });
                minify(element, out);
            }
            out.push(']');
        }
        _ => out.push_str(value.raw()),
    }
}

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

/// Splices `edits` into `text`, in the text's own layout, as if one were made after the other.
///
/// A new member goes to its sorted place in an object with two or more names in ascending order, and to the end of any other; the names inside its value are then sorted too. Members of different names can be inserted, removed and renamed in one object, and elements appended to one array, by one list.
///
/// # Errors
/// An edit does not fit the document, or two edits overlap.
pub fn apply(text: &Text<'_>, edits: &[Edit]) -> Result<String, EditError> {
    refuse_overlaps(edits)?;
    let Some(mut splice) = Splice::new(text) else {
        let refused = edits
            .first()
            .map(|edit| scalar_root(edit, text.root().kind()));
        return refused.map_or_else(|| Ok(text.as_str().to_owned()), Err);
    };
    for edit in edits {
        make(&mut splice, edit)?;
    }
    Ok(splice.print())
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
    fn touches(&self) -> (Cow<'_, Pointer>, Option<Cow<'_, Pointer>>) {
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

/// Refuses a copy of what any of the edits touches; `touched` is in ascending order.
fn refuse_changed_sources(
    edits: &[Edit],
    touched: &[(Cow<'_, Pointer>, usize, bool)],
) -> Result<(), EditError> {
    for edit in edits {
        if let Edit::Copy { from, .. } = edit
            && let Some(other) = overlapping(from, |tokens| {
                let next = touched.partition_point(|(at, ..)| at.tokens() < tokens);
                touched.get(next).map(|(at, ..)| &**at)
            })
        {
            return Err(EditError::Overlap {
                one: from.clone(),
                other: other.clone(),
            });
        }
    }
    Ok(())
}

/// Refuses two addresses of which one leads into the other, unless both are the end of an array.
fn refuse_overlaps(edits: &[Edit]) -> Result<(), EditError> {
    let mut touched = Vec::with_capacity(edits.len());
    for (order, edit) in edits.iter().enumerate() {
        let appends = matches!(edit, Edit::Append { .. });
        let (one, other) = edit.touches();
        touched.push((one, order, appends));
        touched.extend(other.map(|other| (other, order, appends)));
    }
    // In this order everything that an address leads to follows it directly.
    touched.sort_by(|(one, ..), (other, ..)| one.tokens().cmp(other.tokens()));
    refuse_changed_sources(edits, &touched)?;
    for pair in touched.windows(2) {
        let [(one, first, one_appends), (other, second, other_appends)] = pair else {
            continue;
        };
        let both_append = *one_appends && *other_appends && one == other;
        if one.overlaps(other) && !both_append {
            let (one, other) = if first <= second {
                (one, other)
            } else {
                (other, one)
            };
            return Err(EditError::Overlap {
                one: one.clone().into_owned(),
                other: other.clone().into_owned(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "edit_tests.rs"]
mod tests;
