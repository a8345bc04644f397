//! Paths in the tree: bytes, `/`-separated, relative to the tree; and the only place that knows the base64 crate.
//!
//! Invariant: a path neither begins nor ends with `/`, and has no empty, `.` or `..` component.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The path of a file or directory in the tree.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TreePath(Box<[u8]>);

impl TreePath {
    /// Checks a path; `None` if it is absolute or empty, or has a component that is empty, `.` or `..`.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let plain = |part: &[u8]| !matches!(part, b"" | b"." | b"..") && !part.contains(&0);
        bytes
            .split(|byte| *byte == b'/')
            .all(plain)
            .then(|| Self(bytes.into()))
    }

    /// The path of `name` in the directory `parent`; an empty `parent` is the tree itself.
    pub(crate) fn join(parent: &[u8], name: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(parent.len() + 1 + name.len());
        if !parent.is_empty() {
            bytes.extend_from_slice(parent);
            bytes.push(b'/');
        }
        bytes.extend_from_slice(name);
        Self(bytes.into_boxed_slice())
    }

    /// The path as bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The path as text, if it is UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The path as text, with U+FFFD for bytes that are not UTF-8.
    #[must_use]
    pub fn to_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// The exact bytes in base64, for documents that can hold text only.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.0)
    }

    /// Reads the text of [`TreePath::to_base64`].
    #[must_use]
    pub fn from_base64(text: &str) -> Option<Self> {
        Self::new(&STANDARD.decode(text).ok()?)
    }

    /// The last component.
    #[must_use]
    pub fn file_name(&self) -> &[u8] {
        self.split().1
    }

    /// Everything before the last component; empty if there is only one.
    #[must_use]
    pub fn parent(&self) -> &[u8] {
        self.split().0
    }

    fn split(&self) -> (&[u8], &[u8]) {
        match self.0.iter().rposition(|byte| *byte == b'/') {
            Some(slash) => (&self.0[..slash], &self.0[slash + 1..]),
            None => (&[], &self.0),
        }
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl fmt::Debug for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_a_parent_and_a_name() {
        let path = TreePath::new(b"job/run/manifest.json").unwrap();
        assert_eq!(path.parent(), b"job/run");
        assert_eq!(path.file_name(), b"manifest.json");
        assert_eq!(TreePath::join(b"job/run", b"manifest.json"), path);
        assert_eq!(TreePath::join(b"", b"a").parent(), b"");
    }

    #[test]
    fn a_path_that_could_lead_elsewhere_is_none() {
        for text in ["", "/a", "a/", "a//b", "a/../b", ".", "a/./b", "a\0"] {
            assert_eq!(TreePath::new(text.as_bytes()), None, "{text:?}");
        }
    }
}
