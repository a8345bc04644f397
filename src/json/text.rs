//! A validated document.
//!
//! Owns the text and its nodes; only the scanner makes one.
//!
//! Invariant: a [`Text`] is valid; no other code checks it again.

use super::node::Node;

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
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    #[inline]
    pub(super) fn node(&self, index: usize) -> &Node {
        &self.nodes[index]
    }
}
