//! JSON Pointers (RFC 6901), and sets of pointers that find overlaps fast.
//! Invariant: in the order of pointers, a pointer is followed directly by all pointers into its value.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Bound;
use std::str::FromStr;

/// The address of a value in a document: the unescaped names or array indices from the root.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Pointer(Vec<String>);

impl Pointer {
    /// The pointer to the whole document.
    pub fn root() -> Self {
        Self(Vec::new())
    }

    /// The unescaped names or array indices from the root.
    pub fn tokens(&self) -> &[String] {
        &self.0
    }

    /// The pointer to `name` in this value.
    #[must_use]
    pub fn child(&self, name: impl Into<String>) -> Self {
        let mut tokens = self.0.clone();
        tokens.push(name.into());
        Self(tokens)
    }

    /// The pointer to another member of the same object; the root for the root.
    #[must_use]
    pub fn sibling(&self, name: &str) -> Self {
        match self.split_last() {
            Some((parent, _)) => parent.child(name),
            None => Self::root(),
        }
    }

    /// The pointer to the end of `names` in this value.
    #[must_use]
    pub fn join(&self, names: &[String]) -> Self {
        Self([self.tokens(), names].concat())
    }

    /// The pointer to the parent, and the last name; `None` for the root.
    pub fn split_last(&self) -> Option<(Self, &str)> {
        let (last, parents) = self.0.split_last()?;
        Some((Self(parents.to_vec()), last))
    }

    /// Returns true if both address the same value, or one of them a value inside the other's.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(one, two)| one == two)
    }
}

/// Pointers, none of which leads into another one.
#[derive(Debug, Clone, Default)]
pub(crate) struct PointerSet(BTreeSet<Pointer>);

impl PointerSet {
    pub(crate) fn overlaps(&self, pointer: &Pointer) -> bool {
        let next = |tokens: &[String]| {
            let from = (Bound::Included(tokens), Bound::Unbounded);
            self.0.range::<[String], _>(from).next()
        };
        overlapping(pointer, next).is_some()
    }

    pub(crate) fn extend(&mut self, pointers: impl IntoIterator<Item = Pointer>) {
        self.0.extend(pointers);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// Finds a pointer that overlaps `pointer` in an ordered list; `next` finds the first that is not smaller than its argument.
pub(super) fn overlapping<'p>(
    pointer: &Pointer,
    next: impl Fn(&[String]) -> Option<&'p Pointer>,
) -> Option<&'p Pointer> {
    let tokens = pointer.tokens();
    // First the pointers to values around it, from the outermost inwards; at its full length, also pointers into its value.
    (0..=tokens.len()).find_map(|length| {
        let found = next(&tokens[..length])?;
        let own = length == tokens.len();
        let hit = found.tokens() == &tokens[..length] || own && found.overlaps(pointer);
        hit.then_some(found)
    })
}

impl std::borrow::Borrow<[String]> for Pointer {
    fn borrow(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for token in &self.0 {
            write!(f, "/{}", token.replace('~', "~0").replace('/', "~1"))?;
        }
        Ok(())
    }
}

/// The text is not a JSON Pointer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{found}` is not a JSON Pointer: expected names that each follow a `/`, with `~` only in `~0` and `~1`"
)]
pub struct PointerError {
    /// The text.
    pub found: String,
}

impl FromStr for Pointer {
    type Err = PointerError;

    fn from_str(text: &str) -> Result<Self, PointerError> {
        let wrong = || PointerError {
            found: text.to_owned(),
        };
        if text.is_empty() {
            return Ok(Self::root());
        }
        let names = text.strip_prefix('/').ok_or_else(wrong)?;
        names
            .split('/')
            .map(|name| {
                let valid = name
                    .split('~')
                    .skip(1)
                    .all(|rest| rest.starts_with(['0', '1']));
                valid
                    .then(|| name.replace("~1", "/").replace("~0", "~"))
                    .ok_or_else(wrong)
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl serde::Serialize for Pointer {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Pointer {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_and_done_again() {
        let pointer: Pointer = "/a~1b/~01/".parse().unwrap();
        assert_eq!(pointer.tokens(), ["a/b", "~1", ""]);
        assert_eq!(pointer.to_string(), "/a~1b/~01/");
        assert_eq!("".parse(), Ok(Pointer::root()));
    }

    #[test]
    fn a_text_without_slash_or_with_a_lone_tilde_is_refused() {
        for text in ["a", "/a~", "/a~2"] {
            assert_eq!(
                text.parse::<Pointer>().unwrap_err().to_string(),
                format!(
                    "`{text}` is not a JSON Pointer: expected names that each follow a `/`, with `~` only in `~0` and `~1`"
                )
            );
        }
    }

    #[test]
    fn a_set_finds_what_leads_into_a_pointer_and_what_it_leads_into() {
        let pointer = |text: &str| text.parse::<Pointer>().unwrap();
        let mut set = PointerSet::default();
        assert!(!set.overlaps(&pointer("")));
        set.extend(["/a/b", "/a-/c", "/d"].map(pointer));
        for hit in ["", "/a", "/a/b", "/a/b/c", "/a-", "/d/0"] {
            assert!(set.overlaps(&pointer(hit)), "{hit}");
        }
        for missed in ["/a/a", "/a/ba", "/a-/b", "/e", "/D"] {
            assert!(!set.overlaps(&pointer(missed)), "{missed}");
        }
    }

    #[test]
    fn pointers_overlap_where_one_leads_into_the_other() {
        let pointer = |text: &str| text.parse::<Pointer>().unwrap();
        assert!(pointer("/a").overlaps(&pointer("/a/b")));
        assert!(pointer("/a/b").overlaps(&pointer("/a")));
        assert!(pointer("").overlaps(&pointer("/a")));
        assert!(!pointer("/a/b").overlaps(&pointer("/a/c")));
    }
}
