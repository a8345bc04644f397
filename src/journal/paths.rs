//! A compact table of different byte strings: paths, or names.
//! Invariant: a string costs its own bytes and some twenty more, however often it is asked for.

use std::hash::{BuildHasher as _, RandomState};

const NONE: u32 = u32::MAX;

const USUAL_BYTES: usize = 64;

#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    bytes: Vec<u8>,
    /// The end of each string, which is the start of the next.
    ends: Vec<usize>,
    /// The number of each string, at the place that its hash gives or at the next one that is free.
    places: Vec<u32>,
    hasher: RandomState,
}

impl Table {
    pub(super) fn reserve(&mut self, strings: usize) {
        self.bytes.reserve(strings * USUAL_BYTES);
        self.ends.reserve(strings);
        self.spread(self.len() + strings);
    }

    pub(super) fn enter(&mut self, string: &[u8]) -> u32 {
        self.spread(self.len() + 1);
        let place = self.place(string);
        if self.places[place] == NONE {
            self.places[place] = u32::try_from(self.len()).unwrap_or(NONE);
            self.bytes.extend_from_slice(string);
            self.ends.push(self.bytes.len());
        }
        self.places[place]
    }

    pub(super) fn find(&self, string: &[u8]) -> Option<u32> {
        let found = *self.places.get(self.place(string))?;
        (found != NONE).then_some(found)
    }

    /// Makes so many places that a third of them stays free.
    fn spread(&mut self, strings: usize) {
        if self.places.len() / 3 * 2 >= strings {
            return;
        }
        self.places = vec![NONE; (strings + strings / 2 + 3).next_power_of_two()];
        for number in 0..self.len() {
            let number = u32::try_from(number).unwrap_or(NONE);
            let place = self.place(self.at(number));
            self.places[place] = number;
        }
    }

    /// The place of a string, or the free one that it would take.
    #[expect(clippy::cast_possible_truncation, reason = "a part is enough")]
    fn place(&self, string: &[u8]) -> usize {
        let mut place = self.hasher.hash_one(string) as usize;
        loop {
            place &= self.places.len().wrapping_sub(1);
            match self.places.get(place) {
                Some(number) if *number != NONE && self.at(*number) != string => place += 1,
                _ => return place,
            }
        }
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
