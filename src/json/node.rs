//! Nodes: where each value and name of a text stands.
//!
//! Knows offsets only.
//!
//! Invariant: the node after a container and all that it holds is `next`.

use super::value_kind::Kind;

/// A value or a name, in the order of the text: a container comes before what it holds, a name before its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) start: u32,
    pub(super) end: u32,
    /// The node after this one and all that it holds.
    pub(super) next: u32,
    pub(super) kind: Kind,
    /// A string of nothing but U+0020 to U+007E without backslash.
    pub(super) plain: bool,
    /// A string with a backslash.
    pub(super) escaped: bool,
    /// An object whose names stand in ascending order, also where it has only one or none.
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

    /// The characters between the quotes of a string, as they are spelled.
    #[inline]
    pub(super) fn quoted<'t>(&self, text: &'t str) -> &'t str {
        &text[self.start() + 1..self.end() - 1]
    }
}
