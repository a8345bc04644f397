//! Paths in the tree: bytes, `/`-separated, relative to the tree; and the only place that knows the base64 crate.
//!
//! Invariant: a path neither begins nor ends with `/`, and has no empty, `.` or `..` component.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One plain component of a path: a file name without a directory, neither `.` nor `..`.
///
/// Every call that renames, links or removes something takes names of this type only, so that no name leads out of the directory that it is used in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name<'n>(&'n [u8]);

impl<'n> Name<'n> {
    /// The longest name that file systems take, in bytes.
    pub const MAX_BYTES: usize = 255;

    /// Takes `bytes` as a name; `None` if they are no plain component.
    pub fn new(bytes: &'n [u8]) -> Option<Self> {
        (is_plain(bytes) && !bytes.contains(&b'/') && bytes.len() <= Self::MAX_BYTES)
            .then_some(Self(bytes))
    }

    /// A name that stands in the program.
    pub(crate) const fn constant(name: &'static str) -> Name<'static> {
        Name(name.as_bytes())
    }

    /// The name as bytes.
    pub fn as_bytes(self) -> &'n [u8] {
        self.0
    }
}

/// A [`Name`] that is text and stands for itself, as journals carry it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct FileName(Box<str>);

impl FileName {
    /// Takes `text` as a name; `None` if it is no plain component.
    pub fn new(text: &str) -> Option<Self> {
        Name::new(text.as_bytes()).map(|_| Self(text.into()))
    }

    /// The text of a name, for people: bytes that are not UTF-8 are U+FFFD, and what becomes too long is cut off.
    pub(crate) fn lossy(name: Name<'_>) -> Self {
        let mut text = name.to_string();
        while text.len() > Name::MAX_BYTES {
            text.pop();
        }
        Self(text.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, to be used.
    pub fn name(&self) -> Name<'_> {
        Name(self.0.as_bytes())
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for FileName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Box<str>>::deserialize(deserializer)?;
        let is_name = Name::new(text.as_bytes()).is_some();
        let name = is_name.then_some(Self(text));
        name.ok_or_else(|| D::Error::custom("expected one plain file name"))
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.0))
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(self.0))
    }
}

fn is_plain(component: &[u8]) -> bool {
    !matches!(component, b"" | b"." | b"..") && !component.contains(&0)
}

/// The path of a file or directory in the tree.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TreePath(Box<[u8]>);

impl TreePath {
    /// Checks a path; `None` if it is absolute or empty, or has a component that is empty, `.` or `..`.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        bytes
            .split(|byte| *byte == b'/')
            .all(is_plain)
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

    /// Returns true if it leads through a directory whose name begins with a dot, which no walk enters.
    pub fn is_hidden(&self) -> bool {
        let mut names = self.parent().split(|byte| *byte == b'/');
        names.any(|name| name.starts_with(b"."))
    }

    /// The path as bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The path as text, if it is UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The path as text, with U+FFFD for bytes that are not UTF-8.
    pub fn to_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// The exact bytes in base64, for documents that can hold text only.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.0)
    }

    /// Reads the text of [`TreePath::to_base64`].
    pub fn from_base64(text: &str) -> Option<Self> {
        Self::new(&STANDARD.decode(text).ok()?)
    }

    /// The last component.
    pub fn file_name(&self) -> &[u8] {
        self.split().1
    }

    /// The last component as a name.
    pub fn name(&self) -> Name<'_> {
        Name(self.split().1)
    }

    /// Everything before the last component; empty if there is only one.
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

/// A path as members of a JSON object, as reports, plans and journals of format 1 have it: `path`, and for a path that is not UTF-8 `path_b64` with its exact bytes in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathMembers {
    /// The path as text.
    pub path: String,
    /// Its exact bytes, where it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_b64: Option<String>,
}

impl From<&TreePath> for PathMembers {
    fn from(path: &TreePath) -> Self {
        Self {
            path: path.to_text().into_owned(),
            path_b64: path.as_str().is_none().then(|| path.to_base64()),
        }
    }
}

impl PathMembers {
    /// The path; `None` if it is no path in a tree.
    pub fn to_path(&self) -> Option<TreePath> {
        match &self.path_b64 {
            Some(bytes) => TreePath::from_base64(bytes),
            None => TreePath::new(self.path.as_bytes()),
        }
    }
}

/// A path in JSON of our own: its text; a path that is not UTF-8 is an object with its text and its exact bytes in base64.
impl Serialize for TreePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_str() {
            Some(text) => serializer.serialize_str(text),
            None => Bytes {
                text: self.to_text().into_owned(),
                b64: self.to_base64(),
            }
            .serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for TreePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let path = match Form::deserialize(deserializer)? {
            Form::Text(text) => Self::new(text.as_bytes()),
            Form::Bytes(bytes) => Self::from_base64(&bytes.b64),
        };
        path.ok_or_else(|| D::Error::custom("expected a path in the tree"))
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Form<'t> {
    Text(#[serde(borrow)] Cow<'t, str>),
    Bytes(Bytes),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bytes {
    text: String,
    b64: String,
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
    fn what_is_no_name_and_no_path_is_refused_in_json() {
        let name = serde_json::from_str::<FileName>("\"a/b\"").unwrap_err();
        assert_eq!(name.to_string(), "expected one plain file name");
        for wrong in [
            "\"../a\"",
            "\"\"",
            "{\"text\":\"../a\",\"b64\":\"Li4vYQ==\"}",
        ] {
            let path = serde_json::from_str::<TreePath>(wrong).unwrap_err();
            assert_eq!(path.to_string(), "expected a path in the tree", "{wrong}");
        }
    }

    #[test]
    fn a_name_is_one_plain_component() {
        for bytes in [&b"a"[..], b"manifest.json", b"\xff", b"..."] {
            assert_eq!(Name::new(bytes).map(Name::as_bytes), Some(bytes));
        }
        for bytes in [&b""[..], b".", b"..", b"a/b", b"/", b"a\0", &[b'a'; 256]] {
            assert_eq!(Name::new(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn a_path_is_a_text_in_json_and_keeps_bytes_that_are_not_utf8() {
        for (bytes, json) in [
            (&b"a/b"[..], r#""a/b""#),
            (b"a/\xff", "{\"text\":\"a/\u{fffd}\",\"b64\":\"YS//\"}"),
        ] {
            let path = TreePath::new(bytes).unwrap();
            assert_eq!(serde_json::to_string(&path).unwrap(), json);
            assert_eq!(serde_json::from_str::<TreePath>(json).unwrap(), path);
        }
        for json in [r#""../a""#, r#""""#, r#"{"text":"a","b64":"Li4v"}"#, "1"] {
            assert!(serde_json::from_str::<TreePath>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_path_that_could_lead_elsewhere_is_none() {
        for text in ["", "/a", "a/", "a//b", "a/../b", ".", "a/./b", "a\0"] {
            assert_eq!(TreePath::new(text.as_bytes()), None, "{text:?}");
        }
    }
}
