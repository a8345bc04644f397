//! A validated document: its text, and the span of each value and name in it.
//! Invariant: a [`Text`] is valid, so no other code checks it again; `next` is the index of the node after this one and everything in it.

use std::borrow::Cow;

use super::name::unescape;
use super::value_kind::ValueKind;

/// A validated document: its text, and the span of each value in it.
#[derive(Debug, Clone)]
pub struct Text<'a> {
    text: &'a str,
    nodes: Vec<Node>,
}

impl<'a> Text<'a> {
    pub(super) fn new(text: &'a str, nodes: Vec<Node>) -> Self {
        Self { text, nodes }
    }

    /// The original text.
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    #[inline]
    pub(super) fn node(&self, index: usize) -> &Node {
        &self.nodes[index]
    }
}

/// A value or a name. Nodes are in the order of the text: a container comes before its content, a name before its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) start: u32,
    pub(super) end: u32,
    /// The index of the node after this one and everything in it.
    pub(super) next: u32,
    pub(super) kind: ValueKind,
    /// A string of U+0020 to U+007E only, without a backslash.
    pub(super) plain: bool,
    /// A string with a backslash.
    pub(super) escaped: bool,
    /// An object whose names are in ascending order, or that has fewer than two.
    pub(super) ascending: bool,
}

impl Node {
    #[inline]
    pub(super) fn start(&self) -> usize {
        self.start as usize
    }

    #[inline]
    pub(super) fn end(&self) -> usize {
        self.end as usize
    }

    #[inline]
    pub(super) fn next(&self) -> usize {
        self.next as usize
    }

    #[inline]
    pub(super) fn quoted<'t>(&self, text: &'t str) -> &'t str {
        &text[self.start() + 1..self.end() - 1]
    }

    #[inline]
    pub(super) fn unescaped<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let raw = self.quoted(text);
        if self.escaped {
            unescape(raw)
        } else {
            Cow::Borrowed(raw)
        }
    }
}
