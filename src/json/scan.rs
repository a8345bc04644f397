//! The strict one-pass validator: text in, spans out.
//!
//! Accepts exactly RFC 8259 within the limits below, and nothing that two readers could read differently.
//!
//! Invariant: a text that is accepted is read alike by every reader.

use std::cmp::Ordering;

use super::limits::{MAX_BYTES, MAX_DEPTH, MAX_MEMBERS};
use super::name::unescape;
use super::names::{Names, compare};
use super::node::Node;
use super::problem::{Flaw, TextError, TextProblem, character, excerpt};
use super::text::Text;
use super::token::Cursor;
use super::value_kind::Kind;

impl<'a> Text<'a> {
    /// Validates `bytes` in one pass and records where each value stands.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub fn scan(bytes: &'a [u8]) -> Result<Self, TextError> {
        let text = Self::scan_any(bytes)?;
        let root = text.root();
        if root.kind() == Kind::Object {
            return Ok(text);
        }
        let found = root.kind();
        Err(Flaw::new(root.span().start, TextProblem::NotAnObject { found }).locate(bytes))
    }

    /// As [`Text::scan`], for a text whose top level may be any value: a fragment of a document.
    ///
    /// # Errors
    /// As [`Text::scan`].
    pub fn scan_any(bytes: &'a [u8]) -> Result<Self, TextError> {
        let text = decode(bytes).map_err(|flaw| flaw.locate(bytes))?;
        let mut scanner = Scanner {
            text,
            cursor: Cursor { bytes, at: 0 },
            nodes: Vec::with_capacity(bytes.len() / 16 + 8),
            open: Vec::with_capacity(8),
        };
        scanner.document().map_err(|flaw| flaw.locate(bytes))?;
        let nodes = scanner.nodes;
        Ok(Self::new(text, nodes))
    }
}

/// The text of `bytes`, if that can be a document at all.
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
    open: Vec<Open<'a>>,
}

/// An array or object whose end has not been read.
struct Open<'a> {
    node: usize,
    kind: Kind,
    members: usize,
    last_name: usize,
    /// Once the names do not ascend any more.
    names: Option<Names<'a>>,
}

/// What comes after the beginning of a value.
#[derive(PartialEq)]
enum Next {
    /// The value is complete.
    After,
    /// The value is a container, and its first value comes next.
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

    /// Reads a scalar or an empty container, or the beginning of another container.
    #[inline]
    fn begin_value(&mut self, expected: &'static str) -> Result<Next, Flaw> {
        let start = self.cursor.at;
        let kind = match self.cursor.peek() {
            Some(b'"') => {
                self.string()?;
                return Ok(Next::After);
            }
            Some(b'{') => return self.enter(Kind::Object, b'}'),
            Some(b'[') => return self.enter(Kind::Array, b']'),
            Some(b'-' | b'0'..=b'9') => {
                self.cursor.number()?;
                Kind::Number
            }
            Some(b't') => {
                self.cursor.literal("true", "`true`")?;
                Kind::Boolean
            }
            Some(b'f') => {
                self.cursor.literal("false", "`false`")?;
                Kind::Boolean
            }
            Some(b'n') => {
                self.cursor.literal("null", "`null`")?;
                Kind::Null
            }
            _ => return Err(self.cursor.no_value(expected)),
        };
        self.push(start, kind);
        Ok(Next::After)
    }

    /// Reads the beginning of a container, and all of it where it is empty.
    fn enter(&mut self, kind: Kind, close: u8) -> Result<Next, Flaw> {
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
        self.open.push(Open {
            node,
            kind,
            members: 0,
            last_name: 0,
            names: None,
        });
        if kind == Kind::Object {
            self.name("a name or `}`")?;
        }
        Ok(Next::Inside)
    }

    /// Reads what stands between a value and the next: a comma and a name, or the ends of containers. Says whether there is a next value.
    #[inline]
    fn find_next_value(&mut self) -> Result<bool, Flaw> {
        loop {
            self.cursor.skip_white();
            let Some(open) = self.open.last() else {
                return Ok(false);
            };
            match (self.cursor.peek(), open.kind) {
                (Some(b','), Kind::Object) => {
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
                (Some(b'}'), Kind::Object) | (Some(b']'), Kind::Array) => {
                    self.cursor.at += 1;
                    let node = open.node;
                    self.nodes[node].end = narrow(self.cursor.at);
                    self.nodes[node].next = narrow(self.nodes.len());
                    self.open.pop();
                }
                (_, Kind::Object) => return Err(self.cursor.unexpected("`,` or `}`")),
                _ => return Err(self.cursor.unexpected("`,` or `]`")),
            }
        }
    }

    /// Reads the name of a member up to its value.
    #[inline]
    fn name(&mut self, expected: &'static str) -> Result<(), Flaw> {
        if self.cursor.peek() != Some(b'"') {
            return Err(self.cursor.unexpected(expected));
        }
        let name = self.nodes.len();
        self.string()?;
        self.join(name)?;
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
        let node = self.push(start, Kind::String);
        node.plain = form.plain;
        node.escaped = form.escaped;
        Ok(())
    }

    #[inline]
    fn push(&mut self, start: usize, kind: Kind) -> &mut Node {
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

    /// Takes the name at node `name` into the innermost object, unless it has that name already.
    #[inline]
    fn join(&mut self, name: usize) -> Result<(), Flaw> {
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
                names.has_or_takes(self.text, &self.nodes, first..name)
            };
        if again {
            let name = excerpt(&unescape(self.nodes[name].quoted(self.text)));
            return Err(Flaw::new(start, TextProblem::DuplicateName { name }));
        }
        self.nodes[open.node].ascending = ascending;
        open.members += 1;
        open.last_name = name;
        Ok(())
    }
}

/// An offset or index of a text, which fits because there are no more than `MAX_BYTES` of them.
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
