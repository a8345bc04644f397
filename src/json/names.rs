//! The names of one object during the scan, to find a name that comes twice.
//! Invariant: the cost of one name does not grow with the object, whatever its names are.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::ops::Range;

use super::text::Node;

/// Up to this number, names are compared by fingerprints in a list; more names by a keyed hash that no writer of a text can predict.
const FEW_NAMES: usize = 64;

#[derive(Debug)]
pub(super) enum Names<'a> {
    Few(Vec<u32>),
    Many(HashSet<Cow<'a, str>>),
}

impl<'a> Names<'a> {
    /// The names of `members`, a range of nodes; the name at its end is not included.
    pub(super) fn before(text: &'a str, nodes: &[Node], members: Range<usize>) -> Self {
        let fingerprints = walk(nodes, members).map(|at| fingerprint(text, &nodes[at]));
        let mut few = Vec::with_capacity(FEW_NAMES / 2);
        few.extend(fingerprints);
        Self::Few(few)
    }

    /// Adds the name at the end of `members`. Returns true if a member before it has the same name.
    pub(super) fn add(&mut self, text: &'a str, nodes: &[Node], members: Range<usize>) -> bool {
        let name = &nodes[members.end];
        if let Self::Few(few) = self
            && few.len() >= FEW_NAMES
        {
            *self = Self::Many(
                walk(nodes, members.clone())
                    .map(|at| nodes[at].unescaped(text))
                    .collect(),
            );
        }
        match self {
            Self::Many(names) => !names.insert(name.unescaped(text)),
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

fn walk(nodes: &[Node], members: Range<usize>) -> impl Iterator<Item = usize> {
    let complete = move |at: &usize| *at < members.end;
    let following = move |at: &usize| Some(nodes[at + 1].next()).filter(complete);
    std::iter::successors(Some(members.start), following)
}

#[inline]
pub(super) fn compare(text: &str, one: &Node, other: &Node) -> Ordering {
    if one.escaped || other.escaped {
        one.unescaped(text).cmp(&other.unescaped(text))
    } else {
        one.quoted(text)
            .as_bytes()
            .cmp(other.quoted(text).as_bytes())
    }
}

/// A hash that is equal for equal names and seldom equal for others.
fn fingerprint(text: &str, name: &Node) -> u32 {
    let meaning = name.unescaped(text);
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
