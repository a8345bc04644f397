//! The names of one object while it is read: whether one comes twice.
//!
//! Invariant: the cost of a name does not grow with the object, whatever names it has.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::ops::Range;

use super::name::unescape;
use super::node::Node;

/// Up to this many names are told apart by fingerprints in a list, more by a keyed hash that nobody can foresee.
const FEW_NAMES: usize = 64;

/// The names of an object that has not been read to its end.
#[derive(Debug)]
pub(super) enum Names<'a> {
    Few(Vec<u32>),
    Many(HashSet<Cow<'a, str>>),
}

impl<'a> Names<'a> {
    /// The names of the members at `nodes`, the last of which is not counted: it is the one that comes next.
    pub(super) fn before(text: &'a str, nodes: &[Node], members: Range<usize>) -> Self {
        let fingerprints = walk(nodes, members).map(|at| fingerprint(text, &nodes[at]));
        let mut few = Vec::with_capacity(FEW_NAMES / 2);
        few.extend(fingerprints);
        Self::Few(few)
    }

    /// Whether one of the members before has the name at the end of `members`; if not, it is taken in.
    pub(super) fn has_or_takes(
        &mut self,
        text: &'a str,
        nodes: &[Node],
        members: Range<usize>,
    ) -> bool {
        let name = &nodes[members.end];
        if let Self::Few(few) = self
            && few.len() >= FEW_NAMES
        {
            *self = Self::Many(
                walk(nodes, members.clone())
                    .map(|at| meaning(text, &nodes[at]))
                    .collect(),
            );
        }
        match self {
            Self::Many(names) => !names.insert(meaning(text, name)),
            Self::Few(few) => {
                let new = fingerprint(text, name);
                let suspect = few.contains(&new);
                few.push(new);
                suspect
                    && walk(nodes, members)
                        .any(|at| compare(text, &nodes[at], name) == Ordering::Equal)
            }
        }
    }
}

/// The nodes of the names of complete members.
fn walk(nodes: &[Node], members: Range<usize>) -> impl Iterator<Item = usize> {
    let complete = move |at: &usize| *at < members.end;
    let following = move |at: &usize| Some(nodes[at + 1].next()).filter(complete);
    std::iter::successors(Some(members.start), following)
}

fn meaning<'a>(text: &'a str, name: &Node) -> Cow<'a, str> {
    let raw = name.quoted(text);
    if name.escaped {
        unescape(raw)
    } else {
        Cow::Borrowed(raw)
    }
}

/// The order of two names by code points.
#[inline]
pub(super) fn compare(text: &str, one: &Node, other: &Node) -> Ordering {
    if one.escaped || other.escaped {
        meaning(text, one).cmp(&meaning(text, other))
    } else {
        one.quoted(text)
            .as_bytes()
            .cmp(other.quoted(text).as_bytes())
    }
}

/// The same for the same names, and seldom the same for others.
fn fingerprint(text: &str, name: &Node) -> u32 {
    let meaning = meaning(text, name);
    let bytes = meaning.as_bytes();
    let mixed = match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => {
            u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29)
        }
        _ => bytes
            .iter()
            .fold(0, |mixed, byte| mixed << 8 | u64::from(*byte)),
    };
    let mixed = (mixed ^ bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as u32
}
