//! The manifests that were found: a compact list, since it is all that grows with the tree.
//!
//! Invariant: a manifest costs the bytes of its path and sixteen more.

use std::collections::BTreeMap;
use std::ops::Range;

use rayon::prelude::*;

use crate::path::TreePath;
use crate::report::Diagnosis;

/// A manifest that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its path.
    pub path: TreePath,
    /// What is wrong with it, where that shows without reading it.
    pub trouble: Option<Diagnosis>,
}

/// Manifests that were found.
#[derive(Debug, Clone, Default)]
pub struct FoundList {
    /// All paths, one after the other.
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// By the place of the path.
    troubles: BTreeMap<usize, Diagnosis>,
}

/// Where a path stands.
#[derive(Debug, Clone, Copy)]
struct Entry {
    start: usize,
    length: u32,
}

impl FoundList {
    /// Adds the manifest `name` in the directory `parent`.
    pub fn push(&mut self, parent: &[u8], name: &[u8], trouble: Option<Diagnosis>) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(parent);
        if !parent.is_empty() {
            self.bytes.push(b'/');
        }
        self.bytes.extend_from_slice(name);
        // Paths are opened in one call, so they are far shorter than this.
        let length = u32::try_from(self.bytes.len() - start).unwrap_or(u32::MAX);
        self.entries.push(Entry { start, length });
        if let Some(trouble) = trouble {
            self.troubles.insert(start, trouble);
        }
    }

    /// Adds all of another list.
    pub fn append(&mut self, other: Self) {
        let offset = self.bytes.len();
        self.bytes.extend_from_slice(&other.bytes);
        self.entries
            .extend(other.entries.into_iter().map(|entry| Entry {
                start: entry.start + offset,
                ..entry
            }));
        let moved = other
            .troubles
            .into_iter()
            .map(|(start, trouble)| (start + offset, trouble));
        self.troubles.extend(moved);
    }

    /// Each path, and what is wrong there.
    fn each(&self) -> impl Iterator<Item = (&[u8], Option<&Diagnosis>)> {
        let Self {
            bytes,
            entries,
            troubles,
        } = self;
        let entries = entries.iter();
        entries.map(|entry| (entry.of(bytes), troubles.get(&entry.start)))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Puts them in path order.
    pub fn sort(&mut self) {
        let Self { bytes, entries, .. } = self;
        entries.par_sort_unstable_by_key(|entry| entry.of(bytes));
    }

    /// The place of a path in a list that is in path order.
    #[must_use]
    pub fn position(&self, path: &TreePath) -> Option<usize> {
        let wanted = path.as_bytes();
        self.entries
            .binary_search_by_key(&wanted, |entry| entry.of(&self.bytes))
            .ok()
    }

    /// Some of them, by their places in the list.
    ///
    /// # Panics
    /// The range reaches beyond the end.
    pub fn range(&self, range: Range<usize>) -> impl Iterator<Item = Found> {
        self.entries[range].iter().map(|entry| Found {
            path: TreePath::join(b"", entry.of(&self.bytes)),
            trouble: self.troubles.get(&entry.start).cloned(),
        })
    }
}

impl PartialEq for FoundList {
    /// The same manifests in the same order, with the same troubles.
    fn eq(&self, other: &Self) -> bool {
        self.each().eq(other.each())
    }
}

impl Entry {
    fn of(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.start..self.start + self.length as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Code;

    #[test]
    fn what_is_pushed_comes_back_in_path_order() {
        let trouble = Diagnosis::new(Code::NotRegular, "no".to_owned());
        let mut list = FoundList::default();
        list.push(b"x/y", b"m", None);
        list.append({
            let mut other = FoundList::default();
            other.push(b"b", b"m", Some(trouble.clone()));
            other
        });
        let mut more = FoundList::default();
        more.push(b"", b"m", None);
        more.push(b"a/c", b"m", None);
        list.append(more);
        list.sort();
        let found: Vec<_> = list.range(0..4).collect();
        let paths: Vec<_> = found.iter().map(|found| found.path.to_string()).collect();
        assert_eq!(paths, ["a/c/m", "b/m", "m", "x/y/m"]);
        assert_eq!(found[1].trouble, Some(trouble));
        assert_eq!(list.range(1..1).count(), 0);
        assert_eq!(list.position(&found[2].path), Some(2));
    }
}
