//! The strict one-pass validator: text in, spans out.
//! Invariant: every reader understands an accepted text in the same way.

use std::cmp::Ordering;

use super::capacity::buffer_capacity;
use super::names::{Names, compare};
use super::problem::{
    Flaw, MAX_BYTES, MAX_DEPTH, MAX_MEMBERS, TextError, TextProblem, character, excerpt,
};
use super::text::{Node, Text};
use super::token::Cursor;
use super::value_kind::ValueKind;

impl<'a> Text<'a> {
    /// Validates `bytes` in one pass and records the span of each value.
    ///
    /// # Errors
    /// The first problem, with its place.
    pub fn scan(bytes: &'a [u8]) -> Result<Self, TextError> {
        let text = Self::scan_any(bytes)?;
        let root = text.root();
        if root.kind() == ValueKind::Object {
            return Ok(text);
        }
        let found = root.kind();
        Err(Flaw::new(root.span().start, TextProblem::NotAnObject { found }).locate(bytes))
    }

    /// Does the same as [`Text::scan`] for a text whose top level may be any value.
    pub(crate) fn scan_any(bytes: &'a [u8]) -> Result<Self, TextError> {
        let text = decode(bytes).map_err(|flaw| flaw.locate(bytes))?;
        let mut scanner = Scanner {
            text,
            cursor: Cursor { bytes, at: 0 },
            nodes: Vec::with_capacity(buffer_capacity(bytes.len()) / size_of::<Node>() + 8),
            open: Vec::with_capacity(8),
        };
        scanner.document().map_err(|flaw| flaw.locate(bytes))?;
        let nodes = scanner.nodes;
        Ok(Self::new(text, nodes))
    }
}

fn decode(bytes: &[u8]) -> Result<&str, Flaw> {
    let found = bytes.len();
    if found > MAX_BYTES {
        return Err(Flaw::new(0, TextProblem::TooLarge { found }));
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(Flaw::new(0, TextProblem::ByteOrderMark));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let problem = match error.error_len() {
            Some(_) => TextProblem::NotUtf8,
            None => TextProblem::Truncated {
                expected: "the rest of a character",
            },
        };
        Flaw::new(error.valid_up_to(), problem)
    })
}

struct Scanner<'a> {
    text: &'a str,
    cursor: Cursor<'a>,
    nodes: Vec<Node>,
    open: Vec<OpenContainer<'a>>,
}

struct OpenContainer<'a> {
    node: usize,
    kind: ValueKind,
    members: usize,
    last_name: usize,
    /// `None` as long as the names ascend.
    names: Option<Names<'a>>,
}

#[derive(PartialEq)]
enum Next {
    After,
    Inside,
}

impl Scanner<'_> {
    fn document(&mut self) -> Result<(), Flaw> {
        self.cursor.skip_white();
        if self.cursor.peek().is_none() {
            return Err(Flaw::new(self.cursor.at, TextProblem::Empty));
        }
        let mut expected = "a value";
        while self.begin_value(expected)? == Next::Inside || self.find_next_value()? {
            expected = match self.open.last() {
                Some(open) if self.nodes.len() == open.node + 1 => "a value or `]`",
                _ => "a value",
            };
        }
        if self.cursor.peek().is_some() {
            let found = character(self.cursor.bytes, self.cursor.at);
            return Err(Flaw::new(
                self.cursor.at,
                TextProblem::TrailingData { found },
            ));
        }
        Ok(())
    }

    /// Reads a scalar, an empty container, or the beginning of another container.
    #[inline]
    fn begin_value(&mut self, expected: &'static str) -> Result<Next, Flaw> {
        let start = self.cursor.at;
        let kind = match self.cursor.peek() {
            Some(b'"') => {
                self.string()?;
                return Ok(Next::After);
            }
            Some(b'{') => return self.enter(ValueKind::Object, b'}'),
            Some(b'[') => return self.enter(ValueKind::Array, b']'),
            Some(b'-' | b'0'..=b'9') => {
                self.cursor.number()?;
                ValueKind::Number
            }
            Some(b't') => {
                self.cursor.literal("true", "`true`")?;
                ValueKind::Boolean
            }
            Some(b'f') => {
                self.cursor.literal("false", "`false`")?;
                ValueKind::Boolean
            }
            Some(b'n') => {
                self.cursor.literal("null", "`null`")?;
                ValueKind::Null
            }
            _ => return Err(self.cursor.no_value(expected)),
        };
        self.push(start, kind);
        Ok(Next::After)
    }

    fn enter(&mut self, kind: ValueKind, close: u8) -> Result<Next, Flaw> {
        if self.open.len() == MAX_DEPTH {
            return Err(Flaw::new(self.cursor.at, TextProblem::TooDeep));
        }
        let node = self.nodes.len();
        self.cursor.at += 1;
        self.push(self.cursor.at - 1, kind);
        self.cursor.skip_white();
        if self.cursor.peek() == Some(close) {
            self.cursor.at += 1;
            self.nodes[node].end = narrow(self.cursor.at);
            return Ok(Next::After);
        }
        self.open.push(OpenContainer {
            node,
            kind,
            members: 0,
            last_name: 0,
            names: None,
        });
        if kind == ValueKind::Object {
            self.name("a name or `}`")?;
        }
        Ok(Next::Inside)
    }

    /// Reads up to the next value: a comma and a name, or the ends of containers. Returns false at the end of the document.
    #[inline]
    fn find_next_value(&mut self) -> Result<bool, Flaw> {
        loop {
            self.cursor.skip_white();
            let Some(open) = self.open.last() else {
                return Ok(false);
            };
            match (self.cursor.peek(), open.kind) {
                (Some(b','), ValueKind::Object) => {
                    self.cursor.at += 1;
                    self.cursor.skip_white();
                    self.name("a name")?;
                    return Ok(true);
                }
                (Some(b','), _) => {
                    self.cursor.at += 1;
                    self.cursor.skip_white();
                    return Ok(true);
                }
                (Some(b'}'), ValueKind::Object) | (Some(b']'), ValueKind::Array) => {
                    self.cursor.at += 1;
                    let node = open.node;
                    self.nodes[node].end = narrow(self.cursor.at);
                    self.nodes[node].next = narrow(self.nodes.len());
                    self.open.pop();
                }
                (_, ValueKind::Object) => return Err(self.cursor.unexpected("`,` or `}`")),
                _ => return Err(self.cursor.unexpected("`,` or `]`")),
            }
        }
    }

    #[inline]
    fn name(&mut self, expected: &'static str) -> Result<(), Flaw> {
        if self.cursor.peek() != Some(b'"') {
            return Err(self.cursor.unexpected(expected));
        }
        let name = self.nodes.len();
        self.string()?;
        self.add_name(name)?;
        self.cursor.skip_white();
        if self.cursor.peek() != Some(b':') {
            return Err(self.cursor.unexpected("`:`"));
        }
        self.cursor.at += 1;
        self.cursor.skip_white();
        Ok(())
    }

    #[inline]
    fn string(&mut self) -> Result<(), Flaw> {
        let start = self.cursor.at;
        let form = self.cursor.string()?;
        let node = self.push(start, ValueKind::String);
        node.plain = form.plain;
        node.escaped = form.escaped;
        Ok(())
    }

    #[inline]
    fn push(&mut self, start: usize, kind: ValueKind) -> &mut Node {
        let index = self.nodes.len();
        self.nodes.push(Node {
            start: narrow(start),
            end: narrow(self.cursor.at),
            next: narrow(index + 1),
            kind,
            plain: false,
            escaped: false,
            ascending: true,
        });
        &mut self.nodes[index]
    }

    #[inline]
    fn add_name(&mut self, name: usize) -> Result<(), Flaw> {
        let Some(open) = self.open.last_mut() else {
            return Ok(());
        };
        let start = self.nodes[name].start();
        if open.members == MAX_MEMBERS {
            return Err(Flaw::new(start, TextProblem::TooManyMembers));
        }
        let order = match open.members {
            0 => Ordering::Less,
            _ => compare(self.text, &self.nodes[open.last_name], &self.nodes[name]),
        };
        let ascending = order == Ordering::Less && self.nodes[open.node].ascending;
        let again = order == Ordering::Equal
            || !ascending && {
                let first = open.node + 1;
                let names = open
                    .names
                    .get_or_insert_with(|| Names::before(self.text, &self.nodes, first..name));
                names.add(self.text, &self.nodes, first..name)
            };
        if again {
            let name = excerpt(&self.nodes[name].unescaped(self.text));
            return Err(Flaw::new(start, TextProblem::DuplicateName { name }));
        }
        self.nodes[open.node].ascending = ascending;
        open.members += 1;
        open.last_name = name;
        Ok(())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a text has at most MAX_BYTES bytes, and no more nodes than bytes"
)]
#[inline]
fn narrow(index: usize) -> u32 {
    index as u32
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
