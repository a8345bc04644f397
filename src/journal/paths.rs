//! A compact table of different byte strings: paths, or names.
//! Invariant: a string costs its own bytes and some thirty more, however often it is asked for.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

const NONE: u32 = u32::MAX;

const USUAL_BYTES: usize = 64;

#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    bytes: Vec<u8>,
    /// The end of each string, which is the start of the next.
    ends: Vec<usize>,
    by_hash: HashMap<u32, u32>,
    /// The string before of the same hash.
    same_hash: Vec<u32>,
    hasher: RandomState,
}

impl Table {
    pub(super) fn reserve(&mut self, strings: usize) {
        self.bytes.reserve(strings * USUAL_BYTES);
        self.ends.reserve(strings);
        self.by_hash.reserve(strings);
        self.same_hash.reserve(strings);
    }

    pub(super) fn enter(&mut self, string: &[u8]) -> u32 {
        let hash = self.hash(string);
        if let Some(found) = self.find_hashed(hash, string) {
            return found;
        }
        let number = u32::try_from(self.ends.len()).unwrap_or(NONE);
        self.bytes.extend_from_slice(string);
        self.ends.push(self.bytes.len());
        let before = self.by_hash.insert(hash, number);
        self.same_hash.push(before.unwrap_or(NONE));
        number
    }

    pub(super) fn find(&self, string: &[u8]) -> Option<u32> {
        self.find_hashed(self.hash(string), string)
    }

    /// Half a hash: strings that share it are compared.
    #[expect(clippy::cast_possible_truncation, reason = "half a hash is enough")]
    fn hash(&self, string: &[u8]) -> u32 {
        self.hasher.hash_one(string) as u32
    }

    fn find_hashed(&self, hash: u32, string: &[u8]) -> Option<u32> {
        let mut number = *self.by_hash.get(&hash)?;
        while number != NONE {
            if self.at(number) == string {
                return Some(number);
            }
            number = self.same_hash[number as usize];
        }
        None
    }

    pub(super) fn at(&self, number: u32) -> &[u8] {
        let number = number as usize;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[number]]
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_string_has_one_number() {
        let mut table = Table::default();
        let numbers: Vec<u32> = ["a/b", "", "a/b", "c", ""]
            .map(|text| table.enter(text.as_bytes()))
            .into();
        assert_eq!(numbers, [0, 1, 0, 2, 1]);
        assert_eq!(
            (table.at(0), table.at(1), table.at(2)),
            (&b"a/b"[..], &b""[..], &b"c"[..])
        );
        assert_eq!(
            (table.find(b"c"), table.find(b"d"), table.len()),
            (Some(2), None, 3)
        );
    }
}
