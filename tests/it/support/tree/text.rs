//! JSON that is only ever printed, in every layout.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// A JSON value that is only ever printed.
#[derive(Debug, Clone)]
pub(crate) enum Json {
    Null,
    /// These characters.
    Raw(&'static str),
    Number(String),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Puts the members of every object in order.
    pub(crate) fn sort(&mut self) {
        match self {
            Self::Object(members) => {
                members.sort_by(|a, b| a.0.cmp(&b.0));
                for (_, value) in members {
                    value.sort();
                }
            }
            Self::Array(items) => items.iter_mut().for_each(Self::sort),
            Self::Null | Self::Raw(_) | Self::Number(_) | Self::Text(_) => {}
        }
    }

    pub(super) fn member(&self, wanted: &str) -> &Json {
        let Self::Object(members) = self else {
            unreachable!("only asked of objects")
        };
        let found = members.iter().find(|(name, _)| name == wanted);
        &found.expect("the member was put there").1
    }
}

pub(super) fn text(value: &str) -> Json {
    Json::Text(value.to_owned())
}

pub(super) fn object<N: Into<String>>(members: impl IntoIterator<Item = (N, Json)>) -> Json {
    let members = members.into_iter();
    Json::Object(members.map(|(name, value)| (name.into(), value)).collect())
}

/// The compact form that hashes are taken of; members must be in order already.
pub(super) fn compact(value: &Json) -> String {
    Layout::COMPACT.print(value)
}

/// How a text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// What stands before each member for each level; `None` is one line.
    pub(crate) indent: Option<&'static str>,
    /// A space after separators on one line.
    pub(crate) spaced: bool,
    /// Everything outside ASCII is escaped.
    pub(crate) ascii: bool,
    pub(crate) line_end: &'static str,
    pub(crate) final_newline: bool,
}

impl Layout {
    /// As the pipeline writes.
    pub(crate) const PIPELINE: Self = Self {
        indent: Some("  "),
        spaced: true,
        ascii: false,
        line_end: "\n",
        final_newline: true,
    };

    /// Each layout with its name.
    pub(crate) const ALL: [(&'static str, Self); 9] = [
        ("indent-2", Self::PIPELINE),
        ("indent-2-no-final-newline", Self::PIPELINE.open_ended()),
        ("indent-2-ascii", Self::PIPELINE.ascii()),
        ("indent-4", Self::PIPELINE.indented("    ")),
        ("tab", Self::PIPELINE.indented("\t")),
        ("crlf", Self::PIPELINE.crlf()),
        (
            "crlf-tab-no-final-newline",
            Self::PIPELINE.crlf().indented("\t").open_ended(),
        ),
        ("compact", Self::COMPACT),
        ("python-one-line", Self::PYTHON),
    ];

    /// One line without any white space.
    pub(crate) const COMPACT: Self = Self {
        indent: None,
        spaced: false,
        ascii: false,
        line_end: "\n",
        final_newline: false,
    };

    /// What `json.dumps` prints by default in Python.
    pub(crate) const PYTHON: Self = Self {
        spaced: true,
        ascii: true,
        ..Self::COMPACT
    };

    /// With this before each member for each level.
    pub(crate) const fn indented(self, indent: &'static str) -> Self {
        Self {
            indent: Some(indent),
            ..self
        }
    }

    /// With the line ends of another system.
    pub(crate) const fn crlf(self) -> Self {
        Self {
            line_end: "\r\n",
            ..self
        }
    }

    /// With escapes for everything outside ASCII.
    pub(crate) const fn ascii(self) -> Self {
        Self {
            ascii: true,
            ..self
        }
    }

    /// Without a final newline.
    pub(crate) const fn open_ended(self) -> Self {
        Self {
            final_newline: false,
            ..self
        }
    }

    /// Three in four as the pipeline writes, the others evenly.
    pub(super) fn draw(random: &mut super::Random) -> Self {
        let one_of_all = Self::ALL[random.index(Self::ALL.len())].1;
        if random.below(4) == 0 {
            one_of_all
        } else {
            Self::PIPELINE
        }
    }

    /// The text of `value`.
    pub(crate) fn print(self, value: &Json) -> String {
        let mut out = String::with_capacity(4096);
        self.value(&mut out, value, 0);
        if self.final_newline {
            out.push_str(self.line_end);
        }
        out
    }

    fn value(self, out: &mut String, value: &Json, depth: usize) {
        match value {
            Json::Null => out.push_str("null"),
            Json::Raw(raw) => out.push_str(raw),
            Json::Number(digits) => out.push_str(digits),
            Json::Text(text) => self.string(out, text),
            Json::Array(items) => {
                out.push('[');
                for (n, item) in items.iter().enumerate() {
                    self.begin_item(out, n, depth);
                    self.value(out, item, depth + 1);
                }
                self.end_items(out, items.len(), depth);
                out.push(']');
            }
            Json::Object(members) => {
                out.push('{');
                for (n, (name, member)) in members.iter().enumerate() {
                    self.begin_item(out, n, depth);
                    self.string(out, name);
                    out.push_str(if self.spaced { ": " } else { ":" });
                    self.value(out, member, depth + 1);
                }
                self.end_items(out, members.len(), depth);
                out.push('}');
            }
        }
    }

    /// The comma before the n-th item, and the line that it begins.
    fn begin_item(self, out: &mut String, n: usize, depth: usize) {
        if n > 0 {
            out.push_str(if self.spaced && self.indent.is_none() {
                ", "
            } else {
                ","
            });
        }
        self.line(out, depth + 1);
    }

    /// The line of the closing bracket.
    fn end_items(self, out: &mut String, count: usize, depth: usize) {
        if count > 0 {
            self.line(out, depth);
        }
    }

    fn line(self, out: &mut String, depth: usize) {
        if let Some(indent) = self.indent {
            out.push_str(self.line_end);
            (0..depth).for_each(|_| out.push_str(indent));
        }
    }

    fn string(self, out: &mut String, text: &str) {
        out.push('"');
        for c in text.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                c if c < ' ' || (self.ascii && !c.is_ascii()) => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        write!(out, "\\u{unit:04x}").expect("writing to a string cannot fail");
                    }
                }
                c => out.push(c),
            }
        }
        out.push('"');
    }
}

/// `sha256:` and the hexadecimal SHA-256 of `bytes`.
pub(crate) fn hash(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

/// `bytes` in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").expect("writing to a string cannot fail");
        out
    })
}
